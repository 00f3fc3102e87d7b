"""Opens a SQLite database so that nothing in it or beside it can change, and runs one query at a time."""

from __future__ import annotations

import contextlib
import functools
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tilth.tasks.sql.databases.files import signature
from tilth.tasks.sql.databases.guard import Name
from tilth.tasks.sql.databases.opening import (
    MEMORY,
    SAMPLE_LENGTH,
    SAMPLED_ROWS,
    Column,
    DatabaseFailed,
    Deadline,
    ForeignKey,
    QueryFailed,
    Table,
    gathered,
    quoted,
    too_slow,
)
from tilth.tasks.sql.databases.results import Result
from tilth.tasks.sql.databases.schema import sampled

_STEPS = 10_000
_MOST_TEXTS = 50
_NO_COLUMN = re.compile(r'no such column: "?(.*?)"?(?: - should this be a string.*)?\Z', re.DOTALL)
_NO_FUNCTION = re.compile(r"no such function: (\w+)")
_WORD = re.compile(
    r"'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\"|--[^\n]*|/\*.*?\*/|\.\s*\"(?:[^\"]|\"\")*+\"", re.DOTALL
)
_LARGEST_COPY = 256 * 1024**2
_LONGEST_VALUE = 16 * 1024**2

_FUNCTIONS = re.compile(
    r"abs|acos|acosh|asin|asinh|atan|atan2|atanh|avg|bm25|ceil|ceiling|char|coalesce|concat|concat_ws|cos"
    r"|cosh|count|cume_dist|current_date|current_time|current_timestamp|date|datetime|degrees|dense_rank"
    r"|exp|first_value|floor|format|glob|group_concat|hex|highlight|ifnull|iif|if|instr|json|json_array"
    r"|json_array_length|json_each|json_error_position|json_extract|json_group_array|json_group_object"
    r"|json_object|json_patch|json_pretty|json_quote|json_remove|json_replace|json_set|json_tree|json_type"
    r"|json_valid|jsonb|jsonb_array|jsonb_extract|jsonb_group_array|jsonb_group_object|jsonb_object"
    r"|julianday|lag|last_value|lead|length|like|likelihood|likely|ln|log|log10|log2|lower|ltrim|match|matchinfo|max"
    r"|median|min|mod|nth_value|ntile|nullif|octet_length|offsets|percent_rank|percentile|percentile_cont"
    r"|percentile_disc|pi|pow|power|printf|quote|radians|rank|replace|round|row_number|rtrim|sign|sin|sinh"
    r"|snippet|soundex|sqrt|strftime|string_agg|subtype|substr|substring|sum|tan|tanh|time|timediff|total"
    r"|trim|trunc|typeof|unhex|unicode|unistr|unixepoch|unlikely|upper|->|->>"
)

# Some come with later versions, others where they were built in, and REGEXP with SQLite's own shell.
_OF_SQLITE = re.compile(rf"{_FUNCTIONS.pattern}|regexp")


