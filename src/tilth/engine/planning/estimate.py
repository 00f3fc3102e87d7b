"""What a run will yield and cost: numbers with ranges, from assumptions or from units already grown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from statistics import NormalDist

from tilth.engine.budget import NANO, Amount, Budget
from tilth.engine.growing.asks.booking import PricedModel, worst_of_unit
from tilth.engine.planning.measurements import LowTypicalHigh, Measurements
from tilth.engine.planning.ranges import Plan, Range
from tilth.engine.recipe import Recipe
from tilth.seeds import Seed, Seeds
from tilth.strategies.base import Role, Strategy, Unit
from tilth.strategies.passes import SeedPasses
from tilth.tasks.base import Prompt, Task
from tilth.teacher import Teacher

_Sums = tuple[float, ...]
"""Queries, tokens, nano-dollars, kept rows, and all rows."""
_LIMITS = ("queries", "tokens", "dollars", "rows")
"""What may end a run: the first of those sums."""

_LOW, _TYPICAL, _HIGH = range(3)
_ROUNDING = 1e-6
"""What sums of fractions may lack of a whole number."""
_CHARACTERS_PER_TOKEN = 4
_FEWEST_PROMPT_CHARACTERS = 6
"""Characters a token where prompts come cheap; where they come dear, two UTF-8 bytes a token."""
_REPLY_TOKENS = 250
"""What a reply is taken to need where no reference shows how long answers are."""
_JUDGEMENT_TOKENS = 120
"""What a judge's reason and scores are taken to need."""
_SHORTEST_REPLIES = 10
"""Replies are taken to be at least this part of what is typical, and at most the reply limit."""
_LEAST_YIELD = 0.5
"""The share of rows that a strategy is taken to give at least: other units are rowless."""
_LEAST_KEPT = 0.5
"""The share of those rows that is taken to be kept at least: others are rejected."""
_TOKENS_PER_SECOND = (200, 60, 30)
_LATENCY = (0.2, 0.6, 2.0)
"""Seconds until a hosted model's first token, and its tokens a second: round numbers, no measurements."""
_FEWER_AT_ONCE = 4
"""How much fewer calls at once an endpoint may let through than its user set."""
_SIMULATED_CALL = (0.0003, 0.004, 0.02)
"""Seconds a call of the embedded simulation takes: the middle one measured on two cores."""
_SIMULATED_START = (0.0, 0.0, 5.0)
"""Seconds until its process answers, where it was not at work."""
_MOST_SEEDS = 200
"""Seeds whose prompts are looked at, the first of a pass."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One way in which it may go: which of low, typical and high each thing is.

    Attributes:
        cost: Queries of a unit, seconds of a call; where it is high, a unit's rows are low.
        prompt: Tokens of prompts.
        reply: Tokens of replies.
        short: Whether the last unit's reservation stays unspent.
    """

    cost: int
    prompt: int
    reply: int
    short: bool


