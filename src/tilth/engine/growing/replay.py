"""Units grown again from their journalled replies: nothing is asked and nothing is written."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tilth.engine.file.format.digests import digest
from tilth.engine.file.resume import JournalledRun
from tilth.engine.file.writes import PREPARING, Address, Bill
from tilth.engine.growing.asks.asking import together
from tilth.engine.growing.asks.replies import read
from tilth.engine.growing.rows import Grown, grow
from tilth.engine.recipe import Recipe
from tilth.errors import UnitFailed
from tilth.strategies.base import Reply, Role, Unit
from tilth.strategies.rounds import RoundStart
from tilth.tasks.base import Prompt
from tilth.teacher import Teacher


class NotJournalled(Exception):
    """The strategy asks for something its journal does not hold."""


class ReplayedAsk:
    """Answers one unit's prompts with what is journalled for it."""

    def __init__(self, journalled: JournalledRun, unit: int, models: Mapping[Role, Teacher]) -> None:
        self._unit, self._models = unit, models
        self._replies = journalled.replies(unit)
        self._refused = journalled.addresses(unit) - set(self._replies)
        self._decisions = journalled.decisions(unit)
        self._seen: Counter[tuple[Role, str]] = Counter()
        self.bill = Bill()

    async def __call__(self, prompt: Prompt, role: Role = "teacher") -> Reply:
        key = digest(self._models[role].request(prompt))
        address = Address(self._unit, role, key, self._seen[role, key])
        self._seen[role, key] += 1
        stored = self._replies.get(address)
        if stored is None:
            if address in self._refused:  # the endpoint had refused it for good
                raise UnitFailed("its request was refused")
            raise NotJournalled(f"its {prompt.purpose} prompt to the {role} has no reply in the journal")
        self.bill.add(stored)
        return read(prompt, stored)

    async def many(self, prompt: Prompt, k: int, role: Role = "teacher") -> list[Reply]:
        """`k` replies to one prompt, in order of asking."""
        return await together(self(prompt, role) for _ in range(k))

    def structured(self, role: Role) -> str | None:
        """As the run's identity has it."""
        return self._models[role].structured

    async def decide(self, key: str, fn: Callable[[], Awaitable[Any]], *, older: Any = None) -> Any:
        """The journalled result, or that of an older version; `fn` is not run."""
        if key not in self._decisions:
            if older is not None:
                return older
            raise NotJournalled(f"its decision {key!r} is not in the journal")
        decision = self._decisions[key]
        for role, request, n in decision.asked:
            if n >= self._seen[role, request]:
                self._seen[role, request] = n + 1
                if stored := self._replies.get(Address(self._unit, role, request, n)):
                    self.bill.add(stored)
        return decision.value


@dataclass(frozen=True, slots=True)
class Replay:
    """A run's journal and recipe: all that made its rows."""

    journalled: JournalledRun
    recipe: Recipe

    async def units(self, last: int) -> AsyncIterator[tuple[int, Unit]]:
        """The units in the order of admission, with their positions from 0 to `last`."""
        seeds, strategy, passes = self.recipe.seeds, self.recipe.strategy, self.recipe.passes()
        ask = ReplayedAsk(self.journalled, PREPARING, self.recipe.models)
        state = await strategy.prepare(seeds, ask, self.recipe.task)
        position = number = 0
        while position <= last:
            before, results = position, self.journalled.results(number) if number else ()
            start = RoundStart(number, results, self.recipe.random_state, ask.decide)
            state = await strategy.before_round(seeds, start, state, self.recipe.task)
            for unit in strategy.units(seeds, number, state, results, passes):
                yield position, unit
                position += 1
                if position > last:
                    return
            if position == before:
                return
            number += 1

    async def grow(self, unit: Unit) -> Grown:
        """Grows a unit again; raises `NotJournalled`. Why an endpoint refused a request is not told."""
        ask = ReplayedAsk(self.journalled, unit.number, self.recipe.models)
        grown = await grow(self.recipe.strategy, unit, ask, self.recipe.task)
        await asyncio.sleep(0)  # asks that the strategy left behind are on the bill too
        return grown
