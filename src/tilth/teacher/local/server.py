"""The llama.cpp servers of this process: each started at first use, shared, started again after it died."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from tilth.errors import ModelMissing, TeacherError
from tilth.teacher.local.endings import how_it_ended
from tilth.teacher.local.models import shown
from tilth.teacher.own_process import NotStarted, OwnProcess

BRINGS_SERVER = 'pip install "tilth[local]"'

START_SECONDS = 600.0
"""Seconds a server may take to load its model: gigabytes from a slow disk."""
IDLE_SECONDS = 600.0
"""Seconds after its last use until it is ended, for its memory."""
_MOMENT = 1.0
"""Seconds between a connection that breaks and the end of the process that held it."""
_PROGRAM = "tilth.teacher.local.program"
_PACKAGE = "xllamacpp"
_BINARY = "llama-server"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a server is started with.

    Attributes:
        model: Path of the GGUF file.
        name: What the server calls it.
        slots: Replies it works on at once.
        context_tokens: Tokens that prompt and reply of each may have together.
        threads: Threads it computes with.
        gpu_layers: Layers on a GPU; None leaves that to the server.
        server: Path of a llama-server; empty for the one in the package xllamacpp.
    """

    model: str
    name: str
    slots: int
    context_tokens: int
    threads: int
    gpu_layers: int | None
    server: str


@dataclass(frozen=True, slots=True, repr=False)
class Running:
    """A server that runs. Its repr does not show the key.

    Attributes:
        base_url: Where it speaks the OpenAI protocol.
        key: The key it asks for, its own and of no other use.
        start: Which start of it this is.
    """

    base_url: str
    key: str
    start: int


def find_server(given: str | Path | None) -> str:
    """Path of the llama-server to use; empty for the one in the package, which is taken first.

    Raises:
        ModelMissing: There is none. The message says what brings one.
    """
    if given is not None:
        text = os.fspath(given)
        found = shutil.which(os.path.expanduser(text))  # noqa: PTH111 - Path would drop the "./" before a name
        if found is None:
            raise ModelMissing(f"server={shown(text)}: there is no such program; pass a llama-server's path")
        return str(Path(found).absolute())
    if find_spec(_PACKAGE) is not None:
        return ""
    found = shutil.which(_BINARY)
    if found is None:
        raise ModelMissing(
            f"no llama.cpp server is here; `{BRINGS_SERVER}` brings one, or put a {_BINARY} on PATH"
        )
    return str(Path(found).absolute())


class LocalServer:
    """One server of this process."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._lock = threading.Lock()
        """Held while it is started, for seconds or minutes: never waited for by a loop."""
        self._counting = threading.Lock()
        self._process: OwnProcess | None = None
        self._running: Running | None = None
        self._starts = self._users = 0
        self._deaths: dict[int, str] = {}
        self._rest: threading.Timer | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.alive

    @property
    def start(self) -> int:
        """How often it was started."""
        return self._starts

    @property
    def pid(self) -> int | None:
        """The process that runs it, or None where it does not run."""
        return self._process.pid if self._process is not None and self._process.alive else None

    @contextmanager
    def used(self) -> Iterator[None]:
        """While this lasts it is not ended for want of use."""
        with self._counting:
            self._users += 1
            if self._rest is not None:
                self._rest.cancel()
                self._rest = None
        try:
            yield
        finally:
            with self._counting:
                self._users -= 1
                if not self._users:
                    self._rest = threading.Timer(IDLE_SECONDS, self.close_unused)
                    self._rest.daemon = True
                    self._rest.start()

    def running(self) -> Running:
        """Where it runs; starts it where it does not, which blocks for seconds, with a big model minutes.

        Raises:
            TeacherError: It could not be started. The message says why, and what to do.
        """
        with self._lock:
            if self._running is not None and self.alive:
                return self._running
        _close_all_unused(but=self)
        with self._lock:
            if self._running is not None and self.alive:
                return self._running
            if self._process is not None:
                self._note_death(self._process)
                self._end()
            key = secrets.token_urlsafe(24)
            try:
                self._process = OwnProcess(
                    _PROGRAM, told=asdict(self.setting) | {"key": key}, patience=START_SECONDS
                )
            except NotStarted as error:
                raise TeacherError(self._why_not_started(error)) from None
            self._starts += 1
            self._running = Running(str(self._process.announced["base_url"]), key, self._starts)
            return self._running

    def death(self, start: int) -> str | None:
        """How it ended after that start, for a message; None where it did not. Waits a moment for its end."""
        with self._lock:
            if self._process is not None and self._starts == start and self._process.ended_within(_MOMENT):
                self._note_death(self._process)
            return self._deaths.get(start)

    def close(self) -> None:
        """Ends it; harmless where it does not run."""
        with self._lock:
            self._end()

    def close_unused(self, *, used_too: bool = False) -> None:
        """Ends it where nothing uses it, or even then. One that is just being started is left alone."""
        if self._lock.acquire(blocking=False):
            try:
                if used_too or not self._users:
                    self._end()
            finally:
                self._lock.release()

    def _note_death(self, process: OwnProcess) -> None:
        code = process.code
        if code is not None and self._starts not in self._deaths:
            self._deaths[self._starts] = self._told(code, process.last_lines())

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
        self._process = self._running = None

    def _why_not_started(self, error: NotStarted) -> str:
        name = f'the llama.cpp server for "{self.setting.name}"'
        if error.late:
            return f"{name} was not ready within {START_SECONDS:.0f} s; take a smaller model"
        return f"{name} could not start: {self._told(error.code, error.lines)}"

    def _told(self, code: int, lines: Sequence[str]) -> str:
        program = Path(self.setting.server).name or f"the package {_PACKAGE}"
        return how_it_ended(code, lines, program=program, model=self.setting.model)


_lock = threading.Lock()
_servers: dict[Setting, LocalServer] = {}


def server_of(setting: Setting) -> LocalServer:
    """The one server of this process with these settings; not started yet where it never ran."""
    with _lock:
        if not _servers:
            atexit.register(close_all)
        return _servers.setdefault(setting, LocalServer(setting))


def _close_all_unused(but: LocalServer) -> None:
    """Gives back the memory of servers that nothing uses, before another takes some."""
    with _lock:
        others = [server for server in _servers.values() if server is not but]
    for server in others:
        server.close_unused()


def close_all() -> None:
    """Ends every server of this process that runs; the next use starts it again.

    One that is being started ends by itself, with this process.
    """
    for server in list(_servers.values()):
        server.close_unused(used_too=True)


def _forget() -> None:
    """A fork starts servers of its own: those of its parent, and their locks, are not its."""
    global _lock  # noqa: PLW0603 - as said
    _lock = threading.Lock()
    _servers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
