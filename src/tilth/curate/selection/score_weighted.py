"""Selection by a score: a draw weighted by it, or the highest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.arguments import number_of
from tilth.curate.selection.method import Choice, Pool, SelectionMethod, best

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ScoreWeighted(SelectionMethod):
    """Draws rows without replacement, with chances by exp(score / temperature) (Gumbel top-k sampling).

    A row with no score is never drawn.

    Attributes:
        column: Where the scores stand, such as "judge_score".
        temperature: In units of the score's standard deviation: 0 takes the highest, much is a random draw.

    Example:
        >>> import polars as pl
        >>> rows = pl.DataFrame({"question": ["a", "b", "c"], "judge_score": [1.0, 1.0, 500.0]})
        >>> tilth.curate.select(rows, 1, tilth.curate.ScoreWeighted())["keep"].to_list()
        [False, False, True]
    """

    name = "score-weighted"
    column: str = "judge_score"
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= number_of(self.temperature, "temperature") < float("inf"):
            raise ValueError(f"temperature is {self.temperature}; pass a finite number of 0 or more")

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def choose(self, pool: Pool, n: int, rng: np.random.Generator) -> Choice:
        score = pool.numbers(self.column)
        return Choice(best(keys(score, self.temperature, rng), n), score)


def keys(
    score: np.ndarray[tuple[int], np.dtype[np.float64]], temperature: float, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Numbers of which the n highest are a draw of n by exp(score / temperature)."""
    import numpy as np

    spread = float(np.nanstd(score)) if np.any(~np.isnan(score)) else 0.0
    noise = rng.gumbel(size=len(score))
    if temperature == 0:
        return score
    return score / (spread * temperature if spread > 0 else 1.0) + noise
