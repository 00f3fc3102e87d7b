"""The conditions of a question: values it names, and numbers it compares a column with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from tilth.demo.sql.database import Column, schema
from tilth.demo.sql.lexicon import Mention
from tilth.demo.sql.query import Condition, Operator, Value

_COMPARING = (">", "<", ">=", "<=", "BETWEEN")
_YEARS = range(1900, 2036)
_YEAR_OF = {"customers": Column("customers", "joined"), "suppliers": Column("suppliers", "founded")}
_USUAL = {
    "plants": Column("plants", "price"),
    "customers": Column("customers", "joined"),
    "suppliers": Column("suppliers", "lead_days"),
    "orders": Column("orders", "total"),
}
"""What a bare number is compared with."""

_LEFT, _RIGHT = 4, 3
"""Words between a comparison and its column, before it and behind its number."""


@dataclass(frozen=True, slots=True)
class Having:
    """A comparison of how many rows a group has."""

    operator: Operator
    number: int
    counted: str


class Comparisons:
    """What a question's mentions restrict.

    Attributes:
        conditions: All of them, in the order of the question.
        valued: Those on a value, each with its mention.
        having: A restriction of groups by their size, if any.
        used: Mentions that these have used up.
    """

    def __init__(self, found: list[Mention], subject: str) -> None:
        self._found, self._subject = found, subject
        self.used: set[Mention] = set()
        self.having: Having | None = None
        self.valued: list[tuple[Mention, Condition]] = []
        placed: list[tuple[int, Condition]] = []
        for place, mention in enumerate(found):
            condition = None
            if mention.kind == "value":
                condition = self._value(place, mention)
                self.valued.append((mention, condition))
            elif mention.kind == "known" and mention.column is not None:
                condition = Condition(mention.column, "=", _number(mention.said))
            elif mention.kind == "compared" or mention.cue(*_COMPARING):
                condition = self._compared(place, mention)
            elif mention.cue("above average", "below average"):
                condition = self._average(place, mention)
            if condition is not None:
                self.used.add(mention)
                placed.append((mention.first, condition))
        placed += self._years()
        self.conditions = tuple(dict.fromkeys(condition for _, condition in sorted(placed, key=_first)))

    def _value(self, place: int, mention: Mention) -> Condition:
        before = self._found[place - 1] if place else None
        excepted = before is not None and before.cue("except") and mention.apart(before) <= 1
        column = cast("Column", mention.column)
        for beside in (before, self._at(place + 1)):  # "the status open", "the Herb category"
            if beside is not None and beside.column == column and beside.kind == "column":
                self.used |= {beside} if mention.apart(beside) <= 1 else set()
        return Condition(column, "<>" if excepted else "=", mention.said)

    def _compared(self, place: int, mention: Mention) -> Condition | None:
        numbers = self._found[place + 1 : place + 3]
        if not numbers or numbers[0].kind != "number" or numbers[0].apart(mention) > 1:
            return None
        operator, number = cast("Operator", mention.said), numbers[0]
        self.used |= {mention, number}
        if operator == "BETWEEN":
            if len(numbers) < 2 or numbers[1].kind != "number":
                return None
            self.used.add(numbers[1])
            column = self._column(place, numbers[1])
            return Condition(column, operator, _number(number.said), _number(numbers[1].said))
        counted = self._rows_at(place + 2, number) if mention.kind == "cue" else None
        if counted is not None and number.said.isdigit():
            self.having = Having(operator, int(number.said), counted)
            return None
        column = mention.column or self._column(place, number)
        return Condition(column, operator, _number(number.said))

    def _column(self, place: int, number: Mention) -> Column:
        """What is compared with a number: the column just before the comparison, or just after the number."""
        before = self._take(place - 1, self._found[place], _LEFT)
        behind = self._found.index(number) + 1
        if before is not None:
            same = self._at(behind)
            if same is not None and same.column == before:
                self._take(behind, number, _RIGHT)  # "a lead time below 5 days"
            return before
        after = self._take(behind, number, _RIGHT)
        if after is not None:
            return after
        if number.said.isdigit() and int(number.said) in _YEARS and self._subject in _YEAR_OF:
            return _YEAR_OF[self._subject]
        return _USUAL[self._subject]

    def _rows_at(self, place: int, number: Mention) -> str | None:
        """The table of the rows that the number counts: "20 customers", "20 trade customers", "20 ferns"."""
        last, rows = number.last, None
        while (mention := self._at(place)) is not None and mention.first == last:
            if mention.kind == "table":
                return mention.said
            if mention.kind != "value" or mention.column is None:
                break
            rows, last, place = mention.column.table, mention.last, place + 1
        return rows

    def _average(self, place: int, mention: Mention) -> Condition:
        column = self._take(place - 1, mention, _LEFT) or _USUAL[self._subject]
        return Condition(column, ">" if mention.said == "above average" else "<", None)

    def _years(self) -> list[tuple[int, Condition]]:
        """Years that stand alone: "who joined in 2015"."""
        years = []
        for place, mention in enumerate(self._found):
            alone = mention.kind == "number" and mention not in self.used and mention.said.isdigit()
            if alone and int(mention.said) in _YEARS and self._subject in _YEAR_OF:
                self.used.add(mention)
                self._take(place - 1, mention, _LEFT)
                condition = Condition(_YEAR_OF[self._subject], "=", int(mention.said))
                years.append((mention.first, condition))
        return years

    def _take(self, place: int, other: Mention, near: int) -> Column | None:
        """Uses up a column of numbers that stands at a place, where it is near enough to another mention."""
        found = self._at(place)
        if found is None or found.kind != "column" or found.column in schema().values:
            return None
        if found.apart(other) > near:
            return None
        self.used.add(found)
        return found.column

    def _at(self, place: int) -> Mention | None:
        found = self._found[place] if 0 <= place < len(self._found) else None
        return None if found in self.used else found


def _number(said: str) -> Value:
    return int(said) if said.isdigit() else float(said)


def _first(placed: tuple[int, Condition]) -> int:
    return placed[0]
