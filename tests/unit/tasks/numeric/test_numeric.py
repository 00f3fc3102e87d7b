"""The numeric task: what it asks, what it reads, what it accepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth import tasks
from tilth.errors import Unreadable
from tilth.seeds import Seed
from tilth.tasks import CAUSES, Numeric

REPLIES = [
    json.loads(line)
    for line in (Path(__file__).parent / "numeric_replies.jsonl").read_text("utf-8").splitlines()
]
SEED = Seed("s0001", 0, "Tom has {3} apples and buys 4. How many?", "He has 3 + 4 = 7.\n#### 7")
PIECES = st.sampled_from(
    [
        "####",
        "\\boxed{",
        "}",
        "{",
        "answer is ",
        "Answer:",
        "<think>",
        "</think>",
        "\\frac",
        "/",
        "0",
        "$",
        "%",
    ]
) | st.sampled_from(
    [
        "1,234",
        "1 234",
        "-",
        "\u2212",
        ".",
        "e9",
        "e999",
        " x 10^9",
        "\n",
        " ",
        "=",
        "½",
        "million",
        "**",
        "\\pi",
    ]
)
HOSTILE = {
    "digits": "1" * 1_000_000,
    "groups": "1,234," * 170_000,
    "pairs": "12,12," * 170_000,
    "numbers": "a 1 " * 250_000,
    "zeros": "1/0 " * 250_000,
    "hashes": "#" * 1_000_000,
    "boxes": "\\boxed{" * 140_000,
    "answers": "answer to " * 100_000,
    "answer is": "the answer is " * 70_000,
    "spaces": "answer" + " " * 1_000_000,
    "braces": "\\boxed{" + "{" * 1_000_000,
    "thoughts": "<think>" * 140_000,
    "ends": "</think>" * 120_000,
    "minuses": "-" * 1_000_000,
    "dollars": "$" * 1_000_000,
    "fractions": "\\frac" * 200_000,
    "stars": "answer is " + "*" * 1_000_000,
}


def test_at_least_a_hundred_replies_are_tried():
    assert len(REPLIES) >= 100


@pytest.mark.parametrize("case", REPLIES, ids=lambda case: repr(case["reply"])[:60])
def test_reads_the_final_answer(case):
    reading = Numeric().read(case["reply"])
    assert (reading.answer, reading.cause) == (case["answer"], case.get("cause"))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("#### $1,234", "$1,234"),
        ("<think>It is 9.</think> The answer is $18.", "$18"),
        ("so \\boxed{ 18 }", "18"),
        ("5 and then 7 eggs", "7"),
    ],
)
def test_span_is_the_part_that_was_read(text, part):
    start, end = Numeric().read(text).span
    assert text[start:end] == part


@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_reading_never_raises_and_its_normal_form_reads_as_itself(text):
    reading = Numeric().read(text)
    assert (reading.answer is None) == (reading.reason is not None) == (reading.cause in CAUSES)
    if reading.answer is not None:
        start, end = reading.span
        assert 0 <= start < end <= len(text)
        assert Numeric().read(f"#### {reading.answer}").answer == reading.answer


@given(st.fractions(max_denominator=10**6))
def test_every_fraction_equals_itself(value):
    text = f"The answer is {value}."
    assert Numeric().check(text, str(value)).accepted


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_is_read_in_linear_time(text):
    assert growth(Numeric().read, text) < WIDE


@pytest.mark.parametrize(
    ("response", "reference"),
    [
        ("The answer is 18.", "#### 18"),
        ("The answer is 18.00 dollars.", "18"),
        ("The answer is 1,234.", "1234"),
        ("The answer is 1/3.", "0.3333333"),
        ("The answer is 3/4.", "0.75"),
        ("The answer is 50%.", "50"),
        ("The answer is 50%.", "0.5"),
        ("The answer is 0.5.", "50%"),
        ("The answer is -7.", "\u22127"),
    ],
)
def test_accepts_the_same_number(response, reference):
    verdict = tasks.check(response, reference)
    assert verdict.accepted
    assert (verdict.reason, verdict.cause) == (None, None)


@pytest.mark.parametrize(
    ("response", "reference", "reason", "cause"),
    [
        ("The answer is 20.", "#### 18", "20 is not 18", "wrong-answer"),
        ("The answer is 0.5.", "50", "0.5 is not 50", "wrong-answer"),
        ("The answer is 5%.", "50%", "5% is not 50%", "wrong-answer"),
        ("The answer is 1000001.", "1000000", "1000001 is not 1000000", "wrong-answer"),
        ("The answer is 0.333.", "1/3", "0.333 is not 1/3", "wrong-answer"),
        ("I cannot say.", "18", "no final answer", "no-answer"),
        ("", "18", "no final answer", "no-answer"),
        ("I cannot say.", None, "no final answer", "no-answer"),
    ],
)
def test_rejects_with_a_reason(response, reference, reason, cause):
    verdict = tasks.check(response, reference)
    assert (verdict.verdict, verdict.reason, verdict.cause) == ("rejected", reason, cause)


@pytest.mark.parametrize(
    ("reference", "reason", "cause"),
    [(None, "no reference", "no-reference"), ("nobody knows", "no answer in the reference", "bad-reference")],
)
def test_unverified_where_nothing_can_judge(reference, reason, cause):
    verdict = tasks.check("The answer is 18.", reference)
    assert (verdict.verdict, verdict.answer) == ("unverified", "18")
    assert (verdict.reason, verdict.cause) == (reason, cause)


def test_a_number_may_be_the_reference():
    assert tasks.check("16 - 7 = 9, and 9 * 2 = $18", 18).accepted


@pytest.mark.parametrize("reference", ["18", "#### 1,234", "0.5", "x^2 + 1", "no number", None])
@pytest.mark.parametrize(
    "response",
    [
        "The answer is 18.",
        "#### 1234",
        "50%",
        "\\boxed{x^2 + 1}",
        "x^2",
        "",
        "nothing",
        "18 " * 4_000,
        "7" * 200,
    ],
)
def test_what_is_judged_at_once_is_judged_alike(response, reference):
    verdict = Numeric().check_at_once(response, reference)
    expressions = "x^2" in f"{reference} {response}"
    if verdict is None:
        assert expressions or len(response) > 8_000, "only these wait for another process, or take long"
    else:
        assert verdict == Numeric().check(response, reference)


def test_each_of_a_thousand_replies_is_checked_for_itself():
    replies = [f"She has {n} + 1 = {n + 1} eggs.\n({n} + 1)\nThe answer is {n + 1}." for n in range(1_000)]
    verdicts = [tasks.check(reply, f"#### {n + n % 2}") for n, reply in enumerate(replies)]
    assert [verdict.accepted for verdict in verdicts] == [False, True] * 500


@pytest.mark.parametrize("name", ["gsm8k_train_1000.jsonl", "gsm8k_test_300.jsonl"])
def test_every_gsm8k_reference_is_read_and_equals_itself(test_data, name):
    answers = [json.loads(line)["answer"] for line in (test_data / name).read_text("utf-8").splitlines()]
    assert len(answers) in (300, 1000)
    for answer in answers:
        final = answer.rpartition("####")[2].strip().replace(",", "")
        assert Numeric().read(answer).answer == final
        assert Numeric().check(answer, answer).accepted
        assert Numeric().check(f"So the answer is ${final}.", answer).accepted
        assert not Numeric().check(f"The answer is {int(final) + 1}.", answer).accepted


def test_prompts_end_with_the_question_as_it_is():
    task = Numeric()
    prompts = [task.answer(SEED.question), task.rephrase(SEED), task.write_new_question(SEED)]
    assert [prompt.purpose for prompt in prompts] == ["answer", "rephrase", "new-question"]
    for prompt in prompts:
        (message,) = prompt.messages
        assert message["role"] == "user"
        assert message["content"].splitlines()[-1] == f"Question: {SEED.question}"
        assert "7" not in message["content"]


def test_prompts_can_be_replaced_and_are_part_of_the_identity():
    task = Numeric(prompts={"answer": "Résous: {question}"})
    assert task.answer("2 + 2?").messages[0]["content"] == "Résous: 2 + 2?"
    assert task.rephrase(SEED) == Numeric().rephrase(SEED)
    assert task.identity() != Numeric().identity()
    json.dumps(task.identity())


@pytest.mark.parametrize(
    ("prompts", "part"),
    [
        ({"answer": "Solve it."}, "lacks the placeholder {question}"),
        ({"solve": "{question}"}, "has no prompt 'solve'; it has 'answer', 'rephrase', 'new-question'"),
    ],
)
def test_wrong_prompts_are_told_at_construction(prompts, part):
    with pytest.raises(ValueError, match=part.replace("{", r"\{").replace("}", r"\}")):
        Numeric(prompts=prompts)


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        ("Question: How many?", "How many?"),
        ("**Question:** How many?", "How many?"),
        ("New question: **How many?**", "How many?"),
        ('Question: "How many?"', "How many?"),
        ("“How many?”", "How many?"),
        ("```\nQuestion: How many?\n```", "How many?"),
        ("Sure!\n\nQuestion: Tom has 3.\nHow many?\n\nAnswer: 3", "Tom has 3.\nHow many?"),
        ("Original question: Which?\nQuestion: How many?", "How many?"),
        ("Here is one:\n\nTom has 3. How many?\n\nI hope this helps.", "Tom has 3. How many?"),
        ("Question: Find x where 2x = 4.", "Find x where 2x = 4."),
        ("Question: Is 'a' or 'b' bigger?", "Is 'a' or 'b' bigger?"),
    ],
)
def test_reads_a_written_question(reply, question):
    assert Numeric().rephrase(SEED).read(reply) == question


@pytest.mark.parametrize(
    ("reply", "reason", "cause"),
    [
        ("", "empty reply", "empty"),
        (" \n", "empty reply", "empty"),
        ("I'm sorry, I can't help with that.", "no question found", "no-question"),
        ("Question:", "no question found", "no-question"),
        ("One? \n\n Two?", "no question found", "no-question"),
        ("Question: " + "a" * 4_001, "question of 4,001 characters; at most 4,000 are taken", "too-long"),
    ],
)
def test_a_reply_without_a_question_is_unreadable(reply, reason, cause):
    with pytest.raises(Unreadable) as caught:
        Numeric().write_new_question(SEED).read(reply)
    assert (str(caught.value), caught.value.cause) == (reason, cause)


@given(
    st.lists(st.sampled_from(["Question:", "**", '"', "\n", "?", "a", "```", "Answer:", " "]), max_size=20)
)
def test_reading_a_question_gives_text_or_says_why_not(pieces):
    try:
        question = Numeric().rephrase(SEED).read("".join(pieces))
    except Unreadable:
        return
    assert question == question.strip() != ""
