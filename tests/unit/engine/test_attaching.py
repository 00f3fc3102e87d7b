"""A second start on a path: it joins the run at work, and a budget raised is never lost."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest
from tests.unit.engine.growing import RESET, SEEDS, Model, started, until

import tilth
from tilth.engine.run import Run
from tilth.errors import IdentityMismatch


def test_a_second_start_on_the_path_joins_the_run() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 8)
    joined = started(Model(), 8)
    assert joined is run
    assert tilth.open_run("run.tilth") is run
    model.gate.set()
    assert run.wait().progress.queries == 8


def test_a_second_start_with_another_budget_sets_the_limit() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 8)
    assert started(Model(), 20) is run
    assert run.budget == tilth.Budget(queries=20)
    model.gate.set()
    assert run.wait().progress.queries == 20 == model.completed
    assert tilth.open_run("run.tilth").budget == tilth.Budget(queries=20)


def test_a_budget_raised_again_and_again_is_never_lost() -> None:
    """Raises meet the run at work, at its end and after it."""
    model = Model()
    budget = 4
    run = started(model, budget)
    for _ in range(40):
        budget += 2
        run = started(model, budget)
        if budget % 3 == 0:
            while run.status != "finished" and run.progress.queries < budget - 2:
                run.wait(0.001)
    run.wait()
    assert run.status == "finished"
    assert run.progress.queries == budget == model.completed
    assert run.rows["unit"].to_list() == list(range(budget // 2))


def test_a_budget_raised_while_the_run_is_ending_is_not_lost() -> None:
    """Somebody reads the file, so closing it takes a while; the run is neither at work nor over then."""
    gate, model = threading.Event(), Model()
    run = started(Model(gate=gate), 8)
    with closing(sqlite3.connect("file:run.tilth?mode=ro", uri=True, check_same_thread=False)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM runs").fetchall()
        gate.set()
        until(lambda: tilth.open_run("run.tilth").progress.queries == 8 and stored_status() == "finished")
        assert run.status == "running"
        raised: list[Run] = []
        raising = threading.Thread(target=lambda: raised.append(started(model, 20)))
        raising.start()
        reader.execute("COMMIT")
        raising.join()
    assert raised[0].wait().progress.queries == 20
    assert model.completed == 12


def stored_status() -> str:
    with closing(sqlite3.connect("file:run.tilth?mode=ro", uri=True)) as file:
        return str(file.execute("SELECT status FROM runs").fetchone()[0])


def test_a_budget_raised_when_it_had_just_fallen_short_goes_on_with_the_open_unit() -> None:
    """Unit 1 is in doubt and does not fit again, unit 2 is still at work when the budget is raised."""
    gates = {number: threading.Event() for number in (2, 3)}

    class Held(Model):
        def holding(self, number: int) -> threading.Event | None:
            return gates.get(number)

    model = Held(fault=lambda key, attempt, number: RESET if number == 2 else None)
    teacher = tilth.Teacher(model, concurrency=2)
    run = tilth.start(SEEDS, "answer-augmentation", 3, teacher=teacher, path="run.tilth")
    until(lambda: model.out == 2 and run.progress.queries == 1)
    gates[2].set()
    until(lambda: run.progress.in_doubt == 1 and run.progress.reserved == 1)
    assert tilth.start(SEEDS, "answer-augmentation", 6, teacher=teacher, path="run.tilth") is run
    gates[3].set()
    run.wait()
    assert (run.status, run.progress.queries, run.progress.in_doubt) == ("finished", 6, 1)
    assert run.rows["unit"].to_list() == [0, 1, 2, 3, 4]


def test_another_run_on_a_live_path_is_refused_and_the_first_goes_on() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 8)
    with pytest.raises(IdentityMismatch, match="random_state"):
        started(Model(), 8, random_state=1)
    model.gate.set()
    assert run.wait().progress.queries == 8
