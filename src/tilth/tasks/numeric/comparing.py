"""Whether two numeric answers are the same: numbers, quantities, sets, intervals, expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from tilth.tasks.numeric import intervals, numbers, physical_units, values
from tilth.tasks.numeric.values import Value

Outcome = tuple[bool | None, str | None]
"""Whether two answers are the same; None and a reason where that could not be found out."""

_MOST_PAIRS = 1_000

_LATEX = tuple(
    (re.compile(pattern), latex)
    for pattern, latex in (
        (r"(?:\A|(?<=[=∪∈,(]))\s?\{([^{}]*)\}", r"\\{\1\\}"),
        (r"<=", r"\\le "),
        (r">=", r"\\ge "),
        (r"!=", r"\\ne "),
        (r"∞", r"\\infty "),
        (r"∪", r"\\cup "),
        (r"∈", r"\\in "),
        (r"±", r"\\pm "),
        (r"√\s?(\w+|\{[^{}]*\})", r"\\sqrt{\1}"),
        (r"√\s?\(([^()]*)\)", r"\\sqrt{\1}"),
        (r"π|(?<![A-Za-z\\])pi(?![A-Za-z])", r"\\pi "),
        (r"\*\*", "^"),
        (r"[×·]", r"\\cdot "),
        (r"÷", "/"),
        (r"²", "^2"),
        (r"³", "^3"),
        (r"(?<![\\A-Za-z])sqrt\(([^()]*)\)", r"\\sqrt{\1}"),
    )
)


def same(left: str, right: str) -> Outcome:
    """Whether two normal forms agree.

    Plain numbers, and what is made of them, are compared here; everything else by math-verify, in its
    process.
    """
    if (plain := plainly(left, right)) is not None:
        return plain, None
    if values.cleaned(left) == values.cleaned(right):
        return True, None
    first, second = values.parse(left), values.parse(right)
    if first is None and second is None:
        return _asked(left, right)
    for one, other, text in ((first, second, right), (second, first, left)):
        if one is not None and (outcome := _one_way(one, other, text)) is not None:
            return outcome
    kinds = {value.kind for value in (first, second) if value}
    if (
        kinds <= {"equation"}
        or "relation" in kinds
        or not (_is_plain(first, left) and _is_plain(second, right))
    ):
        return _asked(left, right)
    return False, None


def plainly(left: str, right: str) -> bool | None:
    """Whether two plain numbers, or quantities in one unit, agree; None where it takes more to tell."""
    if left == right:
        return True
    numeric = numbers.parse_text(left), numbers.parse_text(right)
    if numeric[0] and numeric[1]:
        return numbers.agree(numeric[0], numeric[1])
    quantities = _quantity(left), _quantity(right)
    if quantities[0] and quantities[1]:
        return physical_units.agree(quantities[0], quantities[1])[0] is True
    for quantity, number in (quantities[0], numeric[1]), (quantities[1], numeric[0]):
        if quantity and number:
            return physical_units.bare(quantity, number)
    return None


def _quantity(text: str) -> physical_units.Quantity | None:
    quantity = physical_units.compound(text, 0) or physical_units.at(text, 0)
    return quantity if quantity and quantity.end == len(text) else None


def _one_way(one: Value, other: Value | None, text: str) -> Outcome | None:
    """The outcome where `one` is of a kind that says it; `text` is the other answer. None leaves it open."""
    kind, kinds = one.kind, (one.kind, other.kind if other else None)
    number = numbers.parse_text(text)
    if kind in ("time", "ratio"):
        return _times(one, other, number)
    if kind in ("several", "set") and len({*one.items}) == 1 and other is None:
        return same(one.items[0], text)
    if kind == "equation" and (other is None or other.kind != "equation"):
        # math-verify would compare the right sides alone: x^2 + y^2 = 25 with 25.
        lone = len(one.names[0]) == 1 or one.names[0].endswith(")")
        return (
            None
            if lone and other is None and not number
            else (None, "an equation and a value are not compared")
        )
    if other is None:
        return None
    if kinds == ("point", "interval") and one.intervals is not None and other.intervals is not None:
        return intervals.agree(one.intervals, other.intervals), None
    if kinds == ("interval", "interval") and one.intervals is not None and other.intervals is not None:
        return intervals.agree(one.intervals, other.intervals), None
    if kinds == ("point", "point"):
        return _in_order(one.items, other.items)
    if kinds == ("matrix", "matrix"):
        return _in_order(one.items, other.items) if one.columns == other.columns else (False, None)
    if kinds == ("matrix", "point"):
        is_line = one.columns in (1, len(one.items))
        return _in_order(one.items, other.items) if is_line else (False, None)
    if kinds == ("named", "named"):
        ordered = dict(zip(other.names, other.items, strict=True))
        if set(one.names) != set(other.names):
            return False, None
        return _in_order(one.items, [ordered[name] for name in one.names])
    if kind in ("several", "set") and other.kind in ("several", "set"):
        return _unordered(one.items, other.items)
    if kind == "named" and other.kind in ("point", "several"):
        by_name = sorted(zip(one.names, one.items, strict=True))
        return _in_order([item for _, item in by_name], other.items)
    if kinds == ("several", "point"):
        return _in_order(one.items, other.items)
    if kind == "interval" and other.kind in ("several", "set") and len(one.items) == 2:
        alike = _unordered(one.items, other.items)
        return (None, "an interval and a list may be meant") if alike == (True, None) else alike
    if kinds == ("set", "point"):
        return False, None
    return None


def _times(one: Value, other: Value | None, number: numbers.Number | None) -> Outcome | None:
    """Times of day and ratios, which look alike: 3:30 is a time, or half past three to one."""
    if one.kind == "time":
        seconds = int(one.items[0])
        if other is not None and other.kind == "time":
            return seconds == int(other.items[0]), None
        shown = values.clock(other) if other is not None and other.kind == "ratio" else None
        if number is not None and number.value.denominator == 1:
            shown = int(number.value) * 3600
        if shown is None:
            return (False, None) if other is not None or number is not None else None
        return shown == seconds or (0 < shown < 13 * 3600 and (shown - seconds) % (12 * 3600) == 0), None
    parts = [Fraction(item) for item in one.items]
    if number is not None and values.clock(one) is not None and one.items[1] == "00":
        return number.value == parts[0], None
    if number is not None:
        return len(parts) == 2 and parts[1] != 0 and numbers.agree(
            numbers.Number(parts[0] / parts[1]), number
        ), None
    if other is None or other.kind != "ratio":
        return None
    if len(parts) != len(other.items):
        return False, None
    rest = [Fraction(item) for item in other.items]
    proportional = all(a * rest[0] == b * parts[0] for a, b in zip(parts, rest, strict=True))
    if parts == rest:
        return True, None
    if proportional and values.clock(one) is not None and values.clock(other) is not None:
        return None, "times or ratios may be meant"
    return proportional and any(parts) and any(rest), None


def _in_order(left: Sequence[str], right: Sequence[str]) -> Outcome | None:
    """Whether elements agree one by one; None where that takes math-verify."""
    if len(left) != len(right):
        return False, None
    outcomes = [_element(one, other) for one, other in zip(left, right, strict=True)]
    if False in outcomes:
        return False, None
    return None if None in outcomes else (True, None)


def _unordered(left: Sequence[str], right: Sequence[str]) -> Outcome | None:
    """Whether each element has its equal on the other side; None where that takes math-verify."""
    if len(left) * len(right) > _MOST_PAIRS:
        return None
    table = [[_element(one, other) for other in right] for one in left]
    if any(None in row for row in table):
        return None
    found = all(any(row) for row in table) and all(any(column) for column in zip(*table, strict=True))
    return found and bool(left) == bool(right), None


def _element(left: str, right: str) -> bool | None:
    """Whether two elements agree; None where that takes math-verify."""
    if left == right:
        return True
    if (plain := plainly(left, right)) is not None:
        return plain
    first, second = values.parse(left), values.parse(right)
    if first and second and (outcome := _one_way(first, second, right)) is not None:
        return outcome[0]
    return None


def _is_plain(value: Value | None, text: str) -> bool:
    """Whether an answer is made of plain numbers alone."""
    if value is None:
        return numbers.parse_text(text) is not None
    return value.intervals is not None or all(numbers.parse_text(i) or values.parse(i) for i in value.items)


def _asked(left: str, right: str) -> Outcome:
    from tilth.tasks.numeric.expressions import equivalent

    return equivalent(latex(left), latex(right))


def latex(text: str) -> str:
    """The answer as math-verify reads it."""
    plain = values.cleaned(text)
    for pattern, written in _LATEX:
        plain = pattern.sub(written, plain)
    return plain
