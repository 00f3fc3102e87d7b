"""Compares expressions with math-verify in a warm process of its own, killed at its time limit."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, cast

TIME_LIMIT = 5.0
"""Seconds a comparison may take; the process is then killed and the next one gets a new one."""

_START_LIMIT = 60.0
_PROGRAM = Path(__file__).with_name("math_process.py")


class _Worker:
    """One process, started when first needed, that takes one comparison at a time from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._inherited: subprocess.Popen[str] | None = None

    def equivalent(self, left: str, right: str, limit: float) -> tuple[bool | None, str | None]:
        with self._lock:
            try:
                return self._compare(left, right, limit)
            except BaseException:
                # An interrupt leaves an answer under way that the next comparison must not take for its own.
                self._close()
                raise

    def _compare(self, left: str, right: str, limit: float) -> tuple[bool | None, str | None]:
        process = self._process
        if process is None or process.poll() is not None:
            self._close()
            try:
                process = self._process = _spawn()
            except OSError:
                return None, "the check could not be started"
            if not self._exchange(process, None, _START_LIMIT)[0]:
                self._close()
                return None, "the check could not be started"
        line, late = self._exchange(process, json.dumps([left, right, limit]), limit)
        if late or not line:
            self._close()
        if not line:
            return None, f"the check took longer than {limit:g} s" if late else "the check failed"
        same = json.loads(line)
        return same, None if same is not None else "the expressions could not be compared"

    @staticmethod
    def _exchange(process: subprocess.Popen[str], line: str | None, limit: float) -> tuple[str, bool]:
        """The process's next line, "" where it ended instead, and whether it was killed for its limit."""
        late = threading.Event()

        def expire() -> None:
            late.set()
            process.kill()

        requests, answers = _pipes(process)
        timer = threading.Timer(limit, expire)
        timer.daemon = True
        timer.start()
        answer = ""
        try:
            if line is not None:
                requests.write(line + "\n")
                requests.flush()
            answer = answers.readline()
        except OSError:
            pass
        finally:
            timer.cancel()
            timer.join()
        return answer, late.is_set()

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in _pipes(process):
                with contextlib.suppress(OSError):
                    pipe.close()

    def forget(self) -> None:
        """After a fork, in the child: the process is the parent's, and its pipes must not be held open.

        Closing the file objects could wait for ever on a lock of a thread that is not here; they are kept
        and their descriptors pointed elsewhere.
        """
        if self._process is not None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for pipe in _pipes(self._process):
                os.dup2(nowhere, pipe.fileno(), inheritable=False)
            os.close(nowhere)
        self._inherited, self._process = self._process, None
        self._lock = threading.Lock()


def _spawn() -> subprocess.Popen[str]:
    # -P keeps the names of the modules in this folder off the child's path.
    return subprocess.Popen(  # noqa: S603 - our own program; what it compares goes through its pipe
        [sys.executable, "-P", str(_PROGRAM)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,
    )


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    """The process's input and output, which `_spawn` always makes."""
    return cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)


_worker = _Worker()
atexit.register(_worker.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_worker.forget)


def equivalent(left: str, right: str, limit: float = TIME_LIMIT) -> tuple[bool | None, str | None]:
    """Whether two expressions, in LaTeX or plain text, are mathematically the same.

    May be called from any thread and blocks it, at most `limit` seconds once the process is warm.

    Returns:
        True or False and None; or None and the reason why it could not be found out.
    """
    return _worker.equivalent(left, right, limit)
