"""Kinds of question the simulated teacher knows as a whole: percentages, rectangles, comparisons and more."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from tilth.demo.arithmetic.expression import Expression, Number, add, constant, divide, multiply, subtract
from tilth.demo.arithmetic.text import Quantity, Text, cues

Schema = Callable[[Text], Expression | None]


def number(quantity: Quantity) -> Number:
    """The quantity as it stands in an equation."""
    return Number(quantity.value, quantity.slot)


def percentage(text: Text) -> Expression | None:
    """A part of a whole, or what is left of it, or the whole with the part added."""
    shares = [quantity for quantity in text.quantities if quantity.percent]
    wholes = [quantity for quantity in text.quantities if not quantity.percent]
    if not shares or not wholes:
        return None
    whole = number(wholes[0])
    part = divide(multiply(whole, number(shares[0])), constant(100))
    said = cues()
    if said.has(text.words, "raise"):
        return add(whole, part)
    if said.has(text.words, "discount") or said.has(text.asked, "rest asked"):
        return subtract(whole, part)
    return part


def rectangle(text: Text) -> Expression | None:
    """An area or a way around."""
    said, count = cues(), len(text.quantities)
    around = said.has(text.words, "perimeter")
    if count == 2 and (around or said.has(text.words, "area")):
        length, width = (number(quantity) for quantity in text.quantities)
        return multiply(constant(2), add(length, width)) if around else multiply(length, width)
    if count == 1 and around and said.has(text.words, "square"):
        return multiply(constant(4), number(text.quantities[0]))
    return None


def average(text: Text) -> Expression | None:
    """The mean of all numbers, a last one that only counts them left out."""
    quantities = list(text.quantities)
    if not cues().has(text.words, "average") or len(quantities) < 2:
        return None
    if len(quantities) > 2 and cues().opens(quantities[-1].right, "series"):
        quantities.pop()
    total: Expression = number(quantities[0])
    for quantity in quantities[1:]:
        total = add(total, number(quantity))
    return divide(total, constant(len(quantities)))


def comparison(text: Text) -> Expression | None:
    """One quantity told by another: so many more, fewer, or times as many."""
    said, quantities = cues(), list(text.quantities)
    if said.has(text.asked, "difference asked"):
        return None
    together = said.has(text.asked, "together")
    if len(quantities) == 1:
        return _by_word(text, number(quantities[0]), together)
    if len(quantities) > 3:
        return None
    compared = [(quantity, operator) for quantity in quantities if (operator := _operator(quantity))]
    if not compared:
        return None
    relation, operator = compared[-1]
    others = [quantity for quantity in quantities if quantity is not relation]
    base, change = number(others[0]), number(relation)
    if said.has(relation.before, "which"):
        operator = {"+": "-", "-": "+", "*": "/"}[operator]
    build = {"+": add, "-": subtract, "*": multiply, "/": divide}[operator]
    if together:
        whole = build(add(base, base), change) if operator in "+-" else add(base, build(base, change))
        return reduce(add, map(number, others[1:]), whole)
    return build(base, change) if len(others) == 1 else None


def _operator(quantity: Quantity) -> str | None:
    said = cues()
    if said.opens(quantity.right, "times"):
        return "*"
    if said.opens(quantity.right, "fewer", within=2):
        return "-"
    if said.opens(quantity.right, "more", within=2) and said.has(quantity.after, "than"):
        return "+"
    return None


def _by_word(text: Text, base: Expression, together: bool) -> Expression | None:
    said = cues()
    if said.has(text.words, "doubled") and not said.has(text.words, "twice"):
        return None
    if said.has(text.words, "twice"):
        other = multiply(base, constant(2))
    elif said.has(text.words, "half as"):
        other = divide(base, constant(2))
    else:
        return None
    return add(base, other) if together else other


def difference(text: Text) -> Expression | None:
    """How many more the larger of two quantities is."""
    said = cues()
    if len(text.quantities) != 2 or not said.has(text.asked, "difference asked"):
        return None
    if said.has(text.words, "each") and not said.has(text.words, "goal"):
        return None
    large, small = sorted(text.quantities, key=lambda quantity: -quantity.value)
    return subtract(number(large), number(small))


def origin(text: Text) -> Expression | None:
    """What there was before something came or went."""
    said = cues()
    if len(text.quantities) != 2 or not said.has(text.asked, "origin asked"):
        return None
    first, second = text.quantities
    if said.has(text.words, "remain"):
        return add(number(first), number(second))
    small, large = sorted((first, second), key=lambda quantity: quantity.value)
    return subtract(number(large), number(small))


def proportion(text: Text) -> Expression | None:
    """So many cost so much: what do so many others cost?"""
    said = cues()
    prices = [quantity for quantity in text.quantities if quantity.money]
    if len(text.quantities) != 3 or len(prices) != 1 or said.has(text.words, "each"):
        return None
    if not said.has(text.asked, "cost") or said.has(text.asked, "money left asked"):
        return None
    known, wanted = (quantity for quantity in text.quantities if not quantity.money)
    return multiply(divide(number(prices[0]), number(known)), number(wanted))


def goal(text: Text) -> Expression | None:
    """How long until the rest is reached at so many each time."""
    said = cues()
    if len(text.quantities) != 3 or not said.has(text.asked, "time asked"):
        return None
    if not said.has(text.words, "goal"):
        return None
    paced = [
        quantity
        for quantity in text.quantities
        if said.opens(quantity.right, "each", within=3) or said.closes(quantity.left, "each before", within=3)
    ]
    pace = paced[-1] if paced else text.quantities[-1]
    have, want = sorted(
        (quantity for quantity in text.quantities if quantity is not pace),
        key=lambda quantity: quantity.value,
    )
    return divide(subtract(number(want), number(have)), number(pace))


SCHEMAS: tuple[Schema, ...] = (
    percentage,
    rectangle,
    average,
    comparison,
    difference,
    origin,
    proportion,
    goal,
)
"""Tried in this order; a question that none of them takes is read as a story."""
