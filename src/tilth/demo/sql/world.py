"""Where the SQL demo's own questions come from: a small grammar that shares no phrase with the teacher."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tilth.demo.arithmetic.world import Wording
from tilth.demo.data import load
from tilth.demo.sql.database import Column, open_states, schema
from tilth.demo.sql.query import COUNT, Absent, Condition, Item, Query, fans_out, key_of, write

_SLOT = re.compile(r"\{(\w+)\}")
_MOST_ROWS = 40
"""Rows a question's answer may have; nobody asks for longer lists."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A question and the query it was made from."""

    question: str
    query: Query

    @property
    def reference(self) -> str:
        """The query as SQL."""
        return write(self.query)


class _Draft:
    """A question in the making."""

    def __init__(self, rng: random.Random, wording: Wording) -> None:
        self.rng, self.wording, self.world = rng, wording, load("sql_world.json")

    def sentence(self, kind: Mapping[str, Any]) -> str:
        """How a kind of question is put; held-out ones in sentences that no seed has."""
        said: str = self.rng.choice(kind[self.wording])
        return said

    def phrase(self, entry: Mapping[str, Any]) -> str:
        """A phrase within it: held-out questions also use the seeds' own, or no word would be shared."""
        known = entry["same"] if self.wording == "held-out" else []
        said: str = self.rng.choice([*known, *entry[self.wording]])
        return said

    def noun(self, table: str) -> str:
        return self.phrase(self.world["nouns"][table])

    def column(self, column: Column, subject: str) -> str:
        """What a column is called; that of another table with its table's name."""
        said = self.phrase(self.world["columns"][column.dotted])
        return said if column.table == subject else f"{column.table[:-1]} {said}"

    def plural(self, singular: str) -> str:
        *before, last = re.split(r"^(plant|customer|supplier) ", singular)
        plural: str = self.world["plurals"][last]
        return " ".join([*filter(None, before), plural])

    def value(self, column: Column) -> str:
        return self.rng.choice(schema().values[column])

    def number(self, column: Column) -> int:
        numbers: list[int] = self.world["numbers"][column.dotted]
        return self.rng.choice(numbers)

    def measure(self, function: str) -> Column:
        """A column that a function, or a sort, is asked of."""
        return Column.of(self.rng.choice(self.world["measures"][function]))

    def some_rows(
        self, subject: str, count: int, *, fans: bool = True, without: Column | None = None
    ) -> tuple[str, tuple[Condition, ...]]:
        """A noun phrase for rows of a table under so many conditions: "ferns that cost less than 8".

        Without `fans`, no condition joins the subject to several rows, which sums and averages would count.
        """
        offered = [
            entry
            for entry in self.world["conditions"]
            if entry["on"] == subject
            and Column.of(entry["column"]) != without
            and (fans or not fans_out(subject, Column.of(entry["column"]).table))
        ]
        chosen: list[tuple[str, Condition]] = []
        taken: set[str] = set()
        while len(chosen) < count and len(taken) < len(offered):
            (entry,) = self.rng.choices(offered, [entry["weight"] for entry in offered])
            if entry["column"] not in taken:
                taken.add(entry["column"])
                chosen.append(self.condition(entry))
        # what stands before the noun or replaces it comes first, whatever was drawn first
        chosen.sort(key=lambda pair: (pair[0].startswith("{T}"), "{T}" in pair[0]))
        said = self.noun(subject)
        for place, (template, _) in enumerate(chosen):
            last = chosen[place - 1][0] if place else ""
            also = template.split(" ")[:2] == last.split(" ")[:2] and template.startswith("{T}")
            said = (template.replace("{T} ", "{T} and ", 1) if also else template).replace("{T}", said)
        return said, tuple(condition for _, condition in chosen)

    def condition(self, entry: Mapping[str, Any]) -> tuple[str, Condition]:
        """A condition and how it is said, "{T}" standing for what it restricts."""
        column, template = Column.of(entry["column"]), self.phrase(entry)
        if column in schema().values:
            value = self.value(column)
            said = template.replace("{v}", value).replace("{V}", _many(value))
            return said, Condition(column, entry["operator"], value)
        number = self.number(column)
        if entry["operator"] == "BETWEEN":
            high = number + self.number(column)
            said = template.replace("{n}", f"{number}").replace("{m}", f"{high}")
            return said, Condition(column, "BETWEEN", number, high)
        return template.replace("{n}", f"{number}"), Condition(column, entry["operator"], number)


