"""The processes that train end with the one that started them, and by no interrupt that goes past it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.unit.engine.growing import SEEDS, Model, until
from tests.unit.studies.grids import grid
from tests.unit.studies.learners import Learner

import tilth

ROOT = Path(__file__).resolve().parents[3]

STUDY = """
import sys
from pathlib import Path
import tilth
from tests.unit.engine.growing import SEEDS, Model
from tests.unit.studies.grids import grid
from tests.unit.studies.learners import Learner

learner = Learner(sys.argv[1], held=2)
tilth.start_study(SEEDS, confirm=True, **grid(Model(), Path(sys.argv[2]), student=learner)).wait()
"""


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILTH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[Learner]:
    """A student that stays at its third step until it is let go."""
    yield Learner(str(tmp_path), held=2)
    (tmp_path / "go").touch()


def workers(learner: Learner) -> set[int]:
    """The processes in which it is held."""
    return {int(note.rsplit(" ", 1)[1]) for note in learner.notes("held by")}


def test_they_end_soon_after_a_study_that_is_killed(tmp_path: Path, holding: Learner) -> None:
    study = subprocess.Popen(
        [sys.executable, "-c", STUDY, str(tmp_path), str(tmp_path / "s.tilth")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        until(lambda: workers(holding))
    finally:
        study.kill()
    assert study.wait() == -signal.SIGKILL
    until(lambda: not any(map(psutil.pid_exists, workers(holding))))


def test_an_interrupt_of_the_whole_group_is_none_of_theirs(tmp_path: Path, holding: Learner) -> None:
    """A notebook's interrupt reaches every process: a study that goes on behind the cells loses nothing."""
    path = tmp_path / "s.tilth"
    study = tilth.start_study(SEEDS, confirm=True, **grid(Model(), path, student=holding))
    until(lambda: workers(holding))
    for worker in workers(holding):
        os.kill(worker, signal.SIGINT)
    (tmp_path / "go").touch()
    assert study.wait().progress.reason == "every cell is measured"
    assert len(holding.notes("trained from 0")) == len(holding.notes("trained from"))
