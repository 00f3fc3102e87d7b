"""Opens a DuckDB database so that nothing can be changed or reached from it, and runs one query at a time."""

from __future__ import annotations

import datetime as dt
import math
import re
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tilth.tasks.sql.databases.guard import Name
from tilth.tasks.sql.databases.opening import (
    MEMORY,
    QUOTES,
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
from tilth.tasks.sql.databases.results import NOT_A_NUMBER, Result
from tilth.tasks.sql.databases.schema import sampled

_PIVOT = re.compile(r"\bPIVOT", re.IGNORECASE)
_NO_COLUMN = re.compile(r'Referenced column "(.+)" not found')
_LOOK_EVERY = 0.05
_NUMBERS = re.compile(r"(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL\(.*\)|DOUBLE|BOOLEAN)$")

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "lock_configuration": "true",
    "memory_limit": f"{MEMORY // 1024**2}MB",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "threads": "1",
}


class DuckDatabase:
    """A DuckDB file, opened read-only, with no way to other files, to the network or to extensions."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = _connected(path)
            self.names = self._names()
        except (duckdb.Error, MemoryError) as error:
            raise DatabaseFailed(
                f"{path.name} cannot be read: {_short(error)}; close the connection that writes to it, or "
                "write it with a version of DuckDB that the installed one reads"
            ) from error

    def close(self) -> None:
        self._connection.close()

    def run(self, sql: str, seconds: float, most: int) -> Result:
        with self._limited(seconds, sql):
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or not _is_query(statements[0]):
                raise QueryFailed("DuckDB takes this for something else than one query", "not-allowed")
            cursor = self._connection.execute(statements[0])
            columns = len(cursor.description or ())
            return gathered(
                columns, lambda count: [tuple(map(_plain, row)) for row in cursor.fetchmany(count)], most
            )

    def parses(self, sql: str) -> bool:
        try:
            statements = self._connection.extract_statements(sql)
        except (duckdb.Error, ValueError):
            return False
        return len(statements) == 1 and _is_query(statements[0])

    @contextmanager
    def _limited(self, seconds: float, sql: str = "") -> Iterator[None]:
        """Interrupts what runs at the limit, and turns DuckDB's errors into ours."""
        deadline, done = Deadline(seconds), threading.Event()

        def watch() -> None:
            while not done.wait(_LOOK_EVERY):
                if deadline.passed:
                    self._connection.interrupt()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        except duckdb.InterruptException as error:
            raise too_slow(seconds) from error
        except (duckdb.IOException, duckdb.FatalException, duckdb.InternalException) as error:
            raise DatabaseFailed(f"DuckDB failed: {_short(error)}") from error
        except (duckdb.OutOfMemoryException, MemoryError) as error:
            raise QueryFailed("the query ran out of memory", "over-limit") from error
        except (duckdb.Error, ValueError, OverflowError) as error:
            if "pytz" in str(error):
                raise DatabaseFailed(
                    "times with a zone need pytz; run: pip install 'tilth[duckdb]'"
                ) from error
            reason = f"the query failed: {_short(error)}"
            unknown = _NO_COLUMN.search(str(error))
            if unknown and quoted(unknown[1]) in sql:
                reason = f"{reason[:120]} ({QUOTES})"
            raise QueryFailed(reason) from error
        finally:
            done.set()
            watcher.join()

    def _names(self) -> frozenset[Name]:
        found: set[Name] = set()
        for parts in self._listed():
            database, schema, name = (part.lower() for part in parts[:3])
            found |= {(name,), (schema, name), (database, name), (database, schema, name)}
        return frozenset(found)

    def _listed(self) -> list[tuple[str, str, str, str]]:
        """Database, schema, name and kind of tables and views, in the order of their making."""
        return self._connection.execute(
            "SELECT * FROM ("
            "SELECT database_name, schema_name, table_name, 'table' AS kind, table_oid AS number "
            "FROM duckdb_tables() WHERE NOT internal UNION ALL "
            "SELECT database_name, schema_name, view_name, 'view', view_oid FROM duckdb_views() "
            "WHERE NOT internal) ORDER BY schema_name <> 'main', schema_name, kind, number"
        ).fetchall()

    def describe(self, samples: int, seconds: float) -> list[Table]:
        with self._limited(seconds):
            return [self._table(*parts[:4], samples) for parts in self._listed()]

    def _table(self, database: str, schema: str, name: str, kind: str, samples: int) -> Table:
        of_this = "WHERE database_name = ? AND schema_name = ? AND table_name = ?"
        place = [database, schema, name]
        rows = self._connection.execute(
            "SELECT column_name, data_type, is_nullable FROM duckdb_columns() "  # noqa: S608 - a constant
            f"{of_this} ORDER BY column_index",
            place,
        ).fetchall()
        constraints = self._connection.execute(
            "SELECT constraint_type, constraint_column_names, referenced_table, referenced_column_names "  # noqa: S608
            f"FROM duckdb_constraints() {of_this} ORDER BY constraint_index",
            place,
        ).fetchall()
        types = {column: type_ for column, type_, _ in rows}
        values = self._samples(place, types, samples) if samples and kind == "table" else {}
        return Table(
            (name,) if schema == "main" else (schema, name),
            [Column(column, type_, optional, values.get(column, ())) for column, type_, optional in rows],
            next((keys for what, keys, _, _ in constraints if what == "PRIMARY KEY"), ()),
            [
                ForeignKey(own, other, others)
                for what, own, other, others in constraints
                if what == "FOREIGN KEY"
            ],
            kind == "view",
        )

    def _samples(self, place: Sequence[str], types: Mapping[str, str], count: int) -> dict[str, list[object]]:
        table = ".".join(map(quoted, place))
        shown = ", ".join(_shown(quoted(column), type_) for column, type_ in types.items())
        rows = self._connection.execute(
            f"SELECT {shown} FROM {table} LIMIT {SAMPLED_ROWS}"  # noqa: S608 - names are quoted
        ).fetchall()
        return dict(zip(types, sampled(rows, len(types), count), strict=True))