def _many(value: str) -> str:
    return f"{value.lower()}s"


_Words = dict[str, str]
_Built = tuple[Query, _Words]


def _list(draft: _Draft, _kind: str) -> _Built:
    subject = draft.rng.choice(("plants", "plants", "customers", "suppliers", "orders"))
    rows, where = draft.some_rows(subject, draft.rng.choice((1, 1, 1, 2)))
    words = {"T": rows, "k": "numbers" if subject == "orders" else "names"}
    return Query(subject, (Item(key_of(subject)),), where), words


def _count(draft: _Draft, _kind: str) -> _Built:
    subject = draft.rng.choice(("plants", "plants", "customers", "suppliers", "orders", "orders"))
    rows, where = draft.some_rows(subject, draft.rng.choice((1, 1, 1, 2)))
    return Query(subject, (COUNT,), where), {"T": rows}


def _function(draft: _Draft, kind: str) -> _Built:
    column = draft.measure("MAX" if kind == "MIN" else kind)
    rows, where = draft.some_rows(column.table, draft.rng.choice((0, 1, 1, 1, 2)), fans=False)
    query = Query(column.table, (Item(column, kind),), where)  # type: ignore[arg-type]
    return query, {"T": rows, "c": draft.column(column, column.table)}


def _sorted(draft: _Draft, kind: str) -> _Built:
    column = draft.measure("sort")
    single = kind in ("best", "worst")
    limit = 1 if single else draft.rng.randint(2, 8)
    rows, where = draft.some_rows(column.table, draft.rng.choice((0, 0, 1)), fans=False)
    query = Query(
        column.table,
        (Item(key_of(column.table)),),
        where,
        order=Item(column),
        descending=kind in ("top", "best"),
        limit=limit,
    )
    return query, {"T": rows, "c": draft.column(column, column.table), "n": f"{limit}"}


def _pair(draft: _Draft, _kind: str) -> _Built:
    subject = draft.rng.choice(("plants", "plants", "customers", "suppliers", "orders"))
    others = [Column.of(name) for name in draft.world["columns"] if name.startswith(f"{subject}.")]
    column = draft.rng.choice(others)
    rows, where = draft.some_rows(subject, 1, without=column)
    words = {"T": rows, "k": "number" if subject == "orders" else "name", "c": draft.column(column, subject)}
    return Query(subject, (Item(key_of(subject)), Item(column)), where), words


def _lookup(draft: _Draft, _kind: str) -> _Built:
    subject = draft.rng.choice(("plants", "plants", "customers", "suppliers"))
    others = [Column.of(name) for name in draft.world["columns"] if name.startswith(f"{subject}.")]
    column, name = draft.rng.choice(others), Column(subject, "name")
    value = draft.value(name)
    query = Query(subject, (Item(column),), (Condition(name, "=", value),))
    return query, {"c": draft.column(column, subject), "v": value}


def _grouped(draft: _Draft, kind: str) -> _Built:
    function = kind.partition("-")[2]
    if function == "count":
        subject, item = draft.rng.choice(("plants", "customers", "suppliers", "orders", "orders")), COUNT
        column = None
    else:
        column = draft.measure(function)
        subject, item = column.table, Item(column, function)  # type: ignore[arg-type]
    group = Column.of(draft.rng.choice(draft.world["groups"][subject]))
    rows, where = draft.some_rows(subject, draft.rng.choice((0, 0, 0, 1)), fans=False, without=group)
    words = {"T": rows, "g": draft.column(group, subject)}
    if column is not None:
        words["c"] = draft.column(column, subject)
    return Query(subject, (Item(group), item), where, group=group), words


def _distinct(draft: _Draft, kind: str) -> _Built:
    subject, column = _category(draft)
    rows, where = draft.some_rows(subject, 1, without=column)
    singular = draft.column(column, subject)
    words = {"T": rows, "g": singular, "gs": draft.plural(singular)}
    if kind == "distinct":
        return Query(subject, (Item(column),), where, distinct=True), words
    return Query(subject, (Item(column, "COUNT", distinct=True),), where), words


