"""Who may write a run file: one process at a time, by whichever of its names it is opened."""

from __future__ import annotations

import errno
import os
import socket
import sqlite3
import stat
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from tilth.errors import JournalError

if sys.platform == "linux":
    import fcntl

_BYTE = 0x7FFF_FFFF_FFFF_0000
"""The byte of a file that is locked: far beyond those that SQLite locks, and beyond every file's end."""

_BEGUN_BEFORE = 2.0
"""Seconds by which the clocks may differ that tell when a process began and when it took a file."""

_here = threading.Lock()
_held_here: set[tuple[int, int]] = set()
"""The files that this process writes, by device and inode."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that writes a file, as the file itself names it.

    Attributes:
        pid: Its process id.
        host: The machine it runs on.
        since: When it took the file: microseconds since 1970, UTC.
    """

    pid: int
    host: str
    since: int

    def __str__(self) -> str:
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since / 1e6))
        return f"process {self.pid} on {self.host} since {started}"

    @classmethod
    def me(cls) -> Holder:
        """This process, from now on."""
        return cls(os.getpid(), socket.gethostname(), time.time_ns() // 1000)

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> Holder | None:
        """The process that an open file names; one that was killed stays named."""
        for pid, host, since in connection.execute("SELECT pid, host, since FROM holder"):
            if type(pid) is int and isinstance(host, str) and type(since) is int and 0 <= since < 1 << 60:
                return cls(pid, host, since)
        return None

    def seems_alive(self) -> bool:
        """Whether another process of this machine has its id, and is not known to have begun later."""
        if self.host != socket.gethostname() or self.pid in (os.getpid(), 0) or os.name != "posix":
            return False
        try:
            os.kill(self.pid, 0)
        except PermissionError:
            pass
        except (OSError, OverflowError):
            return False
        begun = _begun(self.pid)
        return begun is not None and begun < self.since / 1e6 + _BEGUN_BEFORE


class Taken(Exception):
    """Another process has the file, or this one under another of its names."""


class Lock:
    """A file's lock, until `release`.

    Beside the file lies a lock that holds between all systems. It goes by a name, so that on Linux a byte of
    the file itself is locked as well: that holds whatever link, mount or spelling it is opened by.

    Attributes:
        sure: Whether the file itself is locked, so that nobody else can have it.
    """

    def __init__(self, path: Path) -> None:
        """Takes the lock; raises `Taken` where another has it, or `JournalError`."""
        self._path = path
        self._file: int | None = None
        self._known: tuple[int, int] | None = None
        self.sure = False
        # hidden, for it stays behind: a lock file that is deleted can be locked twice
        real = path.resolve()
        self._beside = FileLock(real.with_name(f".{real.name}.lock"), thread_local=False)
        try:
            self._beside.acquire(blocking=False)
        except Timeout:
            raise Taken from None
        except OSError as error:
            raise JournalError(
                f"{path} cannot be locked: {error.strerror}; choose a folder you may write"
            ) from error
        try:
            self._take_file()
        except BaseException:
            self.release()
            raise

    def _take_file(self) -> None:
        # no file that is open here is opened anew: closing it again would end SQLite's locks on it
        with _here:
            with suppress(FileNotFoundError):
                if _identity(self._path.stat()) in _held_here:
                    raise Taken
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
            except OSError:
                return  # SQLite says what is wrong with it
            if sys.platform == "linux":
                try:
                    fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _request())
                    self.sure = True
                except OSError as error:
                    if error.errno in (errno.EAGAIN, errno.EACCES):
                        raise Taken from None
            self._known = _identity(os.fstat(self._file))
            _held_here.add(self._known)

    def lost(self) -> str | None:
        """What became of the file where it is no longer at its path, in words; None while it is."""
        try:
            found = _identity(self._path.stat())
        except FileNotFoundError:
            return "is no longer there: it was deleted or moved"
        except OSError:
            return None  # a disk that does not answer is SQLite's to tell
        return None if self._known in (None, found) else "was replaced by another file"

    def release(self) -> None:
        """Lets others have the file. Called once nothing here has it open."""
        with _here:
            if self._known is not None:
                _held_here.discard(self._known)
            if self._file is not None:
                os.close(self._file)
        self._file = self._known = None
        self._beside.release()


def at_work(path: Path, holder: Holder) -> bool:
    """Whether the process that a file names is at work on it still."""
    locked = _is_locked(path)
    return holder.seems_alive() if locked is None else locked


def _is_locked(path: Path) -> bool | None:
    """Whether this process or another writes the file; None where the system cannot tell."""
    with _here:
        try:
            found = path.stat()
            if _identity(found) in _held_here:
                return True
            if sys.platform != "linux" or not stat.S_ISREG(found.st_mode):
                return None
            file = os.open(path, os.O_RDONLY)
            try:
                asked = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _request())
            finally:
                os.close(file)
        except OSError:
            return None
    return bool(struct.unpack(_LAYOUT, asked)[0] != fcntl.F_UNLCK)


_LAYOUT = "hhqqi4x"
"""A C `struct flock`: type, from where, first byte, how many, process."""


def _request() -> bytes:
    return struct.pack(_LAYOUT, fcntl.F_WRLCK, os.SEEK_SET, _BYTE, 1, 0)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _begun(pid: int) -> float | None:
    """When a process began, in seconds since 1970; None where nothing tells."""
    command = ["ps", "-o", "etime=", "-p", str(pid)]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
        days, _, clock = told.strip().rpartition("-")
        ago = 0
        for part in clock.split(":"):
            ago = ago * 60 + int(part)
        return time.time() - ago - int(days or 0) * 86_400
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
