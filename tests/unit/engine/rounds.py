"""Strategies that prepare, decide and work in rounds, and runs of them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from tests.unit.engine.growing import Model, comparable, prompt, seeds

import tilth
from tilth.engine.run import Run
from tilth.seeds import Seeds
from tilth.strategies.base import (
    Ask,
    Candidate,
    Passes,
    State,
    Strategy,
    Unit,
    UnitCost,
    UnitResult,
)
from tilth.strategies.rounds import RoundStart
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

    async def before_round(self, seeds: Seeds, start: RoundStart, state: State, task: Task) -> State:
        async def draw() -> list[float]:
            DECIDED.append(f"round {start.number}")
            return [random.random(), len(start.results), start.spent_queries]

        return {**state, "start": await start.decide(f"round {start.number}", draw)}

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
            yield Candidate(
                question, reply, unit.seed.reference, extra={"taste": taste, "start": unit.data["start"]}
            )


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


def grown(model: Model, strategy: Strategy, budget: int = 200, path: str = "run.tilth") -> Run:
    teacher = tilth.Teacher(model, concurrency=3)
    return tilth.generate_sync(SEEDS, strategy, budget, teacher=teacher, path=path)


def without_draws(run: Run):
    return comparable(run.rows).drop("extra")
