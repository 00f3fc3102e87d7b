"""How many more real seeds would be worth as much as rows that are grown."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from tilth.advice.curves.links import logit, observed
from tilth.studies.base_lines import SEEDS_ONLY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tilth.advice.evidence import Evidence

    Floats = NDArray[np.float64]

_TRAINING_SD = 0.1
"""What the noise of a training adds to a point, in logits."""

_FARTHEST = 16
"""How many times the larger number of seeds is looked at: four doublings."""

_LEAST_SURE = 0.9
"""Share of draws in which more seeds must help for a figure to be given."""


@dataclass(frozen=True)
class SeedsWorth:
    """Real seeds that would reach what grown rows are forecast to reach.

    Attributes:
        more: How many more than there are; infinite: more than could be told.
        low, high: The ends of the middle 80 % of the draws.
        rests_on: What was measured at two numbers of seeds, in words.
    """

    more: float
    low: float
    high: float
    rests_on: str

    def __str__(self) -> str:
        """The same in words."""
        much = "more real seeds than could be told"
        if isfinite(self.more):
            much = f"{self.more:,.0f} more real seeds"
        ends = [
            f"{end:,.0f}" if isfinite(end) else "more than could be told" for end in (self.low, self.high)
        ]
        return f"as much as {much} ({' to '.join(ends)}, 80 %), by {self.rests_on}"


def seeds_worth(evidence: Evidence, reached: Floats, random_state: int) -> SeedsWorth | None:
    """None where the evidence has not two numbers of seeds, or more seeds are not seen to help.

    Accuracy is taken as straight in the log of the number of seeds, on the logit scale, through the two
    largest numbers of seeds that were measured.

    Args:
        evidence: Its base lines of the seeds' own rows, or else answer augmentation at ratio 1: an answer for
            each seed.
        reached: Draws of the accuracy of the advised arm, (draws,).
        random_state: What draws come from.
    """
    import polars as pl

    lines = evidence.base_lines.filter(pl.col("strategy") == SEEDS_ONLY)
    rests_on = "what the student learnt of the seeds' own rows"
    if lines["seeds"].n_unique() < 2:
        everything = pl.concat([evidence.cells, evidence.others])
        lines = everything.filter((pl.col("strategy") == "answer-augmentation") & (pl.col("ratio") == 1))
        rests_on = "answer augmentation with one answer for each seed"
    sizes = (
        lines.group_by("seeds").agg(pl.col("correct").sum(), pl.col("n_test").sum(), pl.len()).sort("seeds")
    )
    if sizes.height < 2:
        return None
    few, many = sizes.tail(2).rows(named=True)
    rng = np.random.default_rng([random_state % 2**64, 1])
    low, high = (_drawn(size, len(reached), rng) for size in (few, many))
    slopes = (high - low) / np.log2(many["seeds"] / few["seeds"])
    if (slopes > 0).mean() < _LEAST_SURE:
        return None
    with np.errstate(divide="ignore", over="ignore"):
        doublings = np.where(slopes > 0, (logit(reached) - high) / slopes, np.inf)
        seeds = many["seeds"] * 2.0 ** np.minimum(doublings, 64)
    seeds = np.where(seeds > _FARTHEST * many["seeds"], np.inf, seeds)
    more = np.maximum(seeds - evidence.seeds, 0.0)
    bounds = np.quantile(more, [0.1, 0.5, 0.9], method="inverted_cdf")
    return SeedsWorth(float(bounds[1]), float(bounds[0]), float(bounds[2]), rests_on)


def _drawn(size: dict[str, float], count: int, rng: np.random.Generator) -> Floats:
    """Draws of a size's logit: its questions' sampling error, and the noise of its trainings."""
    value, noise = observed(np.array([float(size["correct"])]), np.array([float(size["n_test"])]))
    spread = np.sqrt(noise[0, 0] + _TRAINING_SD**2 / size["len"])
    draws: Floats = value[0] + spread * rng.standard_normal(count)
    return draws
