"""The sample database: built from the scripts beside the demo's tables, in two states of one schema."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tilth.demo.data import load_text

STATES = ("spring", "autumn")
"""The same tables with other rows, so that a wrong query that agrees on one state by chance is found out."""

_lock = threading.Lock()
_built: dict[int, tuple[Path, ...]] = {}


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """A column of a table."""

    table: str
    name: str

    @classmethod
    def of(cls, dotted: str) -> Column:
        """The column of "table.name"."""
        table, _, name = dotted.partition(".")
        return cls(table, name)


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key: this column of the one table names a row of the other, by the column of that name."""

    table: str
    column: str
    other: str


@dataclass(frozen=True, slots=True)
class Facts:
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
    """The two states as SQLite files, built once per process in a temporary folder that goes with it."""
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


def open_states() -> list[sqlite3.Connection]:
    """Each state in memory, for the caller to close."""
    connections = []
    for state in STATES:
        connections.append(sqlite3.connect(":memory:"))
        connections[-1].executescript(script(state))
    return connections


@cache
def facts() -> Facts:
    """What is known of the database, read from itself."""
    connections = open_states()
    first = connections[0]
    tables: dict[str, tuple[str, ...]] = {}
    keys: list[Key] = []
    texts: list[Column] = []
    for (table,) in first.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid"):
        described = first.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall()
        tables[table] = tuple(name for name, _ in described)
        texts += [Column(table, name) for name, kind in described if kind == "TEXT"]
        for column, other in first.execute('SELECT "from", "table" FROM pragma_foreign_key_list(?)', [table]):
            keys.append(Key(table, column, other))
    values = {}
    for column in texts:
        # the names come from our own schema
        asked = f"SELECT DISTINCT {column.name} FROM {column.table}"  # noqa: S608
        held = {value for connection in connections for (value,) in connection.execute(asked)}
        values[column] = tuple(sorted(held))
    for connection in connections:
        connection.close()
    return Facts(tables, tuple(keys), values)


def _remove(folder: Path, process: int) -> None:
    # A forked child inherits the registration, and must leave its parent's folder alone.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
