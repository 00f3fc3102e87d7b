"""What the engine tests share: seeds, models that misbehave to plan, runs at any stage, frames to compare."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

import tilth
from tilth.seeds import Seeds
from tilth.strategies.base import Ask, Candidate, Strategy, Unit, UnitCost
from tilth.tasks.base import Prompt, Task
from tilth.teacher import CallError

ANSWERS = 4
"""A model answers "0" to "3", so that about one reply in four agrees with a reference."""


def seeds(count: int = 5, *, references: bool = True, prefix: str = "How many") -> Seeds:
    """Numbered questions."""
    records = [{"question": f"{prefix} are {i} and {i}?", "answer": str(i % ANSWERS)} for i in range(count)]
    return tilth.read_seeds(records, answer="answer" if references else None, name="counted")


SEEDS = seeds(5)
ENOUGH = 40
"""Queries, so many that a run is still at work when it is controlled."""


def comparable(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without what differs from run to run though nothing differs: the clock."""
    return rows.drop("created_at", "seconds")


def until(condition: Callable[[], Any], seconds: float = 120.0) -> None:
    """Waits for a condition, and fails where it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.002)


RATE_LIMITED = CallError("busy", kind="rate-limited", status=429)
SERVER = CallError("broken", kind="server", status=500)
REFUSED = CallError("nothing answers", kind="connection")
RESET = CallError("connection reset", kind="reset", in_doubt=True)
TIMEOUT = CallError("took too long", kind="timeout", in_doubt=True)
BAD_REQUEST = CallError("prompt refused", kind="bad-request", status=400)


def again(error: CallError) -> CallError:
    """A fresh copy: a raised exception carries its traceback along."""
    return CallError(
        str(error),
        kind=error.kind,
        status=error.status,
        retry_after=error.retry_after,
        in_doubt=error.in_doubt,
    )


class Model:
    """A model whose reply depends on messages and seed alone. It keeps books, and fails where told to.

    Attributes:
        latency: Seconds a call takes, by its number from 1.
        fault: What a call raises, by (its key, the key's attempts so far from 0, number of the call).
        gate: Where set, calls wait until it is opened; the first `free` do not.
        seen: Attempts by key; a key stands for one (messages, seed).
        completed: Replies handed over.
    """

    def __init__(
        self,
        *,
        latency: Callable[[int], float] = lambda number: 0.0,
        fault: Callable[[str, int, int], CallError | None] = lambda key, attempt, number: None,
        usage: bool = True,
        gate: threading.Event | None = None,
        free: int = 0,
    ) -> None:
        self.latency, self.fault, self.usage, self.gate, self.free = latency, fault, usage, gate, free
        self.calls = self.completed = self.out = self.most_out = 0
        self.tokens = 0
        self.seen: Counter[str] = Counter()
        self.max_tokens: list[int] = []

    async def __call__(
        self, messages: Sequence[Mapping[str, str]], seed: int, max_tokens: int
    ) -> dict[str, Any]:
        key = hashlib.sha256(json.dumps([messages, seed]).encode()).hexdigest()
        self.calls += 1
        self.max_tokens.append(max_tokens)
        number, attempt = self.calls, self.seen[key]
        self.seen[key] += 1
        self.out += 1
        self.most_out = max(self.most_out, self.out)
        try:
            if seconds := self.latency(number):
                await asyncio.sleep(seconds)
            while (held := self.holding(number)) and not held.is_set():  # noqa: ASYNC110 - a thread sets it
                await asyncio.sleep(0.001)
            if error := self.fault(key, attempt, number):
                raise again(error)
        finally:
            self.out -= 1
        reply = self.reply(messages, int(key[:8], 16), max_tokens)
        usage = {
            "prompt_tokens": sum(len(m["content"]) for m in messages) // 4,
            "completion_tokens": len(reply["text"]) // 4 + 1,
        }
        self.completed += 1
        self.tokens += sum(usage.values())
        return {**reply, **({"usage": usage} if self.usage else {})}

    def holding(self, number: int) -> threading.Event | None:
        """What the call of that number waits for."""
        return self.gate if number > self.free else None

    def reply(self, messages: Sequence[Mapping[str, str]], draw: int, max_tokens: int) -> dict[str, Any]:
        """The text and why it ended."""
        prompt = messages[-1]["content"]
        question = prompt.rpartition("Question: ")[2]
        if prompt.startswith("Write a new question"):
            text = f"Question: Unlike {question}, how many are {draw % 1000}?"
        elif prompt.startswith("Rephrase"):
            text = f"Question: Said otherwise ({draw % 1000}): {question}"
        else:
            text = f"Counting gives it.\nThe answer is {draw % ANSWERS}."
        return {"text": text, "finish_reason": "stop"}


class Wordy(Model):
    """Cuts every other reply off under a small limit."""

    def reply(self, messages, draw, max_tokens):
        whole = super().reply(messages, draw, max_tokens)
        if max_tokens < 100 and draw % 2:
            return {"text": whole["text"][:8], "finish_reason": "length"}
        return whole


def grown(model: Model, budget: tilth.Budget | int = 12, **options: Any) -> tilth.Run:
    """A run of the seeds that has ended, in "run.tilth" where no option says otherwise."""
    options = {"seeds": SEEDS, "strategy": "question-rephrase", "path": "run.tilth", **options}
    return tilth.generate_sync(budget=budget, teacher=tilth.Teacher(model), **options)


def started(model: Model, budget: int = ENOUGH, concurrency: int = 4, **options: Any) -> tilth.Run:
    """A run of the seeds that is at work in "run.tilth"."""
    teacher = tilth.Teacher(model, concurrency=concurrency)
    return tilth.start(SEEDS, "question-rephrase", budget, teacher=teacher, path="run.tilth", **options)


def aborted(
    at: int,
    seeds: Seeds,
    strategy: str | Strategy,
    budget: int,
    concurrency: int,
    latency: Callable[[int], float] = lambda number: 0.0,
) -> tuple[tilth.Run, Model]:
    """A run in "run.tilth" that was aborted when call `at` was out, which then failed; and its model."""
    box: list[tilth.Run] = []

    def fault(key: str, attempt: int, number: int) -> CallError | None:
        if number == at:
            until(lambda: box)  # the first call may be out before `start` has returned
            box[0].abort()
            return SERVER
        return None

    model = Model(fault=fault, latency=latency)
    teacher = tilth.Teacher(model, concurrency=concurrency)
    box.append(tilth.start(seeds, strategy, budget, teacher=teacher, path="run.tilth"))
    return box[0].wait(), model


def prompt(text: str, purpose: str = "answer") -> Prompt:
    """A prompt that hands its reply on whole."""
    return Prompt(({"role": "user", "content": text},), purpose)


@dataclass(frozen=True)
class Votes(Strategy):
    """Several answers to one question at once: how many depends on the unit."""

    name = "test-votes"
    title = "Votes"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=2, most_teacher=3)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        replies = await ask.many(task.answer(unit.seed.question), 1 + unit.rng.randrange(3))
        for number, reply in enumerate(replies):
            yield Candidate(unit.seed.question, reply, unit.seed.reference, group=f"{unit.number}/{number}")
