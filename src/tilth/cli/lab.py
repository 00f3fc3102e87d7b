"""The command that opens JupyterLab on the first notebook: `lab`."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
import sys
import threading
from argparse import Namespace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from tilth.cli import DONE, FAILED
from tilth.cli.terminal import say

FIRST = "01-first-harvest.ipynb"

_GRACE = 10.0
"""Seconds that a server has to shut down its kernels before it is killed."""


def lab(options: Namespace) -> int:
    """Copies the notebooks to a folder of the user's, where they are not there yet, and opens the first."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise RuntimeError(f"JupyterLab is not installed in {sys.prefix}; run `pip install jupyterlab` there")
    folder = Path(options.dir)
    folder.mkdir(parents=True, exist_ok=True)
    for name in notebooks():
        if not (folder / name).exists():
            with resources.as_file(_home() / name) as packaged:
                shutil.copyfile(packaged, folder / name)
    say(f"{folder / FIRST}: your copy; changes stay")
    command = [sys.executable, "-m", "jupyterlab", str(folder / FIRST)]
    command += [f"--port={options.port}"] if options.port else []
    command += ["--no-browser"] if options.no_browser else []
    command += options.jupyter
    server = subprocess.Popen(command)  # noqa: S603 - our own interpreter
    # Handlers, unlike SIG_IGN, are not inherited by it. JupyterLab asks before Ctrl-C ends it; what ends this
    # process ends it too, else it would serve on with nobody to stop it.
    answers = {signal.SIGINT: lambda *_: None, signal.SIGTERM: lambda *_: _end(server)}
    before = {number: signal.signal(number, answer) for number, answer in answers.items()}
    try:
        return DONE if server.wait() == 0 else FAILED
    finally:
        for number, answer in before.items():
            signal.signal(number, answer)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ends a server. One that has stopped may not leave: an idle thread can hold it for ever."""
    server.terminate()
    killer = threading.Timer(_GRACE, server.kill)
    killer.daemon = True
    killer.start()


def notebooks() -> list[str]:
    """Names of the notebooks that come with Tilth, the first one first."""
    return sorted(entry.name for entry in _home().iterdir() if entry.name.endswith(".ipynb"))


def _home() -> Traversable:
    packaged = resources.files("tilth") / "notebooks"
    if packaged.joinpath(FIRST).is_file():
        return packaged
    checkout = Path(__file__).parents[3] / "notebooks"
    if (checkout / FIRST).is_file():
        return checkout
    raise FileNotFoundError(f"{FIRST} is not in this installation; install tilth again")
