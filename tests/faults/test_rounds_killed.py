"""A strategy of rounds and decisions, killed with SIGKILL at any call and resumed, grows what it would have.

The grower is this file run as a program: `python -m tests.faults.test_rounds_killed FILE CALL` kills itself
when that call is out. With `TILTH_KILLS` set, every call is killed once; else every sixth.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine.growing import Model
from tests.unit.engine.rounds import TwoRounds, grown, without_draws

import tilth
from tilth.teacher import CallError

CALLS = 37
"""Calls of the undisturbed run; a test holds it."""


def grow(path: str, at: int) -> None:
    """Grows the file, and dies at call `at`."""

    def fault(key: str, attempt: int, number: int) -> CallError | None:
        if number == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return None

    grown(Model(fault=fault, latency=lambda number: 0.001), TwoRounds(), path=path)


def killed(path: Path, at: int) -> None:
    command = [sys.executable, "-m", "tests.faults.test_rounds_killed", str(path), str(at)]
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tilth.Run:
    return grown(Model(), TwoRounds(), path=str(tmp_path_factory.mktemp("whole") / "run.tilth"))


def test_every_call_has_its_kill(whole: tilth.Run) -> None:
    assert whole.progress.queries == CALLS


@pytest.mark.parametrize("at", range(1, CALLS + 1, 1 if "TILTH_KILLS" in os.environ else 6))
def test_killed_at_a_call_it_resumes_to_the_same_rows(whole: tilth.Run, tmp_path: Path, at: int) -> None:
    path = tmp_path / "run.tilth"
    killed(path, at)
    again = Model()
    resumed = grown(again, TwoRounds(), path=str(path))
    assert resumed.status == "finished"
    assert_frame_equal(without_draws(resumed), without_draws(whole))
    assert resumed.progress.queries == whole.progress.queries + resumed.progress.in_doubt
    assert again.completed < whole.progress.queries or at == 1, "what was journalled was not asked again"
    assert tilth.verify(path, using=[TwoRounds()]).ok


if __name__ == "__main__":
    grow(sys.argv[1], int(sys.argv[2]))
