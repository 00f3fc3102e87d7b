"""Target similarity: the rows that are most like examples of what the student is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tilth.curate.selection.method import Choice, Pool, SelectionMethod, best

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from tilth.curate.selection.method import Numbers


@dataclass(frozen=True, eq=False)
class TargetSimilarity(SelectionMethod):
    """Takes the rows with the highest cosine to target examples, as BETR does.

    (Language Models Improve When Pretraining Data Matches Target Tasks.)

    The targets are seeds, or questions of a benchmark's training part. Never pass the test set: what is
    chosen by it is measured by it. A frame does not say that it is one, so this cannot be refused here.

    Attributes:
        target: The examples, with one of the columns in `on`.
        aggregate: "max" over the targets (the nearest), or "mean". Which of them the paper's figures
            use was not found.

    Example:
        >>> import polars as pl
        >>> rows = pl.DataFrame({"question": ["2 + 3?", "2 + 4?", "Who wrote Emma?", "Who wrote Faust?"]})
        >>> target = pl.DataFrame({"question": ["Who wrote Macbeth?"]})
        >>> kept = tilth.curate.select(rows, 2, tilth.curate.TargetSimilarity(target)).filter("keep")
        >>> kept["question"].to_list()
        ['Who wrote Emma?', 'Who wrote Faust?']
    """

    name = "target-similarity"
    embeds = True
    target: pl.DataFrame
    aggregate: Literal["max", "mean"] = "max"

    def __post_init__(self) -> None:
        _target_of(self.target)
        if self.aggregate not in ("max", "mean"):
            raise ValueError('aggregate is neither "max" nor "mean"')

    def choose(self, pool: Pool, n: int, rng: np.random.Generator) -> Choice:
        score = similarity(pool, self.target, self.aggregate)
        return Choice(best(score, n), score)


def similarity(pool: Pool, target: pl.DataFrame, aggregate: str) -> Numbers:
    """The cosine of each row to the nearest target, or the mean of those to all."""
    import numpy as np

    targets = pool.vectors_of(target)
    if aggregate == "mean":
        return np.asarray(pool.vectors @ targets.mean(axis=0), dtype=np.float64)
    found = nearest = np.full(len(pool), -np.inf)
    for first in range(0, len(targets), 256):
        nearest = (pool.vectors @ targets[first : first + 256].T).max(axis=1, initial=-np.inf)
        found = np.maximum(found, nearest)
    return found


def _target_of(target: pl.DataFrame) -> None:
    import polars as pl

    from tilth.arguments import of_kind

    of_kind(target, pl.DataFrame, "target", "a Polars frame of examples")
