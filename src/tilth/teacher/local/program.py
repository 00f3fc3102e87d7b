"""Runs a llama.cpp server until its parent ends: `python -m tilth.teacher.local.program`, told by a line.

The line is a `Setting` as JSON, with a port, a key and the server's path in it: a command line could be read
by everyone on the machine. What is announced is the address, once the model is loaded.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from io import FileIO
from typing import Any, NoReturn

from tilth.teacher.own_process import follow_parent

HOST = "127.0.0.1"
_POLL = 0.05
_ANSWER_SECONDS = 5.0
_WARNINGS = 2
"""What llama.cpp says of itself: errors and warnings."""
_OLD_PROMPTS = 0
"""Megabytes for the states of old prompts: a server would keep 8 GB of them, and ours seldom come again. What
a prompt shares with the one before it is kept in any case."""
_DIES_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""


def main() -> NoReturn:
    """Serves until standard input closes."""
    announcements = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no announcement
    told = json.loads(FileIO(0, closefd=False).readline())  # without a buffer: no byte beyond the line
    binary = _Binary(told) if told["server"] else None

    def end() -> None:
        if binary is not None:
            binary.kill()
        os._exit(0)

    follow_parent(end)
    if binary is None:
        _end_with_input()
    running = binary or _Package(told)
    while not _is_ready(running.port, told["key"]):
        running.check()
        time.sleep(_POLL)
    address = f"http://{HOST}:{running.port}/v1"
    announcements.write(json.dumps({"base_url": address}) + "\n")
    announcements.flush()
    running.wait()


class _Package:
    """The server in the package xllamacpp, within this process: if it dies of a fault, so does this."""

    def __init__(self, told: dict[str, Any]) -> None:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = told["model"]
        parameters.model_alias = {told["name"]}
        parameters.hostnames = [HOST]
        parameters.port = 0
        parameters.api_keys = [told["key"]]
        parameters.n_parallel = told["slots"]
        parameters.n_ctx = told["context_tokens"] * told["slots"]
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = told["threads"]
        if told["gpu_layers"] is not None:
            parameters.n_gpu_layers = told["gpu_layers"]
            parameters.fit_params = False
        parameters.cache_ram_mib = _OLD_PROMPTS
        parameters.ui = False
        parameters.verbosity = _WARNINGS
        self._server = xllamacpp.Server(parameters)
        self.port = int(self._server.listening_address.rpartition(":")[2])

    def check(self) -> None:
        """It ends with this process."""

    def wait(self) -> NoReturn:
        """Waits as long as it serves."""
        while True:
            threading.Event().wait()


class _Binary:
    """A llama-server that the user has, as a process below this one."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.port = _free_port()
        size, gpu = str(told["context_tokens"] * told["slots"]), told["gpu_layers"]
        threads = str(told["threads"])
        self._process = subprocess.Popen(  # noqa: S603 - the program that the user named or has on PATH
            [
                *(told["server"], "--model", told["model"], "--alias", told["name"]),
                *("--host", HOST, "--port", str(self.port), "--parallel", str(told["slots"])),
                *("--ctx-size", size, "--threads", threads, "--threads-batch", threads, "--jinja"),
                *(() if gpu is None else ("--n-gpu-layers", str(gpu))),
            ],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LLAMA_API_KEY": told["key"], "LLAMA_ARG_CACHE_RAM": str(_OLD_PROMPTS)},
            preexec_fn=_dying_with_parent(),  # noqa: PLW1509 - there are no threads yet
        )

    def check(self) -> None:
        """Ends this process as the server ended, where it did."""
        if self._process.poll() is not None:
            self.wait()

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

    def wait(self) -> NoReturn:
        """Waits as long as it serves, and ends as it does: by the same code, or the same signal."""
        code = self._process.wait()
        if code < 0:
            signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
            os.kill(os.getpid(), -code)
        os._exit(code or 1)


def _dying_with_parent() -> Callable[[], None] | None:
    """What a child of this process does first, so that it ends even where this process is killed."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(_DIES_WITH_PARENT, signal.SIGKILL)


def _end_with_input() -> None:
    """Has the kernel end this process when standard input closes: by SIGIO, whose default is to end it.

    No thread of Python's can: the package holds the interpreter's lock while it loads a model, for minutes.
    """
    if not sys.platform.startswith("linux"):
        return
    import fcntl

    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | fcntl.FASYNC)
    if select.select([0], [], [], 0)[0]:  # it closed before that
        os._exit(0)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as taken:
        return int(taken.getsockname()[1])


def _is_ready(port: int, key: str) -> bool:
    """Whether it has its model loaded, and is ours: before it says 503, and another does not take the key.

    Its health and its list of models are told to everybody, the list even while the model is loaded.
    """
    connection = HTTPConnection(HOST, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/props", headers={"Authorization": f"Bearer {key}"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