_CASES = (
    _Case(_TYPICAL, _TYPICAL, _TYPICAL, short=False),
    _Case(_LOW, _LOW, _LOW, short=False),
    _Case(_HIGH, _HIGH, _HIGH, short=True),
    # where tokens are the limit, dollars are most with short prompts, least with long ones; and vice versa
    *(_Case(_TYPICAL, prompt, _HIGH - prompt, short) for prompt in (_LOW, _HIGH) for short in (False, True)),
)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a run comes to in one case."""

    units: int
    total: Amount
    kept: int
    rows: int
    ends_by: str
    seconds: float


def estimate(recipe: Recipe, limit: Budget, *, measurements: Measurements | None = None) -> Plan:
    """Estimates a run by what was measured of it, else by assumptions. Asks nothing."""
    seeds = recipe.seeds
    guess = _Estimate(seeds, recipe.strategy, recipe.task, recipe.models, measurements)
    cases = [guess.outcome(limit, case) for case in _CASES]
    typical = cases[0]
    odds = None if limit.rows is None else guess.odds(limit, limit.rows)
    prices = guess.prices.values()
    known = all(price is not None for price in prices)
    return Plan(
        units=typical.units,
        queries=typical.total.queries,
        rows=typical.rows,
        ratio=None if limit.queries is None else limit.queries / len(seeds),
        rows_per_seed=typical.rows / len(seeds),
        tokens=typical.total.tokens,
        usd=typical.total.nano / NANO if known else None,
        seconds=typical.seconds,
        ends_by=typical.ends_by,
        queries_range=_range(case.total.queries for case in cases),
        rows_range=_range(case.rows for case in cases),
        tokens_range=_range(case.total.tokens for case in cases),
        usd_range=_range(case.total.nano / NANO for case in cases) if known else None,
        seconds_range=_range(case.seconds for case in cases),
        measured=measurements.units if measurements else 0,
        goal_odds=odds,
        sources=guess.sources(limit.rows),
    )


def _range(values: Iterable[float]) -> Range:
    several = list(values)
    return Range(min(several), max(several))


def _text(model: Teacher, prompt: Prompt) -> str:
    return "".join(message["content"] for message in model.request(prompt)["messages"])


class _Estimate:
    """Costs of units in each case, and how many fit under a budget."""

    def __init__(
        self,
        seeds: Seeds,
        strategy: Strategy,
        task: Task,
        models: Mapping[Role, Teacher],
        measurements: Measurements | None,
    ) -> None:
        self._strategy, self._task, self._models, self._seen = strategy, task, models, measurements
        self._priced = {role: PricedModel.of(model) for role, model in models.items()}
        self.prices = {role: priced.price for role, priced in self._priced.items()}
        self._speed = models["teacher"].speed()
        self._seeds = len(seeds)
        self._passes = SeedPasses(tuple(seeds), 0, put=task.put)
        self._units: dict[int, list[Unit]] = {}
        self._prompts: dict[tuple[Role, int], tuple[int, int, int]] = {}
        self._first_seeds = tuple(islice(seeds, _MOST_SEEDS))
        references = [seed.reference for seed in self._first_seeds if seed.reference]
        written = [r for r in references if len(r) > 20]  # a bare number tells nothing of a worked answer
        self._reply_source = "as long as the seeds' references" if written else "a round number"
        mean = sum(map(len, written)) / len(written) / _CHARACTERS_PER_TOKEN if written else _REPLY_TOKENS
        self._reply_tokens = min(max(16, round(mean)), models["teacher"].max_tokens)

    def outcome(self, limit: Budget, case: _Case) -> _Outcome:
        """What the run comes to in that case."""
        limit = self._without_last_unit(limit) if case.short else limit
        limits = (limit.queries, limit.tokens, limit.nano, limit.rows)
        units = passing = 0
        total: _Sums = (0.0,) * 5
        while True:
            each = self._one_pass(passing, case)
            rooms = [
                (max(0.0, most - used) / cost, name)
                for most, used, cost, name in zip(limits, total, each, _LIMITS, strict=False)
                if most is not None and cost > 0
            ]
            room, ends_by = min(rooms, default=(float(passing == 0), "queries"))
            passes = room if room < 1 else 1.0 if passing == 0 else math.floor(room)
            units += int(self._seeds * passes)
            total = tuple(used + passes * cost for used, cost in zip(total, each, strict=True))
            if room < 1:
                queries, tokens, nano, kept, rows = (int(value + _ROUNDING) for value in total)
                seconds = self._seconds(queries, case.cost)
                return _Outcome(units, Amount(queries, tokens, nano), kept, rows, ends_by, seconds)
            passing += 1

    def odds(self, limit: Budget, goal: int) -> float:
        """How likely the limits suffice for the goal."""
        cases = [self.outcome(replace(limit, rows=None), case).kept for case in _CASES]
        low, typical, high = min(cases), cases[0], max(cases)
        if self._seen is None:  # each number of rows in the range is taken as likely as any other
            return min(1.0, max(0.0, (high + 1 - goal) / (high + 1 - low)))
        # an interval of 95 %, as wide below as it is, and above
        sigma = max(1.0, typical - low if goal <= typical else high - typical) / NormalDist().inv_cdf(0.975)
        return 1 - NormalDist(typical, sigma).cdf(goal - 0.5)

    def _one_pass(self, passing: int, case: _Case) -> _Sums:
        """What a pass over all seeds costs and yields, scaled up from the first units of it."""
        units = self._first_units(passing)
        queries = tokens = nano = 0.0
        rows = 0
        for unit in units:
            for role, times, prompt, reply in self._asks(unit, case):
                price = self.prices[role]
                queries += times
                tokens += times * (prompt + reply)
                nano += times * (price.nano_dollars(prompt, reply) if price else 0)
            rows += self._strategy.unit_cost(unit, self._task).rows
        scale = self._seeds / len(units)
        yielded, kept = (rows * scale * share for share in self._shares(case.cost))
        return queries * scale, tokens * scale, nano * scale, kept, yielded

    def _first_units(self, passing: int) -> list[Unit]:
        if passing not in self._units:
            first = passing * self._seeds
            self._units[passing] = [
                self._passes.unit(first + i) for i in range(min(self._seeds, _MOST_SEEDS))
            ]
        return self._units[passing]

    def _shares(self, cost: int) -> tuple[float, float]:
        """What of the rows that units declare they give, and what of them is kept."""
        seen = self._seen
        if seen is not None:
            return seen.rows[_HIGH - cost] * seen.queries, seen.kept[_HIGH - cost] * seen.queries
        return (_LEAST_YIELD, _LEAST_YIELD * _LEAST_KEPT) if cost == _HIGH else (1.0, 1.0)

    def _asks(self, unit: Unit, case: _Case) -> list[tuple[Role, float, int, int]]:
        """A unit's asks by role: how often, prompt tokens, reply tokens."""
        cost, question = self._strategy.unit_cost(unit, self._task), unit.seed.question
        asks: tuple[tuple[Role, int, int], ...] = (
            ("writer", cost.writer, len(question) // _CHARACTERS_PER_TOKEN),
            ("teacher", cost.teacher, self._reply_tokens),
            ("judge", cost.judge, _JUDGEMENT_TOKENS),
        )
        found: list[tuple[Role, float, int, int]] = []
        for role, typically, reply in asks:
            times: float = cost.most(role) if case.cost == _HIGH else typically
            if self._seen is not None:
                times = typically * self._seen.queries
            if times:
                found.append((role, times, *self._tokens(role, unit.seed, reply, case)))
        return found

    def _tokens(self, role: Role, seed: Seed, reply: int, case: _Case) -> tuple[int, int]:
        most = self._models[role].max_tokens
        if self._seen is not None and role in self._seen.tokens:
            seen = self._seen.tokens[role]
            return math.ceil(seen.prompt[case.prompt]), min(math.ceil(seen.reply[case.reply]), most)
        reply = min(reply, most)
        replies = (math.ceil(reply / _SHORTEST_REPLIES), reply, most)
        return self._prompt_tokens(role, seed)[case.prompt], replies[case.reply]

    def _prompt_tokens(self, role: Role, seed: Seed) -> tuple[int, int, int]:
        """Low, typical and high."""
        key = (role, seed.index)
        if key not in self._prompts:
            text = _text(self._models[role], self._prompt(role, seed))
            if role == "judge":  # it is shown what it judges
                text += "x" * (self._reply_tokens * _CHARACTERS_PER_TOKEN)
            self._prompts[key] = (
                len(text) // _FEWEST_PROMPT_CHARACTERS,
                len(text) // _CHARACTERS_PER_TOKEN,
                len(text.encode("utf-8", "replace")) // 2,
            )
        return self._prompts[key]

    def _prompt(self, role: Role, seed: Seed) -> Prompt:
        """What a role is typically asked for a seed."""
        if role == "judge":
            asked = (prompt for by, prompt in self._strategy.prompts(seed, self._task) if by == role)
            return next(asked, self._task.answer(seed.question))
        return self._task.write_new_question(seed) if role == "writer" else self._task.answer(seed.question)

    def _without_last_unit(self, limit: Budget) -> Budget:
        """The budget less what a last unit would have to reserve: so much may stay unspent."""
        seed = max(self._first_seeds, key=lambda seed: len(seed.question))
        cost = self._strategy.cost(self._task)
        worst = worst_of_unit(self._strategy, (seed,), cost, self._task, self._priced)

        def less(most: int | None, reserved: int) -> int | None:
            return None if most is None else max(0, most - max(0, reserved - 1))

        nano_left = less(limit.nano, worst.nano)
        return Budget(
            less(limit.queries, worst.queries),
            less(limit.tokens, worst.tokens),
            None if nano_left is None else nano_left / NANO,
            limit.rows,
        )

    def _per_call(self) -> LowTypicalHigh:
        if self._models["teacher"].simulated:
            return _SIMULATED_CALL
        if self._seen is not None:
            return self._seen.seconds
        most = self._models["teacher"].max_tokens
        usual = self._reply_tokens if self._speed is None else max(self._reply_tokens, self._speed.running_on)
        replies = (self._reply_tokens / _SHORTEST_REPLIES, min(usual, most), most)
        if self._speed is not None:
            prompts = [self._prompt_tokens("teacher", seed) for seed in self._first_seeds]
            low, typical, high = (
                sum(prompt[case] for prompt in prompts) / len(prompts) / self._speed.prompt[case]
                + replies[case] / self._speed.reply[case]
                for case in (_LOW, _TYPICAL, _HIGH)
            )
            return low, typical, high
        low, typical, high = (
            _LATENCY[case] + replies[case] / _TOKENS_PER_SECOND[case] for case in (_LOW, _TYPICAL, _HIGH)
        )
        return low, typical, high

    def _side_by_side(self, cost: int) -> int:
        teacher = self._models["teacher"]
        if teacher.simulated:
            return 1
        if self._speed is not None:  # whose calls share the machine, and are all let through
            return 1 if self._seen is None else teacher.concurrency
        return max(1, teacher.concurrency // _FEWER_AT_ONCE) if cost == _HIGH else teacher.concurrency

    def _seconds(self, queries: int, cost: int) -> float:
        start = _SIMULATED_START[cost] if self._models["teacher"].simulated else 0.0
        if self._speed is not None:
            start = self._speed.start[cost]
        return start + math.ceil(queries / self._side_by_side(cost)) * self._per_call()[cost]

    def sources(self, goal: int | None) -> dict[str, str]:
        """Where each number comes from."""
        found = {
            "rows": self._source_of_rows(),
            "tokens": self._source_of_tokens(),
            "usd": self._source_of_usd(),
            "seconds": self._source_of_seconds(),
        }
        return found if goal is None else {**found, "goal_odds": self._source_of_odds()}

    def _source_of_odds(self) -> str:
        seen = self._seen
        if seen is None:
            return (
                f"estimated: at least {_LEAST_YIELD:.0%} of units are taken to give rows, {_LEAST_KEPT:.0%} "
                "of those to be kept; all that lies between that and every row is taken as equally likely"
            )
        kept = sum(count for verdict, count in seen.verdicts.items() if verdict != "rejected")
        return (
            f"measured on {seen.units} units: {kept} of {seen.verdicts.total()} rows kept; normal "
            "distribution over what the limits allow"
        )

    def _source_of_rows(self) -> str:
        seen = self._seen
        if seen is None:
            return (
                f"estimated: {self._strategy.title} takes {self._strategy.cost(self._task).queries} queries "
                f"a row; at least {_LEAST_YIELD:.0%} of units are taken to give theirs"
            )
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(seen.verdicts.items()))
        return f"measured on {seen.units} units: {seen.rowless} without a row; rows {verdicts or 'none'}"

    def _source_of_tokens(self) -> str:
        seen = self._seen
        assumed = (
            f"estimated: prompts at {_CHARACTERS_PER_TOKEN} characters a token, replies at "
            f"{self._reply_tokens} tokens ({self._reply_source}); from a tenth of that to the reply limit"
        )
        if seen is None or not seen.tokens:
            return assumed
        means = (
            f"{tokens.prompt[_TYPICAL]:.0f} prompt and {tokens.reply[_TYPICAL]:.0f} reply tokens a call to "
            f"the {role}"
            for role, tokens in seen.tokens.items()
        )
        cost = self._strategy.cost(self._task)
        others = [role for role in self._models if cost.most(role) and role not in seen.tokens]
        rest = "".join(f"; the {role} was not asked, so its calls are estimated" for role in others)
        return f"measured on {seen.units} units: {', '.join(means)}{rest}"

    def _source_of_usd(self) -> str:
        known = [price for price in self.prices.values() if price is not None]
        if len(known) < len(self.prices):
            return "unknown price"
        priced_by = "; ".join(sorted({", ".join(filter(None, (p.source, p.date))) for p in known}))
        seen = self._seen
        return f"{f'measured on {seen.units} units' if seen else 'estimated'}: tokens x {priced_by}"

    def _source_of_seconds(self) -> str:
        if self._models["teacher"].simulated:
            return "estimated: measured speed of the simulation"
        if self._speed is not None and self._seen is None:
            return f"estimated: {self._speed.source}; {self._per_call()[_TYPICAL]:.1f} s a call"
        said = (
            f"{self._side_by_side(_TYPICAL)} calls at once of {self._per_call()[_TYPICAL]:.1f} s each; "
            f"at worst {self._side_by_side(_HIGH)} at once"
        )
        return f"measured on {self._seen.units} units: {said}" if self._seen else f"estimated: {said}"
