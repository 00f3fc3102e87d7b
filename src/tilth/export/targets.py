"""Where an export goes: a regular file that is replaced whole, or a device or pipe that is written into."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_SQLITE = b"SQLite format 3\0"
_COMPANIONS = ("-wal", "-shm", "-journal", ".lock")
"""What may lie beside a SQLite file, or a run's, and belongs to it."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to in whole; what stands at the path is replaced when all went well.

    A device or a pipe is written into and stays what it is.

    Raises:
        ValueError: It is a run's file or another SQLite database, a disk, or a pipe that nobody reads.
        FileNotFoundError: There is no such folder.
        IsADirectoryError: The path is a folder.
    """
    mode = node_at(path)
    with _replacing(path.resolve()) if mode is None else _written_into(path, mode) as file:
        yield file


def node_at(path: Path) -> int | None:
    """The mode of the device or pipe at a path; None where a regular file stands or will stand there.

    Raises what `opened` raises, but for a disk, or a pipe that nobody reads.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        mode = None
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{path} is a folder; add a file name")
    if mode is not None and not stat.S_ISREG(mode):
        return mode
    target = path.resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{path.name} cannot be saved: there is no folder {path.parent}; create it first"
        )
    refuse_database(path, target)
    return None


def refuse_database(
    path: Path, target: Path, remedy: str = "give the export a name of its own, such as train.jsonl"
) -> None:
    """Raises `ValueError` where the target is a run's file, or what belongs to one, by whatever name."""
    for name in (path.name, target.name):
        if name.lower().endswith(".tilth"):
            raise ValueError(f"{path.name} is the name of a run's file, which holds its replies; {remedy}")
    owner = next((target.name.removesuffix(end) for end in _COMPANIONS if target.name.endswith(end)), None)
    if owner and target.name.endswith(".lock"):
        owner = owner.removeprefix(".")
    for file in (target, *([target.with_name(owner)] if owner else [])):
        if _opens_with(file, _SQLITE):
            raise ValueError(
                f"{path.name} belongs to a SQLite database, such as a run's file, and would be lost; {remedy}"
            )


def _opens_with(file: Path, magic: bytes) -> bool:
    try:
        with file.open("rb") as opened_file:
            return opened_file.read(len(magic)) == magic
    except OSError:
        return False


@contextlib.contextmanager
def _written_into(path: Path, mode: int) -> Iterator[IO[bytes]]:
    """A buffer that goes into a device or a pipe at the end; opening a pipe never waits for its reader."""
    if stat.S_ISBLK(mode):
        raise ValueError(f"{path} is a disk; give a file to write to")
    try:
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise ValueError(f"nobody reads from {path}; start what reads from it first") from error
    with open(descriptor, "wb") as node:  # noqa: PTH123 - it is open already
        os.set_blocking(descriptor, True)
        buffer = io.BytesIO()  # some formats go back in what they wrote
        yield buffer
        node.write(buffer.getbuffer())


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[IO[bytes]]:
    """A new file beside `target` that takes its place when all went well, and is removed otherwise."""
    part = target.with_name(f".{target.name[:50]}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
