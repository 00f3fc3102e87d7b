"""What a run will yield and cost, before it starts: every figure an estimate that names its source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from tilth import tasks
from tilth.engine import registry
from tilth.engine.budget import NANO, Amount, Budget
from tilth.engine.order import SeedPasses
from tilth.engine.strategy import Role, Strategy, Unit
from tilth.seeds import Seeds, TaskLike
from tilth.tasks.base import Prompt, Task
from tilth.teacher import Teacher

_CHARACTERS_PER_TOKEN = 4
_REPLY_TOKENS = 250
"""What a reply is taken to need where no reference shows how long answers are."""
_TOKENS_PER_SECOND = 60
_LATENCY = 0.6
"""Seconds until a hosted model's first token, and its tokens a second: round figures, no measurements."""
_SIMULATED_CALL = 0.004
"""Seconds a call of the embedded simulation takes, measured on two cores."""
_SAMPLED = 200
"""Seeds whose prompts are looked at."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to expect of a run.

    Attributes:
        units: Units the budget lets in.
        queries: Queries they take.
        rows: Rows they yield, before any check.
        ratio: The budget in queries divided by the number of seeds.
        rows_per_seed: Rows divided by the number of seeds; the paper's reading of the ratio.
        tokens: Prompt and completion tokens together.
        usd: US dollars, or None where a price is unknown.
        seconds: How long it takes.
        ends_by: The limit reached first: "queries", "tokens" or "dollars".
        sources: Where each figure comes from.
    """

    units: int
    queries: int
    rows: int
    ratio: float | None
    rows_per_seed: float
    tokens: int
    usd: float | None
    seconds: float
    ends_by: str
    sources: Mapping[str, str] = field(default_factory=dict)


def plan(
    seeds: Seeds,
    strategy: str | Strategy | type[Strategy],
    budget: Budget | int,
    *,
    teacher: Teacher,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
) -> Plan:
    """Estimates rows, tokens, dollars and seconds of a run, without a single call."""
    limit, chosen = Budget.of(budget), registry.get(strategy)
    chosen_task = tasks.get(task if task is not None else seeds.task)
    models: dict[Role, Teacher] = {"teacher": teacher, "writer": writer or teacher}
    estimate = _Estimate(seeds, chosen, chosen_task, models)
    units, total, rows, ends_by = estimate.under(limit)
    prices = estimate.prices.values()
    usd = total.nano / NANO if all(price is not None for price in prices) else None
    priced_by = sorted({", ".join(filter(None, (p.source, p.date))) for p in prices if p is not None})
    simulated = teacher.simulated
    per_call = _SIMULATED_CALL if simulated else _LATENCY + estimate.reply_tokens / _TOKENS_PER_SECOND
    side_by_side = 1 if simulated else teacher.concurrency
    queries = limit.queries
    return Plan(
        units=units,
        queries=total.queries,
        rows=rows,
        ratio=None if queries is None else queries / len(seeds),
        rows_per_seed=rows / len(seeds),
        tokens=total.tokens,
        usd=usd,
        seconds=math.ceil(total.queries / side_by_side) * per_call,
        ends_by=ends_by,
        sources={
            "rows": f"estimated: {chosen.title} takes {chosen.cost(chosen_task).queries} queries a row",
            "tokens": f"estimated: prompts at {_CHARACTERS_PER_TOKEN} characters a token, replies at "
            f"{estimate.reply_tokens} tokens ({estimate.reply_source})",
            "usd": "unknown price" if usd is None else "estimated: tokens x " + "; ".join(priced_by),
            "seconds": "estimated: measured speed of the simulation"
            if simulated
            else f"estimated: {side_by_side} calls at once of {per_call:.1f} s each",
        },
    )


