"""Reading equations from responses: right where they are plain, and harmless whatever they say."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth.students.numeric.arithmetic import MAX_SIZE, Expression, parse, show
from tilth.students.numeric.reading import equation, mask, numbers

TOM = "Tom has 12 apples and 5 pears. He triples his fruit, then eats 20% of it."


@pytest.mark.parametrize(
    ("response", "value"),
    [
        ("Together, then three times as many.\n(12 + 5) * 3 = 51\nThe answer is 51.", 51),
        ("12 + 5 = <<12+5=17>>17 pieces\nHe then has 17*3 = <<17*3=51>>51.\n#### 51", 51),
        ("1. **12 + 5 = 17** pieces\n2. 17 × 3 = 51 pieces\n\nThe final answer is: 51", 51),
        (r"\[ (12 + 5) \times 3 = 51 \] so \boxed{51}", 51),
        (r"We get \( \frac{12}{5} = 2.4 \).", 2.4),
        ("He has 12 apples + 5 pears = 17 pieces of fruit.", 17),
        ("- 12 + 5 = 17\n- 20% of 17 = 3.4\n- 17 - 3.4 = 13.6\nThe answer is 13.6", 13.6),
        ("12 + 5 = 17, and 17 * 0.2 = 3.4", 3.4),
        ("2 * (12 + 5) = 2 * 17 = 34", 34),
        ("x = 12 − 5 = 7", 7),
        ("12 ÷ 5 ≈ 2.4", 2.4),
        ("First 12 * 5 = 60. Then, to check, 12 + 5 = 17. The answer is 60.", 60),
        ("(12 + 5) * 3 = 52\nThe answer is 52.", 51),
        ("<<6=6>> but 12 - 5 = 7", 7),
    ],
)
def test_worked_steps_become_one_equation(response: str, value: float) -> None:
    found = equation(TOM, response)
    assert found is not None
    assert found.value(numbers(TOM)) == pytest.approx(value)


@pytest.mark.parametrize(
    "response",
    [
        "", "The answer is 51.", "It is obvious.", "12 apples = 12", "12 * 77 = 924", "2x + 3 = 11",
        "= = = 5", "12 / 0 = 5 / 0", "12 + = 5", "2 ** 3 = 8", "12 ^ 5 = 3",
    ],
)  # fmt: skip
def test_what_holds_no_equation_is_left_alone(response: str) -> None:
    assert equation(TOM, response) is None


def test_an_equation_carries_over_to_other_numbers() -> None:
    found = equation("Ann has 3 boxes of twelve pens.", "3 * 12 = 36\nThe answer is 36.")
    assert found is not None
    assert found.value([7.0, 6.0]) == 42
    assert found.value([7.0]) is None
    assert found.slots == 2


def test_a_line_that_restates_the_whole_keeps_equal_numbers_apart() -> None:
    question = "5 boxes hold 5 pens each, and 3 pens are lost."
    for response in ("5 * 5 = 25\n25 - 3 = 22\n5 * 5 - 3 = 22", "5 * 5 = 25\n25 - 3 = 22"):
        found = equation(question, response)
        assert found is not None
        assert found.value([7.0, 4.0, 1.0]) == 27


def test_equal_equations_have_equal_fingerprints() -> None:
    question = "2 boxes of 30 pens and 40 cards each"
    forms = ("2 * (30 + 40) = 140", "2 * 40 + 2 * 30 = 140", "30 * 2 = 60\n40 * 2 = 80\n80 + 60 = 140")
    prints = {found.fingerprint() for form in forms if (found := equation(question, form)) is not None}
    assert len(prints) == 1
    other = equation(question, "2 * 30 + 40 = 100")
    assert other is not None
    assert other.fingerprint() not in prints


def test_numbers_and_mask_agree() -> None:
    question = "One of Ann's 1,200 pens costs $.50; twelve cost 3.5% more, in 2 shops."
    assert numbers(question) == [1200.0, 0.5, 12.0, 3.5, 2.0]
    assert [word for word in mask(question).split() if word[1:].isdigit()] == ["n0", "n1", "n2", "n3", "n4"]


def read_share(path: Path) -> tuple[float, float]:
    """Shares of references that are read at all, and that are read to their own final answer."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    read = right = 0
    for row in rows:
        found = equation(row["question"], row["answer"])
        if found is None:
            continue
        read += 1
        value = found.value(numbers(row["question"]))
        reference = float(row["answer"].split("####")[1].replace(",", ""))
        right += value is not None and math.isclose(value, reference, rel_tol=1e-4)
    return read / len(rows), right / len(rows)


