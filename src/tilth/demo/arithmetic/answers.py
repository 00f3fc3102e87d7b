"""Answers a question in worked steps, with the published slips of the simulation."""

from __future__ import annotations

import random
from fractions import Fraction

from tilth.demo.arithmetic.expression import (
    Expression,
    ExpressionError,
    Number,
    Operation,
    evaluate,
    number_text,
    numbers,
    operations,
    replace,
    steps,
    write,
)
from tilth.demo.arithmetic.reader import Reading
from tilth.demo.rates import RATES, chance, difficulty

_LEADS = (
    "Let's work it out.",
    "One step at a time.",
    "Here is the calculation.",
    "First see what is asked, then calculate.",
)
_SLIPS = (-10, -2, -1, 1, 2, 10)


def answer(question: str, reading: Reading, skill: float, temperature: float, rng: random.Random) -> str:
    """Steps, a line with the whole calculation, and "The answer is N."."""
    expression = reading.expression
    every = list(operations(expression))
    hardness = difficulty(len(every), sum(operation.operator == "/" for operation in every))
    # Drawn from the question alone, so that asking again brings the same mistake and no vote removes it.
    fixed = random.Random(f"systematic|{question}")
    if fixed.random() < chance(RATES["systematic_slip"] * hardness, skill):
        expression = _wrong(expression, fixed)
    if rng.random() < chance(RATES["random_slip"] * hardness * temperature, skill):
        expression = _wrong(expression, rng)
    expression = _reordered(expression, rng)
    value = evaluate(expression)
    heat = temperature + RATES["arithmetic_slip_offset"]
    if rng.random() < chance(RATES["arithmetic_slip"] * hardness * heat, skill):
        value += rng.choice(_SLIPS)
    return _written(expression, value, rng.choice(_LEADS))


def _written(expression: Expression, value: Fraction, lead: str) -> str:
    lines, stated = steps(expression), number_text(value)
    if lines:
        lines[-1] = f"{lines[-1].rpartition(' = ')[0]} = {stated}"
    if len(lines) > 1:
        lines.append(f"{write(expression)} = {stated}")
    return "\n".join([lead, *lines, f"The answer is {stated}."])


def _wrong(expression: Expression, rng: random.Random) -> Expression:
    """A wrong equation: another operation, the last step forgotten, or two quantities swapped."""
    draw, every = rng.random(), list(operations(expression))
    slots = list({number.slot: number for number in numbers(expression) if number.slot is not None}.values())
    if draw < RATES["wrong_operation"] or (len(every) < 2 and len(slots) < 2):
        old = rng.choice(every)
        other = rng.choice([operator for operator in "+-*/" if operator != old.operator])
        changed = replace(expression, old, Operation(other, old.left, old.right))
    elif draw < RATES["wrong_operation"] + RATES["last_step_forgotten"] and isinstance(expression, Operation):
        parts = [part for part in (expression.left, expression.right) if isinstance(part, Operation)]
        changed = parts[0] if parts else expression
    elif len(slots) > 1:
        one, two = rng.sample(slots, 2)
        changed = _swapped(expression, one, two)
    else:
        changed = expression
    try:
        evaluate(changed)
    except ExpressionError:
        return expression
    return changed


def _swapped(expression: Expression, one: Number, two: Number) -> Expression:
    if isinstance(expression, Number):
        return {one.slot: two, two.slot: one}.get(expression.slot, expression)
    return Operation(
        expression.operator, _swapped(expression.left, one, two), _swapped(expression.right, one, two)
    )


def _reordered(expression: Expression, rng: random.Random) -> Expression:
    """The same calculation, written another way half of the time: "5 * 12" for "12 * 5"."""
    if isinstance(expression, Operation) and expression.operator in "+*" and rng.random() < 0.5:
        return Operation(expression.operator, expression.right, expression.left)
    return expression
