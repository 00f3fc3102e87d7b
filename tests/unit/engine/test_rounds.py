"""Rounds and decisions: each round sees the ones before, and resumed anywhere a run grows the same."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.support.processes import until
from tests.unit.engine.growing import Model, aborted
from tests.unit.engine.rounds import DECIDED, SEEDS, Deciding, TwoRounds, grown, without_draws

import tilth
from tilth.seeds import Seeds
from tilth.strategies.base import State
from tilth.strategies.rounds import RoundStart
from tilth.tasks.base import Task


def test_rounds_see_the_results_of_the_rounds_before() -> None:
    model = Model()
    run = grown(model, TwoRounds())
    assert (run.status, run.progress.reason) == ("finished", "the strategy has no more units")
    assert run.rows["round"].unique().sort().to_list() == [0, 1, 2]
    assert run.progress.queries == model.completed == 1 + run.rows["queries"].sum()
    for number in (1, 2):
        before = run.rows.filter(round=number - 1, index=0, verdict="rejected")["unit"]
        assert before.len() > 0
        again = run.rows.filter(round=number, index=0)["unit"]
        assert again.to_list() == [unit % len(SEEDS) + number * len(SEEDS) for unit in before]
    assert run.rows.group_by("unit").len()["len"].unique().to_list() == [2]


def test_what_is_decided_before_a_round_knows_of_those_before_it() -> None:
    run = grown(Model(), TwoRounds())
    known = run.rows.group_by("round").agg(pl.col("extra").first()).sort("round")
    for number, extra in known.rows():
        _, results, spent = json.loads(extra)["start"]
        before = run.rows.filter(pl.col("round") < number)
        assert (results, spent) == (before["unit"].n_unique(), 1 + before["queries"].sum())
    assert set(run.decisions) == {"draw", "round 0", "round 1", "round 2", "round 3"}
    assert tilth.verify("run.tilth", using=[TwoRounds()]).findings == ()


class Waiting(TwoRounds):
    """Takes for ever to decide before its second round."""

    name = "test-waiting"

    async def before_round(self, seeds: Seeds, start: RoundStart, state: State, task: Task) -> State:
        async def never() -> None:
            await asyncio.Event().wait()

        if start.number == 1:
            await start.decide("for ever", never)
        return await super().before_round(seeds, start, state, task)


def test_stopped_while_it_decides_it_stays_undecided() -> None:
    run = tilth.start(SEEDS, Waiting(), 200, teacher=tilth.Teacher(Model()), path="run.tilth")
    assert until(lambda: run.progress.notice is not None)
    assert run.progress.notice == "Two rounds: what follows round 1 is being decided"
    run.stop()
    assert run.wait().status == "stopped"
    assert "for ever" not in run.decisions
    assert set(run.rows["round"]) == {0}
    assert tilth.verify("run.tilth", using=[Waiting()]).findings == ()


class Failing(TwoRounds):
    """Cannot decide before its second round."""

    name = "test-failing"

    async def before_round(self, seeds: Seeds, start: RoundStart, state: State, task: Task) -> State:
        if start.number == 1:
            raise KeyError("nothing")
        return await super().before_round(seeds, start, state, task)


def test_an_error_while_it_decides_is_told_and_loses_nothing() -> None:
    run = tilth.start(SEEDS, Failing(), 200, teacher=tilth.Teacher(Model()), path="run.tilth")
    with pytest.raises(tilth.StrategyError, match="'test-failing' raised KeyError before round 1: 'nothing'"):
        run.wait()
    assert run.rows["unit"].n_unique() == len(SEEDS)


@pytest.mark.parametrize(
    ("at", "concurrency"),
    [*((at, 3) for at in (*range(1, 12), 14, 17, 20)), *((at, 1) for at in range(13, 26))],
)
def test_resumed_after_an_abort_at_any_call_it_grows_the_same(at: int, concurrency: int) -> None:
    DECIDED.clear()
    _, broken = aborted(at, SEEDS, TwoRounds(), 200, concurrency, latency=lambda n: 0.001)
    resumed_with = Model()
    resumed = grown(resumed_with, TwoRounds())
    assert resumed.status == "finished"
    assert Counter(DECIDED).most_common(1)[0][1] == 1, "a decision is made once"
    whole = grown(Model(), TwoRounds(), path="whole.tilth")
    assert_frame_equal(without_draws(resumed), without_draws(whole))
    spent = broken.completed + resumed_with.completed
    assert spent <= whole.progress.queries + resumed.progress.in_doubt, "nothing journalled was asked again"
    assert resumed.progress.queries == whole.progress.queries + resumed.progress.in_doubt
    replayed = tilth.generate_sync(SEEDS, TwoRounds(), 200, path="run.tilth")
    assert_frame_equal(replayed.rows, resumed.rows)


def test_decisions_are_made_once_though_nothing_was_asked_yet() -> None:
    DECIDED.clear()
    aborted(1, SEEDS, Deciding(), 6, concurrency=3)
    assert sorted(DECIDED) == ["prepare", "unit 0", "unit 1", "unit 2"]
    run = grown(Model(), Deciding(), 6)
    assert sorted(DECIDED) == ["prepare", *(f"unit {n}" for n in range(6))]
    assert run.rows["extra"].str.json_path_match("$.state[0]").n_unique() == 1
    DECIDED.clear()
    assert_frame_equal(grown(Model(), Deciding(), 6).rows, run.rows)
    assert DECIDED == []
