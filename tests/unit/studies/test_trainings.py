"""Students that take minutes: trained once, beside everything else, gone on with, told while they train."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine.growing import SEEDS, Model, until
from tests.unit.studies.grids import comparable, grid, measured, questions
from tests.unit.studies.learners import MACHINE, Learner

import tilth
from tilth.engine.events import CellTrained
from tilth.students import StudentError
from tilth.studies.frame import studies_schema
from tilth.studies.training import machine

CELLS, LINES = 8, 3
"""Of the grid that is measured here, and its base lines: zero-shot, and seeds-only in each replicate."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("TILTH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def log(tmp_path: Path) -> str:
    folder = tmp_path / "log"
    folder.mkdir()
    return str(folder)


@pytest.fixture
def holding(log: str) -> Iterator[Learner]:
    """A student that stays at its third step until it is let go."""
    yield Learner(log, held=2)
    (Path(log) / "go").touch()


def started(path: Path, student: Any, **changes: Any) -> tilth.Study:
    return tilth.start_study(SEEDS, confirm=True, **grid(Model(), path, student=student, **changes))


def kept(cache: Path) -> list[Path]:
    return sorted((cache / "students" / "cells").rglob("*.json"))


def test_a_cell_tells_what_is_cut_off_and_on_what_it_was_trained(tmp_path: Path, log: str) -> None:
    student = Learner(log)
    held_out = questions(20).tail(4)
    study = measured(Model(), tmp_path / "s.tilth", student=[student, "neighbour"], validation=held_out)
    p = study.progress
    assert (p.reason, p.cells, p.all_cells) == (
        "every cell is measured",
        2 * CELLS + LINES,
        2 * CELLS + LINES,
    )
    frame = study.frame.filter(student="learner", test="test")
    assert frame.height == CELLS
    assert set(frame["cut_off"]) == {0.5}
    assert set(frame["machine"]) == {MACHINE}
    assert frame["trained_on"].equals(frame["rows"], check_names=False)
    assert set(frame["student_options"]) == {'{"target":"query"}'}
    plain = study.frame.filter(student="neighbour")
    assert plain["cut_off"].null_count() == plain["machine"].null_count() == plain.height == 2 * CELLS
    assert all(note.endswith("rows, 4 to look at") for note in student.notes("trained"))
    assert tilth.verify(study.path).ok


def test_base_lines_are_measured_once_and_stand_apart(tmp_path: Path, log: str) -> None:
    study = measured(Model(), tmp_path / "s.tilth", student=Learner(log), sizes=[2, 5])
    lines = study.base_lines
    assert dict(lines.schema) == studies_schema()
    told = lines.select("strategy", "seeds", "replicate", "ratio", "rows", "trained_on", "seed_rows").rows()
    assert told == [
        ("zero-shot", 0, 0, 0.0, 0, 0, False),
        *(("seeds-only", size, replicate, 0.0, 0, size, True) for size in (2, 5) for replicate in (0, 1)),
    ]
    assert not set(study.frame["strategy"]) & set(lines["strategy"])
    assert set(lines["cell_id"]) < set(study.outcomes["cell_id"])
    assert study.cell(lines["cell_id"][0])["outcomes"].height == 8
    assert study.progress.cells == study.frame.height + lines.height == 2 * CELLS + 5
    assert tilth.open_study(study.path).base_lines.equals(lines)
    again = measured(Model(), study.path, student=Learner(log), sizes=[2, 5])
    assert again.base_lines.equals(lines)


def test_no_cell_is_trained_twice(tmp_path: Path, log: str, cache: Path) -> None:
    student = Learner(log)
    first = measured(Model(), tmp_path / "a.tilth", student=student)
    assert len(student.notes("trained")) == CELLS + LINES - 1
    assert len(student.notes("untrained")) == 1
    assert len(kept(cache)) == CELLS + LINES
    assert not list((cache / "students" / "trainings").iterdir())
    # another study with the same rows and questions, and more of both
    second = measured(Model(), tmp_path / "b.tilth", student=student, ratios=[1, 2, 4])
    assert len(student.notes("trained")) == CELLS + LINES - 1 + 4
    same = second.frame.filter(pl.col("ratio") < 4)
    ids = ["study_id", "cell_id", "run_id", "seconds"]
    assert_frame_equal(same.drop(ids), first.frame.drop(ids), check_row_order=False)
    # what decides its answers otherwise is trained anew
    before = len(student.notes("trained"))
    for changes in ({"student": Learner(log, steps=5)}, {"test": questions(6)}, {"random_state": 1}):
        measured(Model(), tmp_path / f"{list(changes)}.tilth", **{"student": student, **changes})
        after = len(student.notes("trained"))
        assert after == before + CELLS + LINES - 1, changes
        before = after


