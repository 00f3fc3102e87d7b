"""Numeric answers that are more than one plain number, and units: which agree, which do not, which may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth import tasks
from tilth.tasks import Numeric

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "numeric_comparisons.jsonl").read_text("utf-8").splitlines()
]
PIECES = st.sampled_from(
    [
        "The answer is ",
        "\\boxed{",
        "}",
        "{",
        "\\{",
        "\\}",
        "(",
        ")",
        "[",
        "]",
        ", ",
        " or ",
        " and ",
        "x = ",
        "y",
    ]
) | st.sampled_from(
    [
        "2",
        "-3",
        "1/2",
        "\\frac{1}{2}",
        " < ",
        "\\le ",
        "=",
        ":",
        "30",
        " pm",
        " hours ",
        " minutes",
        "$",
        "∞",
        "±",
    ]
)
NUMBERS = st.integers(-50, 50)


def test_at_least_sixty_comparisons_are_tried():
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['left']} | {case['right']}"[:60])
def test_answers_agree_where_they_say_the_same(case):
    for left, right in (case["left"], case["right"]), (case["right"], case["left"]):
        verdict = tasks.check(f"\\boxed{{{left}}}", f"#### {right}")
        assert verdict.verdict == case["verdict"]
        assert (verdict.reason is None) == (verdict.cause is None) == verdict.accepted


@pytest.mark.parametrize(
    ("response", "reference", "verdict", "reason"),
    [
        ("The answer is 5 minutes.", "5 hours", "rejected", "5 minutes is not 5 hours"),
        ("The answer is 300 minutes.", "5 hours", "accepted", None),
        ("It takes 300 minutes.", "#### 5 hours", "accepted", None),
        ("The answer is $5.", "€5", "unverified", "$5 and €5 have units that are not compared"),
        ("The answer is 5 km.", "5 kg", "unverified", "5 km and 5 kg have units that are not compared"),
        ("The answer is 5 apples.", "5 pears", "accepted", None),
        ("The answer is x = 2 or x = -3.", "2", "rejected", "x = 2 or x = -3 is not 2"),
        ("The answer is x^2 + y^2 = 25.", "25", "unverified", "an equation and a value are not compared"),
        ("The answer is [2, 5].", "2 and 5", "unverified", "an interval and a list may be meant"),
        ("The answer is 3:30.", "1:10", "unverified", "times or ratios may be meant"),
        ("\\boxed{\\sqrt{2}}", "\\frac{}", "unverified", "the expressions could not be compared"),
        ("\\boxed{\\sqrt{18}}", "3\\sqrt{2}", "accepted", None),
        ("\\boxed{\\sqrt{5} + \\}", "\\sqrt{5}", "unverified", "the expressions could not be compared"),
    ],
)
def test_a_verdict_says_what_was_compared(response, reference, verdict, reason):
    found = tasks.check(response, reference)
    cause = {"accepted": None, "rejected": "wrong-answer", "unverified": "not-compared"}[verdict]
    assert (found.verdict, found.reason, found.cause) == (verdict, reason, cause)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("So x = 2 or x = -3.", "x = 2 or x = -3"),
        ("The answer is $\\left[0, 5\\right)$, as shown.", "\\left[0, 5\\right)"),
        ("They meet at 3:30 p.m. on Monday.", "3:30 p.m"),
        ("It takes 5 hours and 30 minutes in all.", "5 hours and 30 minutes"),
        ("x = \\boxed{2} or x = \\boxed{-3}", "2} or x = \\boxed{-3"),
        ("\\boxed{ \\{1, 2\\} }", "\\{1, 2\\}"),
        ("<think>(1, 2)</think>The answer is (3, 4).", "(3, 4)"),
    ],
)
def test_span_is_the_part_that_was_read(text, part):
    start, end = Numeric().read(text).span
    assert text[start:end] == part


@given(st.lists(PIECES, max_size=20).map("".join))
def test_what_is_read_reads_as_itself_and_agrees_with_itself(text):
    reading = Numeric().read(text)
    if reading.answer is not None:
        start, end = reading.span
        assert 0 <= start < end <= len(text)
        assert Numeric().read(f"#### {reading.answer}").answer == reading.answer
        assert Numeric().check(f"\\boxed{{{reading.answer}}}", f"#### {reading.answer}").accepted


@given(st.lists(NUMBERS, min_size=2, max_size=8, unique=True), st.randoms())
def test_several_answers_agree_in_any_order(answers, random):
    other = random.sample(answers, len(answers))
    reply = "The answer is " + " or ".join(f"x = {answer}" for answer in answers)
    assert tasks.check(reply, ", ".join(map(str, other))).accepted
    assert tasks.check(reply, "\\{" + ", ".join(map(str, other)) + "\\}").accepted
    assert not tasks.check(reply, ", ".join(map(str, other[1:]))).accepted
    assert tasks.check(f"({', '.join(map(str, answers))})", str(tuple(answers))).accepted
    assert tasks.check(f"({', '.join(map(str, answers))})", str(tuple(other))).accepted == (answers == other)


@given(NUMBERS, st.integers(1, 50), st.sampled_from(["<", "<="]), st.sampled_from(["<", "<="]))
def test_an_inequality_agrees_with_its_interval(low, width, below, above):
    opening, closing = "[" if below == "<=" else "(", "]" if above == "<=" else ")"
    reply = f"The answer is {low} {below} x {above} {low + width}."
    assert tasks.check(reply, f"{opening}{low}, {low + width}{closing}").accepted
    assert not tasks.check(reply, f"{opening}{low}, {low + width + 1}{closing}").accepted
    assert not tasks.check(reply, f"{opening}{low}, {low + width}{')' if closing == ']' else ']'}").accepted


@given(st.integers(1, 500), st.integers(1, 59))
def test_units_are_converted(hours, minutes):
    total = f"The answer is {hours * 60 + minutes} minutes."
    assert tasks.check(total, f"{hours} hours {minutes} minutes").accepted
    assert tasks.check(f"It takes {hours} h {minutes} min.", f"{hours * 60 + minutes} minutes").accepted
    assert not tasks.check(total, f"{hours * 60 + minutes} hours").accepted


@pytest.mark.parametrize(
    "text",
    [
        "the answer is {" + "1, " * 300_000,
        "the answer is " + "(" * 500_000,
        "\\boxed{2} and " * 70_000,
        "x = 2 or " * 110_000,
        "3:30 pm " * 120_000,
        "1:2:" * 250_000,
        "5 hours 30 minutes " * 50_000,
        "solution set is {1} " * 50_000,
        "(1, 2), " * 120_000,
        "x < " * 250_000,
        "the answer is " + "a, because " * 90_000 + "1",
        "5 square " * 110_000 + "1",
        "\\begin{matrix}" * 70_000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_a_megabyte_is_read_in_linear_time(text):
    assert growth(Numeric().read, text) < WIDE
    assert growth(lambda part: Numeric().check(part, "5 hours"), text) < WIDE
