"""What advice says: the choice, how sure it is, what it rests on and what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tilth.advice.decide import Words
from tilth.advice.forecast import Forecast
from tilth.advice.seeds_worth import SeedsWorth

if TYPE_CHECKING:
    import polars as pl

TABLE = ("ratio", "queries", "usd", "mean", "low", "high", "gap", "gap_low", "gap_high", "p_best")
NEXT = ("ratio", "queries", "usd", "points")
"""Columns of `Advice.table` and `Advice.next` beside the arm."""

Untold = Literal["only one arm", "too far ahead", "not measured"]
"""Why there are no odds."""


@dataclass(frozen=True)
class Advice:
    """What to spend a budget on, and how sure that is.

    Attributes:
        arm: The advised arm, as the evidence calls it.
        strategy: Its strategy's name, as `tilth.start` takes it.
        words: "clear", "leaning" or "too close to call", by the odds below. There are no odds with "too far
            ahead", where the budget lies more than four doublings past what was measured, "only one arm",
            where there is nothing to compare, and "not measured".
        within: The probability that the arm is within two points of the best; None without odds.
        expected_loss: How far it is expected to lie below the best, a share; None without odds.
        close: Arms that are expected within a point of it, itself with them, the best first.
        holds_best: The fewest arms among which the best one is with 90 %, the likeliest first.
        split: What the budget goes into, in queries: "answers", "rephrases", "new questions".
        table: An arm a row, the best first: arm, ratio, queries, usd (null where a price is unknown), mean,
            low, high (of 90 %), gap, gap_low, gap_high (to the advised arm, 90 %), p_best (null without
            odds).
        next: Cells worth measuring next, the one that adds most for its queries first: arm, ratio, queries,
            usd, points (what its measurement is expected to add to the accuracy of the arm then chosen, a
            share).
        seeds_worth: How many more real seeds would equal it; None where the evidence does not tell.
        reasons: What speaks for it, a sentence each.
        assumptions: What it takes for granted, a sentence each.
        notices: What should be known of its evidence, a sentence each; `advise` warns of it.
        evidence: The cells it rests on, as a study's frame has them, with their arm; None where nothing is
            measured.
        forecast: The curves of all arms over what was measured and to the budget, with their fans; None
            without measurements.
        published: What others have measured, as `tilth.studies.published.results` has it, where nothing of
            yours is; else None.

    Example:
        >>> advice = tilth.advise(tilth.demo.seeds(100), budget=5_000)
        >>> advice.arm, advice.words
        ('answers-then-new', 'not measured')
        >>> print(str(advice).splitlines()[1])
        - nothing is measured: no figure here says what your student would reach
    """

    arm: str
    strategy: str
    words: Words | Untold
    within: float | None
    expected_loss: float | None
    close: tuple[str, ...]
    holds_best: tuple[str, ...]
    split: Mapping[str, int]
    reasons: tuple[str, ...]
    assumptions: tuple[str, ...]
    notices: tuple[str, ...] = field(default=(), kw_only=True)
    table: pl.DataFrame = field(repr=False)
    next: pl.DataFrame = field(repr=False)
    seeds_worth: SeedsWorth | None = None
    evidence: pl.DataFrame | None = field(default=None, repr=False)
    forecast: Forecast | None = field(default=None, repr=False)
    published: pl.DataFrame | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """The words first, then what they rest on."""
        lines = [f"{self.arm}: {self.words}", *(f"- {reason}" for reason in self.reasons)]
        if self.seeds_worth is not None:
            lines.append(f"- it is worth {self.seeds_worth}")
        return "\n".join([*lines, *(f"- assumed: {one}" for one in self.assumptions)])


def frame_schema(columns: Sequence[str]) -> dict[str, pl.DataType]:
    """Dtypes of a frame of arms with these columns."""
    import polars as pl

    return {
        "arm": pl.String(),
        **{name: pl.Int64() if name == "queries" else pl.Float64() for name in columns},
    }
