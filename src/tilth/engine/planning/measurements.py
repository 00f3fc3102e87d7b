"""What the units that a file already holds tell of those to come: tokens and seconds a call, rows a unit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from sqlite3 import Connection
from statistics import fmean

from tilth.engine.recipe import Recipe
from tilth.strategies.base import ROLES, Role

LowTypicalHigh = tuple[float, float, float]
"""A range's low end, what is typical, and its high end."""

LEAST_UNITS = 5
"""Fewer say too little of how much units differ."""
_MOST_UNITS = 500
_QUANTILE = 0.975
"""Both bounds of an interval of 95 % leave out as much."""
_LEAST_SPREAD = 0.05
"""The least that calls are taken to differ by, of their mean: alike so far is not alike for ever."""

_UNITS = """
SELECT u.unit, u.outcome FROM units u WHERE u.run_id = ? AND u.unit >= 0 AND NOT EXISTS
    (SELECT 1 FROM ledger l WHERE l.run_id = u.run_id AND l.unit = u.unit AND l.state = 'reused')
ORDER BY u.position LIMIT ?
"""
_CALLS = """
SELECT l.role, l.prompt_tokens, l.completion_tokens, r.seconds
FROM ledger l LEFT JOIN replies r ON r.run_id = l.run_id AND r.unit = l.unit AND r.role = l.role
    AND r.digest = l.digest AND r.n = l.n AND r.call = l.call
WHERE l.run_id = ? AND l.unit = ? AND l.state = 'settled'
"""
_VERDICTS = "SELECT verdict FROM rows WHERE run_id = ? AND unit = ?"


@dataclass(frozen=True, slots=True)
class CallTokens:
    """Prompt and reply tokens of a call to one role."""

    prompt: LowTypicalHigh
    reply: LowTypicalHigh


@dataclass(frozen=True, slots=True)
class Measurements:
    """What finished units took and yielded; intervals of 95 %.

    Attributes:
        units: How many were looked at.
        rowless: How many of them gave no row.
        verdicts: Their rows by verdict.
        queries: Queries they took, divided by those their strategy calls typical.
        rows: Rows a query gave, divided by those it gives where every unit takes what is typical and yields.
        kept: The same of kept rows.
        seconds: What a call took.
        tokens: What a call took, by the roles that were asked.
    """

    units: int
    rowless: int
    verdicts: Counter[str]
    queries: float
    rows: LowTypicalHigh
    kept: LowTypicalHigh
    seconds: LowTypicalHigh
    tokens: Mapping[Role, CallTokens]


def measure(connection: Connection, recipe: Recipe) -> Measurements | None:
    """Measures the run's first finished units that reused nothing; None where they are too few."""
    run_id, passes = recipe.run_id, recipe.passes()
    units = dict(connection.execute(_UNITS, (run_id, _MOST_UNITS)).fetchall())
    if len(units) < LEAST_UNITS:
        return None
    calls: list[tuple[Role, int, int, float | None]] = []
    verdicts: Counter[str] = Counter()
    pairs: list[tuple[float, float]] = []
    kept: list[tuple[float, float]] = []
    for unit in units:
        asked = connection.execute(_CALLS, (run_id, unit)).fetchall()
        given = [verdict for (verdict,) in connection.execute(_VERDICTS, (run_id, unit))]
        cost = recipe.strategy.unit_cost(passes.unit(unit), recipe.task)
        calls += asked
        verdicts.update(given)
        took, most = len(asked) / max(1, cost.queries), max(1, cost.rows)
        pairs.append((len(given) / most, took))
        kept.append((sum(verdict != "rejected" for verdict in given) / most, took))
    seconds = [took for *_, took in calls if took is not None]
    if len(seconds) < LEAST_UNITS:
        return None
    tokens: dict[Role, CallTokens] = {}
    for role in ROLES:
        sizes = [(prompt, reply) for by, prompt, reply, _ in calls if by == role]
        if len(sizes) >= LEAST_UNITS:
            tokens[role] = CallTokens(_mean([p for p, _ in sizes]), _mean([r for _, r in sizes]))
    return Measurements(
        units=len(units),
        rowless=sum(outcome != "grown" for outcome in units.values()),
        verdicts=verdicts,
        queries=fmean(queries for _, queries in pairs),
        rows=_yield(pairs),
        kept=_yield(kept),
        seconds=_mean(seconds),
        tokens=tokens,
    )


def _mean(values: Sequence[float]) -> LowTypicalHigh:
    mean = fmean(values)
    return _around(mean, (value - mean for value in values), len(values), _LEAST_SPREAD * mean)


def _yield(pairs: Sequence[tuple[float, float]]) -> LowTypicalHigh:
    """Rows over queries, whose interval counts one more unit that gave nothing: the next may be such."""
    typical = _ratio(pairs)[1]
    low, _, high = _ratio([*pairs, (0.0, fmean(queries for _, queries in pairs))])
    return min(low, typical), typical, max(min(high, 1.0), typical)


def _ratio(pairs: Sequence[tuple[float, float]]) -> LowTypicalHigh:
    """The sum of the first over the sum of the second, by the ratio estimator."""
    divisor = fmean(second for _, second in pairs)
    ratio = fmean(first for first, _ in pairs) / divisor
    return _around(ratio, ((first - ratio * second) / divisor for first, second in pairs), len(pairs))


@cache
def _students_t(free: int) -> float:
    """The quantile of Student's t for intervals of 95 %, with so many degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(free, _QUANTILE))


def _around(
    centre: float, residuals: Iterable[float], count: int, least_spread: float = 0.0
) -> LowTypicalHigh:
    """The 95 % interval in which the mean of as many again, or more, falls."""
    free = count - 1
    spread = max(math.sqrt(sum(r * r for r in residuals) / free), least_spread)
    # what was seen scatters, and so does what is to come
    width = _students_t(free) * spread * math.sqrt(2 / count)
    return max(centre - width, centre / 4), centre, centre + width
