"""Which rows open a topic, as they arrive: the leader algorithm, and from which distance on texts differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tilth.curate.embedding.embedder import Vectors

_MOST = 8_192
"""Leaders that are held; beyond that the earliest is forgotten, and what is like it counts as new again."""

_FEW = 20
"""Seeds below which they say nothing of how far apart texts lie."""

_USUAL = 0.7
"""The median distance of a seed to its nearest other, where there are too few to measure it.

What the built-in embedder gives: 0.68 of the demo's seeds, 0.79 of GSM8K's, 0.71 of Self-Instruct's.
"""


@dataclass(frozen=True)
class Thresholds:
    """Distances (1 - cosine) from which texts differ, on the scale of an embedder.

    Attributes:
        topic: From here on a question opens a topic: half the median distance of a seed to its nearest other.
        repeat: Below this a row repeats another: 0.15 of that median.
    """

    topic: float
    repeat: float

    @classmethod
    def of(cls, seeds: Vectors | None) -> Thresholds:
        """Those that the vectors of seeds set."""
        scale = _USUAL if seeds is None or len(seeds) < _FEW else _median_nearest(seeds)
        return cls(0.5 * scale, 0.15 * scale)


class Leaders:
    """Texts that opened a topic: each is farther from all before it than a threshold.

    The leader algorithm (Hartigan 1975, Clustering Algorithms, chapter 3): one pass, in order of arrival.
    Memory is bounded, and how vectors are cut into calls changes nothing but rounding.
    """

    def __init__(self, threshold: float, dimensions: int) -> None:
        import numpy as np

        self.threshold = threshold
        self._held = np.zeros((0, dimensions), np.float32)
        self._count = 0

    def add(self, vectors: Vectors) -> NDArray[np.bool_]:
        """Which of these open a topic."""
        import numpy as np

        held = self._held[: min(self._count, _MOST)]
        nearest = (vectors @ held.T).max(axis=1) if len(held) else np.full(len(vectors), -np.inf, np.float32)
        inside = vectors @ vectors.T
        opens = np.zeros(len(vectors), bool)
        for place in range(len(vectors)):
            here = inside[place, opens]
            best = max(float(nearest[place]), float(here.max()) if len(here) else -np.inf)
            # a text that says nothing has a vector of zeros, which is far from all, and is no news
            opens[place] = 1 - best > self.threshold and bool(vectors[place].any())
        self._hold(vectors[opens])
        return opens

    def _hold(self, vectors: Vectors) -> None:
        import numpy as np

        for vector in vectors:
            at = self._count % _MOST
            if at >= len(self._held):
                grown = min(_MOST, max(256, 2 * len(self._held)))
                more = np.zeros((grown - len(self._held), self._held.shape[1]), np.float32)
                self._held = np.concatenate([self._held, more])
            self._held[at] = vector
            self._count += 1


def _median_nearest(vectors: Vectors) -> float:
    import numpy as np

    some = vectors[:2_000]
    cosine = some @ some.T
    np.fill_diagonal(cosine, -np.inf)
    # seeds that repeat each other must not make every row new
    return max(0.05, float(np.median(1 - cosine.max(axis=1))))
