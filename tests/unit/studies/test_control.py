"""A study that is stopped, aborted, cancelled or fails: where it stands, what is left, and how it goes on."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine.growing import REFUSED, SEEDS, Model, until
from tests.unit.engine.processes import program, told
from tests.unit.studies.grids import comparable, grid, ledger, measured

import tilth
from tilth.engine.events import CellMeasured

CONFIRM = {"confirm": True}


class Endless:
    """A student that never has learnt enough; each process that trains it leaves its number in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, rows: pl.DataFrame) -> Any:
        (self.folder / str(os.getpid())).touch()
        threading.Event().wait()

    def processes(self) -> list[int]:
        """The numbers of the processes in which it was trained."""
        return [int(path.name) for path in self.folder.iterdir()]


@pytest.fixture
def endless(tmp_path: Path) -> Endless:
    folder = tmp_path / "training"
    folder.mkdir()
    return Endless(folder)


def works(process: int) -> bool:
    """Whether a process is there and does something: one that has ended may wait for its parent."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def opened(path: Path) -> tuple[str, str | None]:
    study = tilth.open_study(path)
    return study.status, study.progress.reason


def test_an_abort_while_it_grows_is_aborted_everywhere_and_goes_on(tmp_path: Path) -> None:
    path, held = tmp_path / "s.tilth", Model(gate=threading.Event(), free=7)
    study = tilth.start_study(SEEDS, **CONFIRM, **grid(held, path))
    until(lambda: held.out)
    assert study.status == "running"
    study.abort()
    study.wait()
    told = ("aborted", "aborted by the user")
    assert (study.status, study.progress.reason) == opened(path) == told
    assert not held.out
    assert [run.status for run in study.runs] == ["aborted"]
    resumed = measured(Model(), path)
    assert_frame_equal(comparable(resumed.frame), comparable(measured(Model(), tmp_path / "t.tilth").frame))


def test_an_abort_while_students_train_ends_their_processes(tmp_path: Path, endless: Endless) -> None:
    path = tmp_path / "s.tilth"
    study = tilth.start_study(SEEDS, **CONFIRM, **grid(Model(), path, student=endless, sizes=[2, 5]))
    until(endless.processes)
    study.abort()
    study.wait()
    assert (study.status, study.frame.height) == ("aborted", 0)
    assert opened(path) == ("aborted", "aborted by the user")
    until(lambda: not any(works(process) for process in endless.processes()))
    assert tilth.verify(path).ok
    # another study is not harmed by it
    assert measured(Model(), tmp_path / "t.tilth", sizes=[2, 5]).status == "finished"


def test_a_stop_lets_what_was_started_finish(tmp_path: Path) -> None:
    path, held = tmp_path / "s.tilth", Model(gate=threading.Event(), free=7)
    study = tilth.start_study(SEEDS, **CONFIRM, **grid(held, path))
    until(lambda: held.out)
    study.stop()
    held.gate.set()
    study.wait()
    assert (study.status, study.progress.reason) == opened(path) == ("stopped", "stopped by the user")
    assert study.progress.in_doubt == 0
    assert held.completed == ledger(path)[0]
    assert measured(Model(), path).progress.reason == "every cell is measured"


def test_a_failure_is_stored_with_its_reason(tmp_path: Path) -> None:
    path, down = tmp_path / "s.tilth", Model(fault=lambda key, attempt, number: REFUSED)
    study = tilth.start_study(SEEDS, **CONFIRM, **grid(down, path, patience=0.05))
    with pytest.raises(tilth.EndpointUnavailable):
        study.wait()
    status, reason = opened(path)
    assert status == study.status == "failed"
    assert reason == study.progress.reason == str(study.error)
    assert "nothing answers" in reason
    assert measured(Model(), path).status == "finished"


def test_a_student_that_fails_ends_the_study(tmp_path: Path) -> None:
    path = tmp_path / "s.tilth"
    with pytest.raises(tilth.StudentError, match="one for each"):
        measured(Model(), path, student=too_few)
    assert opened(path)[0] == "failed"
    assert measured(Model(), tmp_path / "t.tilth").status == "finished"


def too_few(rows: pl.DataFrame) -> Any:
    """A student that leaves its last question out."""
    return lambda questions: list(questions)[1:]


@pytest.mark.parametrize("moment", ["at once", "growing", "training"])
async def test_cancelling_at_any_moment_aborts_it(tmp_path: Path, moment: str, endless: Endless) -> None:
    path = tmp_path / "s.tilth"
    model = Model() if moment == "training" else Model(gate=threading.Event())
    come: dict[str, Callable[[], Any]] = {
        "at once": lambda: True,
        "growing": lambda: model.out,
        "training": endless.processes,
    }
    work = asyncio.ensure_future(tilth.study(SEEDS, **CONFIRM, **grid(model, path, student=endless)))
    await asyncio.sleep(0)
    await asyncio.to_thread(until, come[moment])
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert opened(path) == ("aborted", "aborted by the user")
    assert not model.out
    # nobody is at work on it any more: its file can be taken up
    seen = model.calls
    assert tilth.plan_study(SEEDS, **grid(model, path)).runs == 4
    with pytest.raises(tilth.IdentityMismatch):
        measured(Model(), path, replicates=1)
    assert model.calls == seen


async def test_cancelling_what_cannot_start_raises_nothing_else(tmp_path: Path) -> None:
    work = asyncio.ensure_future(tilth.study(SEEDS, **grid(Model(), tmp_path / "s.tilth")))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not (tmp_path / "s.tilth").exists()


def test_an_opened_study_knows_its_runs_and_seconds(tmp_path: Path) -> None:
    path = tmp_path / "s.tilth"
    measured(Model(), path, budget=12, sizes=[2, 5])
    first = tilth.open_study(path).progress
    assert first.seconds > 0
    assert (first.runs, first.all_runs) == (2, 4)
    done = measured(Model(), path, sizes=[2, 5])
    study = tilth.open_study(path)
    p = study.progress
    assert p.seconds == pytest.approx(done.progress.seconds)
    assert p.seconds > first.seconds
    assert (p.runs, p.all_runs, p.cells, p.all_cells) == (4, 4, 16, 16)
    assert [(run.strategy, run.replicate) for run in study.runs] == [
        ("answer-augmentation", 0),
        ("question-rephrase", 0),
        ("answer-augmentation", 1),
        ("question-rephrase", 1),
    ]
    for run in study.runs:
        grown = run.open()
        assert (run.run_id, run.seeds) == (grown.id, len(grown.seeds)) == (grown.id, 5)
        assert (run.options, run.status) == ("{}", "finished")
        cells = study.frame.filter(run_id=run.run_id)
        assert set(cells["replicate"]) == {run.replicate}
        assert set(cells["random_state"]) == {run.random_state}
        assert grown.rows.height == cells.filter(seeds=5, ratio=2)["rows"].item()
    assert not study.runs[0].open().rows.equals(study.runs[2].open().rows)


def test_a_run_that_grows_is_given_itself(tmp_path: Path) -> None:
    held = Model(gate=threading.Event(), free=3)
    study = tilth.start_study(SEEDS, **CONFIRM, **grid(held, tmp_path / "s.tilth"))
    until(lambda: held.out)
    [run] = study.runs
    assert run.open().status == "running"
    assert run.open().progress.queries == 3
    held.gate.set()
    study.wait()
    assert study.runs[0].open().status == "finished"


def test_a_study_at_work_is_joined_and_an_ended_one_is_forgotten(tmp_path: Path) -> None:
    path, held = tmp_path / "s.tilth", Model(gate=threading.Event())
    options = {**CONFIRM, **grid(held, path), "budget": 30}
    with ThreadPoolExecutor(4) as threads:
        several = list(threads.map(lambda _: tilth.start_study(SEEDS, **options), range(4)))
    assert len({id(study) for study in several}) == 1
    [study] = set(several)
    assert tilth.open_study(path) is study
    with pytest.raises(ValueError, match="at work with another budget; stop it"):
        tilth.start_study(SEEDS, **{**options, "budget": 31})
    with pytest.raises(tilth.IdentityMismatch):
        tilth.start_study(SEEDS, **{**options, "replicates": 1})
    held.gate.set()
    study.wait()
    assert tilth.open_study(path) is not study
    assert tilth.start_study(SEEDS, **options).wait() is not study


def test_a_study_that_plans_holds_up_no_other(tmp_path: Path) -> None:
    """One that waits for its turn on a file does not keep those of other files from starting or opening."""
    gate = threading.Event()

    class Slow(tilth.Teacher):
        """Its price is slow to come."""

        def price(self) -> Any:
            gate.wait(30)
            return super().price()

    options = grid(Model(), tmp_path / "slow.tilth")
    options["teacher"] = Slow(Model(), price=tilth.Price(0, 0))
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(tilth.start_study, SEEDS, **options)
        try:
            other = measured(Model(), tmp_path / "s.tilth")
            assert tilth.open_study(other.path).status == "finished"
            assert not slow.done()
        finally:
            gate.set()
        assert slow.result().wait().status == "finished"


def test_events_tell_each_cell(tmp_path: Path) -> None:
    study = tilth.start_study(SEEDS, **CONFIRM, **grid(Model(), tmp_path / "s.tilth"))
    mailbox = study.subscribe()
    study.wait()
    told = [event.cell_id for event in mailbox.drain() if isinstance(event, CellMeasured)]
    assert set(told) == set(study.frame["cell_id"])


HELD = """
    import sys, threading, tilth
    from pathlib import Path
    from tests.unit.engine.growing import SEEDS, Model, until
    from tests.unit.studies.grids import grid

    held = Model(gate=threading.Event(), free=7)
    study = tilth.start_study(SEEDS, confirm=True, **grid(held, Path("s.tilth")))
    until(lambda: held.out)
    print("at work", flush=True)
    sys.stdin.readline()
    held.gate.set()
    study.wait()
"""


def test_a_study_that_another_process_works_on_says_who(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with program(HELD) as process:
        assert told(process) == "at work"
        study = tilth.open_study("s.tilth")
        assert study.holder is not None
        assert (study.status, study.holder.pid) == ("running", process.pid)
        assert study.progress.cells < study.progress.all_cells
        told(process, "go on")
        assert process.wait(120) == 0
    assert study.progress.cells == study.progress.all_cells
    assert (study.status, study.progress.reason, study.holder) == ("finished", "every cell is measured", None)
