"""A program in a process of its own, as a test runs one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import tilth


def elsewhere(text: str, **options: Any) -> Any:
    """Runs a program in a process of its own; what it printed last, as JSON."""
    checkout = Path(__file__).parents[2]
    paths = [str(checkout), str(Path(tilth.__file__).parents[1])]
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        **options,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])
