"""Whether two numeric answers are the same: numbers, quantities, sets, intervals, expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from tilth.tasks.numeric.notation import formulas, intervals, numbers, physical_units, values
from tilth.tasks.numeric.notation.layout import cleaned
from tilth.tasks.numeric.notation.values import Value

Outcome = tuple[bool | None, str | None]
"""Whether two answers are the same; None and a reason where that could not be found out."""

Compare = Callable[[str, str], bool | None]
"""Whether two formulas are the same; None where that is not found out, or not here."""

_MOST_PAIRS = 1_000
_UNDECIDED: Outcome = (None, None)
"""Of answers whose kinds say how to compare them, but not all of whose elements were compared."""

# 12:00 and 1:00 are times, as ratios have neither a 0 nor two digits for one.
_OF_TIMES = re.compile(r"0(?!\.)")
_SHORT_UNIT = re.compile(r"(-?[0-9][0-9.,]{0,20})[cdkpt]")
_SHORT_SCALE = re.compile(r"-?[0-9][0-9.,]{0,20}[kKMB]")
_DECIMAL_COMMA = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3}){0,9},[0-9]{1,20}")
_FACTORIAL = re.compile(r"([0-9]{1,9})\s?!")


def same(left: str, right: str) -> Outcome:
    """Whether two normal forms agree.

    Plain numbers, and what is made of them, are compared here; formulas in a process of their own, which
    may take long.
    """
    if (plain := plainly(left, right)) is not None:
        return plain, None
    if cleaned(left) == cleaned(right):
        return True, None
    if (outcome := _decided(left, right, _not_here)) is not None:
        return outcome
    from tilth.tasks.numeric.comparison.expressions import equivalent

    return equivalent(left, right)


def reckoned(left: str, right: str) -> Outcome | None:
    """Whether two answers agree, formulas evaluated: for the process that may be killed for it."""
    if cleaned(left) == cleaned(right):
        return True, None
    return _decided(left, right, _by_value)


def _not_here(_left: str, _right: str) -> bool | None:
    return None


def _by_value(left: str, right: str) -> bool | None:
    from tilth.tasks.numeric.comparison import evaluating

    one, other = formulas.parse(left), formulas.parse(right)
    return evaluating.same(one, other) if one and other else None


def _decided(left: str, right: str, compare: Compare) -> Outcome | None:
    """The outcome where `compare` finds out what it takes; None where it does not."""
    if why := _ambiguous(left, right) or _ambiguous(right, left):
        return None, why
    first, second = values.parse(left), values.parse(right)
    if first is None and second is None:
        found = compare(left, right)
        return None if found is None else (found, None)
    for one, other, text in ((first, second, right), (second, first, left)):
        if one is not None and (outcome := _one_way(one, other, text, compare)) is not None:
            return None if outcome == _UNDECIDED else outcome
    kinds = {value.kind for value in (first, second) if value}
    if first and second and kinds == {"equation"}:
        return _equations(first, second, compare)
    if kinds & {"equation", "relation"} or not (_is_known(first, left) and _is_known(second, right)):
        return None
    if first and second and first.kind == second.kind:
        return None  # the same kind, but elements that could not be compared
    return False, None


def _ambiguous(one: str, other: str) -> str | None:
    """Why it is not known whether `one`, which has a sign that `other` lacks, has the same digits for it."""
    if (sign := _FACTORIAL.fullmatch(one)) and sign[1] == other:
        return f"{one} may be a factorial"
    if (sign := _SHORT_UNIT.fullmatch(one)) and plainly(sign[1], other):
        return f"{one} may be {sign[1]} of a unit"
    if _SHORT_SCALE.fullmatch(one) and plainly(f"${one}", other):
        return f"{one} may be {other}"
    if _DECIMAL_COMMA.fullmatch(one) and plainly(one.replace(".", "").replace(",", "."), other):
        return f"{one} may be a decimal"
    formula = formulas.parse(one) if "_" in one or not one.isascii() else None
    if formula and numbers.parse_text(other) and formula.in_base == other != str(formula.tree.value):
        return f"{other} may be in the base of {one}"
    return None


def _equations(first: Value, second: Value, compare: Compare) -> Outcome | None:
    """Whether two equations say the same, which takes the process that evaluates."""
    if compare is _not_here:
        return None
    from tilth.tasks.numeric.comparison import evaluating

    sides = [[formulas.parse(part) for part in value.items[0].split("=")] for value in (first, second)]
    if any(len(pair) != 2 or None in pair for pair in sides):
        return None
    (a, b), (c, d) = sides
    found = evaluating.same_equation((a, b), (c, d)) if a and b and c and d else None
    return None if found is None else (found, None)


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


def _one_way(one: Value, other: Value | None, text: str, compare: Compare) -> Outcome | None:
    """The outcome where `one` is of a kind that says it; `text` is the other answer. None leaves it open."""
    kind, kinds = one.kind, (one.kind, other.kind if other else None)
    number = numbers.parse_text(text)
    if kind in ("time", "ratio"):
        return _times(one, other, number)
    if kind in ("several", "set") and len({*one.items}) == 1 and other is None:
        return _element(one.items[0], text, compare), None
    if kind == "equation" and (other is None or other.kind != "equation"):
        return _equation_and_value(one, other, text, compare)
    if other is None:
        return None
    spans = {"point", "interval"}
    if (
        kind == "interval"
        and other.kind in spans
        and one.intervals is not None
        and other.intervals is not None
    ):
        return intervals.agree(one.intervals, other.intervals), None
    if kind == "interval" and other.kind in spans and one.closed and other.closed:
        return _in_order(one.items, other.items, compare) if one.closed == other.closed else (False, None)
    if kinds == ("point", "point"):
        return _in_order(one.items, other.items, compare)
    if kinds == ("matrix", "matrix"):
        return _in_order(one.items, other.items, compare) if one.columns == other.columns else (False, None)
    if kinds == ("matrix", "point"):
        is_line = one.columns in (1, len(one.items))
        return _in_order(one.items, other.items, compare) if is_line else (False, None)
    if kinds == ("named", "named"):
        ordered = dict(zip(other.names, other.items, strict=True))
        if set(one.names) != set(other.names):
            return False, None
        return _in_order(one.items, [ordered[name] for name in one.names], compare)
    if kind in ("several", "set", "union") and other.kind in ("several", "set", "union"):
        return (
            _unordered(one.items, other.items, compare)
            if "union" not in kinds or kind == other.kind
            else None
        )
    if kind == "named" and other.kind in ("point", "several"):
        by_name = sorted(zip(one.names, one.items, strict=True))
        return _in_order([item for _, item in by_name], other.items, compare)
    if kinds == ("several", "point"):
        return _in_order(one.items, other.items, compare)
    if kind == "interval" and other.kind in ("several", "set") and len(one.items) == 2:
        alike = _unordered(one.items, other.items, compare)
        return (None, "an interval and a list may be meant") if alike == (True, None) else alike
    if kinds == ("set", "point"):
        return False, None
    return None


def _equation_and_value(one: Value, other: Value | None, text: str, compare: Compare) -> Outcome:
    """An equation beside a value: y = 2x + 3 and 2x + 3 agree; what x^2 + y^2 = 25 says is not 25."""
    lone = len(one.names[0]) == 1 or one.names[0].endswith(")")
    if lone and other is None and not numbers.parse_text(text):
        return _element(one.items[0].partition("=")[2].strip(), text, compare), None
    return None, "an equation and a value are not compared"


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
    if parts == rest:
        return True, None
    if any(_OF_TIMES.match(part) for part in (*one.items, *other.items)):
        return False, None
    proportional = all(a * rest[0] == b * parts[0] for a, b in zip(parts, rest, strict=True))
    if proportional and values.clock(one) is not None and values.clock(other) is not None:
        return None, "times or ratios may be meant"
    return proportional and any(parts) and any(rest), None


def _in_order(left: Sequence[str], right: Sequence[str], compare: Compare) -> Outcome:
    """Whether elements agree one by one."""
    if len(left) != len(right):
        return False, None
    outcomes = [_element(one, other, compare) for one, other in zip(left, right, strict=True)]
    if False in outcomes:
        return False, None
    return _UNDECIDED if None in outcomes else (True, None)


def _unordered(left: Sequence[str], right: Sequence[str], compare: Compare) -> Outcome:
    """Whether each element has its equal on the other side."""
    if len(left) * len(right) > _MOST_PAIRS:
        return _UNDECIDED
    table = [[_element(one, other, compare) for other in right] for one in left]
    lines = [*table, *zip(*table, strict=True)]
    if any(True not in line and None not in line for line in lines) or bool(left) != bool(right):
        return False, None
    return (True, None) if all(True in line for line in lines) else _UNDECIDED


def _element(left: str, right: str, compare: Compare) -> bool | None:
    """Whether two elements agree; None where that was not found out."""
    if left == right:
        return True
    if (plain := plainly(left, right)) is not None:
        return plain
    outcome = _decided(left, right, compare)
    return outcome[0] if outcome else None


def _is_known(value: Value | None, text: str) -> bool:
    """Whether an answer is wholly understood."""
    parts = [text] if value is None else value.items
    return (value is not None and value.intervals is not None) or all(
        numbers.parse_text(part) or values.parse(part) or formulas.parse(part) for part in parts
    )
