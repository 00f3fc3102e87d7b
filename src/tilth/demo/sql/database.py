"""The sample database: built from the scripts beside the demo's tables, in two states of one schema."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tilth.demo.data import load_text

STATES = ("spring", "autumn")
"""The same tables with other rows, so that a wrong query that agrees on one state by chance is found out."""

_lock = threading.Lock()
_built: dict[int, tuple[Path, ...]] = {}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    table: str
    name: str

    @classmethod
    def of(cls, dotted: str) -> Column:
        """The column of "table.name"."""
        table, _, name = dotted.partition(".")
        return cls(table, name)

    @property
    def dotted(self) -> str:
        """What `of` reads."""
        return f"{self.table}.{self.name}"

    def likes(self) -> list[Column]:
        """The other columns of its table that hold the like, keys aside."""
        texts = schema().values
        siblings = (Column(self.table, name) for name in schema().tables[self.table])
        return [
            other
            for other in siblings
            if other != self and (other in texts) == (self in texts) and not other.name.endswith("_id")
        ]


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key: this column of the one table names a row of the other, by the column of that name."""

    table: str
    column: str
    other: str


@dataclass(frozen=True, slots=True)
class Schema:
    """What is known of the database.

    Attributes:
        tables: Each table's columns in order.
        keys: Its foreign keys.
        values: What each text column holds in either state, sorted.
    """

    tables: Mapping[str, tuple[str, ...]]
    keys: tuple[Key, ...]
    values: Mapping[Column, tuple[str, ...]]


def database() -> tuple[Path, ...]:
    """The two states as SQLite files, built once per process in a temporary folder that goes with it.

    Example:
        >>> sorted(path.name for path in tilth.demo.database())
        ['nursery-autumn.sqlite', 'nursery-spring.sqlite']
    """
    process = os.getpid()
    with _lock:
        if process not in _built:
            folder = Path(tempfile.mkdtemp(prefix="tilth-demo-"))
            atexit.register(_remove, folder, process)
            paths = tuple(folder / f"nursery-{state}.sqlite" for state in STATES)
            for state, path in zip(STATES, paths, strict=True):
                with closing(sqlite3.connect(path)) as connection:
                    connection.executescript(script(state))
                path.chmod(0o444)
            _built[process] = paths
        return _built[process]


def script(state: str) -> str:
    """The SQL that makes a state: the schema, and its rows in one transaction."""
    rows = load_text(f"nursery_{state}.sql")
    return f"{load_text('nursery_schema.sql')}\nBEGIN;\n{rows}\nCOMMIT;\n"


@contextmanager
def open_states() -> Iterator[list[sqlite3.Connection]]:
    """Each state in memory, closed behind the caller."""
    with ExitStack() as opened:
        connections = [opened.enter_context(closing(sqlite3.connect(":memory:"))) for _ in STATES]
        for state, connection in zip(STATES, connections, strict=True):
            connection.executescript(script(state))
        yield connections


@cache
def schema() -> Schema:
    """What is known of the database, read from itself."""
    tables: dict[str, tuple[str, ...]] = {}
    keys: list[Key] = []
    values: dict[Column, tuple[str, ...]] = {}
    with open_states() as states:
        first = states[0]
        for (table,) in first.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid"):
            described = first.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall()
            tables[table] = tuple(name for name, _ in described)
            for name in (name for name, kind in described if kind == "TEXT"):
                # the names come from our own schema
                asked = f"SELECT DISTINCT {name} FROM {table}"  # noqa: S608
                held = {value for state in states for (value,) in state.execute(asked)}
                values[Column(table, name)] = tuple(sorted(held))
            keyed = first.execute('SELECT "from", "table" FROM pragma_foreign_key_list(?)', [table])
            keys += (Key(table, column, other) for column, other in keyed)
    return Schema(tables, tuple(keys), values)


def _remove(folder: Path, process: int) -> None:
    # A forked child inherits the registration, and must leave its parent's folder alone.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
