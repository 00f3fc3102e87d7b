"""Queries over the sample database as data, and as SQL: what the demo's questions and answers are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tilth.demo.sql.database import Column, Key, schema

Function = Literal["COUNT", "AVG", "SUM", "MAX", "MIN"]
Operator = Literal["=", "<>", ">", ">=", "<", "<=", "BETWEEN"]
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Item:
    """What is selected or sorted by: a column or a function of one; COUNT of none counts rows."""

    column: Column | None = None
    function: Function | None = None
    distinct: bool = False


COUNT = Item(function="COUNT")


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a column with a value, with two of them (BETWEEN), or with its own average (None)."""

    column: Column
    operator: Operator
    value: Value | None
    high: Value | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """Keeps the subject's rows that no row of `table` names, of those where the conditions hold."""

    table: str
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A question over the database.

    Attributes:
        subject: The table whose rows are asked for; the others are joined to it by the foreign keys.
        items: What is selected.
        having: "more than", "fewer than": a comparison of the group's number of rows.
        order: What is sorted by, with its direction, where anything is.
    """

    subject: str
    items: tuple[Item, ...]
    where: tuple[Condition, ...] = ()
    absent: Absent | None = None
    distinct: bool = False
    group: Column | None = None
    having: tuple[Operator, int] | None = None
    order: Item | None = None
    descending: bool = True
    limit: int | None = None

    def columns(self) -> Iterator[Column]:
        """Every column it names, the absent table's aside."""
        for item in (*self.items, *([self.order] if self.order else [])):
            if item.column is not None:
                yield item.column
        for condition in self.where:
            yield condition.column
        if self.group is not None:
            yield self.group

    @property
    def difficulty(self) -> float:
        """How hard it is for the simulation: 1, and 1 for a join, a group, a sort, a second condition."""
        others = {column.table for column in self.columns()} - {self.subject}
        parts = len(others) + bool(self.group) + bool(self.order) + bool(self.absent) + bool(self.having)
        return 1 + parts + max(0, len(self.where) - 1)


@dataclass(frozen=True, slots=True)
class Style:
    """How SQL is written: short names for joined tables or not, on several lines or on one."""

    short: bool = False
    lines: bool = False


PLAIN = Style()


def write(query: Query, style: Style = PLAIN) -> str:
    """The query as SQL for SQLite."""
    return _Writer(query, style).text()


def steps(query: Query) -> list[str]:
    """What the query does, a line for each step."""
    return _Writer(query, PLAIN).steps()


