"""Starts the simulated teacher's server as a process of its own that ends with this one."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tilth.teacher.own_process import NotStarted, OwnProcess

_START = 30.0


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
        try:
            self._process = OwnProcess(
                "tilth.demo.server", ["--port", str(port), "--follow-parent"], patience=_START
            )
        except NotStarted as error:
            why = f"no address within {_START:.0f} seconds" if error.late else str(error)
            wanted = f"port {port}" if port else "a free port"
            raise RuntimeError(f"the demo's server could not start on 127.0.0.1, {wanted}: {why}") from None
        self.pid = self._process.pid
        self.base_url = str(self._process.announced["base_url"])

    def __repr__(self) -> str:
        return f'Server("{self.base_url}", pid={self.pid}, simulated)'

    @property
    def alive(self) -> bool:
        """Whether it runs, and is this process's own rather than that of the process we were forked from."""
        return self._process.alive

    def close(self) -> None:
        """Ends it; harmless where it has ended."""
        self._process.close()


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
