"""A server of Tilth's own in a process that ends with this one: how it is started, told and watched."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tilth

_STOP = 5.0
_PARENT_SECONDS = 1.0
_LAST_WORDS = 8_192
"""Bytes of what it wrote last that are looked at."""
_LONGEST_LINE = 1_000_000


class NotStarted(Exception):
    """A process that ended, or was ended, before it announced itself.

    Attributes:
        code: Its exit code; below zero for a signal.
        lines: What it wrote last on its standard error.
        late: Whether it took too long.
    """

    def __init__(self, code: int, lines: Sequence[str], *, late: bool) -> None:
        super().__init__(lines[-1] if lines else f"it ended with code {code}")
        self.code, self.lines, self.late = code, list(lines), late


class OwnProcess:
    """A module of ours, run by this Python, that announces itself with a line of JSON and then serves.

    It ends with this process, however this one ends, if it follows its parent as `follow_parent` does. An
    interrupt at the keyboard, or a kernel's, does not reach it: what is under way can end in order.

    Args:
        module: What is run, as by `python -m`.
        arguments: Its command line. Everyone on this machine can read that.
        told: The first line of its standard input, as JSON, where it wants one.
        patience: Seconds until it must have announced itself.

    Attributes:
        pid: Its process.
        announced: What it announced.

    Raises:
        NotStarted: It ended, or took too long.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        told: Mapping[str, Any] | None = None,
        patience: float,
    ) -> None:
        folder = str(Path(tilth.__file__).resolve().parent.parent)
        path = os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        # -P keeps the user's working folder out of the module path: a json.py there is none of ours.
        self._process = subprocess.Popen(  # noqa: S603 - our own module, by a fixed command
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        self._owner = os.getpid()
        self.pid = self._process.pid
        if told is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it ended already: that is told below
                self._process.stdin.write(json.dumps(told).encode() + b"\n")
                self._process.stdin.flush()
        self.announced = self._announcement(patience)

    @property
    def alive(self) -> bool:
        """Whether it runs, and is this process's own rather than that of the process we were forked from."""
        return self._owner == os.getpid() and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """Its exit code, below zero for a signal; None while it runs."""
        return self._process.poll()

    def ended_within(self, seconds: float) -> bool:
        """Waits that long for its end, and says whether it came."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_lines(self) -> list[str]:
        """What it wrote last on its standard error, 8 kB at most."""
        try:
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - _LAST_WORDS))
            return self._errors.read().decode("utf-8", "replace").strip().splitlines()
        except (OSError, ValueError):  # closed
            return []

    def close(self) -> None:
        """Ends it; harmless where it has ended."""
        if self._owner != os.getpid():
            return
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP)

    def _announcement(self, patience: float) -> dict[str, Any]:
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        impatient = threading.Timer(patience, end)
        impatient.daemon = True
        impatient.start()
        try:
            line = self._process.stdout.readline(_LONGEST_LINE) if self._process.stdout else b""
        except BaseException:  # an interrupt: nobody would own the process
            self._process.kill()
            self.close()
            raise
        finally:
            impatient.cancel()
        try:
            return dict(json.loads(line))
        except (ValueError, TypeError):
            if line:
                self._process.kill()
            code = self._process.wait()
            lines = self.last_lines()
            self.close()
            raise NotStarted(code, lines, late=late.is_set()) from None


def follow_parent(end: Callable[[], None]) -> None:
    """Calls `end` in a thread, once or twice, when the parent closes our standard input, or is gone.

    The pipe tells at once, also after kill -9; the parent's id covers the case that a fork of the parent
    still holds the pipe's other end. To be called in the process that `OwnProcess` started.
    """
    parent = os.getppid()

    def read() -> None:
        while os.read(sys.stdin.fileno(), 64):
            pass
        end()

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(_PARENT_SECONDS)
        end()

    for work in (read, watch):
        threading.Thread(target=work, daemon=True).start()
