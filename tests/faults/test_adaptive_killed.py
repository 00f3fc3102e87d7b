"""A run that decides as it grows, killed with SIGKILL in a training or later, ends as it would have.

The grower is this file run as a program: `python -m tests.faults.test_adaptive_killed FILE HELD QUERIES`. Its
first training waits until the file HELD is gone; at so many queries it kills itself. With `TILTH_KILLS` set,
it dies at every thirtieth query, else at one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.support.processes import PATIENCE, until

import tilth

SEEDS = tilth.demo.seeds(20)
BUDGET = 640
TRAINING = "its first training"
SAME = ["row_id", "round", "question", "response", "verdict", "extra"]


def learner(held: Path, rows: pl.DataFrame) -> Any:
    """The parser, which says that it has begun, and waits as long as it is held."""
    held.with_suffix(".begun").touch()
    while held.exists():
        time.sleep(0.02)
    return tilth.students.get("parser").train(rows)


def start(path: Path, held: Path) -> tilth.Run:
    strategy = tilth.Adaptive(tilth.demo.questions().head(120), partial(learner, held))
    return tilth.start(SEEDS, strategy, BUDGET, teacher=tilth.demo.teacher(), path=path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tilth.Run:
    folder = tmp_path_factory.mktemp("whole")
    return start(folder / "run.tilth", folder / "held").wait()


@pytest.mark.parametrize("at", [TRAINING, *(range(10, BUDGET, 30) if "TILTH_KILLS" in os.environ else [150])])
def test_killed_it_decides_and_grows_as_it_would_have(
    whole: tilth.Run, tmp_path: Path, at: int | str
) -> None:
    path, held = tmp_path / "run.tilth", tmp_path / "held"
    queries = at if isinstance(at, int) else BUDGET
    if not isinstance(at, int):
        held.touch()
    command = [sys.executable, "-m", "tests.faults.test_adaptive_killed", str(path), str(held), str(queries)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as grower:
        try:
            if not isinstance(at, int):
                assert until(held.with_suffix(".begun").exists)
                grower.kill()
            assert grower.wait(PATIENCE) == -signal.SIGKILL
        finally:
            grower.kill()
            held.unlink(missing_ok=True)
    before = tilth.decisions(tilth.open_run(path))
    resumed = start(path, held).wait()
    made = tilth.decisions(resumed)
    assert_frame_equal(before, made.head(before.height))
    # what is in doubt counts as spent
    spending = ("queries", "reason")
    assert_frame_equal(made.drop(spending), tilth.decisions(whole).drop(spending))
    same = resumed.rows.select(SAME)
    assert_frame_equal(same, whole.rows.select(SAME).join(same, on="row_id", how="semi"))
    assert resumed.progress.queries - resumed.progress.in_doubt <= whole.progress.queries <= BUDGET
    assert tilth.verify(path).findings == ()


if __name__ == "__main__":
    file, waits, most = sys.argv[1:]
    growing = start(Path(file), Path(waits))
    while growing.progress.queries < int(most):
        time.sleep(0.002)
    os.kill(os.getpid(), signal.SIGKILL)
