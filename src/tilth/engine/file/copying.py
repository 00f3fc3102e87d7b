"""Consistent copies of a run file, taken while it is written to or not."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tilth.arguments import path_of
from tilth.engine.file.opening import explained
from tilth.engine.file.queries import read_only
from tilth.errors import JournalError


def copy(path: str | Path, to: str | Path) -> Path:
    """Copies a run's or a study's file as it stands at one moment; the copy opens from a read-only folder.

    Args:
        path: The file. A run may be at work on it, here or in another process; it is not held up.
        to: Where the copy goes: a file that is not there yet, or a folder.

    Returns:
        The copy's path.

    Raises:
        JournalError: There is no such file, it is damaged, or the copy cannot be written.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher, path="run.tilth")
        >>> tilth.copy("run.tilth", "backup.tilth").name
        'backup.tilth'
    """
    source, target = path_of(path), path_of(to, "to")
    if target.is_dir():
        target = target / source.name
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    with read_only(source) as connection:
        try:
            target.touch(exist_ok=False)
        except FileExistsError:
            raise JournalError(f"{target} is there already; choose another name") from None
        except OSError as error:
            raise JournalError(
                f"{target} cannot be written: {error.strerror}; choose a folder that is there and yours"
            ) from error
        try:
            _copy(connection, part)
            part.replace(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        finally:
            for left in (part, part.with_name(f"{part.name}-journal")):
                left.unlink(missing_ok=True)
    return target


def _copy(connection: sqlite3.Connection, part: Path) -> None:
    with closing(sqlite3.connect(part, isolation_level=None)) as copied:
        try:
            connection.backup(copied)
            copied.execute("PRAGMA journal_mode=DELETE")
            copied.execute("DELETE FROM holder")
        except sqlite3.Error as error:
            raise explained(part, error) from error


@contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """A file as it stands at one moment, in a private temporary database that is deleted afterwards."""
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as private:
        with read_only(path) as connection:
            connection.backup(private)
        yield private