class _Estimate:
    """Typical costs of units, and how many fit under a budget."""

    def __init__(self, seeds: Seeds, strategy: Strategy, task: Task, models: Mapping[Role, Teacher]) -> None:
        self._strategy, self._task, self._models = strategy, task, models
        self.prices = {role: model.price() for role, model in models.items()}
        self._seeds = len(seeds)
        self._passes = SeedPasses(tuple(seeds), 0)
        references = [seed.reference for seed in islice(seeds, _SAMPLED) if seed.reference]
        written = [r for r in references if len(r) > 20]  # a bare number tells nothing of a worked answer
        self.reply_source = "as long as the seeds' references" if written else "a round figure"
        mean = sum(map(len, written)) / len(written) / _CHARACTERS_PER_TOKEN if written else _REPLY_TOKENS
        self.reply_tokens = min(max(16, round(mean)), models["teacher"].max_tokens)

    def under(self, limit: Budget) -> tuple[int, Amount, int, str]:
        """Units, their typical cost, their rows, and the limit that ends them."""
        units = rows = passing = 0
        total = Amount()
        while True:
            amount, yielded = self._one_pass(passing)
            whole = self._whole_passes(limit, total, amount) if passing > 0 else 1
            if limit.exceeded_by(total + amount) or not whole:
                return self._last_pass(limit, units, total, rows, amount, yielded)
            units += whole * self._seeds
            rows += whole * yielded
            total += Amount(whole * amount.queries, whole * amount.tokens, whole * amount.nano)
            passing += 1

    def _one_pass(self, passing: int) -> tuple[Amount, int]:
        """A pass over all seeds, scaled up from a sample of them."""
        taken = min(self._seeds, _SAMPLED)
        units = [self._passes.unit(passing * self._seeds + i) for i in range(taken)]
        total, rows = Amount(), 0
        for unit in units:
            total += self._of(unit)
            rows += self._strategy.unit_cost(unit, self._task).rows
        scale = self._seeds / taken
        return Amount(*(math.ceil(v * scale) for v in (total.queries, total.tokens, total.nano))), round(
            rows * scale
        )

    def _of(self, unit: Unit) -> Amount:
        cost, seed, total = self._strategy.unit_cost(unit, self._task), unit.seed, Amount()
        asks: tuple[tuple[Role, int, Prompt, int], ...] = (
            (
                "writer",
                cost.writer,
                self._task.write_new_question(seed),
                len(seed.question) // _CHARACTERS_PER_TOKEN,
            ),
            ("teacher", cost.teacher, self._task.answer(seed.question), self.reply_tokens),
        )
        for role, times, prompt, reply in asks:
            request = self._models[role].request(prompt)
            size = sum(len(m["content"]) for m in request["messages"]) // _CHARACTERS_PER_TOKEN
            price = self.prices[role]
            nano = price.nano_dollars(size, reply) if price else 0
            total += Amount(times, times * (size + reply), times * nano)
        return total

    @staticmethod
    def _whole_passes(limit: Budget, total: Amount, amount: Amount) -> int:
        rooms = [
            (most - used) // each
            for most, used, each in (
                (limit.queries, total.queries, amount.queries),
                (limit.tokens, total.tokens, amount.tokens),
                (limit.nano, total.nano, amount.nano),
            )
            if most is not None and each > 0
        ]
        return max(0, min(rooms)) if rooms else 0

    def _last_pass(
        self, limit: Budget, units: int, total: Amount, rows: int, amount: Amount, yielded: int
    ) -> tuple[int, Amount, int, str]:
        """The part of a pass that still fits."""
        shares = [
            (max(0, most - used) / each, name)
            for name, most, used, each in (
                ("queries", limit.queries, total.queries, amount.queries),
                ("tokens", limit.tokens, total.tokens, amount.tokens),
                ("dollars", limit.nano, total.nano, amount.nano),
            )
            if most is not None and each > 0
        ]
        share, ends_by = min(shares) if shares else (0.0, "queries")
        part = Amount(*(int(v * share) for v in (amount.queries, amount.tokens, amount.nano)))
        return units + int(self._seeds * share), total + part, rows + int(yielded * share), ends_by
