"""K-means quality-diversity: some of every cluster, better rows with better chances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.arguments import whole_number_of
from tilth.curate.selection.method import Choice, Pool, SelectionMethod, best, nothing
from tilth.curate.selection.random_draw import shares
from tilth.curate.selection.score_weighted import keys

if TYPE_CHECKING:
    import numpy as np

    from tilth.curate.selection.method import Numbers


@dataclass(frozen=True)
class KMeansQuality(SelectionMethod):
    """Diversify and Conquer (Yu et al., arXiv 2409.11378): kM-random, kMQ, and their iterative form.

    Rows are clustered by their vectors; each cluster gets its part of n by its size; inside it rows are
    drawn by quality (kMQ), or evenly where `quality` is None (kM-random). With several rounds n is drawn in
    equal parts, and after each part a cluster's weight is multiplied by the mean feedback of its rows drawn
    so far over the sum of these means, so clusters that help get more.

    Attributes:
        k: Clusters; None is the square root of half the rows, at most 256 (the paper tries several by
            silhouette, which costs as many clusterings).
        quality: A column of scores, higher is better; None draws evenly.
        rounds: Parts that n is drawn in.
        feedback: Called after each round but the last with the places in the frame of all rows drawn so
            far; gives one number of 0 or more for each, such as what a student still has to learn from
            it. None takes the quality, moved so that the least is 0.

    Example:
        >>> import polars as pl
        >>> rows = pl.DataFrame({"question": ["2 + 3?", "2 + 4?", "Who wrote Emma?", "Who wrote Faust?"]})
        >>> kept = tilth.curate.select(rows, 2, tilth.curate.KMeansQuality(k=2)).filter("keep")
        >>> kept["question"].str.starts_with("Who").to_list()
        [False, True]
    """

    name = "k-means-quality"
    embeds = True
    k: int | None = None
    quality: str | None = None
    rounds: int = 1
    feedback: Callable[[list[int]], Any] | None = None

    def __post_init__(self) -> None:
        if self.k is not None and whole_number_of(self.k, "k") < 1:
            raise ValueError(f"k is {self.k}; pass 1 or more, or None")
        if whole_number_of(self.rounds, "rounds") < 1:
            raise ValueError(f"rounds is {self.rounds}; pass 1 or more")
        if self.rounds > 1 and self.feedback is None and self.quality is None:
            raise ValueError("several rounds need a feedback; pass feedback=, or quality= with a column")

    @property
    def columns(self) -> tuple[str, ...]:
        return () if self.quality is None else (self.quality,)

    def choose(self, pool: Pool, n: int, rng: np.random.Generator) -> Choice:
        import numpy as np

        quality = nothing(pool) if self.quality is None else pool.numbers(self.quality)
        cluster = _clusters(pool, self.k, rng)
        known = quality[~np.isnan(quality)]
        filled = np.nan_to_num(quality, nan=float(known.min()) if len(known) else 0.0)
        key = keys(filled, 1.0, rng)
        weight = np.bincount(cluster).astype(np.float64)
        left = np.ones(len(pool), dtype=bool)
        taken: list[int] = []
        for round_ in range(self.rounds):
            part = (n * (round_ + 1)) // self.rounds - len(taken)
            room = np.bincount(cluster[left], minlength=len(weight))
            for which, count in enumerate(shares(weight, room, part)):
                drawn = best(np.where(left & (cluster == which), key, np.nan), count)
                left[drawn] = False
                taken += drawn.tolist()
            if round_ + 1 < self.rounds and taken:
                weight = _reweighted(weight, cluster[taken], self._feedback(pool, taken, filled))
        return Choice(np.array(taken, dtype=np.int64), quality, cluster)

    def _feedback(self, pool: Pool, taken: list[int], quality: Numbers) -> Numbers:
        import numpy as np

        if self.feedback is None:
            return np.asarray(quality[taken] - quality.min())
        given = np.asarray(self.feedback([int(place) for place in pool.place.gather(taken)]), np.float64)
        if given.shape != (len(taken),) or not np.all(np.isfinite(given) & (given >= 0)):
            raise ValueError(f"feedback must give {len(taken)} finite numbers of 0 or more, one for each row")
        return given


def _clusters(pool: Pool, k: int | None, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    import numpy as np
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    vectors = pool.vectors
    distinct = len(np.unique(vectors, axis=0))
    most = min(256, max(1, round((len(vectors) / 2) ** 0.5))) if k is None else k
    state = int(rng.integers(2**31))
    # Several threads add in an order of their own, which may turn a close call.
    with threadpool_limits(1):
        found = KMeans(min(most, distinct), n_init=1, random_state=state).fit_predict(vectors)
    return np.asarray(found, dtype=np.int64)


def _reweighted(weight: Numbers, cluster: np.ndarray[Any, np.dtype[np.int64]], feedback: Numbers) -> Numbers:
    import numpy as np

    count = np.bincount(cluster, minlength=len(weight))
    total = np.bincount(cluster, weights=feedback, minlength=len(weight))
    drawn = count > 0
    mean = np.where(drawn, total / np.maximum(count, 1), 0.0)
    if not mean.sum() > 0:
        return weight
    # A cluster that nothing was drawn of yet has shown nothing: it stands at the mean of the others.
    mean = np.where(drawn, mean, mean[drawn].mean())
    return np.asarray(weight * mean / mean.sum())
