"""Strategies of every kind: prepare, decide, many, rounds; resumed anywhere, held to what they declared."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine.growing import BAD_REQUEST, SERVER, Model, comparable, prompt, seeds, until

import tilth
from tilth.engine.run import Run
from tilth.engine.strategy import (
    Ask,
    Candidate,
    Passes,
    State,
    Strategy,
    StrategyError,
    StrategyNotDeterministic,
    Unit,
    UnitCost,
    UnitResult,
)
from tilth.seeds import Seeds
from tilth.tasks.base import Task

SEEDS = seeds(4)
DECIDED: list[str] = []
"""Keys of the decisions that were made, not read."""


@dataclass(frozen=True)
class TwoRounds(Strategy):
    """Prepares a hint, answers every seed, then asks again about those that were rejected."""

    name = "test-two-rounds"
    title = "Two rounds"
    retries: int = 2

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(writer=1, teacher=2)

    async def prepare(self, seeds: Seeds, ask: Ask, task: Task) -> State:
        drawn = await ask.decide("draw", self._draw)
        hint = await ask(prompt(f"A hint, please. {len(seeds)}", "hint"), role="writer")
        return {"hint": str(hint), "drawn": drawn}

    @staticmethod
    async def _draw() -> float:
        DECIDED.append("draw")
        return random.random()

    def units(
        self, seeds: Seeds, round: int, state: State, results: Sequence[UnitResult], passes: Passes
    ) -> Iterable[Unit]:
        if round == 0:
            return [passes.unit(number, data=state) for number in range(len(seeds))]
        if round > self.retries:
            return []
        last = [r for r in results if r.rows and r.rows[0]["round"] == round - 1]
        state = {**state, "before": len(results)}
        again = [r.number for r in last if r.rows[0]["verdict"] == "rejected"]
        return [passes.unit(n % len(seeds) + round * len(seeds), round=round, data=state) for n in again]

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        hint = unit.data["hint"]
        question = await ask(task.rephrase(unit.seed), role="writer")

        async def draw() -> float:
            DECIDED.append(f"unit {unit.number}")
            return random.random()

        taste = await ask.decide("taste", draw)
        replies = await ask.many(task.answer(f"{question} ({hint[:9]} {unit.data.get('before')})"), 2)
        for reply in replies:
            yield Candidate(question, reply, unit.seed.reference, extra={"taste": taste})


def grown(model: Model, strategy: Strategy, budget: int = 200, path: str = "run.tilth") -> Run:
    teacher = tilth.Teacher(model, concurrency=3)
    return tilth.generate_sync(SEEDS, strategy, budget, teacher=teacher, path=path)


def without_draws(run: Run):
    return comparable(run.rows).drop("extra")


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


@pytest.mark.parametrize(
    ("at", "concurrency"),
    [*((at, 3) for at in (*range(1, 12), 14, 17, 20)), *((at, 1) for at in range(13, 26))],
)
def test_resumed_after_an_abort_at_any_call_it_grows_the_same(at: int, concurrency: int) -> None:
    DECIDED.clear()
    box: list[Run] = []

    def fault(key: str, attempt: int, number: int):
        if number == at:
            until(lambda: box)  # the first call may be out before `start` has returned
            box[0].abort()
            return SERVER
        return None

    broken = Model(fault=fault, latency=lambda n: 0.001)
    teacher = tilth.Teacher(broken, concurrency=concurrency)
    box.append(tilth.start(SEEDS, TwoRounds(), 200, teacher=teacher, path="run.tilth"))
    box[0].wait()
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


class Deciding(Strategy):
    """Decides before it asks, and in `prepare` it only decides."""

    name = "test-deciding"
    title = "Deciding"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=1)

    async def prepare(self, seeds: Seeds, ask: Ask, task: Task) -> State:
        async def draw() -> list[float]:
            DECIDED.append("prepare")
            return [random.random()]

        return await ask.decide("draw", draw)

    def units(
        self, seeds: Seeds, round: int, state: State, results: Sequence[UnitResult], passes: Passes
    ) -> Iterable[Unit]:
        units = super().units(seeds, round, state, results, passes)
        return (passes.unit(unit.number, data={"state": state}) for unit in units)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        async def draw() -> float:
            DECIDED.append(f"unit {unit.number}")
            return random.random()

        own = await ask.decide("own", draw)
        reply = await ask(task.answer(unit.seed.question))
        yield Candidate(unit.seed.question, reply, extra={"own": own, "state": unit.data["state"]})


def test_decisions_are_made_once_though_nothing_was_asked_yet() -> None:
    DECIDED.clear()
    box: list[Run] = []

    def fault(key: str, attempt: int, number: int):
        if number == 1:
            until(lambda: box)  # the first call may be out before `start` has returned
            box[0].abort()
            return SERVER
        return None

    teacher = tilth.Teacher(Model(fault=fault), concurrency=3)
    box.append(tilth.start(SEEDS, Deciding(), 6, teacher=teacher, path="run.tilth"))
    box[0].wait()
    assert sorted(DECIDED) == ["prepare", "unit 0", "unit 1", "unit 2"]
    run = grown(Model(), Deciding(), 6)
    assert sorted(DECIDED) == ["prepare", *(f"unit {n}" for n in range(6))]
    assert run.rows["extra"].str.json_path_match("$.state[0]").n_unique() == 1
    DECIDED.clear()
    assert_frame_equal(grown(Model(), Deciding(), 6).rows, run.rows)
    assert DECIDED == []


# -- strategies that break the contract -------------------------------------------------------------------


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
    box: list[Run] = []

    def fault(key: str, attempt: int, number: int):
        if number == 6:
            until(lambda: box)  # the first call may be out before `start` has returned
            box[0].abort()
            return SERVER
        return None

    teacher = tilth.Teacher(Model(fault=fault), concurrency=1)
    box.append(tilth.start(SEEDS, Drawing(), 40, teacher=teacher, path="run.tilth"))
    box[0].wait()
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
    box: list[Run] = []

    def fault(key: str, attempt: int, number: int):
        if number == at:
            until(lambda: box)  # the first call may be out before `start` has returned
            box[0].abort()
            return SERVER
        return None

    first = Model(fault=fault)
    teacher = tilth.Teacher(first, concurrency=2)
    box.append(tilth.start(SEEDS, Shuffling(), 8, teacher=teacher, path="run.tilth"))
    box[0].wait()
    again = Model()
    resumed = grown(again, Shuffling(), 8 + box[0].progress.in_doubt)
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
    with pytest.raises(ValueError, match=r"no strategy is called 'no-such'; there are answer-aug"):
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
