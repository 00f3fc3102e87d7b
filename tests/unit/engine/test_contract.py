"""Strategies held to their contract: what they may not do is told before it costs, and all is booked."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine.growing import BAD_REQUEST, Model, aborted, comparable, prompt, seeds
from tests.unit.engine.rounds import SEEDS, Deciding, grown

import tilth
from tilth.engine.growing.asks import claims
from tilth.errors import StrategyError, StrategyNotDeterministic
from tilth.strategies.base import Ask, Candidate, Strategy, Unit, UnitCost
from tilth.tasks.base import Task


class Drawing(Strategy):
    """Draws from `random`, which it must not."""

    name = "test-drawing"
    title = "Drawing"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=2)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        await ask(prompt(f"Draw {random.random()}"))
        yield Candidate("q", await ask(prompt(f"Draw {random.random()}")))


def test_a_strategy_that_draws_from_elsewhere_is_told_on_resuming_and_nothing_is_paid() -> None:
    aborted(6, SEEDS, Drawing(), 40, concurrency=1)
    queries = tilth.open_run("run.tilth").progress.queries
    assert queries == 5
    model = Model()
    with pytest.raises(StrategyNotDeterministic, match=r"unit 2 asks for other things.*nothing was paid"):
        tilth.generate_sync(
            SEEDS, Drawing(), 40, teacher=tilth.Teacher(model, concurrency=1), path="run.tilth"
        )
    assert model.calls == 0
    assert tilth.open_run("run.tilth").progress.queries == queries


class Shuffling(Strategy):
    """Asks the same things at once in another order each time, which it may."""

    name = "test-shuffling"
    title = "Shuffling"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=4)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        asks = [prompt(f"{unit.seed.question} {n}") for n in range(3)]
        random.shuffle(asks)
        replies = await asyncio.gather(*map(ask, asks))
        yield Candidate("q", await ask(prompt("Judge: " + " / ".join(sorted(replies)))))


@pytest.mark.parametrize("at", range(1, 10))
def test_asks_that_are_out_together_may_come_in_any_order(at: int) -> None:
    run, first = aborted(at, SEEDS, Shuffling(), 8, concurrency=2)
    again = Model()
    resumed = grown(again, Shuffling(), 8 + run.progress.in_doubt)
    whole = grown(Model(), Shuffling(), 8, path="whole.tilth")
    assert_frame_equal(comparable(resumed.rows), comparable(whole.rows))
    assert first.completed + again.completed - resumed.progress.in_doubt <= 8


class Refining(Strategy):
    """Asks about the reply to its first ask."""

    name = "test-refining"
    title = "Refining"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=2)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        draft = await ask(task.answer(unit.seed.question))
        yield Candidate(unit.seed.question, await ask(prompt(f"Better: {draft}")), unit.seed.reference)


class Wordy(Model):
    """Its replies are cut off where the limit is small."""

    def reply(self, messages, draw, max_tokens):
        whole = super().reply(messages, draw, max_tokens)
        return whole if max_tokens > 100 else {"text": whole["text"][:9], "finish_reason": "length"}


def test_what_follows_from_a_reply_that_was_cut_off_may_be_asked_otherwise() -> None:
    short = tilth.Teacher(Wordy(), max_tokens=50)
    tilth.generate_sync(SEEDS, Refining(), 8, teacher=short, path="run.tilth")
    enough = tilth.Teacher(Wordy(), max_tokens=500)
    longer = tilth.generate_sync(SEEDS, Refining(), 16, teacher=enough, path="run.tilth")
    plain = tilth.generate_sync(SEEDS, Refining(), 8, teacher=enough, path="plain.tilth")
    assert longer.status == "finished"
    assert longer.rows["response"].to_list() == plain.rows["response"].to_list()
    assert longer.progress.queries == 16


class Asking(Strategy):
    """Asks more often than it says."""

    name = "test-asking"
    title = "Asking"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=1, most_teacher=2)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        for number in range(3):
            await ask(prompt(f"{unit.seed.question} {number}"))
        yield Candidate("q", "never")


def test_asking_more_than_declared_is_an_error_before_the_call() -> None:
    model = Model()
    with pytest.raises(StrategyError, match=r"asked the teacher 3 times .* declares 2 at most"):
        tilth.generate_sync(SEEDS, Asking(), 40, teacher=tilth.Teacher(model, concurrency=1))
    assert model.calls == 2


class Raising(Strategy):
    """Fails in its second unit."""

    name = "test-raising"
    title = "Raising"
    broken = True

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=1)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        reply = await ask(task.answer(unit.seed.question))
        if unit.number == 1 and Raising.broken:
            raise KeyError("no such column")
        yield Candidate(unit.seed.question, reply)


def test_a_strategy_that_raises_is_told_plainly_and_its_unit_stays_open(monkeypatch) -> None:
    model = Model()
    teacher = tilth.Teacher(model, concurrency=1)
    with pytest.raises(StrategyError, match=r"'test-raising' raised KeyError in unit 1: 'no such column'"):
        tilth.generate_sync(SEEDS, Raising(), 4, teacher=teacher, path="run.tilth")
    left = tilth.open_run("run.tilth")
    assert (left.status, left.rows["unit"].to_list()) == ("failed", [0])
    assert "no such column" in (left.progress.reason or "")
    monkeypatch.setattr(Raising, "broken", False)
    mended = tilth.generate_sync(SEEDS, Raising(), 4, teacher=teacher, path="run.tilth")
    assert mended.rows["unit"].to_list() == [0, 1, 2, 3]
    assert model.completed == 4, "the reply it had was kept"


class Racing(Strategy):
    """Takes the first of two replies and leaves the other behind."""

    name = "test-racing"
    title = "Racing"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=2)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        racers = [asyncio.ensure_future(ask(prompt(f"{unit.seed.question} {n}"))) for n in range(2)]
        done, _ = await asyncio.wait(racers, return_when=asyncio.FIRST_COMPLETED)
        yield Candidate(unit.seed.question, next(iter(done)).result())


def test_a_reply_that_lost_a_race_is_waited_for_and_booked() -> None:
    model = Model(latency=lambda number: 0.02 if number % 2 else 0.001)
    run = tilth.generate_sync(SEEDS, Racing(), 12, teacher=tilth.Teacher(model, concurrency=4))
    assert run.progress.queries == model.completed == 12
    assert run.rows["queries"].to_list() == [2] * 6
    assert (run.progress.in_doubt, run.progress.reserved) == (0, 0)


def test_a_request_refused_for_good_in_one_of_many_ends_the_unit_with_all_booked() -> None:
    @dataclass(frozen=True)
    class Three(Strategy):
        name = "test-three"
        title = "Three"

        def cost(self, task: Task) -> UnitCost:
            return UnitCost(teacher=3)

        async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
            for reply in await ask.many(task.answer(unit.seed.question), 3):
                yield Candidate(unit.seed.question, reply)

    refused: set[str] = set()

    def fault(key: str, attempt: int, number: int):
        if number == 4:
            refused.add(key)
        return BAD_REQUEST if key in refused else None

    model = Model(fault=fault, latency=lambda n: 0.001 * (n % 3))
    run = tilth.generate_sync(SEEDS, Three(), 12, teacher=tilth.Teacher(model, concurrency=3))
    assert run.status == "finished"
    assert run.progress.queries == model.completed
    assert run.progress.rowless == 1
    assert run.rows.height % 3 == 0


def test_a_name_nobody_knows_lists_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no strategy is called 'no-such'; there are adaptive, answer-aug"):
        tilth.start(SEEDS, "no-such", 4, teacher=tilth.Teacher(Model()))


def test_a_strategy_that_needs_references_refuses_seeds_without(tmp_path: Path) -> None:
    class Needy(Deciding):
        name = "test-needy"
        needs = frozenset({"question", "reference"})

    bare = seeds(3, references=False)
    with pytest.raises(ValueError, match="needs a reference for every seed"):
        tilth.start(bare, Needy(), 4, teacher=tilth.Teacher(Model()))
    assert list(tmp_path.iterdir()) == []


def test_a_strategy_that_is_not_nested_has_no_prefixes() -> None:
    class Loose(Deciding):
        name = "test-loose"
        nested = False

    with pytest.raises(ValueError, match="not nested"):
        grown(Model(), Loose(), 4).prefix(2)


class Branching(Strategy):
    """Two branches at once: one asks, and asks on; the other waits outside of asks before it asks."""

    name = "test-branching"
    title = "Branching"
    waits = staticmethod(asyncio.sleep)
    seconds = 0.0
    strays = False

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=3)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        async def first() -> str:
            draft = await ask(prompt("first"))
            return await ask(prompt(f"again: {draft} {random.random() if Branching.strays else ''}"))

        async def second() -> str:
            await Branching.waits(Branching.seconds)
            return await ask(prompt(f"second {random.random() if Branching.strays else ''}"))

        yield Candidate("q", " / ".join(await asyncio.gather(first(), second())))


@pytest.fixture
def branched(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A run of one unit whose two branches had a reply each when it was aborted; the third call never left.

    The patch sets how the second branch waits from here on.
    """
    aborted(3, seeds(1), Branching(), 3, concurrency=1)
    assert tilth.open_run("run.tilth").progress.queries == 2
    return monkeypatch


