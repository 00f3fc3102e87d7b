"""A plan's figures lie in their ranges, so does what comes, and a probe is the run's own beginning."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.effort import examples
from tests.support.openai_server import serve
from tests.unit.engine.growing import Model, Votes, seeds

import tilth
from tilth.engine.planning.ranges import RANGED
from tilth.engine.recipe import Recipe
from tilth.errors import ConfirmationNeeded
from tilth.jupyter.widgets import traits

SEEDS = seeds(7)
PRICE = tilth.Price(1, 2, source="by hand", date="2026-11-01")
STRATEGIES = ("answer-augmentation", "question-rephrase", "new-question", "answers-then-new", Votes)


def teacher(model: Model | None = None, **options: object) -> tilth.Teacher:
    return tilth.Teacher(model or Model(), price=PRICE, **options)


def assert_ordered(plan: tilth.Plan) -> None:
    for name in RANGED:
        spread = plan.ranges[name]
        assert spread is not None
        assert 0 <= spread.low <= getattr(plan, name) <= spread.high, name


def assert_came(plan: tilth.Plan, run: tilth.Run, names: tuple[str, ...]) -> None:
    for name in names:
        spread, came = plan.ranges[name], getattr(run.progress, name)
        assert spread is not None
        assert spread.low <= came <= spread.high, f"{name}: {came} is not in {spread}"


class Failing(Model):
    """Now and then no question comes, and replies differ in length."""

    def reply(self, messages, draw, max_tokens):
        whole = super().reply(messages, draw, max_tokens)
        if draw % 5 == 0 and not whole["text"].startswith("Counting"):
            return {"text": "", "finish_reason": "stop"}
        return {**whole, "text": "So. " * (draw % 40) + whole["text"]} if "answer" in whole["text"] else whole


budgets = st.builds(
    tilth.Budget,
    queries=st.integers(0, 400),
    tokens=st.none() | st.integers(0, 100_000),
    usd=st.none() | st.floats(0, 0.2),
    rows=st.none() | st.integers(0, 200),
)


@examples(60)
@given(strategy=st.sampled_from(STRATEGIES), budget=budgets, size=st.integers(1, 9), most=st.integers(1, 900))
def test_every_figure_lies_in_its_range_and_no_limit_is_passed(strategy, budget, size, most) -> None:
    plan = tilth.plan(seeds(size), strategy, budget, teacher=teacher(max_tokens=most))
    assert_ordered(plan)
    assert plan.measured == 0
    assert plan.queries_range.high <= budget.queries
    assert budget.tokens is None or plan.tokens_range.high <= budget.tokens
    assert budget.usd is None or plan.usd_range.high <= budget.usd


@examples(60)
@given(strategy=st.sampled_from(STRATEGIES), budget=budgets, more=budgets)
def test_a_larger_budget_never_plans_fewer_rows(strategy, budget, more) -> None:
    larger = replace(
        budget,
        queries=budget.queries + more.queries,
        tokens=None if budget.tokens is None else budget.tokens + (more.tokens or 0),
        usd=None if budget.usd is None else budget.usd + (more.usd or 0.0),
    )
    one, other = (tilth.plan(SEEDS, strategy, limit, teacher=teacher()) for limit in (budget, larger))
    assert one.rows <= other.rows
    assert one.rows_range.low <= other.rows_range.low
    assert one.rows_range.high <= other.rows_range.high


def test_an_unknown_price_has_no_range() -> None:
    plan = tilth.plan(SEEDS, "new-question", 20, teacher=tilth.Teacher(Model()))
    assert plan.usd is plan.usd_range is None
    assert plan.to_json()["ranges"]["usd"] is None


@pytest.mark.parametrize("strategy", STRATEGIES[:4])  # votes give more rows than they declare
@pytest.mark.parametrize("probe", [None, 60])
def test_what_comes_is_in_the_ranges(strategy, probe) -> None:
    options = {"teacher": teacher(Failing()), "path": "run.tilth", "confirm": True}
    plan = tilth.plan(SEEDS, strategy, 300, probe=probe, **options)
    assert_ordered(plan)
    assert (plan.measured > 0) == (probe is not None)
    run = tilth.generate_sync(SEEDS, strategy, 300, **options)
    assert_came(plan, run, ("queries", "rows", "tokens", "usd"))


@pytest.mark.parametrize(
    "budget", [tilth.Budget(tokens=20_000), tilth.Budget(usd=0.02), tilth.Budget(500, usd=0.01)]
)
@pytest.mark.parametrize("probe", [None, 60])
def test_other_limits_than_queries_are_planned_too(budget, probe) -> None:
    options = {"teacher": teacher(Failing(), max_tokens=256), "path": "run.tilth", "confirm": True}
    plan = tilth.plan(SEEDS, "question-rephrase", budget, probe=probe, **options)
    assert_ordered(plan)
    run = tilth.generate_sync(SEEDS, "question-rephrase", budget, **options)
    assert_came(plan, run, ("queries", "rows", "tokens", "usd"))


@pytest.mark.parametrize("probe", [None, 40])
def test_the_demos_run_is_in_the_ranges_of_its_plan(probe) -> None:
    grown, simulation = tilth.demo.seeds(40), tilth.demo.teacher()
    plan = tilth.plan(grown, "new-question", 120, teacher=simulation, probe=probe, path="run.tilth")
    run = tilth.generate_sync(grown, "new-question", 120, teacher=simulation, path="run.tilth")
    assert_came(plan, run, ("queries", "rows", "tokens", "usd"))


def test_a_probe_narrows_the_ranges_and_says_so() -> None:
    options = {"teacher": teacher(Failing()), "path": "run.tilth", "confirm": True}
    guess = tilth.plan(SEEDS, "question-rephrase", 1_000, **options)
    plan = tilth.plan(SEEDS, "question-rephrase", 1_000, probe=80, **options)
    for name in ("rows", "tokens", "usd"):
        wide, narrow = guess.ranges[name], plan.ranges[name]
        assert narrow.high - narrow.low < wide.high - wide.low, name
        assert plan.sources[name].startswith(f"measured on {plan.measured} units"), name
        assert guess.sources[name].startswith("estimated"), name
    probed = tilth.open_run("run.tilth").progress
    assert plan.measured == probed.rows + probed.rowless
    assert probed.rowless > 0
    assert f"{probed.rowless} without a row" in plan.sources["rows"]


def test_nothing_is_paid_twice_and_a_running_loop_may_plan() -> None:
    with serve() as server:
        endpoint = tilth.Teacher("test-model", base_url=server.base_url, api_key="x", price=PRICE)
        options = {"teacher": endpoint, "path": "run.tilth", "confirm": True}

        async def planned() -> tilth.Plan:
            return tilth.plan(SEEDS, "new-question", 60, probe=20, **options)

        plan = asyncio.run(planned())
        assert server.books()["billed"] == 20
        again = tilth.plan(SEEDS, "new-question", 60, probe=20, **options)
        assert again == plan
        assert server.books()["billed"] == 20, "the file held the probe already"
        run = tilth.generate_sync(SEEDS, "new-question", 60, **options)
        assert server.books()["billed"] == run.progress.queries == 60
        assert run.plan is not None
        assert run.plan["measured"] == plan.measured == 10
        assert tilth.verify("run.tilth").ok
        tilth.generate_sync(SEEDS, "new-question", 60, **{**options, "path": "whole.tilth"})
        probed, whole = tilth.open_run("run.tilth").rows, tilth.open_run("whole.tilth").rows
        same = ["row_id", "question", "response", "verdict", "queries"]
        assert probed.select(same).equals(whole.select(same))


def test_the_default_path_is_the_runs_own() -> None:
    model = Model()
    tilth.plan(SEEDS, "answer-augmentation", 30, teacher=teacher(model), probe=10, confirm=True)
    tilth.generate_sync(SEEDS, "answer-augmentation", 30, teacher=teacher(model), confirm=True)
    assert model.completed == 30


def test_a_probe_asks_before_it_spends_dollars_without_a_limit() -> None:
    model = Model()
    with pytest.raises(ConfirmationNeeded, match="with no limit in dollars"):
        tilth.plan(SEEDS, "new-question", 100, teacher=teacher(model), probe=20, path="run.tilth")
    assert model.calls == 0
    assert not Path("run.tilth").exists()
    tilth.plan(
        SEEDS, "new-question", tilth.Budget(100, usd=1), teacher=teacher(model), probe=20, path="run.tilth"
    )
    assert model.completed == 20


def test_a_probe_never_passes_the_runs_own_limits() -> None:
    model = Model()
    tilth.plan(SEEDS, "new-question", 12, teacher=teacher(model), probe=20, path="run.tilth", confirm=True)
    assert model.completed == 12


def test_a_probe_too_small_is_refused() -> None:
    model = Model()
    with pytest.raises(ValueError, match="pass probe=10 or more"):
        tilth.plan(SEEDS, "new-question", 100, teacher=teacher(model), probe=3, confirm=True)
    assert model.calls == 0


def test_the_workbench_tells_the_ranges_where_it_tells_the_sources() -> None:
    plan = tilth.plan(SEEDS, "new-question", 100, teacher=teacher())
    recipe = Recipe.resolve(SEEDS, "new-question", teacher=teacher())
    trait = traits.planned(recipe, tilth.Budget(100))
    assert trait["rows"] == plan.rows == 50
    assert trait["sources"]["rows"] == f"24 to 50; {plan.sources['rows']}"
    assert trait["sources"]["usd"].startswith(f"${plan.usd_range.low:,.2f} to ${plan.usd_range.high:,.2f}; ")


def test_a_run_at_work_is_measured_and_its_limit_stays() -> None:
    gate, options = threading.Event(), {"path": "run.tilth", "confirm": True}
    model = Model(gate=gate, free=30)
    run = tilth.start(SEEDS, "answer-augmentation", 60, teacher=teacher(model), **options)
    try:
        mailbox = run.subscribe()
        while run.progress.rows < 30:
            assert mailbox.wait(120)
            mailbox.drain()
        plan = tilth.plan(SEEDS, "answer-augmentation", 60, teacher=teacher(model), probe=10, **options)
    finally:
        gate.set()
    assert plan.measured == 30
    assert run.wait().progress.queries == 60


@examples(40)
@given(
    strategy=st.sampled_from(STRATEGIES),
    budget=budgets,
    more=st.integers(0, 200),
    goals=st.tuples(st.integers(0, 200), st.integers(0, 200)).map(sorted),
)
def test_odds_of_a_goal_rise_with_its_limits_and_fall_with_the_goal(strategy, budget, more, goals) -> None:
    near, far = (tilth.plan(SEEDS, strategy, replace(budget, rows=goal), teacher=teacher()) for goal in goals)
    richer = replace(budget, queries=budget.queries + more, rows=goals[1])
    more_likely = tilth.plan(SEEDS, strategy, richer, teacher=teacher())
    assert 0 <= far.goal_odds <= near.goal_odds <= 1
    if budget.tokens is None and budget.usd is None:
        assert far.goal_odds <= more_likely.goal_odds
    assert tilth.plan(SEEDS, strategy, replace(budget, rows=None), teacher=teacher()).goal_odds is None


def test_a_plan_with_a_goal_ends_where_the_goal_is_met() -> None:
    plan = tilth.plan(SEEDS, "new-question", tilth.Budget(queries=1_000, rows=30), teacher=teacher())
    assert_ordered(plan)
    assert (plan.rows, plan.queries, plan.ends_by, plan.goal_odds) == (30, 60, "rows", 1.0)
    assert plan.queries_range.high == 240, "half of the units give rows, and half of those are kept"
    assert "equally likely" in plan.sources["goal_odds"]
    short = tilth.plan(SEEDS, "new-question", tilth.Budget(queries=50, rows=30), teacher=teacher())
    assert (short.rows, short.queries, short.ends_by, short.goal_odds) == (25, 50, "queries", 0.0)


@pytest.mark.parametrize(("queries", "odds"), [(120, (0.0, 0.05)), (240, (0.3, 0.7)), (600, (0.95, 1.0))])
def test_measured_odds_go_by_the_share_of_rows_that_is_kept(queries: int, odds: tuple[float, float]) -> None:
    """About one answer in four is accepted, whose odds for 60 rows are even at 240 queries."""
    options = {"teacher": teacher(), "path": "run.tilth"}
    probed = tilth.generate_sync(SEEDS, "answer-augmentation", 200, confirm=True, **options)
    kept = probed.progress.kept / 200
    goal = round(kept * 240)
    plan = tilth.plan(SEEDS, "answer-augmentation", tilth.Budget(queries=queries, rows=goal), **options)
    assert plan.measured == 200
    assert odds[0] <= plan.goal_odds <= odds[1]
    assert f"{probed.progress.kept} of 200 rows kept" in plan.sources["goal_odds"]
    assert plan.to_json()["goal_odds"] == plan.goal_odds
