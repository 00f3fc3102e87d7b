"""A model that refuses, fails or answers nonsense for ever: the run ends, says why, and costs little."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from tests.unit.engine.growing import SERVER, TIMEOUT, Model, started, until
from tests.unit.engine.growing import seeds as numbered

import tilth
from tilth.engine.verify import verify
from tilth.errors import BudgetError, EndpointUnavailable
from tilth.teacher import CallError

REFUSED = CallError("answered 400: System role not supported.", kind="bad-request", status=400)
A_PAGE = CallError("answered 200 with a web page (Sign in)", kind="no-completion", in_doubt=True)
Fault = Callable[[str, int, int], CallError | None]


def grown(
    model: Model, count: int, budget: tilth.Budget | int, concurrency: int = 4, **options: Any
) -> tilth.Run:
    """A run over so many seeds that has ended, whatever of."""
    teacher = tilth.Teacher(model, concurrency=concurrency, **options.pop("teacher", {}))
    options = {"strategy": "answer-augmentation", "path": "run.tilth", **options}
    run = tilth.start(numbered(count), budget=budget, teacher=teacher, **options)
    with closing(run.events.subscribe()):
        try:
            return run.wait()
        except EndpointUnavailable:
            return run


def about(*numbers: int) -> Callable[[str], bool]:
    """Whether a prompt asks about one of the seeds of these numbers."""
    return lambda prompt: any(f"How many are {number} and {number}?" in prompt for number in numbers)


class Picky(Model):
    """Fails the calls whose prompt is among those named."""

    def __init__(self, fails: Callable[[str], bool], error: CallError, free: int = 0) -> None:
        super().__init__()
        self.fails, self.error, self.answered_first = fails, error, free

    async def __call__(self, messages: Any, seed: int, max_tokens: int) -> dict[str, Any]:
        prompt = json.dumps(list(messages))
        failing = self.fails(prompt) and self.completed >= self.answered_first
        self.fault = lambda key, attempt, number: self.error if failing else None
        return await super().__call__(messages, seed, max_tokens)


@pytest.mark.parametrize(("seeds", "concurrency"), [(1, 1), (1, 32), (40, 1), (40, 32)])
def test_a_model_that_refuses_every_call_ends_the_run_with_its_own_words(
    seeds: int, concurrency: int
) -> None:
    model = Picky(lambda _: True, REFUSED)
    run = grown(model, seeds, 50, concurrency)
    assert (run.status, model.calls) == ("failed", 8)
    assert "System role not supported" in str(run.error)
    assert (run.progress.queries, run.progress.rowless) == (0, 0)


def test_what_a_model_refused_before_it_answered_anything_is_asked_again_once_it_is_mended() -> None:
    grown(Picky(lambda _: True, REFUSED), 12, 12)
    run = grown(Picky(lambda _: False, REFUSED), 12, 12)
    assert (run.status, run.rows.height, run.progress.rowless) == ("finished", 12, 0)
    assert run.rows["seed_id"].n_unique() == 12


def test_a_seed_that_is_refused_by_itself_is_a_unit_without_a_row() -> None:
    run = grown(Picky(about(3), REFUSED), 6, 30)
    assert (run.status, run.progress.queries, run.progress.rows) == ("finished", 30, 30)
    assert run.quality.rowless_by.keys() == {"refused-request"}
    assert 5 <= run.progress.rowless <= 7


@pytest.mark.parametrize(("seeds", "most"), [(2, 8), (10, 20), (200, 32)])
def test_a_model_that_refuses_everything_from_some_call_on_ends_the_run(seeds: int, most: int) -> None:
    model = Picky(lambda _: True, REFUSED, free=5)
    run = grown(model, seeds, 500)
    assert run.status == "failed"
    assert "System role not supported" in str(run.error)
    assert run.progress.rows == 5
    assert model.calls <= 5 + most + 2 * 4, "beside the last others were out, and as many came after them"


def test_half_of_the_seeds_may_be_refused() -> None:
    run = grown(Picky(about(*range(0, 60, 2)), REFUSED), 60, 150)
    assert (run.status, run.progress.rows) == ("finished", 150)


@pytest.mark.parametrize("budget", [300, 20], ids=["with room", "without room to try again"])
@pytest.mark.parametrize("concurrency", [1, 32])
def test_a_login_page_costs_a_few_calls_and_no_budget(concurrency: int, budget: int) -> None:
    model = Picky(lambda _: True, A_PAGE)
    run = grown(model, 20, budget, concurrency)
    assert (run.status, model.calls, run.progress.queries, run.progress.in_doubt) == ("failed", 2, 2, 2)
    assert "Sign in" in str(run.error)
    assert "base_url" in str(run.error)


def test_a_login_page_later_on_costs_those_that_are_out_and_a_few_more() -> None:
    model = Picky(lambda _: True, A_PAGE, free=30)
    run = grown(model, 20, 300)
    assert run.status == "failed"
    assert run.progress.rows == 30
    assert run.progress.in_doubt <= 4 * 5


@pytest.mark.parametrize(
    "error",
    [
        SERVER,
        TIMEOUT,
        CallError("too large for your tokens a minute", kind="rate-limited", status=429, retry_after=0.01),
    ],
    ids=["server", "timeout", "rate-limited"],
)
def test_a_call_that_only_fails_while_others_are_answered_is_given_up(error: CallError) -> None:
    model = Picky(about(3), error)
    run = grown(model, 20, tilth.Budget(queries=100, rows=20), patience=0.5, check=False)
    assert (run.status, run.progress.rows) == ("finished", 20)
    assert run.quality.rowless_by.keys() == {"no-reply"}
    assert verify("run.tilth").ok


def test_a_wait_beyond_patience_ends_the_run_at_once_and_says_until_when() -> None:
    capped = CallError("free-models-per-day", kind="rate-limited", status=429, retry_after=6 * 3600.0)

    model = Picky(lambda _: True, capped)
    run = grown(model, 5, 20)
    assert (run.status, model.calls, run.progress.queries) == ("failed", 1, 0)
    assert "free-models-per-day" in str(run.error)
    assert "in 6 h 0 min, at 2" in str(run.error)


@pytest.mark.parametrize("kind", ["rate-limited", "server", "connection"])
def test_patience_ends_a_run_whatever_its_failures_are(kind: Any) -> None:
    model = Picky(lambda _: True, CallError("not now", kind=kind))
    run = grown(model, 5, 20, patience=0.2)
    assert run.status == "failed"
    assert "nothing but failures" in str(run.error)
    assert "not now" in str(run.error)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_patience_with_one_call_is_not_patience_with_its_model(concurrency: int) -> None:
    model = Picky(about(3), SERVER)
    run = grown(model, 6, tilth.Budget(queries=100, rows=6), concurrency, patience=0.2, check=False)
    assert (run.status, run.progress.rows) == ("finished", 6)
    assert run.quality.rowless_by.keys() <= {"no-reply"}


# -- numbers that servers send ----------------------------------------------------------------------------


class Counting(Model):
    """Reports the usage it is told to."""

    def __init__(self, usage: dict[str, Any]) -> None:
        super().__init__()
        self.reported = usage

    async def __call__(self, messages: Any, seed: int, max_tokens: int) -> dict[str, Any]:
        return {**await super().__call__(messages, seed, max_tokens), "usage": self.reported}


@pytest.mark.parametrize("prompt", [0, 10**10, 10**15, 2**53, 2**80])
@pytest.mark.parametrize("completion", [0, 2**80])
def test_a_usage_beyond_reason_or_of_nothing_is_taken_for_the_worst_case(
    prompt: int, completion: int
) -> None:
    model = Counting({"prompt_tokens": prompt, "completion_tokens": completion})
    price = tilth.Price(prompt=2, completion=8)
    limit = tilth.Budget(tokens=3_000)
    run = grown(model, 5, limit, teacher={"max_tokens": 100, "price": price}, confirm=True)
    assert run.status == "finished"
    assert run.progress.tokens <= 3_000
    assert 0 < run.progress.rows == model.completed < 30
    assert run.progress.usd is not None
    assert run.progress.usd > 0


def test_a_limit_in_dollars_alone_is_refused_where_nothing_costs_anything() -> None:
    free = {"price": tilth.Price(prompt=0, completion=0)}
    with pytest.raises(BudgetError, match="costs nothing"):
        grown(Model(), 5, tilth.Budget(usd=1.0), teacher=free)
    run = grown(Model(), 5, tilth.Budget(usd=1.0, queries=7), teacher=free)
    assert (run.status, run.progress.queries) == ("finished", 7)


# -- what a kill would leave in doubt -----------------------------------------------------------------------


def reserved() -> int:
    """Calls that the file holds as reserved now."""
    with closing(sqlite3.connect("run.tilth")) as file:
        return int(file.execute("SELECT count(*) FROM ledger WHERE state = 'reserved'").fetchone()[0])


def test_only_calls_that_are_out_are_reserved_in_the_file() -> None:
    held = threading.Event()
    model = Model(gate=held)
    run = started(model, concurrency=32)
    until(lambda: model.out == 1)
    until(lambda: run.progress.reserved > 1)
    assert reserved() == 1, "the first goes alone, whatever is to come"
    held.set()
    run.wait()


def test_a_call_that_waits_to_be_made_again_is_not_reserved_in_the_file() -> None:
    tried = threading.Event()

    class Closed(Model):
        async def __call__(self, messages: Any, seed: int, max_tokens: int) -> dict[str, Any]:
            if not tried.is_set():
                tried.set()
                raise CallError("busy", kind="rate-limited", status=429, retry_after=500.0)
            return await super().__call__(messages, seed, max_tokens)

    run = started(Closed())
    assert tried.wait(120)
    until(lambda: run.progress.next_try is not None)
    until(lambda: reserved() == 0)
    assert run.progress.queries == 0
    run.abort()
    assert run.wait().progress.in_doubt == 0
