"""A study that is killed with SIGKILL while its fine-tuning job is created or runs, starts no second one.

The study is this file run as a program: `python -m tests.faults.test_tuning_killed FILE BASE_URL`.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.fine_tuning_server import TuningPlan, serve_tuning
from tests.unit.engine.growing import Model, until
from tests.unit.studies.grids import measured

import tilth
from tilth.students import OpenAIFineTuning

WHOLE = {"strategies": ["answer-augmentation"], "ratios": [1], "replicates": 1}


def study(path: Path | str, base_url: str) -> tilth.Study:
    model = tilth.Teacher("base-model", base_url=base_url, max_tokens=40)
    return measured(Model(), Path(path), student=OpenAIFineTuning(model), student_budget=30, **WHOLE)


@pytest.mark.parametrize("plan", [{"faults": {"create": ("slow",)}}, {"course": ("running",)}], ids=str)
def test_the_next_start_finds_the_job(tmp_path: Path, plan: dict[str, object]) -> None:
    path = tmp_path / "s.tilth"
    with serve_tuning(TuningPlan(**plan)) as server:  # type: ignore[arg-type]
        command = [sys.executable, "-m", "tests.faults.test_tuning_killed", str(path), server.base_url]
        with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
            until(lambda: server.books()["jobs"])
            process.kill()
        with closing(sqlite3.connect(path)) as file:
            [(state, queries)] = file.execute(
                "SELECT state, worst_queries FROM ledger WHERE purpose = 'fine-tuning'"
            )
        assert (state, queries) == ("reserved", 1)
        server.plan(TuningPlan())
        resumed = study(path, server.base_url)
        assert (resumed.progress.cells, len(server.books()["jobs"])) == (2, 1)
        student = resumed.progress.student
        assert student is not None
        assert (student.queries, student.in_doubt) == (17, 0)
        assert tilth.verify(path).ok


if __name__ == "__main__":
    study(sys.argv[1], sys.argv[2])
