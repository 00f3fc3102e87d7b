"""The same on curves of a real language model as student: those of the study beside this bench, from its "
"CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tests.bench.advising.arms import DEFAULT, FOUR
from tests.bench.pages import HERE

import tilth
from tilth.advice.decide import decide

Floats = NDArray[np.float64]

CELLS = HERE / "lm_study_sql.csv"
ARMS = FOUR
STUDENTS = ("lora", "sketch")
"""The language model, and the demo's own student on the same rows and questions."""

PILOTS = (((1.0,), 4), ((1.0, 4.0), 16))
"""Ratios that are measured, and the ratio at which is decided."""

STEPS = ((1, 4), (4, 16))


@dataclass(frozen=True)
class Decided:
    """One decision from one replicate.

    Attributes:
        student: Who was trained.
        chosen: The arm's place; `words` as the advice says it.
        truth: Accuracy of the arms at the budget, over both replicates, (arms,).
        mean: What was forecast, (arms,); low and high are the ends of its 90 % band.
    """

    student: str
    chosen: int
    words: str
    truth: Floats
    mean: Floats
    low: Floats
    high: Floats

    def regret(self, place: int | None = None) -> float:
        """Points below the best arm, of the chosen arm or of another."""
        return 100 * float(self.truth.max() - self.truth[self.chosen if place is None else place])


def cells() -> pl.DataFrame:
    """The study's cells, its base lines left out."""
    return pl.read_csv(CELLS).filter(pl.col("strategy").is_in(ARMS))


def decisions(frame: pl.DataFrame) -> Iterator[Decided]:
    """A decision for each student, test set, number of seeds, replicate and pilot."""
    keys = ["student", "test", "seeds"]
    for (student, *_), group in frame.group_by(keys, maintain_order=True):
        gains = tilth.students.available()[student].gains_from_answers
        for measured, target in PILOTS:
            truth = _truth(group, target)
            for replicate in sorted(group["replicate"].unique()):
                pilot = group.filter(pl.col("ratio").is_in(measured), replicate=replicate)
                known = pilot.select(pl.col("strategy").alias("arm"), "ratio", "correct", n="n_test")
                ahead = tilth.forecast(known, at=[target], gains_from_answers=gains)
                order = [ahead.arms.index(arm) for arm in ARMS]
                draws = ahead.draws[:, order, 0]
                found = decide(draws, default=ARMS.index(DEFAULT))
                low, high = np.quantile(draws, [0.05, 0.95], axis=0)
                yield Decided(student, found.arm, found.words, truth, draws.mean(axis=0), low, high)


def _truth(group: pl.DataFrame, ratio: float) -> Floats:
    pooled = group.filter(ratio=ratio).group_by("strategy").agg(pl.col("correct", "n_test").sum())
    shares = dict(pooled.select("strategy", pl.col("correct") / pl.col("n_test")).iter_rows())
    return np.array([shares[arm] for arm in ARMS])


def slopes(frame: pl.DataFrame, student: str) -> dict[str, tuple[float, ...]]:
    """Logits for each doubling by arm, from one ratio to the next, over all test sets and numbers of "
    "seeds."""
    own = frame.filter(student=student)
    found: dict[str, list[float]] = {arm: [] for arm in ARMS}
    for start, end in STEPS:
        for arm in ARMS:
            gains = []
            for _, group in own.filter(strategy=arm).group_by("test", "seeds", maintain_order=True):
                first, last = (_logit(group.filter(ratio=ratio)) for ratio in (start, end))
                gains.append((last - first) / np.log2(end / start))
            found[arm].append(float(np.mean(gains)))
    return {arm: tuple(values) for arm, values in found.items()}


def _logit(group: pl.DataFrame) -> float:
    right, asked = group["correct"].sum() + 0.5, group["n_test"].sum() + 1
    return float(np.log(right / (asked - right)))
