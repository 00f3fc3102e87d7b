"""The open-ended task: what it asks, and what each measure says of a reply."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDER, growth

import tilth
from tilth import tasks
from tilth.errors import Unreadable
from tilth.seeds import Seed, read_seeds
from tilth.tasks import CAUSES, OpenEnded
from tilth.tasks.open_ended.task import words

REPLIES = [
    json.loads(line)
    for line in (Path(__file__).parent / "open_ended_replies.jsonl").read_text("utf-8").splitlines()
]
SEED = Seed("s0001", 0, "Name the capital.\n\nFrance", "Paris")
MEASURES = ("exact", "contains", "rouge-l")
TEXTS = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["the", "a", "Cat", "dog", " ", "\n", ".", "-", "5", "3.5", "%", "'", "北京", "ก็", "ß", "\ud800"]
        )
    ).map("".join),
)
HOSTILE = {
    "one word": "a" * 100_000,
    "words": "ab cd " * 16_000,
    "characters of a script without spaces": "北京" * 50_000,
    "other words each time": "".join(chr(0x4E00 + n * 7 % 20_000) for n in range(100_000)),
    "apostrophes": "a'" * 50_000,
    "numbers": "1.1" * 33_000,
    "a number without end": "1." * 49_000 + "1x",
    "minuses": "-1" * 50_000,
    "signs": "+" * 100_000,
    "marks": "a" + "\u0301" * 50_000 + "\u0323" * 49_000,
    "as many marks as are compared": ("a" + "\u0301" * 50 + "\u0323" * 50) * 984,
    "letters that stand for many": "\ufdfa" * 5_000,
    "a megabyte": "ab cd " * 170_000,
    "thoughts": "<think>" * 140_000,
    "a list": "[" * 100_000,
    "a list of texts": json.dumps(["a b"] * 12_000),
    "as many texts as are compared": json.dumps(["a b " * 240] * 100),
}


def test_at_least_a_hundred_replies_are_tried():
    assert len(REPLIES) >= 100


@pytest.mark.parametrize("case", REPLIES, ids=lambda case: repr(case["reply"])[:60])
def test_reads_and_compares_the_reply(case):
    exact, contains = OpenEnded(measure="exact"), OpenEnded(measure="contains")
    assert exact.read(case["reply"]).answer == case["answer"]
    wrong = "wrong-answer" if case["answer"] is not None else "empty"
    for task, right in (exact, case["exact"]), (contains, case["contains"]):
        verdict = task.check(case["reply"], case["reference"])
        assert (verdict.accepted, verdict.cause) == (right, None if right else wrong)


def test_span_is_the_part_that_was_read():
    text = "<think>Rome?</think>\n  Paris, \n"
    start, end = OpenEnded().read(text).span
    assert text[start:end] == "Paris,"


@given(TEXTS, TEXTS, st.sampled_from(MEASURES))
def test_no_text_makes_it_raise_and_a_text_is_its_own_reference(text, reference, measure):
    task = OpenEnded(measure=measure)
    verdict = task.check(text, reference)
    reading = task.read(text)
    assert verdict.answer == reading.answer
    assert (reading.answer is None) == (reading.reason is not None) == (reading.cause in CAUSES)
    if reading.answer is not None and not reading.answer.startswith("["):  # a list holds several
        start, end = reading.span
        assert text[start:end] == reading.answer
        assert task.read(reading.answer).answer == reading.answer
        assert task.check(text, reading.answer).accepted
        assert 0 <= verdict.score <= 1


def longest_common(left: list[str], right: list[str]) -> int:
    lengths = [0] * (len(right) + 1)
    for word in left:
        before = 0
        for place, other in enumerate(right):
            before, lengths[place + 1] = (
                lengths[place + 1],
                before + 1 if word == other else max(lengths[place], lengths[place + 1]),
            )
    return lengths[-1]


WORDS = st.lists(st.sampled_from(["a", "the", "cat", "dog", "sat", "ran"]), min_size=1, max_size=12)


@given(WORDS, WORDS)
def test_rouge_l_is_the_f_measure_of_the_longest_common_subsequence(left, right):
    common = longest_common(left, right)
    precision, recall = common / len(left), common / len(right)
    expected = 2 * precision * recall / (precision + recall) if common else 0.0
    verdict = OpenEnded(measure="rouge-l").check(" ".join(left), " ".join(right))
    assert verdict.score == pytest.approx(expected)
    assert verdict.accepted == (verdict.score >= 0.5)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_texts_are_compared_in_bounded_time(text):
    # The measure is quadratic within what is compared.
    assert growth(lambda part: OpenEnded(measure="rouge-l").check(part, part[::-1]), text, WIDER) < WIDER


@pytest.mark.parametrize(
    ("task", "reply", "reference", "expected"),
    [
        (
            OpenEnded(),
            "Paris",
            "Paris",
            ("unverified", "nothing measures it; OpenEnded(measure=...) does", "no-measure", None),
        ),
        (OpenEnded(), "", "Paris", ("rejected", "empty reply", "empty", None)),
        (OpenEnded(), "<think>Paris</think>", "Paris", ("rejected", "nothing but reasoning", "empty", None)),
        (OpenEnded(measure="exact"), "Paris", None, ("unverified", "no reference", "no-reference", None)),
        (OpenEnded(measure="exact"), "Rome", "Paris", ("rejected", "not the reference", "wrong-answer", 0.0)),
        (
            OpenEnded(measure="contains"),
            "Rome",
            "Paris",
            ("rejected", "the reference is not in it", "wrong-answer", 0.0),
        ),
        (
            OpenEnded(measure="rouge-l"),
            "a b",
            "b c d e f g",
            ("rejected", "ROUGE-L is 0.25, below 0.5", "wrong-answer", 0.25),
        ),
        (OpenEnded(measure="rouge-l", threshold=0.25), "a b", "b c d e f g", ("accepted", None, None, 0.25)),
        (OpenEnded(measure="rouge-l"), "a b", '["c d", "a b c"]', ("accepted", None, None, 0.8)),
        (
            OpenEnded(measure="exact"),
            "x " * 60_000,
            "x",
            (
                "unverified",
                "a text of 119,999 characters; at most 100,000 are compared",
                "not-compared",
                None,
            ),
        ),
        (
            OpenEnded(measure="exact"),
            "x",
            json.dumps(["x"] * 101),
            ("unverified", "a reference of 101 texts; at most 100 are compared", "not-compared", None),
        ),
        (
            OpenEnded(measure="exact"),
            "e" + "\u0301" * 101,
            "x",
            ("unverified", "a letter with more than 100 marks", "not-compared", None),
        ),
    ],
)
def test_verdicts_say_why(task, reply, reference, expected):
    verdict = task.check(reply, reference)
    assert (verdict.verdict, verdict.reason, verdict.cause, verdict.score) == expected


@pytest.mark.parametrize(
    ("ignore", "reply", "accepted"),
    [
        (set(), "The Cat's tail.", True),
        (set(), "the cat's tail", False),
        ({"case"}, "the cat's tail.", True),
        ({"case"}, "the cats tail.", False),
        ({"case", "punctuation"}, "the cats, tail", True),
        ({"case", "punctuation"}, "cats tail", False),
        ({"case", "punctuation", "articles"}, "cats tail", True),
    ],
)
def test_only_what_is_named_is_ignored(ignore, reply, accepted):
    task = OpenEnded(measure="exact", ignore=ignore)
    assert task.check(reply, "The Cat's tail.").accepted == accepted


def test_the_words_of_a_text():
    text = "Don't pay $3.50, or -5% (minus five) at 10:30: the C++ l’été 北京!"
    assert " ".join(words(text)) == "dont pay $ 3.50 or -5 % minus five at 10:30 c + + lété 北 京"


def test_a_measure_is_no_part_of_what_is_asked_but_of_verdicts():
    plain, measured = OpenEnded(), OpenEnded(measure="rouge-l", threshold=0.3, ignore={"case"})
    assert tasks.get("open-ended") == tasks.OpenEnded() == plain
    assert plain.identity() == measured.identity()
    options = [
        task.verdict_options()
        for task in (plain, measured, OpenEnded(measure="rouge-l"), OpenEnded(measure="exact"))
    ]
    assert all(options.count(one) == 1 for one in options)
    for task in (plain, measured):
        stored = json.loads(json.dumps([task.identity(), task.verdict_options()]))
        assert tasks.restored(*stored) == task


def test_replies_can_be_compared_with_each_other_where_there_is_a_measure():
    assert OpenEnded(measure="exact").comparable
    assert not OpenEnded().comparable


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"measure": "bleu"}, 'measure is "exact", "contains", "rouge-l" or None'),
        ({"threshold": 0}, "threshold is above 0 and up to 1"),
        ({"threshold": 50}, "threshold is above 0 and up to 1"),
        ({"ignore": {"space"}}, "ignore is a set of some of 'articles', 'case', 'punctuation'"),
        ({"ignore": "case"}, "ignore is a set of some of"),
        ({"prompts": {"solve": "{question}"}}, "has no prompt 'solve'"),
    ],
)
def test_wrong_options_are_told_at_construction(options, part):
    with pytest.raises(ValueError, match=part):
        OpenEnded(**options)


def test_prompts_end_with_the_instruction_and_do_not_show_the_reference():
    task = OpenEnded()
    prompts = [task.answer(SEED.question), task.rephrase(SEED), task.write_new_question(SEED)]
    assert [prompt.purpose for prompt in prompts] == ["answer", "rephrase", "new-question"]
    for prompt in prompts:
        (message,) = prompt.messages
        assert message["content"].endswith(f"\n\nInstruction: {SEED.question}")
        assert "Paris" not in message["content"]


@pytest.mark.parametrize(
    ("reply", "instruction"),
    [
        ("Instruction: Name it.", "Name it."),
        ("**New instruction:** Name it.\n\nInput: France", "Name it.\n\nInput: France"),
        (
            "Sure.\n\nInstruction: Answer the question.\n\nQuestion: Why?",
            "Answer the question.\n\nQuestion: Why?",
        ),
        ('Instruction: "Name it."', "Name it."),
    ],
)
def test_reads_a_written_instruction(reply, instruction):
    assert OpenEnded().rephrase(SEED).read(reply) == instruction


@pytest.mark.parametrize(
    "reply", ["", "I can't help with that.", "Instruction: ", "Instruction: " + "a" * 17_000]
)
def test_a_reply_without_an_instruction_is_unreadable(reply):
    with pytest.raises(Unreadable):
        OpenEnded().write_new_question(SEED).read(reply)


def test_the_seed_tasks_of_self_instruct_are_their_own_references(test_data):
    lines = (test_data / "self_instruct_seed_tasks.jsonl").read_text("utf-8").splitlines()
    rows = []
    for record in map(json.loads, lines):
        instance = record["instances"][0]
        question = f"{record['instruction']}\n\n{instance['input']}".strip()
        rows.append({"question": question, "answer": instance["output"]})
    assert len(rows) == 175
    task = OpenEnded(measure="rouge-l")
    seeds = read_seeds(rows, question="question", answer="answer", task=task)
    assert tasks.as_put(seeds).frame.equals(seeds.frame)  # the task takes them all
    for seed in seeds:
        for measure in MEASURES:
            assert (
                OpenEnded(measure=measure)
                .check(f"<think>?</think>\n{seed.reference}\n", seed.reference)
                .accepted
            )
        assert OpenEnded(measure="contains").check(f"Sure: {seed.reference} Done.", seed.reference).accepted
        assert not OpenEnded(measure="exact").check(f"{seed.reference} Done.", seed.reference).accepted
        assert task.rephrase(seed).read(f"Instruction: {seed.question}") == seed.question


def test_a_run_is_judged_anew_by_another_measure_and_asks_nothing(tmp_path):
    asked = []

    async def teacher(messages, **settings):
        asked.append(messages)
        return "It is Paris." if len(asked) % 2 else "Paris"

    def accepted(**options):
        seeds = tilth.read_seeds([{"question": "Capital?", "answer": "Paris"}], task=OpenEnded(**options))
        path = tmp_path / "run.tilth"
        run = tilth.generate_sync(seeds, "answer-augmentation", 4, teacher=tilth.Teacher(teacher), path=path)
        assert tilth.verify(path).ok
        return run.progress.accepted

    assert accepted() == 0
    assert accepted(measure="exact") == 2
    assert accepted(measure="contains") == 4
    assert accepted(measure="rouge-l", threshold=0.9) == 2
    assert len(asked) == 4


def test_a_short_reply_is_judged_at_once():
    for measure in (None, "exact", "contains"):
        task = OpenEnded(measure=measure)
        for case in REPLIES:
            assert task.check_at_once(case["reply"], case["reference"]) == task.check(
                case["reply"], case["reference"]
            )
        assert task.check_at_once("x" * 5_000, None) is None
    assert OpenEnded(measure="rouge-l").check_at_once("Paris", "Paris") is None