def _connected(path: Path) -> duckdb.DuckDBPyConnection:
    """The file, opened; `x -> x + 1` is a function still, which DuckDB is about to give up."""
    try:
        arrows = {**_CONFIG, "lambda_syntax": "ENABLE_SINGLE_ARROW"}
        return duckdb.connect(str(path), read_only=True, config=arrows)
    except duckdb.Error as error:
        if "lambda_syntax" not in str(error):
            raise
    return duckdb.connect(str(path), read_only=True, config=_CONFIG)


def _is_query(statement: duckdb.Statement) -> bool:
    """Whether it only reads. A PIVOT without IN looks for its columns first, and is several of its own."""
    kinds = duckdb.StatementType
    return statement.type == kinds.SELECT or (
        statement.type == kinds.MULTI and _PIVOT.search(statement.query) is not None
    )


def _shown(column: str, type_: str) -> str:
    if type_ == "BLOB":
        return "NULL"
    if type_ == "FLOAT":  # by way of text, so that 7.1 does not show as 7.099999904632568
        return f"CAST(CAST({column} AS VARCHAR) AS DOUBLE)"
    return column if _NUMBERS.match(type_) else f"left(CAST({column} AS VARCHAR), {SAMPLE_LENGTH})"


def _short(error: Exception) -> str:
    """The first line of DuckDB's message, without its class."""
    line = str(error).strip().partition("\n")[0]
    return re.sub(r"^[A-Z]\w+(?: \w+)? Error: ", "", line)[:200] or "out of memory"


def _plain(value: Any) -> Any:
    """A value as `Result` has it: what is no number, text or bytes becomes a tuple that names its kind."""
    if value is None or isinstance(value, str | bytes | int):
        return value
    if isinstance(value, float):
        return NOT_A_NUMBER if math.isnan(value) else value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            return ("instant", value.astimezone(dt.UTC).isoformat())
        return ("time", value.isoformat())
    if isinstance(value, dt.date):  # midnight of that day, since functions differ in which they give
        return ("time", dt.datetime(value.year, value.month, value.day).isoformat())  # noqa: DTZ001
    if isinstance(value, dt.timedelta):
        return ("span", value / dt.timedelta(microseconds=1))
    if isinstance(value, list | tuple):
        return ("list", *map(_rounded, value))
    if isinstance(value, dict):
        return ("struct", *((str(name), _rounded(inner)) for name, inner in value.items()))
    if isinstance(value, uuid.UUID):
        return str(value)
    return (type(value).__name__, str(value))


def _rounded(value: Any) -> Any:
    """A value inside another, where no tolerance reaches it."""
    value = _plain(value)
    return float(f"{value:.9g}") if isinstance(value, float) else value
