"""Runs the programs of a build and of an installation, away from the environment of the tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def run(*command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Output and errors of a command; a failure shows both."""
    done = subprocess.run(
        list(map(str, command)), env=env, cwd=cwd, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{' '.join(map(str, command))} failed:\n{said}"
    return said


def clean_environment(path: str) -> dict[str, str]:
    """The environment of someone who has only `path` on PATH and no Python of ours active."""
    dropped = ("PYTHON", "VIRTUAL_ENV", "JUPYTER", "HATCH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "PATH": path}


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that holds Tilth's wheel."""

    root: Path

    def run(self, name: str, *arguments: str) -> str:
        """Output of a program of the environment, with nothing else on PATH."""
        return run(self.root / "bin" / name, *arguments, env=clean_environment(str(self.root / "bin")))