@pytest.mark.parametrize(
    ("waits", "quiet_times"), [(lambda s: asyncio.to_thread(time.sleep, s), 3), (asyncio.sleep, 0.5)]
)
def test_a_branch_that_waits_in_a_thread_or_for_a_moment_is_not_accused(branched, waits, quiet_times) -> None:
    """A thread may take longer than the time in which nothing may stir; anything else must be sooner."""
    branched.setattr(Branching, "waits", staticmethod(waits))
    branched.setattr(Branching, "seconds", quiet_times * claims.QUIET_SECONDS)
    model = Model()
    run = tilth.generate_sync(
        seeds(1), Branching(), 3, teacher=tilth.Teacher(model, concurrency=1), path="run.tilth"
    )
    assert (run.status, run.rows.height, model.calls) == ("finished", 1, 1)


@pytest.mark.parametrize("waits", [lambda s: asyncio.to_thread(time.sleep, s), asyncio.sleep])
def test_branches_that_ask_for_other_things_are_accused_once_none_stirs(branched, waits) -> None:
    branched.setattr(Branching, "waits", staticmethod(waits))
    branched.setattr(Branching, "strays", True)
    model = Model()
    with pytest.raises(StrategyNotDeterministic, match=r"unit 0 asks for other things.*nothing was paid"):
        tilth.generate_sync(
            seeds(1), Branching(), 3, teacher=tilth.Teacher(model, concurrency=1), path="run.tilth"
        )
    assert model.calls == 0