@pytest.mark.parametrize("name", ["gsm8k_train_1000.jsonl", "gsm8k_test_300.jsonl"])
def test_gsm8k_references_are_read(test_data: Path, name: str, record_property: Any) -> None:
    read, right = read_share(test_data / name)
    record_property("read", read)
    record_property("right", right)
    assert read >= 0.93
    assert right >= 0.90


FRAGMENTS = ["12", "5", "+", "*", "/", "-", "(", ")", "=", "\n", " x ", "%", "<<", ">>", "####"]
HOSTILE = st.one_of(
    st.text(max_size=400),
    st.text(alphabet="0123456789.,+-*/()=%$x of<>\n#", max_size=400),
    st.lists(
        st.sampled_from(["12", "5", "+", "*", "/", "-", "(", ")", "=", "\n", " x ", "%", "<<", ">>", "####"])
    ).map("".join),
)


@given(HOSTILE, HOSTILE)
@example("9" * 400, "1 / 0 = 0")
@example("__import__('os').system('true') 12", "__import__('os').getpid() + 12 = 12")
def test_any_text_reads_to_something_that_computes_or_to_nothing(question: str, response: str) -> None:
    found = equation(question, response)
    if found is not None:
        assert len(found.tokens) <= MAX_SIZE
        value = found.value(numbers(question))
        assert value is None or math.isfinite(value)
        assert value is None or float(show(value)) == pytest.approx(value, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    "response",
    [
        "(" * 100_000 + "1+1=2",
        "\n".join(f"{2**k} + {2**k} = {2 ** (k + 1)}" for k in range(200)),
        "1+1=" * 30_000,
        " ".join(["7"] * 20_000) + " = 7",
        "<<" * 10_000 + "1=1" + ">>" * 10_000,
        "answer is " + " $" * 50_000,
        "\\frac{" * 20_000,
    ],
)
def test_text_made_to_hang_is_read_in_linear_time(response: str) -> None:
    assert growth(lambda text: equation("1 apple and 2 pears", text), response) < WIDE


@given(
    st.recursive(
        st.integers(1, 99).map(str),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            inner.map(lambda e: f"(-{e})"),
        ),
        max_leaves=12,
    )
)
def test_arithmetic_is_pythons(text: str) -> None:
    tokens = [
        float(t) if t.isdigit() else t
        for t in text.replace("(", "( ").replace(")", " )").replace("-", "- ").split()
    ]
    found = parse(tokens)
    assert found is not None
    try:
        expected = eval(text)  # the text is made above, from digits and operators
    except ZeroDivisionError:
        assert found.value() is None
    else:
        assert found.value() == pytest.approx(expected)


@pytest.mark.parametrize(
    "tokens", [[], ["+"], [1.0, 2.0], ["(", 1.0], [1.0, ")"], [1.0, "+"], ["(", ")"], ["%"], [1.0] * 200]
)
def test_what_is_no_expression_is_refused(tokens: list[str | float]) -> None:
    assert parse(tokens) is None


def test_an_expression_without_value_has_none() -> None:
    assert Expression((1.0, 0.0, "/")).value() is None
    assert Expression((0,)).value([]) is None
    assert Expression((1e300, 1e300, "*")).value() is None


@pytest.mark.parametrize(
    ("value", "text"), [(51.0, "51"), (0.5, "0.5"), (1 / 3, "0.333333"), (-0.0, "0"), (1e15, "1" + "0" * 15)]
)
def test_values_are_written_as_answers_are(value: float, text: str) -> None:
    assert show(value) == text
