"""What is reported of decisions: regret, errors, how often bands held, and whether odds meant what they "
"said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tests.bench.advising.curves import Case
from tests.bench.advising.decisions import Record
from tests.bench.advising.pools import Pool

Floats = NDArray[np.float64]

_BINS, _LEAST = 10, 30
_TIMES = 4_000


class Scored(Protocol):
    """What came of a method on a case."""

    @property
    def method(self) -> str: ...
    @property
    def case(self) -> Case: ...
    @property
    def regret(self) -> float: ...


@dataclass(frozen=True)
class Regret:
    """Points below the best arm, over decisions."""

    count: int
    mean: float
    p90: float
    worst: float
    within_one: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Regret:
        """Of single regrets."""
        found = np.array(values)
        near = float((found <= 1).mean())
        return cls(len(found), float(found.mean()), float(np.quantile(found, 0.9)), float(found.max()), near)


@dataclass(frozen=True)
class Honesty:
    """How what was said compares with what was.

    Attributes:
        error: Mean absolute error of forecasts, in points; `bias` with its sign: above 0 is too high.
        held: How often bands held, by level in percent.
        held_each: The same by arm, for the widest.
        p_best: Calibration error of the odds of being best, over all arms.
        within: That of "within two points of the best", over choices.
        milliseconds: Of processor time, for a decision.
    """

    error: float
    bias: float
    held: dict[int, float]
    held_each: tuple[float, ...]
    p_best: float
    within: float
    milliseconds: float

    @classmethod
    def of(cls, records: Sequence[Record]) -> Honesty:
        """Of one method's decisions on one set of arms."""
        truth, mean = np.array([one.truth for one in records]), np.array([one.said.mean for one in records])
        held = {level: _held(records, truth, level) for level in records[0].said.bands}
        widest = held[max(held)]
        return cls(
            100 * float(np.abs(mean - truth).mean()),
            100 * float((mean - truth).mean()),
            {level: float(one.mean()) for level, one in held.items()},
            tuple(widest.mean(axis=0).tolist()),
            calibration_error(*best_said_and_was(records)),
            calibration_error(*within_said_and_was(records)),
            1000 * float(np.mean([one.said.seconds for one in records])),
        )


def _held(records: Sequence[Record], truth: Floats, level: int) -> NDArray[np.bool_]:
    low, high = (np.array([one.said.bands[level][end] for one in records]) for end in (0, 1))
    return (low <= truth) & (truth <= high)


def best_said_and_was(records: Sequence[Record]) -> tuple[Floats, Floats]:
    """The odds of being best of every arm in every decision, and 1 where it was (shared where several "
    "were)."""
    truth = np.array([one.truth for one in records])
    best = (truth >= truth.max(axis=1, keepdims=True)).astype(float)
    said = np.array([one.said.p_best for one in records])
    return said.ravel(), (best / best.sum(axis=1, keepdims=True)).ravel()


def within_said_and_was(records: Sequence[Record]) -> tuple[Floats, Floats]:
    """The probability that a choice is within two points of the best, and 1 where it was."""
    said = np.array([one.said.within for one in records])
    return said, np.array([one.regret <= 2 for one in records], dtype=float)


def reliability(said: Floats, was: Floats, bins: int = _BINS) -> list[tuple[float, float, int]]:
    """Mean probability, share that came true and count, in bins of equal counts."""
    order = np.argsort(said, kind="stable")
    count = max(1, min(bins, len(said) // _LEAST))
    return [
        (float(said[part].mean()), float(was[part].mean()), len(part))
        for part in np.array_split(order, count)
    ]


def calibration_error(said: Floats, was: Floats) -> float:
    """The mean distance between what was said and what was, over bins of equal counts."""
    parts = reliability(said, was)
    return sum(count * abs(one - other) for one, other, count in parts) / len(said)


def difference(records: Sequence[Scored], first: str, second: str) -> tuple[float, float, float]:
    """The mean regret of one method minus that of another, with its 95 % interval: pools are drawn anew."""
    signs = {first: 1.0, second: -1.0}
    sums: dict[Pool, list[float]] = {}
    for one in records:
        if one.method in signs:
            own = sums.setdefault(one.case.pool, [0.0, 0.0])
            own[0] += signs[one.method] * one.regret
            own[1] += one.method == first
    return resampled(np.array(list(sums.values())))


def resampled(sums: Floats) -> tuple[float, float, float]:
    """A mean and its 95 % interval, from each pool's sum and count: (pools, 2)."""
    rng = np.random.default_rng(0)
    places = rng.integers(len(sums), size=(_TIMES, len(sums)))
    drawn = sums[places].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return float(sums[:, 0].sum() / sums[:, 1].sum()), float(low), float(high)
