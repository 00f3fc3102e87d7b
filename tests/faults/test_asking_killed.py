"""A study whose student asks a model, killed with SIGKILL at any call and resumed, measures the same cells.

The study is this file run as a program: `python -m tests.faults.test_asking_killed FILE CALL` kills itself
when that call to its student is out. With `TILTH_KILLS` set, every call is killed once; else a few.
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
from tests.unit.studies.grids import comparable, measured

import tilth
from tilth.students import InContext
from tilth.teacher import CallError

CALLS = 71
"""Calls to the student of the undisturbed study, and the limit on them; a test holds it."""


def study(student: Model, path: Path | str, budget: int = CALLS) -> tilth.Study:
    asked = InContext(tilth.Teacher(student, max_tokens=40, concurrency=3), shots=2)
    return measured(Model(), Path(path), student=asked, student_budget=budget)


def measure(path: str, at: int) -> None:
    """Measures in the file, and dies at call `at`."""

    def fault(key: str, attempt: int, number: int) -> CallError | None:
        if number == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return None

    study(Model(fault=fault, latency=lambda number: 0.001), path)


def killed(path: Path, at: int) -> None:
    command = [sys.executable, "-m", "tests.faults.test_asking_killed", str(path), str(at)]
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tilth.Study:
    return study(Model(), tmp_path_factory.mktemp("whole") / "s.tilth")


def spent(of: tilth.Study) -> int:
    student = of.progress.student
    assert student is not None
    return student.queries


def test_every_call_has_its_kill(whole: tilth.Study) -> None:
    assert spent(whole) == CALLS
    assert whole.progress.cells == whole.progress.all_cells


@pytest.mark.parametrize("at", range(1, CALLS + 1) if "TILTH_KILLS" in os.environ else (12, CALLS))
def test_killed_at_a_call_it_resumes_to_the_same_cells(whole: tilth.Study, tmp_path: Path, at: int) -> None:
    path = tmp_path / "s.tilth"
    killed(path, at)
    tight = study(Model(), path)
    assert spent(tight) <= CALLS, "what is in doubt counts against the limit"
    again = Model()
    resumed = study(again, path, 2 * CALLS)
    assert_frame_equal(comparable(resumed.frame), comparable(whole.frame))
    student = resumed.progress.student
    assert student is not None
    assert 1 <= student.in_doubt <= 4, "those that were out, or reserved for a slot that comes free"
    assert student.queries == CALLS + student.in_doubt, "what was journalled was not asked again"
    report = tilth.verify(path)
    assert report.ok, report.findings


if __name__ == "__main__":
    measure(sys.argv[1], int(sys.argv[2]))
