"""How far a query fixes the order and the choice of its rows: those that tie may stand in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from tilth.tasks.sql.databases.results import Row, same_row, same_rows, within

Agreement = Literal["same", "tied"]

Ties = Sequence[tuple[Sequence[Row], int]]
"""Rows that tie with each other, and how many of them the query returns; in the query's order."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A query with the values it orders by among its columns, and without its LIMIT and OFFSET.

    Attributes:
        sql: The query.
        keys: Where the values it orders by stand in a row.
        hidden: How many columns were added, behind its own.
        start: How many rows its OFFSET skips.
        count: How many rows its LIMIT takes, or None for all.
    """

    sql: str
    keys: tuple[int, ...]
    hidden: int
    start: int
    count: int | None


def is_ordered(tree: exp.Expr) -> bool:
    """Whether the query as a whole fixes an order of its rows."""
    return _outermost(tree).args.get("order") is not None


def is_limited(tree: exp.Expr) -> bool:
    """Whether the query as a whole returns some of its rows only."""
    args = _outermost(tree).args
    return args.get("limit") is not None or args.get("offset") is not None


def keyed(tree: exp.Expr, dialect: str) -> Keyed | None:
    """The query with its keys shown, or None where they cannot be shown."""
    query = _outermost(tree).copy()
    if not isinstance(query, exp.Query):
        return None
    limit, offset, order = (query.args.get(part) for part in ("limit", "offset", "order"))
    start, count = _whole_number(offset), _whole_number(limit)
    if (offset is not None and start is None) or (limit is not None and count is None):
        return None
    query.set("limit", None)
    query.set("offset", None)
    outputs = query.selects
    may_add = _takes_columns(query)
    added: list[exp.Expr] = []
    keys: list[int] = []
    for ordered in order.expressions if order is not None else ():
        key = ordered.this
        if isinstance(key, exp.Literal):
            if not key.is_int:
                return None
            keys.append(int(key.this) - 1)
        elif may_add:
            added.append(_meant(key, outputs).copy())
            keys.append(-len(added))
        elif (place := _place(key, outputs)) is not None:
            keys.append(place)
        else:
            return None
    for number, key in enumerate(reversed(added)):  # so that the first one added stands last, at -1
        query.append("expressions", exp.alias_(key, f"tilth_key_{number}"))
    return Keyed(query.sql(dialect=dialect, comments=False), tuple(keys), len(added), start or 0, count)


def ties(rows: Sequence[Row], shown: Keyed, reference: Sequence[Row]) -> Ties | None:
    """The rows of `shown` in groups that tie; None where they do not bear out the reference's own rows."""
    end = len(rows) if shown.count is None else shown.start + shown.count
    found: list[tuple[list[Row], int]] = []
    last: Row | None = None
    for place, row in enumerate(rows):
        key = tuple(row[at] for at in shown.keys)
        if last is None or not same_row(key, last):
            if place >= end:
                break
            found.append(([], 0))
        last = key
        members, taken = found[-1]
        members.append(row[: len(row) - shown.hidden])
        found[-1] = members, taken + (shown.start <= place < end)
    groups = [(members, taken) for members, taken in found if taken]
    return groups if agreement(reference, reference, groups) else None


def agreement(rows: Sequence[Row], reference: Sequence[Row], groups: Ties) -> Agreement | None:
    """How rows agree with the reference's: the same, others of those that tie at its LIMIT, or not."""
    if not len(rows) == len(reference) == sum(taken for _, taken in groups):
        return None
    found: Agreement = "same"
    start = 0
    for members, taken in groups:
        part, expected = rows[start : start + taken], reference[start : start + taken]
        start += taken
        if not within(part, members):
            return None
        if taken < len(members) and not same_rows(part, expected):
            found = "tied"
    return found


def _outermost(tree: exp.Expr) -> exp.Expr:
    """The query inside brackets that add nothing to it."""
    while isinstance(tree, exp.Subquery) and isinstance(tree.this, exp.Query):
        if any(tree.args.get(part) is not None for part in ("order", "limit", "offset", "with_")):
            break
        tree = tree.this
    return tree


def _whole_number(part: exp.Expr | None) -> int | None:
    """What a plain LIMIT, FETCH FIRST or OFFSET says; None for any other."""
    if isinstance(part, exp.Fetch):
        options = part.args.get("limit_options")
        if options is None or not (options.args.get("percent") or options.args.get("with_ties")):
            part = exp.Limit(expression=part.args.get("count"))
    if not isinstance(part, exp.Limit | exp.Offset):
        return None
    extra = [name for name, value in part.args.items() if value and name != "expression"]
    number = part.args.get("expression")
    return int(number.this) if isinstance(number, exp.Literal) and number.is_int and not extra else None


def _takes_columns(query: exp.Query) -> bool:
    """Whether the query returns the same rows with a column more."""
    if not isinstance(query, exp.Select) or query.args.get("distinct") is not None:
        return False
    group = query.args.get("group")
    return group is None or not group.args.get("all")


def _meant(key: exp.Expr, outputs: Sequence[exp.Expr]) -> exp.Expr:
    """What a key stands for, where it is the name of an output."""
    if isinstance(key, exp.Column) and len(key.parts) == 1:
        for output in outputs:
            if isinstance(output, exp.Alias) and output.alias.lower() == key.name.lower():
                return output.unalias()
    return key


def _place(key: exp.Expr, outputs: Sequence[exp.Expr]) -> int | None:
    """Which output a key is; None for none, or where a star hides the places."""
    for place, output in enumerate(outputs):
        if output.is_star:
            return None
        named = isinstance(key, exp.Column) and len(key.parts) == 1
        if (named and output.alias_or_name.lower() == key.name.lower()) or output.unalias() == key:
            return place
    return None
