"""Reads SQL into a sketch: its shape, its tables, and columns and values apart, each to be learnt alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from tilth.tasks.causes import Why
from tilth.tasks.sql.reading import find

if TYPE_CHECKING:
    from sqlglot import exp

PARTS = ("select", "group", "having", "order", "limit")
"""What a shape is made of, in the order SQL writes it; conditions and tables stand apart."""

_REMEMBERED = 2**14
"""Queries whose sketches are kept: the cells of a study are cut out of the same rows again and again."""

_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that a query holds, as text, and what it is there for: "plants.price >", "limit", ..."""

    text: str
    is_text: bool
    role: str


@dataclass(frozen=True, slots=True)
class Edge:
    """How two tables are joined: "orders.plant_id" and "plants.plant_id"."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """A query taken apart.

    Attributes:
        shape: Text of each of `PARTS`, "" where it lacks, with "<select0>" for a column and "<limit>" for a
            value; or, for a query that cannot be taken apart, only the whole of it.
        table: The first table.
        columns: What stands for the shape's columns, as "table.column".
        conditions: Conditions too odd to be taken apart, whole, with holes for their values.
        literals: Its values in the order they stand.
        edges: Its joins.
    """

    shape: tuple[str, ...]
    table: str
    columns: tuple[tuple[str, str], ...] = ()
    conditions: tuple[str, ...] = ()
    literals: tuple[Literal, ...] = ()
    edges: tuple[Edge, ...] = ()


@lru_cache(maxsize=_REMEMBERED)
def sketch(sql: str) -> Sketch | None:
    """The sketch of a query, or None where it is no query that can be read."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if len(sql) > _LONGEST:
        return None
    try:
        read = sqlglot.parse_one(sql, read="sqlite")
        if not isinstance(read, exp.Query):
            return None
        if isinstance(read, exp.Select) and _is_plain(read):
            return _Taker(read).sketch()
        return _whole(read)
    except (SqlglotError, RecursionError, ValueError):
        return None


def _is_plain(query: exp.Select) -> bool:
    """Whether it only selects from tables joined by equal columns."""
    from sqlglot import exp

    first = query.args.get("from_")
    joins = query.args.get("joins") or []
    if first is None or not isinstance(first.this, exp.Table) or query.args.get("with_"):
        return False
    tables = [first.this, *(join.this for join in joins)]
    names = [table.name for table in tables if isinstance(table, exp.Table)]
    inner = all(not join.side and join.kind in ("", "INNER") for join in joins)
    plain = inner and all(_is_key(join.args.get("on")) for join in joins)
    return plain and len(names) == len(tables) == len(set(names))


def _is_key(on: exp.Expr | None) -> bool:
    from sqlglot import exp

    return isinstance(on, exp.EQ) and isinstance(on.left, exp.Column) and isinstance(on.right, exp.Column)


class _Unclear(ValueError):
    """A column could belong to several tables."""


