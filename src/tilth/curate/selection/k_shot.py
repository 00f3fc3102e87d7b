"""K-shot similarity with diversity: rows like a few labelled ones, and not like each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.arguments import number_of
from tilth.curate.selection.method import Choice, Pool, SelectionMethod, best
from tilth.curate.selection.target_similarity import TargetSimilarity, similarity

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


@dataclass(frozen=True, eq=False)
class KShot(SelectionMethod):
    """Takes the rows with the highest cosine to K target rows, and skips one too like a taken one.

    Leveraging Open Knowledge: there K is 50, and pairs above tau are dropped from the top 1,000 (0.9 kept
    about 90% of these, 0.8 about 10% and did worse). Here rows further down take the place of dropped ones
    until n are kept, so fewer than n are kept only where the pool ends.

    Attributes:
        target: The K rows, with one of the columns in `on`; never the test set.
        tau: The highest cosine that two kept rows may have, in (0, 1].

    Example:
        >>> import polars as pl
        >>> rows = pl.DataFrame({"question": ["2 + 3?", "2 + 4?", "Who wrote Emma?", "Who wrote Faust?"]})
        >>> target = pl.DataFrame({"question": ["Who wrote Macbeth?"]})
        >>> kept = tilth.curate.select(rows, 2, tilth.curate.KShot(target)).filter("keep")
        >>> kept["question"].to_list()
        ['Who wrote Emma?', 'Who wrote Faust?']
    """

    name = "k-shot"
    embeds = True
    target: pl.DataFrame
    tau: float = 0.9

    def __post_init__(self) -> None:
        TargetSimilarity(self.target)
        if not 0 < number_of(self.tau, "tau") <= 1:
            raise ValueError(f"tau is {self.tau}; pass a cosine in (0, 1]")

    def choose(self, pool: Pool, n: int, rng: np.random.Generator) -> Choice:
        import numpy as np

        score = similarity(pool, self.target, "max")
        vectors = pool.vectors
        kept = np.zeros((n, vectors.shape[1]), dtype=np.float32)
        taken: list[int] = []
        refused: dict[int, str] = {}
        for row in best(score, len(pool)).tolist():
            if len(taken) == n:
                break
            # The least step of float32 aside, so that tau=1 drops nothing.
            if taken and float((kept[: len(taken)] @ vectors[row]).max()) > self.tau + 1e-6:
                refused[row] = f"its cosine to a kept row is above {self.tau:g}"
                continue
            kept[len(taken)] = vectors[row]
            taken.append(row)
        return Choice(np.array(taken, dtype=np.int64), score, refused=refused)
