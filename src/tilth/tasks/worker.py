"""A program in a warm process of its own, which answers one job at a time and is killed at its limit."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, cast

_START_LIMIT = 60.0


class NoAnswer(Exception):
    """A job that was not answered. The message is a reason to show to users."""


class Worker:
    """One process, started when first needed, that takes one job at a time from any thread.

    The program runs `tilth.tasks.serving.serve`. A process that ended, or was killed for a job that took
    too long, is replaced at the next job; a forked child starts one of its own.
    """

    def __init__(self, program: Path) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._inherited: subprocess.Popen[str] | None = None
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    @property
    def pid(self) -> int | None:
        """The process's id, or None where there is none now."""
        return None if self._process is None else self._process.pid

    def ask(self, job: Any, limit: float) -> Any:
        """The program's answer to a job; both are JSON.

        Blocks the calling thread: while the process starts, while it answers others, then `limit` seconds
        at most.

        Raises:
            NoAnswer: The job took longer than `limit` seconds, the process died of it, or none could be
                started.
        """
        with self._lock:
            try:
                return self._answer(job, limit)
            except BaseException:
                # An interrupt leaves an answer under way that the next job must not take for its own.
                self._close()
                raise

    def _answer(self, job: Any, limit: float) -> Any:
        process = self._process
        if process is None or process.poll() is not None:
            self._close()
            try:
                process = self._process = _spawn(self._program)
            except OSError as error:
                raise NoAnswer("the check could not be started") from error
            if not self._exchange(process, None, _START_LIMIT)[0]:
                raise NoAnswer("the check could not be started")
        line, late = self._exchange(process, json.dumps([limit, job]), limit)
        if late:
            self._close()
        if not line:
            raise NoAnswer(f"the check took longer than {limit:g} s" if late else "the check failed")
        return json.loads(line)

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
        """Ends the process. The next job starts another."""
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

    def _forget(self) -> None:
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


def _spawn(program: Path) -> subprocess.Popen[str]:
    # -P keeps the names of the modules in the program's folder off the child's path.
    return subprocess.Popen(  # noqa: S603 - our own program; its jobs go through its pipe
        [sys.executable, "-P", str(program)],
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
