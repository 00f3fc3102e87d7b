"""Facility location: rows such that every row has a similar one among them."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from tilth.arguments import whole_number_of
from tilth.curate.selection.method import Choice, Pool, SelectionMethod

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class FacilityLocation(SelectionMethod):
    """Takes the row that raises the sum, over all rows, of the cosine to the nearest taken one the most.

    The greedy choice reaches at least 1 - 1/e of the best sum (Nemhauser et al. 1978); it is made lazily
    (Minoux 1978), which gives the same rows. Cosines below 0 count as 0. `score` is what a row added as it
    was taken. Work grows with rows x `sample`.

    Attributes:
        sample: Rows, drawn at random, that stand for all where there are more: the sum runs over these,
            and any row may be taken.

    Example:
        >>> import polars as pl
        >>> rows = pl.DataFrame({"question": ["2 + 3?", "2 + 4?", "Who wrote Emma?", "Who wrote Faust?"]})
        >>> kept = tilth.curate.select(rows, 2, tilth.curate.FacilityLocation()).filter("keep")
        >>> kept["question"].str.starts_with("Who").to_list()
        [False, True]
    """

    name = "facility-location"
    embeds = True
    sample: int = 2_000

    def __post_init__(self) -> None:
        if whole_number_of(self.sample, "sample") < 1:
            raise ValueError(f"sample is {self.sample}; pass 1 or more")

    def choose(self, pool: Pool, n: int, rng: np.random.Generator) -> Choice:
        import numpy as np

        vectors = pool.vectors
        size = len(vectors)
        stand = (
            np.sort(rng.choice(size, self.sample, replace=False)) if size > self.sample else np.arange(size)
        )
        rest = vectors[stand].T

        def near(row: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
            return np.asarray(np.maximum(vectors[row] @ rest, 0.0))

        covered = np.zeros(len(stand), dtype=np.float32)
        queue = [(-float(near(row).sum(dtype=np.float64)), row, 0) for row in range(size)]
        heapify(queue)
        score = np.full(size, np.nan)
        taken: list[int] = []
        while queue and len(taken) < n:
            gain, row, seen = heappop(queue)
            if seen < len(taken):
                more = np.maximum(near(row) - covered, 0.0).sum(dtype=np.float64)
                heappush(queue, (-float(more), row, len(taken)))
                continue
            score[row] = -gain
            covered = np.maximum(covered, near(row))
            taken.append(row)
        return Choice(np.array(taken, dtype=np.int64), score)
