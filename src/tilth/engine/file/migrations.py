"""Brings the file of an older version to today's tables: in place to write, in a private copy to read."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from tilth.engine.file.schema import TABLES, VERSION

# What version 1 said in reasons, for it had no causes. The first pattern that matches a whole reason counts.
_CAUSES = tuple(
    (re.compile(pattern, re.DOTALL), cause)
    for pattern, cause in (
        (r"(?:.*: )?cut off at the reply limit", "cut-off"),
        (r"(?:.*: )?refused by the model", "refused"),
    )
)
UNTOLD = "other"
"""The cause of what version 1 gave a reason for that is none of ours."""


def migrate(connection: sqlite3.Connection) -> None:
    """Brings the tables of an older version to today's, within the caller's transaction."""
    connection.create_function("cause_of", 1, _cause_of, deterministic=True)
    _rebuild(connection, "rows", {"cause": "CASE WHEN verdict <> 'accepted' THEN cause_of(reason) END"})
    _rebuild(
        connection,
        "units",
        {
            "cause": "CASE outcome WHEN 'failed' THEN 'refused-request'"
            " WHEN 'rowless' THEN cause_of(reason) END"
        },
    )
    _rebuild(
        connection,
        "studies",
        {
            "status": "CASE WHEN (SELECT count(DISTINCT cell_id) FROM cells c"
            " WHERE c.study_id = older.study_id) >= json_extract(settings, '$.cells')"
            " THEN 'finished' ELSE 'stopped' END",
            "reason": "NULL",
            "updated_at": "created_at",
        },
    )
    connection.execute(
        "UPDATE runs SET settings = json_remove(json_set(settings, '$.verdict_options',"
        " json_extract(settings, '$.judging')), '$.judging')"
        " WHERE json_type(settings, '$.judging') IS NOT NULL"
    )
    connection.execute(f"PRAGMA user_version={VERSION}")


def _rebuild(connection: sqlite3.Connection, table: str, new: Mapping[str, str]) -> None:
    """Makes a table as it is today, with its records, and `new` columns by what they are worked out from.

    Adding columns would leave the table in other words than a new file's, by which a damaged one is known.
    """
    columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    kept = ", ".join(f'"{name}"' for name in columns)
    names, values = ", ".join([kept, *new]), ", ".join([kept, *new.values()])
    connection.execute(f"ALTER TABLE {table} RENAME TO older")
    connection.execute(_todays()[table])
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM older")  # noqa: S608 - ours
    # numbers that were given once are not given again
    connection.execute(
        "INSERT INTO sqlite_sequence SELECT ?, seq FROM sqlite_sequence WHERE name = 'older'"
        " AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)",
        (table, table),
    )
    connection.execute(
        "UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'older')"
        " WHERE name = ?",
        (table,),
    )
    connection.execute("DROP TABLE older")


def _todays() -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(TABLES)
        return dict(fresh.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))


@lru_cache(maxsize=4096)
def _cause_of(reason: str | None) -> str:
    return next((cause for pattern, cause in _CAUSES if pattern.fullmatch(reason or "")), UNTOLD)


def todays_copy(path: Path) -> sqlite3.Connection:
    """A read-only connection to a private copy of an older file, brought to today's tables.

    The copy is made once for each state of the file, and goes with the process.
    """
    states = [path.with_name(f"{path.name}{ending}") for ending in ("", "-wal")]
    state = [
        (one.st_ino, one.st_size, one.st_mtime_ns)
        for file in states
        if file.exists() and (one := file.stat())
    ]
    copied = _copy(path.absolute(), tuple(state))
    return sqlite3.connect(
        f"{copied.path.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )


class _Copy:
    """A file's migrated copy, in a folder of its own that is deleted when nothing knows it any more."""

    def __init__(self, path: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tilth-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name) / "copy.tilth"
        with (
            closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(self.path, isolation_level=None)) as copied,
        ):
            copied.execute("PRAGMA synchronous=OFF")  # nobody needs it after a crash
            source.backup(copied)
            copied.execute("PRAGMA journal_mode=DELETE")
            copied.execute("BEGIN IMMEDIATE")
            migrate(copied)
            copied.execute("COMMIT")


@lru_cache(maxsize=8)
def _copy(path: Path, _: tuple[tuple[int, int, int], ...]) -> _Copy:
    return _Copy(path)
