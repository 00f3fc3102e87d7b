"""Arithmetic trees: what is written reads back to the same value, and nothing else is read."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.demo.arithmetic.expression import (
    Expression,
    ExpressionError,
    Number,
    Operation,
    evaluate,
    number_text,
    parse,
    steps,
    write,
)

NUMBERS = st.integers(0, 500).map(lambda value: Number(Fraction(value)))
TREES = st.recursive(
    NUMBERS, lambda inner: st.builds(Operation, st.sampled_from("+-*/"), inner, inner), max_leaves=8
)


def value(expression: Expression) -> Fraction | None:
    try:
        return evaluate(expression)
    except ExpressionError:
        return None


@given(TREES)
def test_what_is_written_reads_back(tree: Expression) -> None:
    assert value(parse(write(tree))) == value(tree)


@given(st.text(alphabet="0123456789+-*/(). ax", max_size=30))
def test_other_text_is_refused_and_never_runs(text: str) -> None:
    try:
        tree = parse(text)
    except ExpressionError:
        return
    if all(10**6 % number.denominator == 0 for number in numbers_of(tree)):  # what is written in full
        assert value(tree) == value(parse(write(tree)))


def numbers_of(tree: Expression) -> list[Fraction]:
    if isinstance(tree, Number):
        return [tree.value]
    return [*numbers_of(tree.left), *numbers_of(tree.right)]


@pytest.mark.parametrize(
    "text", ["", "2 +", "(2 + 3", "2 3", "x", "2 ** 3", "__import__('os')", "-3", "(" * 100 + "1" + ")" * 100]
)
def test_no_expression(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_division_by_zero_is_told() -> None:
    with pytest.raises(ExpressionError, match="zero"):
        evaluate(parse("3 / (2 - 2)"))


def test_steps_lead_to_the_value() -> None:
    assert steps(parse("(12 + 5) * 3 - 1")) == ["12 + 5 = 17", "17 * 3 = 51", "51 - 1 = 50"]


def test_parentheses_only_where_needed() -> None:
    assert write(parse("((2 * 3) + (4 - (5 - 6)))")) == "2 * 3 + 4 - (5 - 6)"


def test_numbers_as_people_write_them() -> None:
    assert [number_text(Fraction(*pair)) for pair in ((6, 2), (5, 2), (1, 3))] == ["3", "2.5", "0.33"]