class SqliteDatabase:
    """A SQLite file, opened for reading.

    A file in rollback mode is opened read-only, with SQLite's own locks. One in WAL mode is opened as
    immutable, since SQLite would otherwise make files beside it; and where its -wal file holds changes,
    all of it is read through a copy in memory.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._connection = _opened(path)
            self.names = self._names()
        except (sqlite3.Error, OSError, MemoryError) as error:
            raise DatabaseFailed(
                f"{path.name} cannot be read: {str(error) or 'out of memory'}; where a program that wrote to "
                "it was stopped, open it once with that program or with sqlite3, and close it"
            ) from error
        self._connection.set_authorizer(_authorize)

    def close(self) -> None:
        self._connection.close()

    def run(self, sql: str, seconds: float, most: int) -> Result:
        deadline = Deadline(seconds)
        self._connection.set_progress_handler(lambda: deadline.passed, _STEPS)
        try:
            with contextlib.closing(self._started(sql)) as cursor:
                columns = len(cursor.description or ())
                return gathered(columns, cursor.fetchmany, most)
        except MemoryError as error:
            raise QueryFailed("the query ran out of memory", "over-limit") from error
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            if deadline.passed:
                raise too_slow(seconds) from error
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_FILE:
                raise DatabaseFailed(f"SQLite failed: {error}") from error
            unknown = _NO_FUNCTION.search(str(error))
            elsewhere = bool(unknown and _OF_SQLITE.fullmatch(unknown[1].lower()))
            raise QueryFailed(f"the query failed: {error}", elsewhere=elsewhere) from error
        finally:
            self._connection.set_progress_handler(None, 0)

    def _started(self, sql: str) -> sqlite3.Cursor:
        """Starts a query, with a name in double quotes that is no column taken for text.

        SQLite's usual builds do that by themselves (sqlite.org/quirks.html), and others fail.
        """
        for _ in range(_MOST_TEXTS):
            try:
                return self._connection.execute(sql)
            except sqlite3.OperationalError as error:
                unknown = _NO_COLUMN.search(str(error))
                text = _with_text(sql, unknown[1]) if unknown else sql
                if text == sql:
                    raise
                sql = text
        return self._connection.execute(sql)

    def parses(self, sql: str) -> bool:
        try:
            self._connection.execute(f"EXPLAIN {sql}").close()
        except (sqlite3.Error, sqlite3.Warning, ValueError, MemoryError):
            return False
        return True

    def _names(self) -> frozenset[Name]:
        names = [(name.lower(),) for name, _, _ in self._listed()]
        return frozenset([*names, *(("main", *name) for name in names)])

    def _listed(self) -> list[tuple[str, str, str]]:
        """Name, type and SQL of tables and views; not those in which SQLite or an extension keeps things."""
        rows: list[tuple[str, str, str]] = self._connection.execute(
            "SELECT name, type, sql FROM main.sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
        ).fetchall()
        kept = tuple(f"{name}_" for name, _, sql in rows if sql.upper().startswith("CREATE VIRTUAL TABLE"))
        return [row for row in rows if not (kept and row[0].startswith(kept))]

    def describe(self, samples: int, seconds: float) -> list[Table]:
        deadline = Deadline(seconds)
        self._connection.set_authorizer(None)
        self._connection.set_progress_handler(lambda: deadline.passed, _STEPS)
        try:
            return [self._table(name, kind == "view", samples) for name, kind, _ in self._listed()]
        except sqlite3.Error as error:
            raise QueryFailed(f"the description failed: {error}") from error
        finally:
            self._connection.set_progress_handler(None, 0)
            self._connection.set_authorizer(_authorize)

    def _table(self, name: str, view: bool, samples: int) -> Table:
        table = quoted(name)
        try:
            info = self._connection.execute(f"PRAGMA main.table_xinfo({table})").fetchall()
        except sqlite3.Error:  # a view of a table that is gone, a table of an extension that is not here
            return Table((name,), (), view=view)
        shown = [row for row in info if row[6] != 1]
        columns = [row[1] for row in shown]
        values = self._samples(table, columns, samples) if samples and columns and not view else {}
        keys = sorted((row[5], row[1]) for row in shown if row[5])
        foreign: dict[int, ForeignKey] = {}
        for number, _, to, column, other, *_ in self._connection.execute(
            f"PRAGMA main.foreign_key_list({table})"
        ):
            before = foreign.get(number, ForeignKey((), to, ()))
            others = (*before.others, other) if other is not None else before.others
            foreign[number] = ForeignKey((*before.columns, column), to, others)
        return Table(
            (name,),
            [Column(row[1], row[2] or "", not row[3], values.get(row[1], ())) for row in shown],
            [column for _, column in keys],
            [foreign[number] for number in sorted(foreign, reverse=True)],
            view,
        )

    def _samples(self, table: str, columns: Sequence[str], count: int) -> dict[str, list[object]]:
        short = ", ".join(
            f"CASE typeof({name}) WHEN 'text' THEN substr({name}, 1, {SAMPLE_LENGTH}) WHEN 'blob' THEN NULL "
            f"ELSE {name} END"
            for name in map(quoted, columns)
        )
        try:
            rows = self._connection.execute(
                f"SELECT {short} FROM main.{table} LIMIT {SAMPLED_ROWS}"  # noqa: S608 - names are quoted
            ).fetchall()
        except sqlite3.Error:
            return {}
        return dict(zip(columns, sampled(rows, len(columns), count), strict=True))


def _with_text(sql: str, name: str) -> str:
    """The query with `name` in single quotes where it stands in double quotes, alone."""
    names, text = quoted(name), "'" + name.replace("'", "''") + "'"
    return _WORD.sub(lambda word: text if word[0] == names else word[0], sql)


def _opened(path: Path) -> sqlite3.Connection:
    wal = path.with_name(path.name + "-wal")
    with path.open("rb") as file:
        in_wal_mode = file.read(20)[18:20] == b"\x02\x02"
    if wal.exists() and wal.stat().st_size:
        connection = _copied(path, wal)
    else:
        mode = "immutable=1" if in_wal_mode else "mode=ro"
        connection = sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True, isolation_level=None, timeout=0.5)
    for pragma in (
        "query_only = ON",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
        "mmap_size = 0",
        f"hard_heap_limit = {MEMORY}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite sets these tables up at first use, by ways that are not open later.
    for table in ("json_each", "json_tree"):
        with contextlib.suppress(sqlite3.Error):  # JSON may be left out of the library
            connection.execute(f"SELECT 1 FROM {table}('[]')").fetchall()  # noqa: S608 - one of two names
    made = "SELECT name FROM main.sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
    for (name,) in connection.execute(made).fetchall():
        with contextlib.suppress(sqlite3.Error):  # of an extension that is not here
            connection.execute(f"SELECT 1 FROM main.{quoted(name)} LIMIT 0").fetchall()  # noqa: S608 - quoted
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000)
    connection.setlimit(sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0)
    # Text that is not UTF-8 is still text, and equals itself.
    connection.text_factory = functools.partial(str, encoding="utf-8", errors="surrogateescape")
    return connection


def _copied(path: Path, wal: Path) -> sqlite3.Connection:
    """A copy in memory of a database and the changes in its -wal file."""
    size = path.stat().st_size + wal.stat().st_size
    if size > _LARGEST_COPY:
        raise OSError(f"its -wal file holds changes, and {size // 1024**2} MB are too much to copy")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy.sqlite")
        before = signature(path)
        shutil.copyfile(path, copy)
        shutil.copyfile(wal, copy.with_name("copy.sqlite-wal"))
        if signature(path) != before:
            raise OSError("another program is writing to it")
        memory = sqlite3.connect(":memory:", isolation_level=None)
        with contextlib.closing(sqlite3.connect(copy)) as source:
            source.backup(memory)
    return memory


_OF_THE_FILE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})


def _authorize(action: int, first: Any, second: Any, *_: Any) -> int:
    """SQLite's own word on what a statement does, asked before any of it runs."""
    if action in _READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and _FUNCTIONS.fullmatch(str(second).lower()):
        return sqlite3.SQLITE_OK
    # Full-text search asks this of itself.
    if action == sqlite3.SQLITE_PRAGMA and first == "data_version" and second is None:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
