"""Starts the simulated teacher's server as a process of its own that ends with this one."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tilth

_START = 30.0
_STOP = 5.0


class Server:
    """A running server of the simulated teacher, a rule-based simulation and no language model.

    Attributes:
        base_url: Where it speaks the OpenAI protocol, such as "http://127.0.0.1:40123/v1".
        pid: Its process.

    Example:
        >>> with tilth.demo.serve() as server:
        ...     server.alive
        True
    """

    def __init__(self, port: int = 0) -> None:
        folder = str(Path(tilth.__file__).resolve().parent.parent)
        path = os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])
        # -P keeps the user's working folder out of the module path: a json.py there is none of ours.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(  # noqa: S603 - our own module, by a fixed command
            [sys.executable, "-P", "-m", "tilth.demo.server", "--port", str(port), "--follow-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._owner = os.getpid()
        self.pid = self._process.pid
        self.base_url = self._announced(port)

    def __repr__(self) -> str:
        return f'Server("{self.base_url}", pid={self.pid}, simulated)'

    @property
    def alive(self) -> bool:
        """Whether it runs, and is this process's own rather than that of the process we were forked from."""
        return self._owner == os.getpid() and self._process.poll() is None

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

    def _announced(self, port: int) -> str:
        """The address that the new process prints, within 30 seconds."""
        impatient = threading.Timer(_START, self._process.kill)
        impatient.start()
        line = self._process.stdout.readline() if self._process.stdout else b""
        impatient.cancel()
        try:
            return str(json.loads(line)["base_url"])
        except (ValueError, KeyError):
            self._process.kill()
            self._process.wait(_STOP)
            self._errors.seek(0)
            last = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            why = last[0] if last else f"no address within {_START:.0f} seconds"
            self.close()
            wanted = f"port {port}" if port else "a free port"
            raise RuntimeError(f"the demo's server could not start on 127.0.0.1, {wanted}: {why}") from None


@contextmanager
def serve(port: int = 0) -> Iterator[Server]:
    """Runs the simulated teacher's server while the context lasts: `with tilth.demo.serve() as server`.

    It is a rule-based simulation behind the OpenAI protocol, no language model. `server.base_url` is what
    any OpenAI client takes; no key is needed; the models are "tilth-demo-simulation" and its knobs, such
    as "tilth-demo-simulation-skill1-drift0.3". Port 0 takes a free one.

    Raises:
        RuntimeError: The server could not start, with its own last words.

    Example:
        >>> with tilth.demo.serve() as server:
        ...     teacher = tilth.Teacher("tilth-demo-simulation", base_url=server.base_url)
        ...     run = tilth.generate_sync(tilth.demo.seeds(10), "answer-augmentation", 10, teacher=teacher)
        >>> run.progress.queries
        10
    """
    server = Server(port)
    try:
        yield server
    finally:
        server.close()


_lock = threading.Lock()
_shared: Server | None = None


def shared() -> Server:
    """The one server that all demo teachers of this process share, started at first use or after it died."""
    global _shared  # noqa: PLW0603 - one server for the whole process is what is meant
    with _lock:
        if _shared is None or not _shared.alive:
            if _shared is None:
                atexit.register(_close_shared)
            _shared = Server()
        return _shared


def _close_shared() -> None:
    if _shared is not None:
        _shared.close()
