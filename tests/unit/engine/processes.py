"""Other processes that the engine's tests start, to hold a file or to be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import tilth

HOLDER = """
    import asyncio, sys, threading, tilth
    from tests.unit.engine.growing import Model, seeds

    gate = threading.Event()
    teacher = tilth.Teacher(Model(gate=gate))
    run = tilth.start(seeds(5), "question-rephrase", 4, teacher=teacher, path="run.tilth")
    print(run.id, flush=True)
    sys.stdin.readline()
    gate.set()
    run.wait()
    print(run.status, flush=True)
"""
"""Holds "run.tilth", asks nothing more until it is told a line, and then grows two rows."""


def program(text: str) -> subprocess.Popen[str]:
    """A Python process in the test's folder, which may import the tests."""
    checkout = Path(__file__).parents[3]
    paths = [str(checkout), str(Path(tilth.__file__).parents[1])]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def told(process: subprocess.Popen[str], line: str = "") -> str:
    """Tells a process a line, and gives the next it says."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
    return process.stdout.readline().strip()
