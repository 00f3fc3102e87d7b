"""Expressions over the numbers of a question: parsed, composed and computed without evaluating any code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MAX_SIZE = 96
"""Most tokens an expression may hold. Substituting steps into steps can double it each time."""

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3}
_TIGHTEST = 4
"""How tightly a number holds together, beside the operators."""

_PROBES = tuple(
    tuple(3.1 + 1.7 * slot + (2.37 * (slot + 1) * probe) % 5.3 for slot in range(24)) for probe in range(3)
)
"""Three settings of the slots. Expressions that agree on all of them are taken for the same equation."""

Token = str | float | int
"""In reverse Polish notation: an operator, a constant (float) or a slot (int), the place of a number."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Arithmetic in reverse Polish notation, so that nothing here recurses whatever the text says.

    Attributes:
        tokens: Operators "+", "-", "*", "/", "neg"; constants as float; slots as int.
    """

    tokens: tuple[Token, ...]

    @property
    def slots(self) -> int:
        """How many numbers a question must hold for this expression to be computed."""
        return max((token + 1 for token in self.tokens if isinstance(token, int)), default=0)

    @property
    def has_operator(self) -> bool:
        """Whether anything is computed, or a number only stated."""
        return any(isinstance(token, str) and token != "neg" for token in self.tokens)

    def value(self, numbers: Sequence[float] = ()) -> float | None:
        """The value with `numbers` in the slots, or None where it has none (a missing slot, x / 0)."""
        stack: list[float] = []
        for token in self.tokens:
            if isinstance(token, float):
                stack.append(token)
            elif isinstance(token, int):
                if token >= len(numbers):
                    return None
                stack.append(numbers[token])
            elif token == "neg":
                stack.append(-stack.pop())
            else:
                right, left = stack.pop(), stack.pop()
                if token == "+":
                    stack.append(left + right)
                elif token == "-":
                    stack.append(left - right)
                elif token == "*":
                    stack.append(left * right)
                elif right == 0:
                    return None
                else:
                    stack.append(left / right)
        return stack[0] if math.isfinite(stack[0]) else None

    def fingerprint(self) -> tuple[float, ...] | None:
        """Equal for expressions that compute the same, such as `a * (b + c)` and `a * b + a * c`."""
        values: list[float] = []
        for probe in _PROBES:
            value = self.value(probe)
            if value is None:
                return None
            values.append(float(f"{value:.9g}"))
        return tuple(values)


def parse(tokens: Sequence[str | float]) -> Expression | None:
    """Reads infix tokens: numbers (float), "+", "-", "*", "/", "(", ")" and the postfix "%".

    None where they are no expression, or one of more than `MAX_SIZE` tokens.
    """
    if len(tokens) > MAX_SIZE:
        return None
    output: list[Token] = []
    pending: list[str] = []
    wants_operand = True
    for token in tokens:
        if isinstance(token, float):
            if not wants_operand:
                return None
            output.append(token)
            wants_operand = False
        elif token == "(":
            if not wants_operand:
                return None
            pending.append(token)
        elif token == ")":
            if wants_operand:
                return None
            while pending and pending[-1] != "(":
                output.append(pending.pop())
            if not pending:
                return None
            pending.pop()
        elif token == "%":
            if wants_operand:
                return None
            output += [100.0, "/"]
        elif wants_operand:
            if token != "-":
                return None
            pending.append("neg")
        else:
            while pending and pending[-1] != "(" and _PRECEDENCE[pending[-1]] >= _PRECEDENCE[token]:
                output.append(pending.pop())
            pending.append(token)
            wants_operand = True
    if wants_operand or "(" in pending:
        return None
    output += reversed(pending)
    return Expression(tuple(output)) if len(output) <= MAX_SIZE else None


def infix(expression: Expression, numbers: Sequence[float] = ()) -> str | None:
    """The expression as it is written, with `numbers` in its slots: "(114 - 16) * 4"; None if one lacks.

    Parentheses stand only where they are needed.
    """
    stack: list[tuple[str, int]] = []  # each part, and how tightly it holds together
    for token in expression.tokens:
        if isinstance(token, int):
            if token >= len(numbers):
                return None
            stack.append((show(numbers[token]), _TIGHTEST))
        elif isinstance(token, float):
            stack.append((show(token), _TIGHTEST))
        elif token == "neg":
            part, tightness = stack.pop()
            stack.append((f"-{part}" if tightness == _TIGHTEST else f"-({part})", _PRECEDENCE["neg"]))
        else:
            (right, right_tightness), (left, left_tightness) = stack.pop(), stack.pop()
            here = _PRECEDENCE[token]
            if left_tightness < here:
                left = f"({left})"
            if right_tightness < here or (right_tightness == here and token in "-/"):
                right = f"({right})"
            stack.append((f"{left} {token} {right}", here))
    return stack[0][0]


def show(value: float) -> str:
    """A value as an answer is written: no exponent, no more than six decimals, no trailing zeros."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
