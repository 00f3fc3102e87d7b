"""Selection by how often a student already passes: neither what it always solves nor what it never does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.arguments import number_of, of_kind
from tilth.curate.selection.method import Choice, Pool, SelectionMethod
from tilth.curate.steps import text_columns

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


@dataclass(frozen=True)
class PassRateBand(SelectionMethod):
    """Draws evenly among rows whose pass rate lies strictly between `low` and `high`.

    With the defaults, what the student always or never solves is left out (MASA); with `high=None`, only what
    it never solves (RIF-RFT). How many answers a question and which bounds these papers take was not found.
    Fewer than n are kept where the band holds fewer. A row with no pass rate is refused.

    Attributes:
        column: Where the pass rates stand, from 0 to 1; `pass_rates` makes them from a student's answers.
        low: The rate that a row must be above; None for no bound.
        high: The rate that a row must be below; None for no bound.

    Example:
        >>> import polars as pl
        >>> rows = pl.DataFrame({"question": ["a", "b", "c"], "pass_rate": [0.0, 0.5, 1.0]})
        >>> tilth.curate.select(rows, 1, tilth.curate.PassRateBand())["keep"].to_list()
        [False, True, False]
    """

    name = "pass-rate"
    column: str = "pass_rate"
    low: float | None = 0.0
    high: float | None = 1.0

    def __post_init__(self) -> None:
        bounds = [number_of(bound, "low or high") for bound in (self.low, self.high) if bound is not None]
        if not all(0 <= bound <= 1 for bound in bounds) or sorted(set(bounds)) != bounds:
            raise ValueError(f"low is {self.low} and high is {self.high}; pass 0 <= low < high <= 1, or None")

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def choose(self, pool: Pool, n: int, rng: np.random.Generator) -> Choice:
        import numpy as np

        rate = pool.numbers(self.column)
        if np.any((rate < 0) | (rate > 1)):
            raise ValueError(f"select: {self.column!r} holds numbers that are no share from 0 to 1")
        refused = {}
        for row in np.flatnonzero(np.isnan(rate)).tolist():
            refused[row] = "no pass rate"
        if self.low is not None:
            for row in np.flatnonzero(rate <= self.low).tolist():
                refused[row] = f"pass rate {rate[row]:.2g} is not above {self.low:g}"
        if self.high is not None:
            for row in np.flatnonzero(rate >= self.high).tolist():
                refused[row] = f"pass rate {rate[row]:.2g} is not below {self.high:g}"
        inside = np.ones(len(pool), dtype=bool)
        inside[list(refused)] = False
        drawn = rng.permutation(len(pool))
        return Choice(drawn[inside[drawn]][:n], rate, refused=refused)


def pass_rates(answers: pl.DataFrame, by: str | Sequence[str] = "question") -> pl.DataFrame:
    """The share of a student's answers that are right, for each question: a frame to join to the rows.

    Args:
        answers: One line an answer, with `correct` (Boolean; null counts as wrong).
        by: What tells questions apart.

    Returns:
        The columns of `by`, `pass_rate` (0 to 1) and `answers` (how many there were), as first met.

    Raises:
        TypeError: `answers` is no frame.
        ValueError: It lacks a column, or `correct` is not Boolean.

    Example:
        >>> import polars as pl
        >>> import tilth.curate
        >>> answers = pl.DataFrame({"question": ["2 + 2?", "2 + 2?"], "correct": [True, False]})
        >>> tilth.curate.pass_rates(answers)["pass_rate"].to_list()
        [0.5]
    """
    import polars as pl

    of_kind(answers, pl.DataFrame, "answers", "a Polars frame of a student's answers")
    keys = text_columns(by)
    for name in (*keys, "correct"):
        if name not in answers.columns:
            raise ValueError(f"answers lack the column {name!r}; they have {', '.join(answers.columns[:20])}")
    if answers["correct"].dtype != pl.Boolean:
        raise ValueError(f"answers hold {answers['correct'].dtype} in 'correct'; make it Boolean")
    right = pl.col("correct").fill_null(value=False).mean()
    return answers.group_by(*keys, maintain_order=True).agg(pass_rate=right, answers=pl.len())
