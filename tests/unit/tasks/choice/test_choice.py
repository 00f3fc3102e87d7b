"""The choice task: what it asks, which option it reads, what it accepts."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.effort import examples
from tests.support.growth import WIDE, growth
from tests.unit.tasks.choice.choices import QUESTIONS

import tilth
from tilth import tasks
from tilth.seeds import Seed
from tilth.tasks import CAUSES, Choice

REPLIES = [
    json.loads(line)
    for line in (Path(__file__).parent / "choice_replies.jsonl").read_text("utf-8").splitlines()
]
PALMS = QUESTIONS["palms"]
GAS = QUESTIONS["gas"]
COUNTS = QUESTIONS["counts"]
SEED = Seed("s0001", 0, PALMS, "A")
PIECES = st.sampled_from(
    [
        "A",
        "(B)",
        "b)",
        "C.",
        "**",
        "dry palms",
        "wet palms",
        "palms covered with oil",
        "the ",
        "The answer is ",
    ]
) | st.sampled_from(
    [
        " or ",
        ", ",
        " and ",
        "not ",
        "####",
        "\\boxed{",
        "}",
        "\\text{",
        "<think>",
        "</think>",
        "So ",
        "Answer:",
    ]
)
HOSTILE = {
    "letters": "a" * 1_000_000,
    "labels": "A " * 500_000,
    "brackets": "(A) " * 250_000,
    "commas": "A," * 500_000,
    "alternatives": "A or " * 200_000,
    "answers": "answer to " * 100_000,
    "answer is": "the answer is " * 70_000,
    "is correct": "is correct " * 90_000,
    "boxes": "\\boxed{" * 140_000,
    "hashes": "####\n" * 200_000,
    "lines": "\n" * 1_000_000,
    "stops": "." * 1_000_000,
    "sentences": "So. " * 250_000,
    "stars": "answer is " + "*" * 1_000_000,
    "texts": "dry palms " * 100_000,
    "listed": "A. dry palms\n" * 77_000,
    "negations": "not " * 250_000 + "but",
    "articles": "the answer is " + "the " * 250_000,
    "thoughts": "<think>" * 140_000,
    "quotes": "'" * 1_000_000,
    "colons": "so: " * 250_000,
    "lines with colons": "Sure: A\n" * 120_000,
    "angles": "<A>" * 330_000,
    "neither": "answer: neither " * 60_000,
    "other languages": "antwort richtig " * 60_000,
    "denials": "la respuesta no es la " * 50_000,
    "corrections": "not A, sino B. " * 70_000,
    "hedges": "B would be correct " * 55_000,
    "questions": "is the answer B? " * 60_000,
    "formulas": "\\boxed{10\\text{ N}} = " * 40_000,
    "options of tildes": "A) " + "~" * 500_000 + "\nB) " + "1 " * 250_000,
    "not ascii": "ⅷ" * 1_000_000,
}


def test_at_least_a_hundred_replies_are_tried():
    assert len(REPLIES) >= 100


@pytest.mark.parametrize("case", REPLIES, ids=lambda case: f"{case['of']}: {case['reply']!r}"[:60])
def test_reads_the_option_that_is_picked(case):
    question = QUESTIONS[case["of"]]
    reading = Choice().read(case["reply"], question)
    label = reading.answer and reading.answer.partition(". ")[0]
    assert (label, reading.cause) == (case["picks"], case.get("cause"))
    if "part" in case:
        start, end = reading.span
        assert case["reply"][start:end] == case["part"]


@examples(250)
@given(
    name=st.sampled_from(sorted(QUESTIONS)),
    text=st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)),
)
def test_reading_never_raises_and_its_normal_form_reads_as_itself(name, text):
    reading = Choice().read(text, QUESTIONS[name])
    assert (reading.answer is None) == (reading.reason is not None) == (reading.cause in CAUSES)
    if reading.answer is not None:
        start, end = reading.span
        assert 0 <= start < end <= len(text)
        assert Choice().read(reading.answer, QUESTIONS[name]).answer == reading.answer
        assert Choice().check(text, reading.answer, QUESTIONS[name]).accepted


@given(question=st.one_of(st.none(), st.text()), text=st.text())
def test_no_question_makes_it_raise(question, text):
    verdict = Choice().check(text, text, question)
    assert verdict.accepted or (verdict.reason and verdict.cause in CAUSES)
    seed = Seed("s1", 0, question or "?", text)
    Choice(shuffle=True).put(seed, random.Random(0))
    assert Choice().fault(seed) != ""


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_is_read_in_linear_time(text):
    assert growth(lambda reply: Choice().read(reply, PALMS), text) < WIDE
    assert growth(lambda reply: Choice().read(reply, QUESTIONS["force"]), text) < WIDE
    assert growth(lambda question: Choice().read("A", question), text) < WIDE


def test_each_of_a_thousand_replies_is_checked_for_itself():
    steps = "Friction makes heat when two surfaces rub.\nIt is higher where they are dry.\n" * 4
    replies = [f"{steps}The answer is {'AB'[n % 2]}.\n" for n in range(1_000)]
    verdicts = [Choice().check(reply, "A. dry palms", PALMS) for reply in replies]
    assert [verdict.accepted for verdict in verdicts] == [True, False] * 500


@pytest.mark.parametrize("reference", ["A", "(a)", "A. dry palms", "dry palms", "Dry palms.", "So it is A."])
def test_accepts_the_same_option_however_it_is_named(reference):
    for response in ("A", "The answer is (A).", "dry palms", "Dry palms is correct."):
        verdict = Choice().check(response, reference, PALMS)
        assert (verdict.accepted, verdict.answer) == (True, "A. dry palms")
        assert (verdict.reason, verdict.cause) == (None, None)


@pytest.mark.parametrize(
    ("question", "response", "reference", "reason", "cause"),
    [
        (PALMS, "The answer is B.", "A", "B is not A", "wrong-answer"),
        (PALMS, "wet palms", "dry palms", "B is not A", "wrong-answer"),
        (PALMS, "I cannot say.", "A", "no final answer", "no-answer"),
        (PALMS, "", None, "no final answer", "no-answer"),
        (PALMS, "A or B", "A", "more than one option", "ambiguous"),
        (PALMS, "The answer is B. dry palms", "A", "label and text name different options", "ambiguous"),
        (QUESTIONS["sentiment"], "positive", "negative", "positive is not negative", "wrong-answer"),
        (None, "The answer is B.", "A", "B is not A", "wrong-answer"),
        (COUNTS, "The answer is 3", "1. 4", "one option's label, and another's text", "ambiguous"),
        (COUNTS, "Option 4", "3", "4 is not 3", "wrong-answer"),
        (GAS, "Plants release oxygen.", "B", "an option is named only in passing", "no-answer"),
        (GAS, "A Carbon dioxide", "B", "label and text name different options", "ambiguous"),
        (GAS, "The answer is E. Carbon dioxide", "B", "label and text name different options", "ambiguous"),
    ],
)
def test_rejects_with_a_reason(question, response, reference, reason, cause):
    verdict = Choice().check(response, reference, question)
    assert (verdict.verdict, verdict.reason, verdict.cause) == ("rejected", reason, cause)


@pytest.mark.parametrize(
    ("question", "response", "reference", "reason", "cause"),
    [
        (PALMS, "A", None, "no reference", "no-reference"),
        (PALMS, "A", "E", "no option in the reference", "bad-reference"),
        (GAS, "Plants release oxygen.", "A", "an option is named only in passing", "no-answer"),
        (COUNTS, "The answer is 3", "3. 2", "one option's label, and another's text", "ambiguous"),
        (COUNTS, "3", "4. 3", "one option's label, and another's text", "ambiguous"),
        ("How many?", "A", "A", "no options in the question", "no-options"),
        (None, "wet palms", "wet palms", "no label, and no question to compare texts with", "no-options"),
    ],
)
def test_unverified_where_nothing_can_judge(question, response, reference, reason, cause):
    verdict = Choice().check(response, reference, question)
    assert (verdict.verdict, verdict.reason, verdict.cause) == ("unverified", reason, cause)


def test_numbers_name_options_by_place_where_told():
    assert Choice(counts_from=0).check("B", "1", PALMS).accepted
    assert Choice(counts_from=1).check("A", "1", PALMS).accepted
    assert Choice(counts_from=1).check("A", "5", PALMS).reason == "no option in the reference"
    assert Choice().check("A", "1", PALMS).reason == "no option in the reference"
    assert Choice().check("The answer is 2.", "2", QUESTIONS["numbered"]).accepted


def test_a_reference_that_can_be_a_label_is_one():
    assert Choice().fault(Seed("s1", 0, COUNTS, "3")) is None
    assert Choice().put(Seed("s1", 0, COUNTS, "3"), random.Random(0)).reference == "3. 2"
    for response in ("Option 3", "(3) 2", "The answer is 3. 2"):
        assert Choice().check(response, "3", COUNTS).accepted
    assert Choice(counts_from=0).check("Option 4", "3", COUNTS).accepted


def test_a_check_by_name_takes_the_question():
    assert tilth.check("It is (A).", "dry palms", task="choice", question=PALMS).accepted
    assert tilth.check("The answer is B.", reference="B", task="choice").accepted


def test_it_is_found_by_name_and_loaded_when_used():
    assert tasks.get("choice") == tasks.Choice()
    assert "choice" in tasks.available()
    with pytest.raises(AttributeError, match="no attribute 'Chance'"):
        tasks.Chance  # noqa: B018


@pytest.mark.parametrize(
    "task",
    [
        Choice(),
        Choice(options="a.b", shuffle=True, counts_from=0),
        Choice(options=("yes", "no"), lettered=False, prompts={"answer": "{question}!"}),
    ],
)
def test_it_is_restored_from_its_identity(task):
    identity = json.loads(json.dumps(task.identity()))
    assert tasks.restored(identity, task.verdict_options()) == task
    assert pickle.loads(pickle.dumps(task)) == task
    assert task.identity() != Choice(counts_from=1).identity()


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"options": ["yes"]}, "at least two"),
        ({"options": ["yes", "yes"]}, "all different"),
        ({"counts_from": 2}, "0 or 1"),
        ({"prompts": {"answer": "Choose."}}, "lacks the placeholder"),
    ],
)
def test_wrong_settings_are_told_at_construction(options, part):
    with pytest.raises(ValueError, match=part):
        Choice(**options)


def test_prompts_end_with_the_question_and_its_options():
    task = Choice()
    prompts = [task.answer(PALMS), task.rephrase(SEED), task.write_new_question(SEED)]
    assert [prompt.purpose for prompt in prompts] == ["answer", "rephrase", "new-question"]
    for prompt in prompts:
        (message,) = prompt.messages
        assert message["content"].endswith(f"Question: {PALMS}")
    assert (
        Choice(prompts={"answer": "Choisis : {question}"}).answer("?").messages[0]["content"] == "Choisis : ?"
    )


def test_every_arc_reference_is_read_and_equals_itself(test_data):
    seeds = tilth.read_seeds(
        test_data / "arc_challenge_train_300.jsonl",
        question="question.stem",
        answer="answerKey",
        id="id",
        task="choice",
    )
    task = tasks.get(seeds.task)
    assert len(seeds) == 300
    for seed in seeds:
        assert task.fault(seed) is None
        put = task.put(seed, random.Random(0))
        texts = {option["label"]: option["text"] for option in seed.extra["question"]["choices"]}
        assert put.reference == f"{seed.reference}. {texts[seed.reference]}"
        assert task.read(put.reference, put.question).answer == put.reference
        for label, text in texts.items():
            right = label == seed.reference
            for reply in (label, text, f"({label}) {text}", f"The answer is {label}.", f"It must be {text}"):
                verdict = task.check(reply, put.reference, put.question)
                assert verdict.verdict == ("accepted" if right else "rejected"), (put.question, reply)
                assert verdict.answer == f"{label}. {text}"
