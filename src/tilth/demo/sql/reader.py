"""Reads a question over the sample database and says which query it asks for. Its misreadings are its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

from tilth.demo.sql.comparing import Comparisons
from tilth.demo.sql.database import Column, schema
from tilth.demo.sql.lexicon import Mention, mentions
from tilth.demo.sql.query import COUNT, Absent, Function, Item, Query, key_of, write

LONGEST = 1_000
"""Characters of a question that is read; a longer one counts as foreign text."""

_FUNCTIONS = ("AVG", "SUM", "MAX", "MIN")
_NEAR = 2
"""Words that may stand between a cue and what it governs."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question was taken to ask, as a query and as SQL, and what it mentions."""

    query: Query
    sql: str
    mentions: tuple[Mention, ...]


@lru_cache(4096)
def read_question(question: str) -> Reading | None:
    """The query a question is taken to ask for, or None where it mentions nothing of the database."""
    if len(question) > LONGEST:
        return None
    found = mentions(question)
    if not any(mention.kind in ("table", "column", "value") for mention in found):
        return None
    query = _Reader(question, found).query()
    return Reading(query, write(query), tuple(found))


class _Reader:
    """One question being read. Mentions are used up as they are understood."""

    def __init__(self, question: str, found: list[Mention]) -> None:
        self.found = found
        self.who = question.lower().startswith("who") and "suppl" not in question.lower()
        self.subject = self._first_rows()
        self.compared = Comparisons(found, self.subject)
        self.free = [mention for mention in found if mention not in self.compared.used]

    def query(self) -> Query:
        """The first way of reading that fits."""
        query = self._never() or self._grouped() or self._groups() or self._ranking()
        return query or self._different() or self._sorted() or self._plain()

    # What it is about.

    def _first_rows(self) -> str:
        """The table of the first noun that stands for rows, else of the first column."""
        for place, mention in enumerate(self.found):
            if mention.kind == "value" and self._describes(mention, self.found[place + 1 : place + 2]):
                continue
            if self.who:
                return "customers"
            if mention.kind == "table":
                return mention.said
            if mention.kind == "value" and mention.column is not None:
                return mention.column.table
        columns = [mention.column for mention in self.found if mention.column is not None]
        return columns[0].table if columns else "plants"

    def _describes(self, mention: Mention, following: list[Mention]) -> bool:
        """Whether it stands right before a table: "trade customers"."""
        return any(noun.kind == "table" and noun.apart(mention) == 0 for noun in following)

    def _cue(self, *names: str) -> Mention | None:
        return next((mention for mention in self.free if mention.cue(*names)), None)

    def _after(self, mention: Mention, *kinds: str) -> Mention | None:
        """The next mention, where it is of such a kind and near enough."""
        place = self.found.index(mention) + 1
        following = self.found[place] if place < len(self.found) else None
        if following is None or following.kind not in kinds or following in self.compared.used:
            return None
        return following if following.apart(mention) <= _NEAR else None

    def _columns(self, *, numeric: bool | None = None, without: Column | None = None) -> list[Column]:
        """Columns mentioned that no condition has taken."""
        free = (mention.column for mention in self.free if mention.kind == "column")
        columns = [column for column in free if column is not None and column != without]
        if numeric is not None:
            columns = [column for column in columns if _is_numeric(column) == numeric]
        return list(dict.fromkeys(columns))

    def _measure(self, without: Column | None = None) -> Item | None:
        """A function of a column: "the average price", "total stock"."""
        columns = self._columns(numeric=True, without=without)
        cue = self._cue(*_FUNCTIONS)
        total = Column("orders", "total")
        if columns and columns[0] == total and len(columns) > 1:
            return Item(columns[1], "SUM")
        if cue is not None and columns:
            return Item(columns[0], cast("Function", cue.said))
        if cue is not None and cue.said == "SUM" and self._cue("money"):
            return Item(total, "SUM")
        return None

    def _limit(self) -> int | None:
        numbers = [int(m.said) for m in self.free if m.kind == "number" and m.said.isdigit()]
        return numbers[0] if numbers and 0 < numbers[0] <= 100 else None

    # Ways of reading.

    def _never(self) -> Query | None:
        cue = self._cue("never")
        table = {"customers": "orders", "plants": "orders", "suppliers": "plants"}.get(self.subject)
        if cue is None or table is None:
            return None
        inner = tuple(c for mention, c in self.compared.valued if mention.first > cue.first)
        where = tuple(c for c in self.compared.conditions if c not in inner)
        items = (COUNT,) if self._cue("count") else (Item(key_of(self.subject)),)
        return Query(self.subject, items, where, Absent(table, inner))

    def _grouped(self) -> Query | None:
        for cue in self.free:
            kinds = {"group": ("column", "table"), "by": ("column",)}.get(cue.said, ())
            target = self._after(cue, *kinds) if cue.kind == "cue" else None
            column = target.column if target is not None and target.kind == "column" else None
            if target is not None and target.kind == "table":
                column = key_of(target.said)
            if column is None or (_is_numeric(column) and column.name != "joined"):
                continue
            item = self._measure(without=column) or COUNT
            subject = item.column.table if item.column is not None else self._counted(column)
            return Query(subject, (Item(column), item), self.compared.conditions, group=column)
        return None

    def _counted(self, group: Column) -> str:
        """The rows that a group counts."""
        rows = [mention for mention in self.free if mention.kind == "table"]
        return next((mention.said for mention in rows if key_of(mention.said) != group), self.subject)

    def _groups(self) -> Query | None:
        """Groups that have many rows: "which cities have more than 8 customers", "which has the most"."""
        heads = [m for m in self.free if m.kind in ("column", "table", "value")]
        group = heads[0].column if heads and heads[0].kind == "column" else None
        if group is None or _is_numeric(group):
            return None
        having, counted = self.compared.having, self._superlative_of_rows()
        where = self.compared.conditions
        if having is not None:
            query = Query(having.counted, (Item(group),), where, group=group)
            return replace(query, having=(having.operator, having.number))
        if counted is None:
            return None
        mention, table = counted
        query = Query(table, (Item(group),), where, group=group, order=COUNT, limit=self._limit() or 1)
        return replace(query, descending=not mention.cue("MIN"))

    def _superlative_of_rows(self) -> tuple[Mention, str] | None:
        """The cue and the table of "the most plants"; adjectives may stand between them."""
        for cue in self.free:
            if cue.cue("MAX", "MIN"):
                following = self.found[self.found.index(cue) + 1 :]
                while following and following[0].kind == "value":
                    if len(following) == 1 or following[1].kind != "table":
                        value = following[0].column
                        return (cue, value.table) if value is not None else None
                    following = following[1:]
                if following and following[0].cue("count"):
                    following = following[1:]
                if following and following[0].kind == "table" and following[0].apart(cue) <= 2 * _NEAR:
                    return cue, following[0].said
        return None

    def _ranking(self) -> Query | None:
        """Customers or plants by their orders: "which 3 customers have spent the most"."""
        cue = self._cue("MAX", "MIN")
        if cue is None or self.subject not in ("customers", "plants"):
            return None
        counted, entity = self._superlative_of_rows(), Column(self.subject, "name")
        columns = [column for column in self._columns(numeric=True) if column.table == "orders"]
        if self._cue("money"):
            order = Item(Column("orders", "total"), "SUM")
        elif columns:
            order = Item(columns[0], "SUM")
        elif self._cue("often") or (counted is not None and counted[1] == "orders"):
            order = COUNT
        else:
            return None
        query = Query("orders", (Item(entity),), self.compared.conditions, group=entity, order=order)
        return replace(query, descending=not cue.cue("MIN"), limit=self._limit() or 1)

    def _different(self) -> Query | None:
        cue = self._cue("different")
        columns = self._columns(numeric=False)
        if cue is None or not columns:
            return None
        where, column = self.compared.conditions, columns[0]
        subject = self._counted(column)
        if self._cue("count"):
            return Query(subject, (Item(column, "COUNT", distinct=True),), where)
        return Query(subject, (Item(column),), where, distinct=True)

    def _sorted(self) -> Query | None:
        """Rows at one end: "the 3 cheapest trees", "which of the herbs has the highest price"."""
        implied = next((mention for mention in self.free if mention.kind == "implied"), None)
        cue, limit = self._cue("MAX", "MIN"), self._limit()
        if implied is not None and implied.column is not None:
            column, descending = implied.column, implied.said == ">"
        else:
            columns = self._columns(numeric=True)
            rows_first = cue is not None and self._rows_stand_before(cue)
            if cue is None or not columns or (limit is None and not rows_first):
                return None
            column, descending = columns[0], cue.cue("MAX")
        asked = self._columns(without=column)
        subject = column.table
        items = tuple(map(Item, asked)) if asked and implied is not None else (Item(key_of(subject)),)
        query = Query(subject, items, self.compared.conditions, order=Item(column), descending=descending)
        return replace(query, limit=limit or 1)

    def _rows_stand_before(self, cue: Mention) -> bool:
        return any(m.kind in ("table", "value") and m.first < cue.first for m in self.found)

    def _plain(self) -> Query:
        where = self.compared.conditions
        measure = self._measure()
        if measure is not None and measure.column is not None:
            return Query(measure.column.table, (measure,), where)
        if self._cue("count"):
            return Query(self.subject, (COUNT,), where)
        columns = self._columns()
        items = tuple(map(Item, columns))
        if columns and self._named_row():
            return Query(columns[0].table, items, where)
        named = any(mention.cue("key") and mention.first > 0 for mention in self.free)  # not "Name the ..."
        if named or not columns:
            items = (Item(key_of(self.subject)), *items)
        return Query(self.subject, items, where)

    def _named_row(self) -> bool:
        """Whether one row is asked about by its name."""
        return any(condition.column.name == "name" for condition in self.compared.conditions) and not any(
            mention.kind == "table" for mention in self.free
        )


def _is_numeric(column: Column) -> bool:
    return column not in schema().values