def test_two_studies_at_once_train_each_cell_once(tmp_path: Path, holding: Learner) -> None:
    studies = [started(tmp_path / f"{name}.tilth", holding) for name in ("a", "b")]
    until(lambda: holding.notes("held"))
    (Path(holding.log) / "go").touch()
    for study in studies:
        assert study.wait().progress.reason == "every cell is measured"
    assert len(holding.notes("trained from 0 ")) == len(holding.notes("trained")) == CELLS + LINES - 1
    first, second = (comparable(study.frame) for study in studies)
    assert first.equals(second)


SPOILT: list[bytes | dict[str, Any]] = [
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    {"version": 2},
    {"key": "0" * 64},
    {"answers": []},
    {"answers": [[["1", False]]]},
    {"answers": [[[1, 0]] * 8]},
    {"seconds": "soon"},
    {"trained_on": -1},
    {"machine": "x" * 1_000},
]


def test_a_kept_cell_that_is_spoilt_is_measured_anew(tmp_path: Path, log: str, cache: Path) -> None:
    student = Learner(log)
    many = {"student": student, "ratios": [1, 2, 4]}
    first = measured(Model(), tmp_path / "a.tilth", **many)
    trained = len(student.notes(""))
    spoilt = dict(zip(kept(cache), SPOILT, strict=False))
    assert len(spoilt) == len(SPOILT) < trained
    whole = {path: json.loads(path.read_bytes()) for path in spoilt}
    for path, other in spoilt.items():
        path.write_bytes(other if isinstance(other, bytes) else json.dumps(whole[path] | other).encode())
    second = measured(Model(), tmp_path / "b.tilth", **many)
    assert len(student.notes("")) == trained + len(spoilt)
    assert comparable(second.frame).equals(comparable(first.frame))
    for path, before in whole.items():
        assert json.loads(path.read_bytes())["answers"] == before["answers"]


def test_nothing_is_kept_where_the_cache_cannot_be_written(tmp_path: Path, log: str, cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    study = measured(Model(), tmp_path / "s.tilth", student=Learner(log))
    assert study.progress.reason == "every cell is measured"


def test_a_training_is_told_while_it_goes_on_and_holds_up_no_growing(
    tmp_path: Path, holding: Learner
) -> None:
    study = started(tmp_path / "s.tilth", holding)
    mailbox, told = study.subscribe(), set()

    def came() -> bool:
        told.update((one.step, one.steps) for one in mailbox.drain() if isinstance(one, CellTrained))
        return (2, 4) in told

    until(came)
    until(lambda: any(one.step == 2 for one in study.progress.training))
    until(lambda: study.progress.runs == study.progress.all_runs == 4)
    [one, *_] = [one for one in study.progress.training if one.step == 2]
    assert (one.steps, one.loss, one.seconds, one.seconds_left) == (4, 1 / 3, 4.0, 4.0)
    assert one.told.startswith("student learner (target=query), ")
    (Path(holding.log) / "go").touch()
    study.wait()
    assert study.progress.training == ()
    assert study.progress.reason == "every cell is measured"


@pytest.mark.parametrize("end", ["stop", "abort"])
def test_a_training_that_is_ended_goes_on_from_where_it_was(
    tmp_path: Path, holding: Learner, cache: Path, end: str
) -> None:
    path = tmp_path / "s.tilth"
    study = started(path, holding)
    until(lambda: holding.notes("held"))
    held = len(holding.notes("held"))
    getattr(study, end)()
    study.wait()
    assert study.status == {"stop": "stopped", "abort": "aborted"}[end]
    assert len(list((cache / "students" / "trainings").glob("*/step"))) >= held
    (Path(holding.log) / "go").touch()
    done = measured(Model(), path, student=holding)
    assert done.progress.reason == "every cell is measured"
    assert len(holding.notes("trained from 2 ")) >= held
    other = measured(Model(), tmp_path / "t.tilth", student=holding)
    assert comparable(done.frame).equals(comparable(other.frame))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("told", r"^student learner \(target=query\), .*: it has no base model$"),
        ("raised", r"^student learner \(target=query\), .*: OSError: no such model$"),
        (
            "killed",
            r"^student learner \(target=query\), .* was ended from outside .*, most often for want of mem",
        ),
    ],
)
def test_a_student_that_fails_fails_the_study_and_is_named(
    tmp_path: Path, log: str, fault: str, message: str
) -> None:
    path = tmp_path / "s.tilth"
    with pytest.raises(tilth.StudentError, match=message):
        measured(Model(), path, student=Learner(log, fault=fault))
    study = tilth.open_study(path)
    assert study.status == "failed"
    assert study.progress.reason is not None
    assert study.progress.reason.startswith("student learner")
    assert measured(Model(), path, student=Learner(log)).progress.reason == "every cell is measured"


