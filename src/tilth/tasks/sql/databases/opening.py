"""What a database must offer here, whichever it is: its tables, one query at a time, a description."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tilth.tasks.sql.databases.guard import Name
from tilth.tasks.sql.databases.results import Result, Row

MAX_ROWS = 100_000
MAX_BYTES = 64 * 1024**2
"""What a result may hold; values count by their length, and 16 bytes each."""

MEMORY = 512 * 1024**2
"""Bytes a database may use to work out a result."""

SAMPLED_ROWS = 1_000
"""How many of a table's first rows sample values are taken from."""

SAMPLE_LENGTH = 100
"""Characters of a text that are fetched to show as a sample."""

_BATCH = 500


class QueryFailed(Exception):
    """A query that did not return a result. The message says why; `cause` in a word for machines.

    `elsewhere` says that another build of the database would have run it.
    """

    def __init__(self, reason: str, cause: str = "query-failed", *, elsewhere: bool = False) -> None:
        super().__init__(reason)
        self.cause = cause
        self.elsewhere = elsewhere


class DatabaseFailed(Exception):
    """A database that cannot be opened or read. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its type as declared, whether it may be null, and sample values of it."""

    name: str
    type: str
    optional: bool
    samples: Sequence[object] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of a table that refer to those of another; to its primary key where `others` is empty."""

    columns: Sequence[str]
    table: str
    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view.

    Attributes:
        name: Its name, and before it that of its schema where a query must give it.
        columns: Its columns, in order.
        key: The columns of its primary key.
        foreign: Its foreign keys.
        view: Whether it is a view.
    """

    name: tuple[str, ...]
    columns: Sequence[Column]
    key: Sequence[str] = ()
    foreign: Sequence[ForeignKey] = ()
    view: bool = False


class Database(Protocol):
    """A database that was opened for reading."""

    names: frozenset[Name]

    def run(self, sql: str, seconds: float, most: int) -> Result:
        """The result of one query.

        Args:
            sql: A query that the guard admits.
            seconds: Processor time it may take.
            most: How many rows to fetch at most; a result of more is cut off after one more.

        Raises:
            QueryFailed: It did not run, took too long, or returned too much.
        """

    def parses(self, sql: str) -> bool:
        """Whether a text that the guard does not know is one query for this database, without running it."""

    def describe(self, samples: int, seconds: float) -> list[Table]:
        """Its tables and views, in the order of their making."""

    def close(self) -> None: ...


QUOTES = "in double quotes it names a column; text stands in single quotes"
"""What to say where a text in double quotes is no column."""


def too_slow(seconds: float) -> QueryFailed:
    """What to raise at the time limit."""
    return QueryFailed(f"the query took longer than {seconds:g} s", "timed-out")


def quoted(name: str) -> str:
    """The name as SQL has it in quotes."""
    return '"' + name.replace('"', '""') + '"'


def gathered(columns: int, fetch: Callable[[int], Sequence[Row]], most: int) -> Result:
    """The rows that `fetch` gives, so many at a time until there are none, as far as the limits go.

    A batch is at most as large as all before it and one more: rows can be long, and what is fetched past the
    limit in bytes is in memory before it is counted.
    """
    rows: list[Row] = []
    size = 0
    while batch := fetch(min(len(rows) + 1, _BATCH)):
        rows += batch
        size += sum(
            16 + (len(value) if isinstance(value, str | bytes) else 0) for row in batch for value in row
        )
        if len(rows) > MAX_ROWS and most >= MAX_ROWS:
            raise QueryFailed(f"the query returns more than {MAX_ROWS:,} rows", "over-limit")
        if size > MAX_BYTES:
            raise QueryFailed(f"the query returns more than {MAX_BYTES // 1024**2} MB", "over-limit")
        if len(rows) > most:
            break
    return Result(columns, rows[: most + 1])


class Deadline:
    """A limit in processor time, which a busy machine does not shorten."""

    def __init__(self, seconds: float) -> None:
        self._end = time.process_time() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return time.process_time() > self._end
