"""Opens a run file that is known to be one; what is none, damaged or a stranger's is told as what it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tilth.engine.file.format.migrations import todays_copy
from tilth.engine.file.format.schema import APPLICATION_ID, VERSION
from tilth.engine.file.format.tables import refuse_strange
from tilth.errors import JournalError

LOCKED_SECONDS = 30.0
"""How long another program's lock on a file is waited for."""

_MAGIC = b"SQLite format 3\x00"
_HEADER = 100
"""Bytes of a SQLite file's header: page size at 16, number of pages at 28."""


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """A connection to a run file that is known to be one; raises `JournalError`, saying what is wrong.

    One to read has today's tables; where the file is of an older version, it reads a private copy.
    """
    if readonly and not path.exists():
        raise JournalError(f"{path} does not exist")
    refuse_no_file(path)
    # quoted by hand: as_uri needs an absolute path and would store nothing else of it
    uri = path.absolute().as_uri() + ("?mode=ro" if readonly else "")
    _refuse_cut_short(path)
    try:
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=LOCKED_SECONDS, check_same_thread=False
        )
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        connection.execute("PRAGMA trusted_schema=OFF")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise explained(path, error) from error
        raise JournalError(
            f"{path} cannot be opened: {error}; is its folder there, and yours to write?"
        ) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite's words may quote what is damaged
        raise JournalError(
            f"{path} is no Tilth file, or a damaged one ({error}); it was left as it is"
        ) from error
    empty = application == 0 and tables == 0 and not readonly
    try:
        if not empty:
            _refuse_other_files(path, connection, application, version, tables)
    except BaseException:
        connection.close()
        raise
    if readonly and version < VERSION:
        connection.close()
        try:
            return todays_copy(path)
        except sqlite3.Error as error:
            raise explained(path, error) from error
    return connection


def _refuse_other_files(
    path: Path, connection: sqlite3.Connection, application: int, version: int, tables: int
) -> None:
    if application == 0 and tables == 0:
        raise JournalError(
            f"{path} holds nothing yet. If it was moved or copied while a run was at work on it, or after "
            f"that was killed, what it grew is in the log that lay beside it: bring {path.name}-wal here, too"
        )
    if application != APPLICATION_ID:
        raise JournalError(f"{path} is a database of something else; choose another path")
    if version > VERSION:
        raise JournalError(
            f"{path} was written by a newer Tilth (file version {version}); upgrade tilth to read it"
        )
    try:
        refuse_strange(path, connection, version)
    except sqlite3.Error as error:
        raise explained(path, error) from error


def refuse_no_file(path: Path) -> None:
    """Raises `JournalError` for a folder, a device or a pipe: nothing can be kept there."""
    if path.is_dir():
        raise JournalError(f"{path} is a folder; name a file in it, such as {path / 'run.tilth'}")
    if path.exists() and not path.is_file():
        raise JournalError(f"{path} is a device or a pipe, and keeps nothing; choose another path")


def _refuse_cut_short(path: Path) -> None:
    """A file shorter than its own header says is told before SQLite, which would write to it, opens it.

    With a log beside it, it may be shorter: the log holds the rest.
    """
    log = path.with_name(f"{path.name}-wal")
    if not path.is_file() or (log.exists() and log.stat().st_size):
        return
    with path.open("rb") as file:
        header = file.read(_HEADER)
    size = path.stat().st_size
    if not size or not header.startswith(_MAGIC[: len(header)]):
        return  # a new file, or none of SQLite's
    page = int.from_bytes(header[16:18], "big")
    expected = (65_536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
    if len(header) < _HEADER or size < expected:
        raise JournalError(
            f"{path} is cut short: {size:,} bytes of {expected:,}; it was left as it is. Copy it again from "
            "where it came, or start anew on another path"
        )


def explained(path: Path, error: sqlite3.Error) -> JournalError:
    """What SQLite's error means, and what to do."""
    text = str(error)
    if "full" in text:
        return JournalError(
            f"{path}: the disk is full; free some room and run again, what is journalled is safe"
        )
    if "readonly" in text:
        return JournalError(
            f"{path} is read-only; choose a path you may write, or open it with tilth.open_run"
        )
    if "malformed" in text or "not a database" in text:
        return JournalError(f"{path} is damaged ({text}); it was left as it is")
    if "I/O" in text:
        return JournalError(
            f"{path} cannot be read or written any more ({text}): is the disk full, a quota reached, or the "
            "disk gone? What is journalled is safe; run again once there is room"
        )
    if "locked" in text:
        return JournalError(f"{path} is locked by another program; close what has it open, then run again")
    return JournalError(f"{path}: {text}")
