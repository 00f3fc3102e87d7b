"""A goal in rows: a run stops once it is met, never past its limits, alike at any concurrency."""

from __future__ import annotations

import random
import threading
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.support.effort import examples
from tests.unit.engine.growing import (
    BAD_REQUEST,
    SEEDS,
    Model,
    Votes,
    aborted,
    comparable,
    grown,
    seeds,
    until,
)
from tests.unit.engine.rounds import TwoRounds

import tilth
from tilth import Budget
from tilth.errors import BudgetError

BARE = seeds(5, references=False)


def unsteady(draw: int) -> Model:
    """About one reply in four is accepted; some requests are refused for good, and replies come unordered."""
    return Model(
        latency=lambda n: random.Random(f"{draw}:{n}").choice([0, 0, 0.001, 0.004]),
        fault=lambda key, attempt, n: BAD_REQUEST if random.Random(f"{draw}{key}").random() < 0.1 else None,
    )


def run_to(goal: Budget, draw: int, concurrency: int, folder: str, **options: object) -> tilth.Run:
    teacher = tilth.Teacher(unsteady(draw), concurrency=concurrency)
    options = {"strategy": "answer-augmentation", "seeds": SEEDS, **options}
    return tilth.generate_sync(budget=goal, teacher=teacher, path=f"{folder}/{concurrency}.tilth", **options)


@examples(10, HealthCheck.function_scoped_fixture)
@given(
    draw=st.integers(0, 10**6),
    goal=st.integers(0, 12),
    check=st.sampled_from(["label", "filter", False]),
    strategy=st.sampled_from(["answer-augmentation", "new-question", Votes()]),
)
def test_a_goal_is_met_alike_at_any_concurrency(draw, goal, check, strategy) -> None:
    """Votes gives up to three rows where one is declared, so a run of them may be ahead when it ends."""
    with TemporaryDirectory() as folder:
        budget = Budget(queries=400, rows=goal)
        runs = [
            run_to(budget, draw, concurrency, folder, check=check, strategy=strategy)
            for concurrency in (1, 4, 16)
        ]
        first = runs[0].prefix(rows=goal)
        assert first.height == goal
        assert "rejected" not in set(first["verdict"])
        whole = runs[0].rows.filter(runs[0].rows["verdict"] != "rejected")
        assert_frame_equal(first, whole.head(goal))
        for run in runs:
            assert (run.status, run.progress.reason) == ("finished", f"the goal of {goal} kept rows is met")
            assert run.progress.kept >= goal
            assert run.progress.reserved == run.progress.in_flight == 0
            assert_frame_equal(comparable(run.prefix(rows=goal)), comparable(first))
            assert_frame_equal(comparable(run.prefix(budget)), comparable(first))
        if not isinstance(strategy, Votes):  # then no unit starts that is not needed
            assert {run.progress.queries for run in runs} == {runs[0].progress.queries}
            assert all(run.progress.kept == goal for run in runs)


@pytest.mark.parametrize("concurrency", [1, 16])
def test_a_goal_never_takes_a_run_past_its_limits(concurrency: int, tmp_path) -> None:
    run = run_to(Budget(queries=20, rows=50), 1, concurrency, str(tmp_path))
    assert run.status == "finished"
    assert run.progress.queries == 20
    assert run.progress.kept < 50
    assert run.progress.reason == f"the budget of queries is used up with {run.progress.kept} of 50 rows"
    for beyond in (50, 10**30):
        assert run.prefix(rows=beyond).height == run.progress.kept
    opened = tilth.open_run(run.path)
    assert opened.budget == opened.progress.limit == Budget(queries=20, rows=50)