@dataclass
class _Taker:
    """Takes one plain query apart."""

    query: exp.Select
    columns: dict[str, str] = field(default_factory=dict)
    literals: list[Literal] = field(default_factory=list)

    def sketch(self) -> Sketch:
        query = self.query.copy()
        self._tables = {
            table.alias_or_name.lower(): table.name
            for table in [query.args["from_"].this, *(join.this for join in query.args.get("joins") or [])]
        }
        try:
            edges = tuple(
                Edge(self._named(join.args["on"].left), self._named(join.args["on"].right))
                for join in query.args.get("joins") or []
            )
            conditions = tuple(self._conditions(query))
            shape = self._shape(query)
        except _Unclear:
            return _whole(self.query)
        return Sketch(
            shape=shape,
            table=query.args["from_"].this.name,
            columns=tuple(self.columns.items()),
            conditions=conditions,
            literals=tuple(self.literals),
            edges=edges,
        )

    def _named(self, column: exp.Column) -> str:
        """The column as "table.column", without short names."""
        if column.table:
            table = self._tables.get(column.table.lower(), column.table)
        elif len(self._tables) == 1:
            (table,) = self._tables.values()
        else:
            raise _Unclear(column.name)
        return f"{table}.{column.name}"

    def _conditions(self, query: exp.Select) -> Iterator[str]:
        """Takes simple conditions apart into literals with roles, and gives the others whole."""
        from sqlglot import exp

        where = query.args.get("where")
        if where is None:
            return
        for condition in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
            compared = _compared(condition)
            if compared is None:
                yield self._condition_with_holes(condition)
                continue
            column, values = compared
            for operator, value in values:
                self.literals.append(_literal(value, f"{self._named(column)} {operator}"))

    def _condition_with_holes(self, condition: exp.Expr) -> str:
        from sqlglot import exp

        queries = list(condition.find_all(exp.Query))
        inner = {id(column) for query in queries for column in query.find_all(exp.Column)}
        for column in list(condition.find_all(exp.Column)):
            if id(column) not in inner:
                column.replace(exp.column(column.name, table=self._named(column).partition(".")[0]))
        return self._holes(condition, "odd")

    def _shape(self, query: exp.Select) -> tuple[str, ...]:
        from sqlglot import exp

        group, order = query.args.get("group"), query.args.get("order")
        having, limit = query.args.get("having"), query.args.get("limit")
        parts = {
            "group": list(group.expressions) if group else [],
            "select": list(query.expressions),
            "order": list(order.expressions) if order else [],
            "having": [having.this] if having else [],
            "limit": [limit.expression] if limit else [],
        }
        if query.args.get("offset"):
            raise _Unclear("OFFSET")
        written = {role: ", ".join(self._part(role, part) for part in given) for role, given in parts.items()}
        if query.args.get("distinct"):
            written["select"] = f"DISTINCT {written['select']}"
        if any(part.find(exp.Query) for given in parts.values() for part in given):
            raise _Unclear("a query inside")
        return tuple(written[role] for role in PARTS)

    def _part(self, role: str, part: exp.Expr) -> str:
        """A part's text with holes for its columns; one that stands in the shape already keeps its hole."""
        from sqlglot import exp

        if isinstance(part, exp.Alias):
            part = part.this
        holder = exp.Paren(this=part.copy())
        for column in list(holder.find_all(exp.Column)):
            named = self._named(column)
            within = isinstance(column.parent, exp.Func | exp.Distinct)
            kind = "argument" if role == "select" and within else role
            hole = next((hole for hole, known in self.columns.items() if known == named), None)
            if hole is None:
                hole = f"<{kind}{sum(known.startswith(f'<{kind}') for known in self.columns)}>"
                self.columns[hole] = named
            column.replace(exp.Var(this=hole))
        return self._holes(holder.this, role)

    def _holes(self, part: exp.Expr, role: str) -> str:
        """The text with "<role0>" for each of its values, which go to the literals."""
        from sqlglot import exp

        holder = exp.Paren(this=part.copy())
        for literal in list(holder.find_all(exp.Literal)):
            hole = f"{role}{sum(known.role.startswith(role) for known in self.literals)}"
            self.literals.append(_literal(literal, hole))
            literal.replace(exp.Var(this=f"<{hole}>"))
        return str(holder.this.sql(dialect="sqlite"))


def _compared(condition: exp.Expr) -> tuple[exp.Column, list[tuple[str, exp.Literal]]] | None:
    """A comparison of a column with a literal, or with two: the column, and each operator with its value."""
    from sqlglot import exp

    if isinstance(condition, exp.Between):
        low, high = condition.args["low"], condition.args["high"]
        literal = isinstance(low, exp.Literal) and isinstance(high, exp.Literal)
        if literal and isinstance(condition.this, exp.Column):
            return condition.this, [("BETWEEN", low), ("AND", high)]
        return None
    signs: dict[type[exp.Expr], str] = {
        exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    }  # fmt: skip
    sign = signs.get(type(condition))
    if sign is None or not isinstance(condition, exp.Binary):
        return None
    left, right = condition.left, condition.right
    if isinstance(left, exp.Column) and isinstance(right, exp.Literal):
        return left, [(sign, right)]
    return None


def _literal(literal: exp.Expr, role: str) -> Literal:
    return Literal(str(literal.this), bool(literal.args.get("is_string")), role)


def _whole(query: exp.Query) -> Sketch:
    """A query as one piece: nothing but its values is set apart."""
    from sqlglot import exp

    first = query.find(exp.Table)
    holder = exp.Paren(this=query.copy())
    literals = []
    for place, literal in enumerate(list(holder.find_all(exp.Literal))):
        literals.append(_literal(literal, f"whole{place}"))
        literal.replace(exp.Var(this=f"<whole{place}>"))
    text = holder.this.sql(dialect="sqlite")
    return Sketch((text,), first.name if first else "", literals=tuple(literals))


@lru_cache(maxsize=_REMEMBERED)
def sql_of(response: str) -> str | None:
    """The query of a response, found as the SQL task finds it, or None."""
    span = find(response)
    return None if isinstance(span, Why) else response[slice(*span)]
