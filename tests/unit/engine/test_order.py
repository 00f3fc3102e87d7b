"""Order: rows depend on seeds, strategy and random_state; never on latency, failures or concurrency."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.support.effort import examples
from tests.unit.engine.growing import (
    BAD_REQUEST,
    RATE_LIMITED,
    REFUSED,
    RESET,
    SEEDS,
    SERVER,
    Model,
    Votes,
    comparable,
)

import tilth
from tilth.engine.run import Run
from tilth.strategies.base import Strategy
from tilth.teacher import CallError

BUDGET = 24
GROWN: list[str | Strategy] = [
    "answer-augmentation",
    "question-rephrase",
    "new-question",
    "answers-then-new",
    Votes(),
]
FAULTS = (RATE_LIMITED, SERVER, REFUSED, RESET)


def grown(
    model: Model, strategy: str | Strategy, budget: tilth.Budget, folder: str, concurrency: int = 1
) -> Run:
    teacher = tilth.Teacher(model, concurrency=concurrency, max_tokens=400)
    return tilth.generate_sync(SEEDS, strategy, budget, teacher=teacher, path=f"{folder}/run.tilth")


def misbehaving(draw: int, share: float) -> Model:
    """Latencies and faults drawn from `draw`; a request fails three times at most."""

    def fault(key: str, attempt: int, number: int) -> CallError | None:
        rng = random.Random(f"{draw}:{key}:{attempt}")
        return rng.choice(FAULTS) if attempt < 3 and rng.random() < share else None

    return Model(latency=lambda n: random.Random(f"{draw}:{n}").choice([0, 0, 0.001, 0.004]), fault=fault)


@examples(5, HealthCheck.function_scoped_fixture)
@given(
    draw=st.integers(0, 10**6),
    share=st.sampled_from([0.0, 0.2, 0.5]),
    concurrency=st.sampled_from([1, 8, 64]),
    strategy=st.sampled_from(GROWN),
    cut=st.one_of(
        st.builds(tilth.Budget, queries=st.integers(0, BUDGET)),
        st.builds(tilth.Budget, tokens=st.integers(0, 14_000)),
    ),
)
def test_a_prefix_is_what_a_run_of_that_budget_grows(
    draw: int, share: float, concurrency: int, strategy: str | Strategy, cut: tilth.Budget
) -> None:
    """The large run suffers every fault; the small one, of budget `cut`, is undisturbed and one by one.

    Calls in doubt may use up what an early unit still needed: it stays open, and a larger budget grows it.
    """
    with TemporaryDirectory() as large, TemporaryDirectory() as small:
        headroom = tilth.Budget(queries=BUDGET + 60)
        grown(misbehaving(draw, share), strategy, headroom, large, concurrency)
        more = tilth.Budget(queries=BUDGET + 400)
        disturbed = grown(Model(), strategy, more, large, concurrency)
        plain = grown(Model(), strategy, cut, small)
        assert plain.progress.reserved == disturbed.progress.reserved == 0
        assert_frame_equal(comparable(disturbed.prefix(cut)), comparable(plain.rows))


@pytest.mark.parametrize("strategy", GROWN, ids=str)
def test_every_prefix_opens_the_rows_of_the_whole(strategy: str | Strategy, tmp_path: Path) -> None:
    run = grown(misbehaving(1, 0.3), strategy, tilth.Budget(queries=60), str(tmp_path), 8)
    rows = run.rows
    heights = [run.prefix(b).height for b in range(run.progress.queries + 1)]
    assert heights == sorted(heights)
    assert heights[0] == 0
    for budget, height in enumerate(heights):
        prefix = run.prefix(budget)
        assert_frame_equal(prefix, rows.head(height))
        assert prefix["queries"].sum() <= budget


def test_at_ratio_one_answers_go_once_to_every_seed(tmp_path: Path) -> None:
    run = grown(misbehaving(2, 0.2), "answer-augmentation", tilth.Budget(queries=40), str(tmp_path), 8)
    for passing in range(3):
        of_pass = run.prefix(5 * (passing + 1)).tail(5)
        assert sorted(of_pass["seed_id"]) == sorted(s.id for s in SEEDS)
    orders = [tuple(run.prefix(5 * (p + 1)).tail(5)["seed_id"]) for p in range(4)]
    assert len(set(orders)) > 1, "each pass is a permutation of its own"


def test_another_random_state_draws_another_order_and_other_replies() -> None:
    one, two = (
        tilth.generate_sync(SEEDS, "answer-augmentation", 15, teacher=tilth.Teacher(Model()), random_state=r)
        for r in (1, 2)
    )
    assert one.path != two.path
    assert list(one.rows["seed_id"]) != list(two.rows["seed_id"])
    assert list(one.rows["response"]) != list(two.rows["response"])


def test_a_request_refused_for_good_ends_its_unit_and_no_other(tmp_path: Path) -> None:
    refused: set[str] = set()

    def fault(key: str, attempt: int, number: int) -> CallError | None:
        if number in (2, 3):
            refused.add(key)
        return BAD_REQUEST if key in refused else None

    model = Model(fault=fault)
    run = grown(model, "answer-augmentation", tilth.Budget(queries=12), str(tmp_path))
    assert run.status == "finished"
    assert run.rows.height == 12
    assert run.progress.queries == 12 == model.completed
    assert run.progress.rowless == 2
    assert sorted(set(range(14)) - set(run.rows["unit"])) == [1, 2]


def test_a_dollar_prefix_of_a_run_with_no_price_is_refused(tmp_path: Path) -> None:
    run = grown(Model(), "answer-augmentation", tilth.Budget(queries=5), str(tmp_path))
    with pytest.raises(tilth.engine.budget.BudgetError, match="unknown"):
        run.prefix(tilth.Budget(usd=1.0))
