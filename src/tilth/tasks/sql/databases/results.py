"""Compares two results: as multisets of rows or in order, numbers with a tolerance, column names ignored."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TOLERANCE = 1e-9
"""Most by which two numbers may differ, relative or absolute, where either is no integer."""

NOT_A_NUMBER = ("NaN",)
"""Stands for NaN, which would not equal itself."""

_NUMBER = re.compile(
    r"[ ]?[-+]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,3})?[ ]?"
)
_MOST_PAIRED = 500
_IS_NUMBER = ("number",)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What a query returned.

    Attributes:
        columns: How many columns it has.
        rows: Its rows, in order. Values are None, numbers, text, bytes, or tuples for what a database has
            beside them; each kind equals only its own, but for 1, 1.0 and true.
    """

    columns: int
    rows: Sequence[Row]

    @property
    def says_nothing(self) -> bool:
        """Whether it has no rows, or nothing but nulls: many a wrong query returns that too."""
        return all(value is None for row in self.rows for value in row)


def same_value(left: Any, right: Any) -> bool:
    """Whether two values are equal, numbers to one part in a thousand million; integers exactly."""
    if left == right:
        return True
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return False
    if isinstance(left, int) and isinstance(right, int):
        return False
    try:
        return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except OverflowError:  # an integer that no float holds
        return False


def as_number(value: Any) -> Any:
    """The number that a text is, or the value as it is."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return value
    try:
        return int(value)
    except ValueError:
        return float(value)


def same_row(left: Row, right: Row) -> bool:
    """Whether two rows have the same values, in order."""
    return len(left) == len(right) and all(map(same_value, left, right))


def in_order(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Whether both hold the same rows in the same order."""
    return len(left) == len(right) and all(map(same_row, left, right))


def same_rows(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Whether both hold the same rows, each as often, in any order."""
    return len(left) == len(right) and within(left, right)


def within(some: Sequence[Row], rows: Sequence[Row]) -> bool:
    """Whether every row of `some` has a row of its own in `rows`."""
    wanted = Counter(some)
    wanted.subtract(rows)
    missing = [row for row, count in wanted.items() for _ in range(count)]
    if not missing:
        return True
    spare = [row for row, count in wanted.items() for _ in range(-count)]
    if len(missing) > len(spare):
        return False
    # What is left may still be equal within the tolerance, in the columns that hold a fraction.
    inexact = {
        place for row in (*missing, *spare) for place, value in enumerate(row) if isinstance(value, float)
    }
    groups: dict[Row, tuple[list[Row], list[Row]]] = {}
    for side, part in enumerate((missing, spare)):
        for row in part:
            groups.setdefault(_exact_part(row, inexact), ([], []))[side].append(row)
    return all(_paired(left, right) for left, right in groups.values())


def _exact_part(row: Row, inexact: set[int]) -> Row:
    return tuple(
        _IS_NUMBER if place in inexact and isinstance(value, int | float) else value
        for place, value in enumerate(row)
    )


def _paired(some: list[Row], rows: list[Row]) -> bool:
    """Whether each of `some` finds a partner of its own; they differ in their numbers alone."""
    if len(some) > len(rows):
        return False
    if len(some) == len(rows) and in_order(sorted(some, key=_numbers), sorted(rows, key=_numbers)):
        return True
    # Rounding may sort two rows differently on the two sides: look for a matching, by augmenting paths.
    if len(rows) > _MOST_PAIRED:
        return False
    pairs = _Pairs(some, rows)
    return all(map(pairs.place, range(len(some))))


def _numbers(row: Row) -> list[int | float]:
    return [value for value in row if isinstance(value, int | float)]


class _Pairs:
    """Rows of two sides paired off, each at most once."""

    def __init__(self, some: list[Row], rows: list[Row]) -> None:
        self._some, self._rows = some, rows
        self._held: dict[int, int] = {}
        self._holder: dict[int, int] = {}

    def place(self, new: int) -> bool:
        """Gives `some[new]` a row, moving others to further rows where that takes it."""
        reached_by: dict[int, int] = {}
        waiting = [new]
        while waiting:
            at = waiting.pop()
            for row, values in enumerate(self._rows):
                if row in reached_by or not same_row(self._some[at], values):
                    continue
                reached_by[row] = at
                if row not in self._holder:
                    self._move_up(row, reached_by)
                    return True
                waiting.append(self._holder[row])
        return False

    def _move_up(self, free: int, reached_by: dict[int, int]) -> None:
        row: int | None = free
        while row is not None:
            mover = reached_by[row]
            before = self._held.get(mover)
            self._held[mover], self._holder[row] = row, mover
            row = before