class _Writer:
    def __init__(self, query: Query, style: Style) -> None:
        self._query, self._style = query, style
        wanted = [column.table for column in query.columns()]
        self._keys, self._repeats = _joined(query.subject, wanted)
        self._qualified = bool(self._keys) or query.absent is not None
        self._short = style.short and bool(self._keys)

    def text(self) -> str:
        query = self._query
        items, distinct = query.items, query.distinct
        if self._repeats and query.group is None:
            # a row of the subject that is joined to many rows is still one
            distinct = distinct or all(item.function is None for item in items)
            own = Item(_number_of(query.subject), "COUNT", distinct=True)
            items = tuple(own if item == COUNT else item for item in items)
        selected = ", ".join(map(self._item, items))
        parts = [f"SELECT {'DISTINCT ' * distinct}{selected}", f"FROM {self._table(query.subject)}"]
        for key, new in self._keys:
            left, right = Column(key.table, key.column), Column(key.other, key.column)
            parts.append(f"JOIN {self._table(new)} ON {self._column(left)} = {self._column(right)}")
        where = self.conditions()
        if query.absent is not None:
            where.append(self._absent(query.absent))
        if where:
            parts.append(f"WHERE {' AND '.join(where)}")
        if query.group is not None:
            parts.append(f"GROUP BY {self._column(query.group)}")
        if query.having is not None:
            parts.append(f"HAVING COUNT(*) {query.having[0]} {query.having[1]}")
        if query.order is not None:
            parts.append(f"ORDER BY {self._item(query.order)}{' DESC' * query.descending}")
        if query.limit is not None:
            parts.append(f"LIMIT {query.limit}")
        return ("\n" if self._style.lines else " ").join(parts)

    def steps(self) -> list[str]:
        query = self._query
        joined = "".join(f", joined to {new} by {key.column}" for key, new in self._keys)
        lines = [f"Start from {query.subject}{joined}."]
        if query.where:
            lines.append(f"Keep rows where {' and '.join(self.conditions())}.")
        if query.absent is not None:
            inner = _Writer(Query(query.absent.table, (), query.absent.where), PLAIN).conditions()
            restricted = f" where {' and '.join(inner)}" if inner else ""
            lines.append(f"Leave out those that {query.absent.table} name{restricted}.")
        if query.group is not None:
            lines.append(f"Group them by {self._column(query.group)}.")
        if query.having is not None:
            lines.append(f"Keep groups of {query.having[0]} {query.having[1]} rows.")
        if query.order is not None:
            direction = "largest" if query.descending else "smallest"
            lines.append(f"Sort by {self._item(query.order)}, {direction} first.")
        if query.limit is not None:
            lines.append(f"Take the first {query.limit}.")
        lines.append(f"Return {', '.join(map(self._item, query.items))}.")
        return lines

    def conditions(self) -> list[str]:
        return list(map(self._condition, self._query.where))

    def _table(self, table: str) -> str:
        return f"{table} AS {table[0]}" if self._short else table

    def _column(self, column: Column) -> str:
        table = column.table[0] if self._short else column.table
        return f"{table}.{column.name}" if self._qualified else column.name

    def _item(self, item: Item) -> str:
        inner = "*" if item.column is None else self._column(item.column)
        return inner if item.function is None else f"{item.function}({'DISTINCT ' * item.distinct}{inner})"

    def _condition(self, condition: Condition) -> str:
        column, left = condition.column, self._column(condition.column)
        if condition.value is None:
            average = f"(SELECT AVG({column.name}) FROM {column.table})"  # noqa: S608 - names of our own schema
            return f"{left} {condition.operator} {average}"
        if condition.high is not None:
            return f"{left} BETWEEN {quoted(condition.value)} AND {quoted(condition.high)}"
        return f"{left} {condition.operator} {quoted(condition.value)}"

    def _absent(self, absent: Absent) -> str:
        subject = self._query.subject
        key = next(key for key in schema().keys if key.table == absent.table and key.other == subject)
        inner = Query(absent.table, (Item(Column(absent.table, key.column)),), absent.where)
        return f"{self._column(Column(subject, key.column))} NOT IN ({write(inner)})"


def _joined(subject: str, wanted: Iterable[str]) -> tuple[list[tuple[Key, str]], bool]:
    """The keys that join the wanted tables, each with the table it brings; and whether rows may repeat."""
    tables, joins, repeats = [subject], [], False
    for target in dict.fromkeys(wanted):
        if target not in tables:
            for key, new in _path(tables, target):
                joins.append((key, new))
                tables.append(new)
                repeats = repeats or new == key.table
    return joins, repeats


def _path(tables: Sequence[str], target: str) -> list[tuple[Key, str]]:
    """The way from what is joined already to the target; the keys form a tree, so there is one."""
    reached: dict[str, list[tuple[Key, str]]] = {table: [] for table in tables}
    while target not in reached:
        for key in schema().keys:
            for here, there in ((key.table, key.other), (key.other, key.table)):
                if here in reached and there not in reached:
                    reached[there] = [*reached[here], (key, there)]
    return reached[target]


def key_of(subject: str) -> Column:
    """What a list of a table's rows shows: names, or an order's number."""
    return Column(subject, "name") if "name" in schema().tables[subject] else _number_of(subject)


def _number_of(subject: str) -> Column:
    """What tells a table's rows apart."""
    return Column(subject, f"{subject[:-1]}_id")


def fans_out(subject: str, table: str) -> bool:
    """Whether a row of `subject` may be joined to several of `table`."""
    return _joined(subject, [table])[1]


def quoted(value: Value) -> str:
    """A value as SQL writes it."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else f"{value}"
