"""The files of a database: which kind it is, whether they changed, and a digest of what they hold.

Only `signature` may be called in the user's own process: where one opens and closes a file that the same
process has open as a database, the locks of that database are gone (fcntl(2), "How To Corrupt" of SQLite).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

Dialect = Literal["sqlite", "duckdb"]

_SQLITE = b"SQLite format 3\x00"
_DUCKDB = b"DUCK"  # behind a checksum of 8 bytes


def dialect_of(path: Path) -> Dialect:
    """Which kind of database a file is, by its first bytes.

    Raises:
        OSError: It cannot be read.
        ValueError: It is neither.
    """
    with path.open("rb") as file:
        head = file.read(16)
    if head == _SQLITE:
        return "sqlite"
    if head[8:12] == _DUCKDB:
        return "duckdb"
    raise ValueError("neither a SQLite nor a DuckDB database")


def companions(path: Path) -> tuple[Path, ...]:
    """The files beside a database that may hold a part of its content."""
    return tuple(path.with_name(path.name + end) for end in ("-wal", "-journal", ".wal"))


def signature(path: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """What changes when a database does, without reading it: inode, size and time of its files."""
    found: list[tuple[int, int, int] | None] = []
    for file in (path, *companions(path)):
        try:
            status = file.stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


def digest(path: Path) -> str:
    """A digest of a database's content: its file, and what beside it holds a part that is not in it yet."""
    summed = hashlib.sha256()
    for file in (path, *companions(path)):
        if file == path or (file.exists() and file.stat().st_size):
            with file.open("rb") as opened:
                summed.update(hashlib.file_digest(opened, "sha256").digest())
    return summed.hexdigest()[:32]
