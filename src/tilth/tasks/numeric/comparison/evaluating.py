"""Compares formulas by value: exactly where they are rational, else to many digits at several points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import mpmath

from tilth.tasks.numeric.notation import numbers
from tilth.tasks.numeric.notation.formula_tree import Formula, Node

_FEW, _MANY = 60, 220
"""Digits that are reckoned with."""

_MOST_BITS = 20_000
"""Of a fraction that is kept exact."""

_POINTS = (Fraction(17, 10), Fraction(3, 7), Fraction(29, 11), Fraction(13, 5))
_TOLERANCE = float(numbers.TOLERANCE)

Value = Any
"""A `Fraction` while it is exact, else a number of mpmath, which has no types."""

Point = Mapping[str, Value]


class Unclear(Exception):
    """What has no value, or one that depends on what its writer meant."""


def same(left: Formula, right: Formula) -> bool | None:
    """Whether two formulas have the same value, whatever their variables are; None where that is unclear."""
    rounded = left.is_rounded or right.is_rounded

    def at(point: Point, base: Value) -> bool:
        found = _agree(left.tree, right.tree, point, base, rounded)
        if found or left.is_percentage == right.is_percentage:
            return found
        hundred = Node("number", value=Fraction(100))
        part, bare = (left, right) if left.is_percentage else (right, left)
        return _agree(Node("divide", (part.tree, hundred)), bare.tree, point, base, rounded)

    return _everywhere((left, right), at)


def same_equation(left: tuple[Formula, Formula], right: tuple[Formula, Formula]) -> bool | None:
    """Whether two equations say the same, one being a multiple of the other: 2x = 10 and x = 5."""
    one, other = (Node("add", (low.tree, Node("negative", (high.tree,)))) for low, high in (left, right))
    here = dict.fromkeys(left[0].names | left[1].names | right[0].names | right[1].names, Fraction(5, 3))

    def at(point: Point, base: Value) -> bool:
        # The two differences stand in the same ratio here and there.
        terms = [
            Node("multiply", (first, Node("value", value=_evaluated(second, here, base))))
            for first, second in ((one, other), (other, one))
        ]
        return _agree(terms[0], terms[1], point, base, rounded=False)

    return _everywhere((*left, *right), at)


def rounds_to(formula: Formula, printed: str) -> bool:
    """Whether a value without variables is the decimal that was printed, to the digits it has."""
    if formula.names:
        return False
    with mpmath.workdps(_FEW):
        try:
            value = _evaluated(formula.tree, {}, Fraction(10))
        except (Unclear, ArithmeticError, ValueError):
            return False
        if not isinstance(value, Fraction):
            if mpmath.im(value) != 0 or not mpmath.isfinite(value) or abs(value) > 10**40:
                return False
            value = Fraction(mpmath.nstr(mpmath.re(value), 50, min_fixed=-math.inf, max_fixed=math.inf))
    return numbers.rounds_to(value, printed)


def _everywhere(formulas: Sequence[Formula], at: Callable[..., bool]) -> bool | None:
    """Whether it holds at all points that have a value, and whichever base a bare log has.

    None where it holds for positive variables alone, for one base alone, or has too few values.
    """
    names = sorted(frozenset[str]().union(*(formula.names for formula in formulas)))
    bases: list[Value] = [Fraction(10)]
    if any("log" in formula.kinds for formula in formulas):
        bases.append(None)
    found = {_at_points(names, partial(at, base=base)) for base in bases}
    return found.pop() if len(found) == 1 else None


def _at_points(names: Sequence[str], at: Callable[[Point], bool]) -> bool | None:
    positive: list[bool] = []
    negative: list[bool] = []
    for point, some in [(point, positive) for point in _points(names, 1)] + [
        (point, negative) for point in _points(names, -1)
    ]:
        try:
            some.append(at(point))
        except (Unclear, ArithmeticError, ValueError):
            continue
    if False in positive:
        return False
    if len(positive) < (2 if names else 1) or False in negative:
        return None
    return True


def _points(names: Sequence[str], sign: int) -> Iterator[Point]:
    if not names:
        if sign > 0:
            yield {}
        return
    for number in range(len(_POINTS)):
        yield {
            name: sign * (_POINTS[(number + place) % len(_POINTS)] + Fraction(place, 7 + number))
            for place, name in enumerate(names)
        }


def _agree(left: Node, right: Node, point: Point, base: Value, rounded: bool) -> bool:
    with mpmath.workdps(_MANY):
        one, other = _evaluated(left, point, base), _evaluated(right, point, base)
        if isinstance(one, Fraction) and isinstance(other, Fraction):
            near = rounded and numbers.agree(numbers.Number(one), numbers.Number(other))
            return one == other or near
        one, other = _inexact(one), _inexact(other)
        if one == other:
            return True
        apart, size = abs(one - other), max(abs(one), abs(other))
        if not mpmath.isfinite(apart):
            raise Unclear
        if apart <= size * mpmath.mpf(10) ** -150 or (rounded and apart <= size * _TOLERANCE):
            return True
    with mpmath.workdps(_FEW):
        # What is left of terms that cancel out shrinks with the digits reckoned with; what is not zero stays.
        before = abs(_inexact(_evaluated(left, point, base)) - _inexact(_evaluated(right, point, base)))
        return bool(apart <= before * mpmath.mpf(10) ** -100)


def _inexact(value: Value) -> Value:
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def _evaluated(node: Node, point: Point, base: Value) -> Value:
    """The value of a tree; `base` is that of a bare log, None for e.

    Raises:
        Unclear, ArithmeticError, ValueError: It has none.
    """
    kind = node.kind
    if kind in ("number", "value"):
        return node.value
    if kind == "name":
        return point[node.name]
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]()
    if kind in _OF_ANGLES and "degrees" in (node.parts[0].kind, *(part.kind for part in node.parts[0].parts)):
        angle = _inexact(_evaluated(node.parts[0], point, base)) * mpmath.pi / 180
        return _OF_ANGLES[kind](angle)
    values = [_evaluated(part, point, base) for part in node.parts]
    if kind == "log":
        values.append(mpmath.e if base is None else base)
        kind = "log-base"
    exact = all(isinstance(value, Fraction) for value in values)
    if exact and kind in _EXACT and (found := _EXACT[kind](*values)) is not None:
        return (
            found
            if found.numerator.bit_length() + found.denominator.bit_length() < _MOST_BITS
            else (_inexact(found))
        )
    if kind in _WHOLE:
        raise Unclear
    return _INEXACT[kind](*map(_inexact, values))


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if base == 0 and exponent == 0:
        raise Unclear
    bits = base.numerator.bit_length() + base.denominator.bit_length()
    if exponent.denominator != 1 or bits * abs(exponent) > _MOST_BITS:
        return None
    return Fraction(base**exponent.numerator)


def _sum(one: Value, other: Value) -> Value:
    total = one + other
    if mpmath.mp.dps >= _MANY and one and other and total in (one, other):
        raise Unclear  # a term is lost in the digits: 2024! + 1 and 2024! - 1 would be the same
    return total


def _raised(base: Value, exponent: Value) -> Value:
    if base == 0 and mpmath.re(exponent) <= 0:
        raise Unclear
    if mpmath.im(base) == 0 and mpmath.re(base) < 0 and not mpmath.isint(exponent):
        raise Unclear  # the real root, or the first of the complex ones
    return mpmath.power(base, exponent)


def _factorial(number: Fraction) -> Fraction | None:
    if number.denominator == 1 and number < 0:
        raise Unclear
    return Fraction(math.factorial(number.numerator)) if number.denominator == 1 and number <= 1_000 else None


def _binomial(above: Fraction, below: Fraction) -> Fraction | None:
    if above.denominator == below.denominator == 1 and 0 <= below <= above <= 1_000:
        return Fraction(math.comb(above.numerator, below.numerator))
    return None


def _root(value: Value, degree: Value) -> Value:
    if mpmath.im(value) == 0 and mpmath.re(value) < 0:
        if not mpmath.isint(degree) or int(mpmath.re(degree)) % 2 == 0:
            raise Unclear
        return -mpmath.power(-value, 1 / degree)
    return mpmath.power(value, 1 / degree)


def _integers(act: Callable[..., int]) -> Callable[..., Fraction | None]:
    def of(*values: Fraction) -> Fraction:
        if any(value.denominator != 1 for value in values):
            raise Unclear
        return Fraction(act(*(value.numerator for value in values)))

    return of


def _of_real(act: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def of(value: Any) -> Any:
        if mpmath.im(value) != 0 or not mpmath.isfinite(value):
            raise Unclear
        found = act(value)
        if abs(value - mpmath.nint(value)) < mpmath.mpf(10) ** -40:
            raise Unclear  # an integer, or what is a little beside it
        return found

    return of


_CONSTANTS: Mapping[str, Callable[[], Any]] = {
    "pi": lambda: +mpmath.pi,
    "e": lambda: +mpmath.e,
    "i": lambda: mpmath.mpc(0, 1),
    "infinity": lambda: mpmath.inf,
}
_OF_ANGLES: Mapping[str, Callable[[Any], Any]] = {
    name: getattr(mpmath, name) for name in ("sin", "cos", "tan", "cot", "sec", "csc")
}
_ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "negative": lambda a: -a,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "degrees": lambda a: a,
}
_EXACT: Mapping[str, Callable[..., Fraction | None]] = {
    **_ARITHMETIC,
    "add": lambda a, b: a + b,
    "power": _power,
    "factorial": _factorial,
    "binom": _binomial,
    "abs": abs,
    "floor": lambda a: Fraction(math.floor(a)),
    "ceil": lambda a: Fraction(math.ceil(a)),
    "max": max,
    "min": min,
    "gcd": _integers(math.gcd),
    "lcm": _integers(math.lcm),
}
_WHOLE = ("gcd", "lcm")
_INEXACT: Mapping[str, Callable[..., Any]] = {
    **_OF_ANGLES,
    **_ARITHMETIC,
    "add": _sum,
    "power": _raised,
    "root": _root,
    "sqrt": mpmath.sqrt,
    "cbrt": lambda a: _root(a, mpmath.mpf(3)),
    "factorial": mpmath.factorial,
    "binom": mpmath.binomial,
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan": mpmath.atan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "exp": mpmath.exp,
    "ln": mpmath.log,
    "log-base": lambda a, b: mpmath.log(a) / mpmath.log(b),
    "abs": abs,
    "floor": _of_real(mpmath.floor),
    "ceil": _of_real(mpmath.ceil),
    "max": max,
    "min": min,
}
