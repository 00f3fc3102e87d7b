"""What tells a study's cells apart: two settings of one strategy, what stands twice, and older files."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.unit.engine import older
from tests.unit.engine.growing import SEEDS, Model
from tests.unit.studies.grids import constant, grid, measured

import tilth
from tilth import students
from tilth.checks import Resolve
from tilth.engine.file.format.digests import digest
from tilth.engine.file.journal import Journal
from tilth.strategies import registry
from tilth.strategies.base import Ask, Candidate, Strategy, Unit, UnitCost
from tilth.strategies.check import with_checks
from tilth.studies import store
from tilth.studies.grid import Grid
from tilth.tasks.base import Task


@dataclass(frozen=True)
class Several(Strategy):
    """Several answers in one unit."""

    answers: int = 2
    tone: str = "plain"
    name = "test-several"
    title = "Several"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=self.answers, rows=self.answers)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        for reply in await ask.many(task.answer(unit.seed.question), self.answers):
            yield Candidate(unit.seed.question, reply, unit.seed.reference)


def test_two_settings_of_one_strategy_are_told_apart(tmp_path: Path) -> None:
    answers = registry.get("answer-augmentation")
    study = measured(
        Model(),
        tmp_path / "s.tilth",
        strategies=[Several(), Several(answers=3), answers, with_checks(answers, [Resolve()])],
        ratios=[6],
        replicates=1,
    )
    assert study.progress.reason == "every cell is measured"
    found = study.frame.select("strategy", "options", "rows").rows()
    assert found == [
        ("test-several", "{}", 30),
        ("test-several", '{"answers":3}', 30),
        ("answer-augmentation", "{}", 30),
        ("answer-augmentation", '{"checks":[{"name":"re-solve","options":{}}]}', 25),  # 5 were asked about
    ]
    assert study.frame["cell_id"].n_unique() == study.frame["run_id"].n_unique() == 4
    assert study.outcomes["cell_id"].n_unique() == 4
    assert [(run.strategy, run.options) for run in tilth.open_study(study.path).runs] == [
        line[:2] for line in found
    ]
    assert tilth.verify(study.path, using=[Several(), Several(answers=3)]).ok
    said = tilth.chart(study).alt_text
    for title in ("test-several (answers=3)", "test-several", "Answers (re-solve)", "Answers"):
        assert f"{title} " in said


def test_two_settings_of_one_student_are_told_apart(tmp_path: Path) -> None:
    study = measured(
        Model(),
        tmp_path / "s.tilth",
        strategies=["answer-augmentation"],
        student=["neighbour", "neighbour(k=1)", constant],
        ratios=[1, 2],
        replicates=1,
    )
    students = [("neighbour", "{}"), ("neighbour", '{"k":1}'), ("constant", "{}")]
    told = study.frame.select("ratio", "student", "student_options").rows()
    assert told == [(ratio, *student) for ratio in (1.0, 2.0) for student in students]
    assert study.frame["cell_id"].n_unique() == 6
    assert study.frame["cut_off"].null_count() == study.frame["machine"].null_count() == 6
    assert study.frame.filter(student="constant")["trained_on"].to_list() == [5, 10]
    figure = tilth.chart(study)
    assert "Student neighbour, neighbour (k=1) and constant, test set" in figure.alt_text
    for title in ("5 seeds · neighbour, ", "5 seeds · neighbour (k=1), ", "5 seeds · constant, "):
        assert title in figure.alt_text
    alone = tilth.chart(study.frame.filter(student="neighbour"), study.outcomes)
    assert "5 seeds · neighbour (k=1), " in alone.alt_text


def test_what_has_no_options_is_named_as_before_there_were_any() -> None:
    made = tuple(students.get(one) for one in ("parser", "neighbour", constant, "neighbour(k=7)"))
    grid = Grid((registry.get("new-question"),), (5,), (2.0,), 1, made, (False,), ("label",), 0)
    assert grid.identity()["students"] == [
        "parser",
        "neighbour",
        "constant",
        {"name": "neighbour", "options": {"k": 7}},
    ]
    [run] = grid.runs()
    ids = {cell.student: cell.id("a" * 16) for cell in grid.cells(run)}
    assert ids[made[0]] == digest(["a" * 16, "new-question", 5, 2.0, 0, "parser", False, "label"])[:16]
    assert len(set(ids.values())) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"strategies": ["new-question", registry.get("new-question")]},
            "new-question stands there more than once as it comes",
        ),
        (
            {"strategies": [Several(answers=3), Several(3)]},
            'test-several stands there more than once with the same options, {"answers":3}',
        ),
        (
            {"strategies": [with_checks(Several(), [Resolve()])], "checks": [Resolve()]},
            "test-several has checks of its own",
        ),
        (
            {"student": ["neighbour", constant, constant]},
            "two are called 'constant'",
        ),
        ({"student": ["neighbour(k=7)", "neighbour(k = 7)"]}, "two are called 'neighbour (k=7)'"),
        ({"reuse": "old.tilth"}, "pass a list of paths"),
    ],
)
def test_what_stands_twice_is_told(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        tilth.start_study(SEEDS, **grid(Model(), tmp_path / "s.tilth", **changes))
    assert not (tmp_path / "s.tilth").exists()


def test_a_cell_is_replaced_by_the_same_cell_only_and_only_while_it_is_not_whole(tmp_path: Path) -> None:
    study = measured(Model(), tmp_path / "s.tilth", ratios=[1], replicates=1)
    record, *_ = study.frame.to_dicts()
    answers = {"test": [("test-0000", "1", True)]}
    journal = Journal(study.path)
    try:
        with pytest.raises(tilth.JournalError, match=r"is measured on 'test' already"):
            journal.write_now(store.save_cell([{**record, "correct": 0}], answers))
    finally:
        journal.close()
    assert study.frame.to_dicts()[0] == record
    assert tilth.verify(study.path).ok
    half = {**record, "cell_id": "half", "complete": False, "n_test": 1}
    journal = Journal(study.path)
    try:
        for correct in (False, True):
            told = {**half, "correct": int(correct)}
            journal.write_now(store.save_cell([told], {"test": [("q", "1", correct)]}))
    finally:
        journal.close()
    assert study.frame.filter(cell_id="half")["correct"].to_list() == [1]
    assert study.outcomes.filter(cell_id="half")["correct"].to_list() == [True]


def test_a_study_of_an_older_file_is_read_and_not_measured_again(tmp_path: Path) -> None:
    path = Path(shutil.copy(older.STUDY, tmp_path / "older.tilth"))
    study = tilth.open_study(path)
    assert study.status == "finished"
    assert set(study.frame["options"]) == {"{}"}
    assert study.progress.cells == study.progress.all_cells
    assert {run.options for run in study.runs} == {"{}"}
    assert tilth.chart(study).data["options"].unique().to_list() == ["{}"]