def test_the_same_goal_again_asks_nothing_and_a_higher_one_goes_on() -> None:
    first = grown(Model(), Budget(queries=200, rows=5)).rows
    model = Model()
    again = grown(model, Budget(queries=200, rows=5))
    assert (model.calls, again.status) == (0, "finished")
    assert again.progress.reason == "the goal of 5 kept rows is met"
    assert_frame_equal(again.rows, first)
    higher = grown(model, Budget(queries=200, rows=9))
    assert higher.progress.kept == 9
    assert model.calls > 0
    whole = grown(Model(), Budget(queries=200, rows=9), path="whole.tilth")
    assert_frame_equal(comparable(higher.rows), comparable(whole.rows))
    assert_frame_equal(higher.prefix(rows=5), first.filter(first["verdict"] != "rejected"))


@pytest.mark.parametrize("at", [3, 9, 14])
def test_a_unit_that_an_abort_left_open_is_grown_before_a_goal_counts_as_met(at: int) -> None:
    """Rows behind it are there, but not the first ones."""
    aborted(at, BARE, "answer-augmentation", 40, 8, latency=lambda n: 0.001 * (n % 5))
    resumed = grown(Model(), Budget(queries=60, rows=4), seeds=BARE, strategy="answer-augmentation")
    plain = grown(
        Model(), Budget(queries=60, rows=4), seeds=BARE, strategy="answer-augmentation", path="plain.tilth"
    )
    assert plain.rows.height == 4
    assert_frame_equal(comparable(resumed.prefix(rows=4)), comparable(plain.rows))


def test_where_nothing_can_judge_every_row_counts() -> None:
    run = grown(Model(), Budget(queries=60, rows=7), seeds=BARE)
    assert (run.progress.kept, run.progress.unverified, run.progress.queries) == (7, 7, 14)


def test_rows_that_are_judged_again_count_as_they_are_judged_now() -> None:
    """Without a check every row is kept; with one about one in four is, so the run goes on."""
    unchecked = grown(Model(), Budget(queries=400, rows=8), strategy="answer-augmentation", check=False)
    assert unchecked.progress.rows == 8
    checked = grown(Model(), Budget(queries=400, rows=8), strategy="answer-augmentation")
    assert checked.progress.kept == 8 < checked.progress.rows
    plain = grown(Model(), Budget(queries=400, rows=8), strategy="answer-augmentation", path="plain.tilth")
    assert_frame_equal(comparable(checked.rows), comparable(plain.rows))


def test_a_goal_that_is_raised_while_units_are_at_work_is_gone_on_to() -> None:
    gate = threading.Event()
    model = Model(gate=gate, free=2)
    options = {"teacher": tilth.Teacher(model, concurrency=4), "path": "run.tilth"}
    run = tilth.start(BARE, "answer-augmentation", Budget(queries=60, rows=4), **options)
    until(lambda: model.calls == 4)
    assert tilth.start(BARE, "answer-augmentation", Budget(queries=60, rows=9), **options) is run
    gate.set()
    assert run.wait().progress.kept == 9
    assert run.progress.limit.rows == 9


def test_a_goal_met_in_one_round_begins_no_other() -> None:
    run = grown(Model(), Budget(queries=200, rows=1), seeds=seeds(4), strategy=TwoRounds())
    assert run.progress.reason == "the goal of 1 kept rows is met"
    assert set(run.rows["round"]) == {0}


def test_a_goal_needs_a_limit_beside_it() -> None:
    with pytest.raises(BudgetError, match=r"Budget\(rows=10\) is a goal and no limit.*usd="):
        Budget(rows=10)
    with pytest.raises(BudgetError, match=r"rows=-1"):
        Budget(queries=5, rows=-1)
    with pytest.raises(BudgetError, match="its budget or its rows"):
        grown(Model(), 4).prefix()
    with pytest.raises(BudgetError, match="rows=-1: give a whole number"):
        tilth.open_run("run.tilth").prefix(rows=-1)


def test_a_goal_is_part_of_what_a_file_says_of_its_budget() -> None:
    budget = Budget(queries=5, tokens=9_000, rows=3)
    assert Budget(**budget.to_json()) == budget
    before = {"queries": 5, "tokens": None, "usd": None}  # as files said it that knew no goals
    assert Budget(**before) == Budget(queries=5)
