"""The rate and the time left: from the start where units are slow, by the latest where they are many."""

from __future__ import annotations

import pytest
from tests.unit.engine.growing import SEEDS, Model, grown

import tilth
from tilth.engine.budget import Amount
from tilth.engine.growing.pace import Pace


class Clock:
    """Is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Units:
    """Ends units one after the other, each of two queries, and knows what was spent."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.spent = Amount(10, 500, 2_500)
        self.pace = Pace(self.spent, self.clock)

    def end(self, count: int, each: float) -> None:
        for _ in range(count):
            self.clock.now += each
            self.spent += Amount(2, 100, 500)
            self.pace.add(1, 1, self.spent)


@pytest.fixture
def units() -> Units:
    return Units()


def test_nothing_is_told_before_a_unit_has_ended(units: Units) -> None:
    units.clock.now = 30.0
    assert units.pace.rates().rows == 0
    assert units.pace.rates().seconds_left(tilth.Budget(queries=10), Amount(), 0) is None


@pytest.mark.parametrize("each", [0.01, 1.0, 60.0])
def test_a_slow_model_has_a_rate_from_its_first_unit_on(units: Units, each: float) -> None:
    for count in (1, 2, 10, 40):
        units.end(count, each)
        assert units.pace.rates().rows == pytest.approx(1 / each)


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [
        (tilth.Budget(queries=110), 30 * 20),
        (tilth.Budget(tokens=3_500), 30 * 10),
        (tilth.Budget(usd=15_000 / 1e9), 30 * 5),
        (tilth.Budget(queries=110, tokens=3_500), 30 * 10),
        (tilth.Budget(queries=100_000, rows=25), 30 * 5),
    ],
)
def test_time_left_is_known_whatever_limits_a_run(units: Units, limit: tilth.Budget, seconds: float) -> None:
    units.end(20, 30.0)
    spent = units.spent
    assert (spent.queries, spent.tokens) == (50, 2_500)
    left = Amount(spent.queries + 20, spent.tokens, spent.nano)
    assert units.pace.rates().seconds_left(limit, left, 20) == pytest.approx(seconds)


def test_a_pace_that_changes_shows_after_some_units(units: Units) -> None:
    units.end(1_000, 0.01)
    units.end(20, 5.0)
    assert units.pace.rates().rows == pytest.approx(0.2)
    units.clock.now += 100.0
    assert units.pace.rates().rows == pytest.approx(0.1), "it sinks while nothing comes"


# -- what is worth a look -----------------------------------------------------------------------------------


class Mute(Model):
    """Writes no question."""

    def reply(self, messages, draw, max_tokens):
        return {"text": "", "finish_reason": "stop"}


def test_a_run_without_rows_says_so_after_its_first_units_and_goes_on() -> None:
    run = grown(Mute(), 30)
    assert run.status == "finished"
    assert run.progress.notice is not None
    units = run.progress.rowless
    assert run.progress.notice.startswith(f"{units} of the first {units} units gave no row that is kept")
    assert f"{units} of them: empty (the latest: rephrase: empty reply)" in run.progress.notice


@pytest.mark.parametrize("queries", [18, 40])
def test_nothing_is_said_of_few_units_and_of_some_that_bring_rows(queries: int) -> None:
    assert grown(Mute() if queries < 10 else Model(), queries).progress.notice is None


def test_calls_that_time_out_are_told_with_what_to_do() -> None:
    model = Model(latency=lambda number: 3600.0 if number == 5 else 0.0)
    run = tilth.generate_sync(
        SEEDS, "answer-augmentation", 20, teacher=tilth.Teacher(model, timeout=2.0), path="run.tilth"
    )
    assert run.progress.notice is not None
    assert "1 call to Model brought no whole reply within timeout=2 s" in run.progress.notice
    assert "concurrency=" in run.progress.notice