def _category(draft: _Draft) -> tuple[str, Column]:
    subject = draft.rng.choice(("plants", "customers", "suppliers", "orders"))
    columns = map(Column.of, draft.world["groups"][subject])
    return subject, draft.rng.choice([column for column in columns if column in schema().values])


def _groups(draft: _Draft, kind: str) -> _Built:
    subject, group = _category(draft)
    rows, where = draft.some_rows(subject, draft.rng.choice((0, 0, 1)), fans=False, without=group)
    singular, limit = draft.column(group, subject), draft.rng.choice((2, 3, 4, 5, 8, 10, 20, 40))
    words = {"T": rows, "g": singular, "gs": draft.plural(singular), "n": f"{limit}"}
    query = Query(subject, (Item(group),), where, group=group)
    if kind == "having":
        return replace(query, having=(">", limit)), words
    return replace(query, order=COUNT, limit=1), words


def _never(draft: _Draft, _kind: str) -> _Built:
    entry = draft.rng.choice(draft.world["never"])
    subject, done = entry["on"], draft.phrase(entry)
    inner: tuple[Condition, ...] = ()
    if "column" in entry:
        done, condition = draft.condition({**entry, "operator": "="})
        inner = (condition,)
    rows, where = draft.some_rows(subject, 0)
    query = Query(subject, (Item(key_of(subject)),), where, Absent(entry["table"], inner))
    return query, {"T": rows, "done": done}


def _average(draft: _Draft, kind: str) -> _Built:
    column = draft.measure("AVG")
    rows, where = draft.some_rows(column.table, draft.rng.choice((0, 0, 1)))
    than = Condition(column, ">" if kind == "above" else "<", None)
    query = Query(column.table, (Item(key_of(column.table)),), (*where, than))
    return query, {"T": rows, "c": draft.column(column, column.table)}


def _ranking(draft: _Draft, _kind: str) -> _Built:
    entry = draft.rng.choice(draft.world["rankings"])
    column, limit = Column.of(entry["entity"]), draft.rng.randint(2, 8)
    order = COUNT if entry["order"] == "COUNT" else Item(Column.of(entry["column"]), entry["order"])
    query = Query("orders", (Item(column),), group=column, order=order, limit=limit)
    return query, {"E": draft.noun(column.table), "most": draft.phrase(entry), "n": f"{limit}"}


_BUILD: Mapping[str, Callable[[_Draft, str], _Built]] = {
    "list": _list, "count": _count, "AVG": _function, "SUM": _function, "MAX": _function, "MIN": _function,
    "top": _sorted, "bottom": _sorted, "best": _sorted, "worst": _sorted, "pair": _pair, "lookup": _lookup,
    "group-count": _grouped, "group-AVG": _grouped, "group-SUM": _grouped, "distinct": _distinct,
    "count-distinct": _distinct, "having": _groups, "most": _groups, "never": _never, "above": _average,
    "below": _average, "ranking": _ranking,
}  # fmt: skip


def problems(rng: random.Random, wording: Wording) -> Iterator[Problem]:
    """Endless problems; on both states each gives rows, no zero, and a ranking without ties."""
    kinds = load("sql_world.json")["kinds"]
    weights = [kind["weight"] for kind in kinds]
    with open_states() as states:
        while True:
            (kind,) = rng.choices(kinds, weights)
            draft = _Draft(rng, wording)
            query, words = _BUILD[kind["kind"]](draft, kind["kind"])
            if all(_sound(query, state) for state in states):
                said = draft.sentence(kind)
                for name in _SLOT.findall(said):
                    said = said.replace(f"{{{name}}}", words[name])
                yield Problem(said[0].upper() + said[1:], query)


def _sound(query: Query, state: sqlite3.Connection) -> bool:
    rows = state.execute(write(query)).fetchall()
    if not 0 < len(rows) <= _MOST_ROWS or rows in ([(0,)], [(None,)]):
        return False
    if query.limit is None or query.order is None:
        return True
    ranked = replace(query, items=(query.order,), limit=query.limit + 1)
    values = state.execute(write(ranked)).fetchall()
    return len(values) > query.limit and len(set(values)) == len(values)
