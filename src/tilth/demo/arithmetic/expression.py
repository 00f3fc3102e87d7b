"""Arithmetic as trees: parsed, written, and worked out step by step, without `eval`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([a-z])(?![a-z])|([-+*/()]))")
_DEPTH = 60
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}


class ExpressionError(ValueError):
    """A text that is no arithmetic expression, or one that divides by zero."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with its place among the question's numbers; `slot` is None for a constant such as 7 days."""

    value: Fraction
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """Two expressions and the operator between them: one of + - * /."""

    operator: str
    left: Expression
    right: Expression


Expression = Number | Operation


def constant(value: int) -> Number:
    """A number that stands in no question."""
    return Number(Fraction(value))


def add(left: Expression, right: Expression) -> Expression:
    """Left + right."""
    return Operation("+", left, right)


def subtract(left: Expression, right: Expression) -> Expression:
    """Left - right."""
    return Operation("-", left, right)


def multiply(left: Expression, right: Expression) -> Expression:
    """Left * right."""
    return Operation("*", left, right)


def divide(left: Expression, right: Expression) -> Expression:
    """Left / right."""
    return Operation("/", left, right)


def parse(text: str, names: Mapping[str, Expression] | None = None) -> Expression:
    """Reads "(12 + n) * 3"; single letters stand for the expressions in `names`.

    Raises `ExpressionError` for anything but numbers, known letters, + - * / and parentheses.
    """
    tokens: list[str] = []
    position, text = 0, text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"no arithmetic expression at character {position}: {text!r}")
        tokens.append(match.group().strip())
        position = match.end()
    reader = _Parser(tokens, names or {})
    expression = reader.sum(0)
    if reader.peek() is not None:
        raise ExpressionError(f"{reader.peek()!r} is left over in {text!r}")
    return expression


class _Parser:
    def __init__(self, tokens: list[str], names: Mapping[str, Expression]) -> None:
        self.tokens, self.names, self.at = tokens, names, 0

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise ExpressionError("the expression ends too early")
        self.at += 1
        return token

    def sum(self, depth: int) -> Expression:
        left = self.product(depth)
        while self.peek() in ("+", "-"):
            left = Operation(self.take(), left, self.product(depth))
        return left

    def product(self, depth: int) -> Expression:
        left = self.atom(depth)
        while self.peek() in ("*", "/"):
            left = Operation(self.take(), left, self.atom(depth))
        return left

    def atom(self, depth: int) -> Expression:
        token = self.take()
        if token == "(":
            if depth >= _DEPTH:
                raise ExpressionError(f"more than {_DEPTH} parentheses inside one another")
            inner = self.sum(depth + 1)
            if self.take() != ")":
                raise ExpressionError("a parenthesis is not closed")
            return inner
        if token[0].isdigit():
            return Number(Fraction(token))
        if token in self.names:
            return self.names[token]
        raise ExpressionError(f"{token!r} is neither a number nor a known name")


def evaluate(expression: Expression) -> Fraction:
    """The exact value; raises `ExpressionError` on a division by zero."""
    if isinstance(expression, Number):
        return expression.value
    return apply(expression.operator, evaluate(expression.left), evaluate(expression.right))


def apply(operator: str, left: Fraction, right: Fraction) -> Fraction:
    """One operation on two values; raises `ExpressionError` on a division by zero."""
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if right == 0:
        raise ExpressionError("division by zero")
    return left / right


def number_text(value: Fraction) -> str:
    """A value as a reader expects it: "51", "2.5", and two decimals where it does not end within six."""
    if value.denominator == 1:
        return str(value.numerator)
    places = 6 if 10**6 % value.denominator == 0 else 2
    scaled = round(value * 10**places)
    digits = str(abs(scaled)).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")
    return f"-{text}" if scaled < 0 else text


def write(expression: Expression, outer: int = 0, right: bool = False) -> str:
    """The expression with as few parentheses as it needs: "(12 + 5) * 3"."""
    if isinstance(expression, Number):
        return number_text(expression.value)
    own = _PRECEDENCE[expression.operator]
    text = (
        f"{write(expression.left, own)} {expression.operator} "
        f"{write(expression.right, own, expression.operator in '-/')}"
    )
    return f"({text})" if own < outer or (own == outer and right) else text


def operations(expression: Expression) -> Iterator[Operation]:
    """Its operations in the order they are worked out."""
    if isinstance(expression, Operation):
        yield from operations(expression.left)
        yield from operations(expression.right)
        yield expression


def steps(expression: Expression) -> list[str]:
    """One line a step: ["12 + 5 = 17", "17 * 3 = 51"]."""
    lines = []
    for operation in operations(expression):
        left, right = evaluate(operation.left), evaluate(operation.right)
        value = apply(operation.operator, left, right)
        lines.append(f"{number_text(left)} {operation.operator} {number_text(right)} = {number_text(value)}")
    return lines


def numbers(expression: Expression) -> Iterator[Number]:
    """Its numbers from left to right."""
    if isinstance(expression, Number):
        yield expression
    else:
        yield from numbers(expression.left)
        yield from numbers(expression.right)


def replace(expression: Expression, old: Expression, new: Expression) -> Expression:
    """The expression with the node `old`, found by identity, exchanged for `new`."""
    if expression is old:
        return new
    if isinstance(expression, Number):
        return expression
    return Operation(
        expression.operator, replace(expression.left, old, new), replace(expression.right, old, new)
    )
