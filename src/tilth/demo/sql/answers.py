"""Answers a question over the sample database, with the published slips of the simulation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from tilth.demo.data import load
from tilth.demo.rates import RATES, chance
from tilth.demo.sql.database import Column, schema
from tilth.demo.sql.query import COUNT, Condition, Function, Item, Operator, Query, Style, steps, write
from tilth.demo.sql.reader import Reading

_LEADS = (
    "Let's build the query.",
    "First the tables, then the rest.",
    "Here is how I read the question.",
    "This takes one query.",
)
_STYLES = (Style(), Style(short=True), Style(lines=True), Style(short=True, lines=True))
_TURNED: dict[Operator, Operator] = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "=": "<>", "<>": "="}
_OTHER: dict[Function, Function] = {"AVG": "SUM", "SUM": "AVG", "MAX": "MIN", "MIN": "MAX", "COUNT": "SUM"}


def answer(question: str, reading: Reading, skill: float, temperature: float, rng: random.Random) -> str:
    """A line for each step, and the query in a block of its own."""
    query = reading.query
    # Drawn from the question alone, so that asking again brings the same mistake and no vote removes it.
    fixed = random.Random(f"systematic sql|{question}")
    if fixed.random() < chance(RATES["sql_systematic_slip"] * query.difficulty, skill):
        query = _wrong(query, fixed)
    if rng.random() < chance(RATES["sql_random_slip"] * query.difficulty * temperature, skill):
        query = _wrong(query, rng)
    style = rng.choice(_STYLES)
    return "\n".join([rng.choice(_LEADS), *steps(query), "", "```sql", write(query, style), "```"])


def _wrong(query: Query, rng: random.Random) -> Query:
    """A wrong query, by the first kind of slip from the one drawn that has something to change."""
    kinds = list(_SLIPS)
    (first,) = rng.choices(kinds, [RATES[f"sql_{kind}"] for kind in kinds])
    place = kinds.index(first)
    for kind in kinds[place:] + kinds[:place]:
        changed = list(_SLIPS[kind](query))
        if changed:
            return rng.choice(changed)
    return query


def _with_item(query: Query, place: int, item: Item) -> Query:
    return replace(query, items=(*query.items[:place], item, *query.items[place + 1 :]))


def _with_condition(query: Query, place: int, condition: Condition) -> Query:
    return replace(query, where=(*query.where[:place], condition, *query.where[place + 1 :]))


def _other_column(query: Query, others: Callable[[Column], list[Column]]) -> Iterator[Query]:
    """The query with another column in the place of each that is measured, sorted by, grouped or compared."""
    for place, item in enumerate(query.items):
        if item.column is not None and item.column != query.group:
            for column in others(item.column):
                yield _with_item(query, place, replace(item, column=column))
    if query.order is not None and query.order.column is not None:
        for column in others(query.order.column):
            yield replace(query, order=replace(query.order, column=column))
    for place, condition in enumerate(query.where):
        if not isinstance(condition.value, str):
            for column in others(condition.column):
                yield _with_condition(query, place, replace(condition, column=column))


def _misnomers(column: Column) -> list[Column]:
    """Names that one might take the column to have."""
    return [Column(column.table, name) for name in load("sql_stories.json")["misnomers"].get(column.name, [])]


def _comparison_turned(query: Query) -> Iterator[Query]:
    for place, condition in enumerate(query.where):
        turned = _TURNED.get(condition.operator)
        if turned is not None and not isinstance(condition.value, str):
            yield _with_condition(query, place, replace(condition, operator=turned))
    if query.order is not None:
        yield replace(query, descending=not query.descending)
    if query.having is not None:
        yield replace(query, having=(_TURNED[query.having[0]], query.having[1]))


def _part_forgotten(query: Query) -> Iterator[Query]:
    for place in range(len(query.where)):
        yield replace(query, where=query.where[:place] + query.where[place + 1 :])
    if query.limit is not None:
        yield replace(query, limit=None)
    if query.having is not None:
        yield replace(query, having=None)
    if query.absent is not None:
        yield replace(query, absent=None)


def _wrong_function(query: Query) -> Iterator[Query]:
    for place, item in enumerate(query.items):
        if item == COUNT:
            if query.group is None and "name" in schema().tables[query.subject]:
                yield _with_item(query, place, Item(Column(query.subject, "name")))
        elif item.function is not None:
            other = replace(item, function=_OTHER[item.function], distinct=False)
            yield _with_item(query, place, other)


_SLIPS: dict[str, Callable[[Query], Iterator[Query]]] = {
    "wrong_column": partial(_other_column, others=Column.likes),
    "comparison_turned": _comparison_turned,
    "part_forgotten": _part_forgotten,
    "wrong_function": _wrong_function,
    "unknown_column": partial(_other_column, others=_misnomers),
}
