"""Brings the file of an older version to today's tables: in place to write, in a private copy to read."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from tilth.engine.file.format.schema import TABLES, VERSION
from tilth.tasks.causes import OTHER

# What version 1 said in reasons, for it had no causes. The first pattern that matches a whole reason counts.
_REASONS = (
    # checks that ask, and structured replies
    (r"\w[\w -]*: malformed after a correction.*", "malformed"),
    (r"judge: .*", "malformed"),
    (r"judged [\d.]+ of 5", "judged-low"),
    (r"outvoted by \d+ of \d+ answers", "outvoted"),
    (r"no \d+ of \d+ answers agree", "no-majority"),
    (r"the question was found not answerable", "unanswerable"),
    (r"a second solution has another answer", "other-solution"),
    (r"the second solution could not be read", "unread-solution"),
    # replies, of rows as they are, of units behind what was asked for
    (r"(?:[\w -]+: )?refused by the model", "refused"),
    (r"(?:[\w -]+: )?stopped by a content filter", "filtered"),
    (r"(?:[\w -]+: )?answered with an error", "error"),
    (r"(?:[\w -]+: )?malformed reply", "malformed"),
    (r"(?:[\w -]+: )?cut off at the reply limit", "cut-off"),
    (r"(?:[\w -]+: )?empty reply|nothing but reasoning", "empty"),
    (r"not checked", "not-checked"),
    # what a writer wrote
    (r"no (?:question|instruction) found", "no-question"),
    (r"(?:question|instruction) of [\d,]+ characters; .*", "too-long"),
    (r"fewer than two options|the options were changed|its options cannot be told .*", "bad-options"),
    (r"[\d,]+ options; at most .*|options \S+ and \S+ are alike: .*", "bad-options"),
    (r"the strategy yielded no candidate", "no-candidate"),
    # code
    (r"the question's own code .*|the tests (?:do not compile|hand over|end their own) .*", "untestable"),
    (r"an object of the code's own class .*|the code gives .*", "untestable"),
    (r"code is not run.*|not run: .*", "not-run"),
    (r"the code does not parse.*", "syntax-error"),
    (r"code of [\d,]+ characters; .*", "too-long"),
    (r"no code in the reply|the code defines no function", "no-answer"),
    (r"does not end within .*|the (?:code|tests) takes? more than .* of CPU time", "timed-out"),
    (r"the code (?:raises|crashes|breaks off|ends its process).*", "code-failed"),
    (r"fails: .*|the code does not define .*|[A-Za-z]\w*(?:: .*)?, at: .*", "tests-failed"),
    (r"the reference (?:does not parse|holds no tests).*|tests of [\d,]+ characters; .*", "bad-reference"),
    # SQL
    (r"could not be parsed.*", "syntax-error"),
    (r"a query of [\d,]+ characters; .*", "too-long"),
    (r"no SQL(?: found)?", "no-answer"),
    (r"not a table of the database: .*", "unknown-table"),
    (r"\d+ statements, .*|not a query: .*|holds (?:a|half a) \w+(?: character)?", "not-allowed"),
    (r"gives another result each time: .*|(?:(?:table )?function )?not allowed: .*", "not-allowed"),
    (r"DuckDB takes this for something else .*", "not-allowed"),
    (r"the query took longer than .*", "timed-out"),
    (r"the query (?:returns more than|ran out of memory).*", "over-limit"),
    (r"the query failed: .*", "query-failed"),
    (r"the reference (?:cannot be read|is refused|has no result): .*", "bad-reference"),
    (r"other rows of a tie .*|the reference returns nothing, .*", "inconclusive"),
    (r"(?:more than )?[\d,]+ (?:row|column)s?(?:, not [\d,]+)?|other (?:values|order)", "wrong-answer"),
    (r".* cannot be read: .*|(?:SQLite|DuckDB) failed: .*|times with a zone need .*", "database-failed"),
    # answers
    (r"no final answer", "no-answer"),
    (r"more than one option|label and text name different options", "ambiguous"),
    (r"no reference|no tests", "no-reference"),
    (r"no (?:answer|option) in the reference", "bad-reference"),
    (r"no options in the question|no label, and no question .*", "no-options"),
    (r"nothing measures it.*", "no-measure"),
    (r".* (?:are|could) not (?:be )?compared|.* may be meant|the check .*", "not-compared"),
    (r"a (?:reference|text) of [\d,]+ .*; at most .*|a letter with more than .*", "not-compared"),
    (r"not the reference|ROUGE-L is .*|.+ is not .+", "wrong-answer"),
)
_CAUSES = tuple((re.compile(pattern, re.DOTALL), cause) for pattern, cause in _REASONS)
_STATE = re.compile(r" \(state \d+\)\Z")
"""On which of several databases a query was seen to fail."""


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
    older = ", ".join(f'"{name}"' for name in columns)
    names, values = ", ".join([older, *new]), ", ".join([older, *new.values()])
    connection.execute(f"ALTER TABLE {table} RENAME TO older")
    connection.execute(_todays()[table])
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM older")  # noqa: S608 - ours
    # numbers that were given once are not given again
    connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    connection.execute("UPDATE sqlite_sequence SET name = ? WHERE name = 'older'", (table,))
    connection.execute("DROP TABLE older")


def _todays() -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(TABLES)
        return dict(fresh.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))


@lru_cache(maxsize=4096)
def _cause_of(reason: str | None) -> str:
    said = _STATE.sub("", reason or "")
    return next((cause for pattern, cause in _CAUSES if pattern.fullmatch(said)), OTHER)


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
    if not copied.path.exists():  # temporary folders are tidied
        _copy.cache_clear()
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
