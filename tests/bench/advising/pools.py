"""Rows of the demo teacher, pool by pool: grown by the strategies, judged by the task, without HTTP and "
"files."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from tests.bench.advising.arms import AA, NQ, QR

import tilth
from tilth.demo.arithmetic import world as arithmetic
from tilth.demo.knobs import Knobs
from tilth.demo.model import reply
from tilth.demo.splits import distinct
from tilth.demo.sql import world as sql
from tilth.errors import Unreadable
from tilth.strategies.passes import SeedPasses, drawn

VALIDATION, TEST = 300, 1_000
"""Questions of a pool that decisions see, and that only figures see."""

TEMPERATURE = 0.7
KINDS = {"numeric": ("same", "held-out"), "sql": ("same",)}
STUDENTS = {"numeric": ("parser", "neighbour"), "sql": ("sketch",)}


@dataclass(frozen=True)
class Pool:
    """What one draw of seeds gives: all that is measured on it shares its luck.

    Attributes:
        task: "numeric" or "sql".
        skill: Of the simulated teacher.
        drift: Likewise.
        random_state: What seeds, rows and questions are drawn from.
        seeds: How many.
        most: The largest budget, in queries for each seed.
    """

    task: str
    skill: float
    drift: float
    random_state: int
    seeds: int
    most: float = 64

    @property
    def name(self) -> str:
        """Tells it from others."""
        return f"{self.task}-{self.skill:g}-{self.drift:g}-{self.random_state}-{self.seeds}"


@dataclass(frozen=True)
class Rows:
    """The rows of one pool of a kind, in the order in which they are bought.

    Attributes:
        pairs: Questions and responses, of rows that were not rejected.
        spent: Queries that were spent once each of them was there.
    """

    pairs: Sequence[tuple[str, str]]
    spent: Sequence[int]

    def within(self, queries: float) -> Sequence[tuple[str, str]]:
        """Those that so many queries buy."""
        return self.pairs[: int(np.searchsorted(self.spent, queries + 1e-6, side="right"))]


@dataclass(frozen=True)
class Grown:
    """A pool with all that is needed to train and ask.

    Attributes:
        pool: Which.
        rows: By the strategy that grows them: answers, rephrases and new questions.
        references: Questions and references of the seeds.
        questions: Questions and references by kind, those for validation first.
        task: Reads and checks answers.
    """

    pool: Pool
    rows: Mapping[str, Rows]
    references: Sequence[tuple[str, str]]
    questions: Mapping[str, Sequence[tuple[str, str]]]
    task: tilth.tasks.Task


class _Simulated:
    """The simulated teacher, asked in this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self._knobs = pool, Knobs(pool.skill, pool.drift)
        self.spent, self._where = 0, ""

    def at(self, where: str) -> None:
        """Names the unit that asks."""
        self._where = where

    async def __call__(self, prompt: tilth.Prompt, role: str = "teacher") -> str:
        self.spent += 1
        seed = drawn(self._pool.random_state, self._where, prompt.purpose)
        text = reply(self._knobs, prompt.messages, TEMPERATURE, seed)
        return text if prompt.read is None else prompt.read(text)


def grow(pool: Pool) -> Grown:
    """Grows a pool: the same pool is grown the same."""
    seeds = tilth.demo.seeds(pool.seeds, pool.random_state, pool.task)
    rows = {name: asyncio.run(_grown(pool, seeds, name)) for name in (AA, QR, NQ)}
    references = [(one.question, one.reference or "") for one in seeds]
    return Grown(pool, rows, references, _questions(pool, references), tilth.tasks.get(seeds.task))


async def _grown(pool: Pool, seeds: tilth.Seeds, name: str) -> Rows:
    strategy, ask, task = tilth.strategies.get(name), _Simulated(pool), tilth.tasks.get(seeds.task)
    pairs, spent = [], []
    units = iter(SeedPasses(tuple(seeds), pool.random_state, put=task.put).units())
    while ask.spent < pool.most * pool.seeds:
        unit = next(units)
        ask.at(f"{name} {unit.number}")
        try:
            async for one in strategy.grow(unit, ask, task):
                if task.check(one.response, one.reference, one.question).verdict != "rejected":
                    pairs.append((one.question, str(one.response)))
                    spent.append(ask.spent)
        except Unreadable:
            continue  # a query without a row
    return Rows(pairs, spent)


def _questions(pool: Pool, seeds: Sequence[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Fresh questions that are no seed, and in no set of the demo that its grammar was looked at with."""
    world = sql if pool.task == "sql" else arithmetic
    found = {}
    for kind in KINDS[pool.task]:
        rng = random.Random(f"tests.bench.advice {pool.name} {kind}")
        taken = {question for question, _ in seeds}
        for split in ("validation", "test"):
            taken |= set(tilth.demo.questions(kind, split, pool.task)["question"])
        fresh = islice(distinct(world.problems(rng, kind), taken), VALIDATION + TEST)
        found[kind] = [(one.question, one.reference) for one in fresh]
    return found