def test_a_study_that_is_whole_needs_nothing_that_trains(tmp_path: Path, log: str) -> None:
    whole = measured(Model(), tmp_path / "s.tilth", student=Learner(log))
    absent = Learner(log, fault="absent")
    again = started(whole.path, absent).wait()
    assert (again.status, again.progress.reason) == ("finished", "every cell is measured")
    assert again.frame.equals(whole.frame)
    with pytest.raises(StudentError, match="needs what is not installed"):
        started(tmp_path / "other.tilth", absent)


def test_names_of_base_lines_are_taken(tmp_path: Path) -> None:
    class Named(tilth.strategies.available()["answer-augmentation"]):  # type: ignore[misc]
        """Answers, under a name that is taken."""

        name = "zero-shot"

    with pytest.raises(ValueError, match="zero-shot is the name of a base line"):
        measured(Model(), tmp_path / "s.tilth", strategies=[Named()])


def test_a_plan_tells_what_trainings_take(log: str, tmp_path: Path) -> None:
    options = grid(Model(), tmp_path / "s.tilth", student=Learner(log), strategies=["answer-augmentation"])
    planned = tilth.plan_study(SEEDS, **{**options, "replicates": 1})
    # by the rows of its two cells and of the seeds, and 8 questions of each and of the untrained
    whole = (5 + 10 + 5 + 0) + 4 * 0.5 * 8
    assert planned.cells == 4
    assert planned.training_memory is not None
    side_by_side = planned.training_memory / Learner.needs_memory
    assert planned.training_seconds == pytest.approx(whole / side_by_side)
    plain = tilth.plan_study(SEEDS, **{**options, "student": "neighbour"})
    assert plain.training_seconds is plain.training_memory is None


@pytest.mark.parametrize(
    ("memory", "most", "expected"),
    [
        (1, 100, (4, 1)),  # as many as there are cores
        (1, 3, (3, 1)),
        (1, 1, (1, 4)),
        (500, 100, (2, 2)),  # as many as fit in 1,000 bytes
        (10**6, 100, (1, 4)),  # one at least
        (0, 100, (4, 1)),
    ],
)
def test_cores_and_memory_are_shared_out(memory: int, most: int, expected: tuple[int, int]) -> None:
    shared = machine.share(memory, most, there=4, free=1_000)
    assert (shared.processes, shared.threads) == expected
    assert set(shared.environment.values()) == {str(expected[1])}


@pytest.mark.parametrize(
    ("files", "free"),
    [
        (
            {"memory.max": "3000", "memory.current": "2500", "memory.stat": "anon 9\ninactive_file 700\n"},
            1_200,
        ),
        ({"memory.max": "max", "memory.current": "2500", "memory.stat": "inactive_file 700\n"}, None),
        ({"memory.max": "3000", "memory.current": "9000", "memory.stat": ""}, 0),
        ({}, None),
        (
            {
                "memory/memory.limit_in_bytes": "3000",
                "memory/memory.usage_in_bytes": "1000",
                "memory/memory.stat": "total_inactive_file 5\n",
            },
            2_005,
        ),
    ],
)
def test_the_limit_of_a_container_is_read(tmp_path: Path, files: dict[str, str], free: int | None) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert machine.left_in_group(tmp_path) == free
    assert machine.free_memory() > 0
