"""What numeric replies say and do not say, against references as data sets have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth import tasks
from tilth.seeds import Seed
from tilth.tasks import Numeric
from tilth.tasks.numeric.notation import formulas

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "numeric_verdicts.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}: {case['reply'][-40:]!r}")
def test_a_reply_is_judged_by_what_it_states(case):
    verdict = tasks.check(case["reply"], case["reference"])
    assert (verdict.verdict, verdict.cause) == (case["verdict"], case["cause"])


@pytest.mark.parametrize(
    ("reply", "reference", "rounds"),
    [
        ("\\boxed{\\frac{100}{3}}", "33.3", True),
        ("The answer is 0.290243.", "0.29", True),
        ("\\boxed{\\pi}", "3.14", True),
        ("\\boxed{\\frac{2}{3}}", "66.7%", True),
        ("\\boxed{66.66\\%}", "66.7%", True),
        ("\\boxed{\\sqrt{2}}", "#### $1.41", True),
        ("The answer is -0.126.", "-0.13", True),
        ("The answer is 1.005.", "1.0", True),
        ("\\boxed{2\\pi x}", "6.28", False),
        ("The answer is 1.96.", "1.9", False),
        ("The answer is 33.", "33.3", False),
        ("The answer is 33.4.", "33", False),
        ("\\boxed{\\sqrt{2}}", "1.42", False),
        ("\\boxed{e^{-20}}", "0.0", False),
    ],
)
def test_what_rounds_to_a_printed_decimal_is_told_and_accepted_where_that_is_asked_for(
    reply, reference, rounds
):
    verdict = Numeric().check(reply, reference)
    assert verdict.verdict == "rejected"
    assert verdict.reason.endswith(", but rounds to it") == rounds
    assert Numeric(rounded=True).check(reply, reference).accepted == rounds


def test_rounding_is_a_verdict_option_and_comes_back_with_a_file():
    task = Numeric(rounded=True)
    assert task.identity() == Numeric().identity()
    assert (task.verdict_options(), Numeric().verdict_options()) == ({"rounded": True}, {})
    assert tasks.restored(task.identity(), task.verdict_options()) == task


@pytest.mark.parametrize(
    ("reply", "reference", "reason"),
    [
        ("\\boxed{5!}", "5", "5! may be a factorial"),
        ("\\boxed{101_2}", "101", "101 may be in the base of 101_2"),
        ("The answer is 20c.", "20", "20c may be 20 of a unit"),
        ("\\boxed{2\\foo{5}}", "2", "the expressions could not be compared"),
        ("The answer is Monday.", "Sunday", "monday is not sunday"),
        ("\\boxed{\\text{none}}", "\\text{no solution}", "two texts that are not the same may say the same"),
        ("The answer is Ann.", "(C)", "an option and a text are not compared"),
        ("The answer is 5.", "2 apples and 3 pears", "no answer in the reference"),
        ("21x + 6 = 17x + 10", "15", "no final answer"),
    ],
)
def test_the_reason_says_what_is_not_sure(reply, reference, reason):
    assert tasks.check(reply, reference).reason == reason


@pytest.mark.parametrize(
    "reference", ["18", "#### 18", "Evelyn", "\\text{(C)}", "7 R 3", "9 of\n2 * 9 = 18", None]
)
def test_a_reference_that_can_be_compared_is_no_fault(reference):
    assert Numeric().fault(Seed("s0001", 0, "How many?", reference)) is None


@pytest.mark.parametrize("reference", ["She eats 3.\nShe keeps 9 of 16 eggs.", "She keeps 9 of 16. " * 20])
def test_a_reference_that_states_no_answer_is_told_before_anything_is_asked(reference):
    fault = Numeric().fault(Seed("s0001", 0, "How many?", reference))
    assert fault.startswith(f"the reference '{' '.join(reference.split())[:30]}")
    assert fault.endswith("end it with a line such as '#### 18' or 'The answer is 18.'")


NUMBERS = st.integers(2, 60)


@given(NUMBERS, NUMBERS)
def test_powers_near_zero_are_told_apart(one, other):
    reply, reference = f"\\boxed{{\\frac{{1}}{{2^{{{one}}}}}}}", f"2^{{-{other}}}"
    assert tasks.check(reply, reference).accepted == (one == other)
    reply, reference = f"\\boxed{{e^{{-{one}}}}}", f"exp(-{other})"
    assert tasks.check(reply, reference).accepted == (one == other)


@given(st.integers(2, 16), st.integers(2, 16), st.integers(2, 200))
def test_a_number_in_a_base_has_its_value(one, other, value):
    digits = ""
    rest = value
    while rest:
        rest, digit = divmod(rest, one)
        digits = f"{digit}{digits}"
        if digit > 9:
            return
    assert tasks.check(f"\\boxed{{{digits}_{{{one}}}}}", str(value)).accepted or digits == str(value)
    if all(int(digit) < other for digit in digits) and len(digits) > 1:
        assert tasks.check(f"\\boxed{{{digits}_{one}}}", f"{digits}_{other}").accepted == (one == other)


PARTS = st.sampled_from(
    [
        "2",
        "x",
        "+",
        "-",
        "*",
        "/",
        "^",
        "(",
        ")",
        "{",
        "}",
        "\\frac",
        "\\sqrt",
        "sin",
        "\\log",
        "_",
        "3!",
        "|",
    ]
)


@given(st.lists(PARTS, max_size=25).map("".join))
def test_a_formula_is_read_wholly_or_not_at_all(text):
    formula = formulas.parse(text)
    if formula is not None:
        assert formulas.parse(f"({text})") is not None
        assert formulas.parse(f"{text}\\unknown") is None
        assert formula.names <= {"x"} | {f"x_{sign}" for sign in "2x3"}


HOSTILE = [
    "the answer is 1" + "\n" * 500_000 + "? the answer is 2",
    "1. " * 300_000,
    "answer is a" + " " * 500_000,
    "I cannot 1. " * 80_000,
    "#### no\n" * 100_000,
    "the answer is $" + "x" * 500_000 + "$",
    "f(" * 400_000 + "1",
    "<|im_end|" * 80_000,
    "Who knows what this may be, and why?\n\n" * 20_000,
    '{"answer": "' * 50_000,
    "<answer>1" * 80_000,
    "sum of " * 80_000 + "1",
    "0x" * 200_000,
    "1 hundred " * 60_000,
    "7\n\n" * 150_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_a_long_reply_is_judged_in_linear_time(text):
    assert growth(lambda part: Numeric().check(part, "5"), text) < WIDE
    assert growth(lambda part: Numeric().check(part, "Evelyn"), text) < WIDE
    assert growth(lambda part: Numeric().check("5", part), text) < WIDE


@pytest.mark.parametrize(
    "piece", ["((", "\\sqrt", "-", "2^", "\\frac", "|", "x_", "sin ", "1,000", "\\text{a}", "base ", "²"]
)
def test_long_formulas_take_linear_time(piece):
    text = "\\boxed{" + piece * (400_000 // len(piece)) + "}"
    assert growth(lambda part: Numeric().check(part, "2x"), text) < WIDE
