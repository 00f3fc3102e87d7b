"""A random draw: what every other method has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.curate.selection.method import Choice, Pool, SelectionMethod, nothing

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Random(SelectionMethod):
    """Draws rows with equal chances; with `by`, the same share of each group.

    Most published selection methods do not beat it at equal size and cost (arXiv 2503.01807).

    Attributes:
        by: A column, such as "strategy" or "seed_id", whose groups keep their shares (by largest
            remainders, of equal ones the group met first).

    Example:
        >>> import polars as pl
        >>> rows = pl.DataFrame({"question": ["a", "b", "c", "d"], "strategy": ["x", "x", "y", "y"]})
        >>> kept = tilth.curate.select(rows, 2, tilth.curate.Random(by="strategy")).filter("keep")
        >>> kept["strategy"].to_list()
        ['x', 'y']
    """

    name = "random"
    by: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return () if self.by is None else (self.by,)

    def choose(self, pool: Pool, n: int, rng: np.random.Generator) -> Choice:
        import numpy as np

        drawn = rng.permutation(len(pool))
        if self.by is None:
            return Choice(drawn[:n], nothing(pool))
        group = pool.series(self.by).rank("dense").fill_null(0).to_numpy().astype(np.int64)
        found, first, sizes = np.unique(group, return_index=True, return_counts=True)
        met = np.argsort(first)
        taken = shares(sizes[met].astype(np.float64), sizes[met], n)
        parts = [drawn[group[drawn] == which][:count] for which, count in zip(found[met], taken, strict=True)]
        return Choice(np.concatenate([drawn[:0], *parts]), nothing(pool))


def shares(
    weight: np.ndarray[tuple[int], np.dtype[np.float64]],
    room: np.ndarray[tuple[int], np.dtype[np.int64]],
    n: int,
) -> list[int]:
    """How many of n each group gets: by weight and largest remainder, no more than it has room for.

    What a full group cannot take goes to the others by their weights, or evenly where these have none.
    """
    import numpy as np

    taken = np.zeros(len(room), dtype=np.int64)
    left = min(n, int(room.sum()))
    while left:
        open_ = taken < room
        wanted = np.where(open_, weight, 0.0)
        if not wanted.sum() > 0:
            wanted = open_.astype(np.float64)
        exact = left * (wanted / wanted.sum())
        step = np.minimum(np.floor(exact).astype(np.int64), room - taken)
        if not step.any():
            most = np.argsort(-np.where(open_, exact, -1.0), kind="stable")[:left]
            step[most] = np.minimum(1, (room - taken)[most])
        taken += step
        left -= int(step.sum())
    return [int(count) for count in taken]
