"""The same path again: it resumes the same run, refuses another, and replays what is finished."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine.growing import (
    BAD_REQUEST,
    SEEDS,
    Model,
    Wordy,
    aborted,
    comparable,
    grown,
    seeds,
    until,
)

import tilth
from tilth.errors import IdentityMismatch, JournalError, TeacherError
from tilth.strategies.answer_augmentation import AnswerAugmentation
from tilth.tasks.numeric.task import Numeric


def test_the_same_call_again_spends_nothing() -> None:
    first = grown(Model()).rows
    model = Model()
    again = grown(model)
    assert model.calls == 0
    assert (again.status, again.progress.queries) == ("finished", 12)
    assert_frame_equal(again.rows, first)


def test_a_larger_budget_keeps_all_that_was_paid_for() -> None:
    first = grown(Model(), 8).rows
    model = Model()
    more = grown(model, 20)
    assert model.completed == 12
    assert_frame_equal(more.rows.head(4), first)
    whole = grown(Model(), 20, path="whole.tilth")
    assert_frame_equal(comparable(more.rows), comparable(whole.rows))


def test_a_smaller_budget_starts_nothing_and_keeps_the_rows() -> None:
    grown(Model(), 12)
    model = Model()
    less = grown(model, 4)
    assert model.calls == 0
    assert (less.rows.height, less.prefix(4).height) == (6, 2)


def test_a_unit_cut_short_by_an_abort_needs_only_what_is_missing() -> None:
    """Budget 4 is two units of two. The first reply of the second is paid, its second never left."""
    run, _ = aborted(4, SEEDS, "question-rephrase", 4, concurrency=1)
    assert (run.status, run.progress.queries, run.progress.in_doubt) == ("aborted", 3, 0)
    resumed = grown(Model(), 4)
    assert_frame_equal(comparable(resumed.rows), comparable(grown(Model(), 4, path="whole.tilth").rows))
    assert resumed.progress.queries == 4


def test_a_reply_cut_off_is_asked_again_once_its_limit_rises() -> None:
    first = tilth.generate_sync(
        SEEDS, "answer-augmentation", 10, teacher=tilth.Teacher(Wordy(), max_tokens=50), path="run.tilth"
    )
    cut = first.rows.filter(cause="cut-off").height
    assert 0 < cut < 10
    model = Wordy()
    again = tilth.generate_sync(
        SEEDS, "answer-augmentation", 10 + cut, teacher=tilth.Teacher(model, max_tokens=200), path="run.tilth"
    )
    assert model.completed == cut
    assert again.rows.filter(cause="cut-off").height == 0
    assert again.progress.rows == again.rows.height == 10
    plain = tilth.generate_sync(
        SEEDS, "answer-augmentation", 10, teacher=tilth.Teacher(Wordy(), max_tokens=200), path="plain.tilth"
    )
    assert again.rows["response"].to_list() == plain.rows["response"].to_list()


def test_a_unit_that_is_asked_again_and_broken_off_is_taken_up_again() -> None:
    """The limit rose, its new first reply came, and its run was aborted before the second."""
    options = {"strategy": "question-rephrase", "path": "run.tilth"}

    def again(model: Model, budget: int) -> tilth.Run:
        teacher = tilth.Teacher(model, max_tokens=200, concurrency=1)
        return tilth.start(SEEDS, budget=budget, teacher=teacher, **options)

    teacher = tilth.Teacher(Wordy(), max_tokens=50)
    before = tilth.generate_sync(SEEDS, budget=8, teacher=teacher, **options)
    assert before.progress.rowless
    gate = threading.Event()
    run = again(Wordy(gate=gate, free=1), 40)
    until(lambda: run.progress.in_flight == 1 and run.progress.queries == before.progress.queries + 1)
    run.abort()
    run.wait()
    assert tilth.verify("run.tilth").ok
    ended = again(Wordy(), 40).wait()
    assert ended.progress.rowless == 0
    assert ended.rows.filter(cause="cut-off").is_empty()
    assert set(range(5)) <= set(ended.rows["unit"]), "every unit of the first pass has its row"
    assert tilth.verify("run.tilth").ok


def test_a_reply_that_was_changed_is_not_used() -> None:
    grown(Model(), 8)
    with closing(sqlite3.connect("run.tilth", isolation_level=None)) as file:
        file.execute("DELETE FROM units WHERE unit = 2")
        file.execute("DELETE FROM rows WHERE unit = 2")
        file.execute("UPDATE replies SET text = 'The answer is 77.' WHERE unit = 2 AND role = 'teacher'")
    model = Model()
    with pytest.raises(JournalError, match=r"the teacher's reply 0 of unit 2 was changed .* reuse="):
        grown(model, 8)
    assert model.calls == 0
    anew = grown(model, 8, path="anew.tilth", reuse=["run.tilth"])
    assert anew.rows["reused"].sum() == 4
    assert "77" not in anew.rows["answer"].to_list()
    assert anew.progress.queries == model.calls


def test_a_unit_refused_for_good_is_not_asked_again() -> None:
    grown(Model(fault=lambda key, attempt, number: BAD_REQUEST if number == 1 else None), 4)
    model = Model()
    again = grown(model, 6)
    assert model.completed == 2
    assert 0 not in again.rows["unit"].to_list()


# -- what makes it the same run ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seeds": seeds(5, prefix="What")}, "seeds"),
        ({"random_state": 3}, "random_state is 0 there and 3 here"),
        ({"strategy": "answer-augmentation"}, "strategy.name"),
        (
            {"writer": tilth.Teacher(Model(), temperature=0.1)},
            "writer.sampling.temperature is 0.7 there",
        ),
        (
            {"task": Numeric(prompts={"answer": "Go: {question}"})},
            "task.prompts",
        ),
    ],
)
def test_another_run_on_the_same_path_is_refused_with_what_differs(change: dict, named: str) -> None:
    grown(Model(), 4)
    model = Model()
    with pytest.raises(IdentityMismatch, match=named):
        grown(model, 4, **change)
    assert model.calls == 0
    assert tilth.open_run("run.tilth").rows.height == 2


def test_what_is_no_part_of_a_run_may_change() -> None:
    first = grown(Model(), 4)
    model = Model()
    teacher = tilth.Teacher(model, max_tokens=999, timeout=7, concurrency=2)
    again = tilth.generate_sync(SEEDS, "question-rephrase", 6, teacher=teacher, path="run.tilth")
    assert again.id == first.id
    assert model.completed == 2


def test_the_default_path_is_made_of_seeds_strategy_and_identity(tmp_path: Path) -> None:
    one = grown(Model(), 2, path=None)
    model = Model()
    again = grown(model, 2, path=None)
    other = grown(Model(), 2, path=None, random_state=5)
    assert one.path == again.path != other.path
    assert model.calls == 0
    assert one.path.name == f"counted-question-rephrase-{one.id[:8]}.tilth"
    assert (tmp_path / one.path.name).exists()


@dataclass(frozen=True)
class LongNamed(AnswerAugmentation):
    name = "a/" + "very-" * 60 + "long-name"


@pytest.mark.parametrize(
    "name", ["x" * 300, "\u4e16" * 200, "a" * 95 + "\u4e16", "..", "a/b.jsonl", "\x00\x1b"]
)
def test_a_default_path_can_be_had_whatever_the_names(tmp_path: Path, name: str) -> None:
    run = grown(Model(), 2, path=None, seeds=replace(SEEDS, name=name), strategy=LongNamed())
    assert run.path.parent == tmp_path
    assert run.path.exists()
    assert tilth.copy(run.path, tmp_path / f"{run.path.stem}.copy").exists()


# -- replay -----------------------------------------------------------------------------------------------


class Simulation(tilth.Teacher):
    simulated = True


def test_a_recording_replays_with_no_teacher_and_stays_what_it_was() -> None:
    price = tilth.Price(1, 2)
    teacher = Simulation(Model(), price=price, system="Be brief.", top_p=0.9)
    budget = tilth.Budget(queries=8, usd=1)
    recorded = tilth.generate_sync(SEEDS, "question-rephrase", budget, teacher=teacher, path="run.tilth")
    rows = recorded.rows
    replayed = tilth.generate_sync(SEEDS, "question-rephrase", 8, path="run.tilth")
    assert replayed.status == "finished"
    assert_frame_equal(replayed.rows, rows)
    for run in (replayed, tilth.open_run("run.tilth")):
        assert run.simulated, "a replayed simulation is still a simulation"
        assert run.progress.usd == recorded.progress.usd
        assert run.teacher_name == "Model"
    with pytest.raises(TeacherError, match=r"has to ask Model to go on; pass teacher="):
        tilth.generate_sync(SEEDS, "question-rephrase", 10, path="run.tilth")


def test_no_teacher_and_no_recording_says_what_to_pass() -> None:
    with pytest.raises(TeacherError, match="pass teacher="):
        tilth.start(SEEDS, "question-rephrase", 8)
    with pytest.raises(TeacherError, match=r"tilth\.demo\.teacher"):
        tilth.start(SEEDS, "question-rephrase", 8, path="nowhere.tilth")
