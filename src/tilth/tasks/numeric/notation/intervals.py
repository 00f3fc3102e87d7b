"""Intervals of numbers with plain bounds: read, joined and compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from tilth.tasks.numeric.notation import numbers

Bound = Fraction | float
"""A number, or plus or minus infinity."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers between two bounds; a closed bound is one of them."""

    low: Bound
    high: Bound
    low_closed: bool = False
    high_closed: bool = False

    @classmethod
    def everything(cls) -> Self:
        """All numbers."""
        return cls(-math.inf, math.inf)

    @classmethod
    def between(cls, low: str, high: str, *, closed: tuple[bool, bool]) -> Self | None:
        """The interval of these bounds, "∞" among them; None where one is no plain number or they cross."""
        bounds = _bound(low), _bound(high)
        if bounds[0] is None or bounds[1] is None or bounds[0] > bounds[1]:
            return None
        return cls(bounds[0], bounds[1], *closed)

    @classmethod
    def beside(cls, sign: str, text: str) -> tuple[Self, ...] | None:
        """The numbers <, <=, >, >= or != the one that the text writes; None where that is not plain."""
        bound = _bound(text)
        if bound is None:
            return None
        below = cls(-math.inf, bound, high_closed=sign == "<=")
        above = cls(bound, math.inf, low_closed=sign == ">=")
        return {"<": (below,), "<=": (below,), ">": (above,), ">=": (above,), "!=": (below, above)}.get(sign)

    @property
    def is_empty(self) -> bool:
        """Whether no number lies in it."""
        return self.low > self.high or (self.low == self.high and not (self.low_closed and self.high_closed))


def _bound(text: str) -> Bound | None:
    if text in ("∞", "-∞"):
        return -math.inf if text[0] == "-" else math.inf
    number = numbers.parse_text(text)
    return number.value if number and not number.percent else None


def merged(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """The same numbers in as few intervals as there can be, in order."""
    result: list[Interval] = []
    for one in sorted(intervals, key=lambda i: (i.low, not i.low_closed)):
        if one.is_empty:
            continue
        last = result[-1] if result else None
        if (
            last is None
            or one.low > last.high
            or (one.low == last.high and not (one.low_closed or last.high_closed))
        ):
            result.append(one)
            continue
        further = max((last.high, last.high_closed), (one.high, one.high_closed))
        result[-1] = Interval(last.low, further[0], last.low_closed, further[1])
    return tuple(result)


def intersection(left: Sequence[Interval], right: Sequence[Interval]) -> tuple[Interval, ...]:
    """The numbers that are in both."""
    both = []
    for one in left:
        for other in right:
            low, low_open = max((one.low, not one.low_closed), (other.low, not other.low_closed))
            high, high_closed = min((one.high, one.high_closed), (other.high, other.high_closed))
            both.append(Interval(low, high, not low_open, high_closed))
    return merged(both)


def agree(left: Sequence[Interval], right: Sequence[Interval]) -> bool:
    """Whether two unions cover the same numbers; bounds agree as numbers do."""
    first, second = merged(left), merged(right)
    return len(first) == len(second) and all(
        (a.low_closed, a.high_closed) == (b.low_closed, b.high_closed)
        and _same(a.low, b.low)
        and _same(a.high, b.high)
        for a, b in zip(first, second, strict=True)
    )


def _same(left: Bound, right: Bound) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        return left == right
    return numbers.agree(numbers.Number(left), numbers.Number(right))
