"""Near duplicates: candidates by MinHash and locality-sensitive hashing, told by their exact Jaccard."""

from __future__ import annotations

from collections import defaultdict
from math import log
from typing import TYPE_CHECKING

from tilth.curate.duplicates.shingles import Shingles, jaccard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tilth.curate.duplicates.shingles import Places

_BANDS = 12
_MISSED = 0.015
"""The share of pairs at the threshold that no band may find, at most."""

_MOST_COMPARED = 100
"""Kept texts of one bucket that a text is compared with: in a bucket of texts that are not alike, the rest
would take time that grows with its square."""


def signatures(of: Shingles, threshold: float) -> NDArray[np.uint64]:
    """A key for each text and band: texts at the threshold share one with at least 98 in 100 chances."""
    import numpy as np
    from rensa import RMinHash

    rows = max(1, int(log(1 - _MISSED ** (1 / _BANDS)) / log(threshold))) if threshold < 1 else 5
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        of.hashes, of.starts.astype(np.uint64), _BANDS * rows, 0
    )
    digests = np.array(matrix.to_rows(), np.uint64).reshape(len(of), _BANDS, rows)
    keys = np.zeros((len(of), _BANDS), np.uint64)
    for place in range(rows):
        keys = (keys ^ digests[:, :, place]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys


def near(
    of: Shingles, keys: NDArray[np.uint64], order: Places, threshold: float
) -> dict[int, tuple[int, float]]:
    """Each text that is alike to one kept before it: that one, and their Jaccard.

    Args:
        of: The texts' shingles.
        keys: Their signatures.
        order: The texts in the order in which they are kept.
        threshold: The Jaccard from which two are alike.
    """
    import numpy as np

    buckets: list[list[int]] = [[] for _ in range(len(of))]
    for band in range(keys.shape[1]):
        _, bucket, sizes = np.unique(keys[:, band], return_inverse=True, return_counts=True)
        crowded = np.flatnonzero(sizes[bucket] > 1)
        for text, which in zip(crowded.tolist(), bucket[crowded].tolist(), strict=True):
            buckets[text].append(which * keys.shape[1] + band)
    kept: defaultdict[int, list[int]] = defaultdict(list)
    found: dict[int, tuple[int, float]] = {}
    for text in order.tolist():
        own = buckets[text]
        if not own or not len(of.of(text)):
            continue
        compared: set[int] = set()
        best: tuple[float, int] | None = None
        for bucket in own:
            for other in kept[bucket]:
                if other not in compared:
                    compared.add(other)
                    alike = jaccard(of.of(text), of.of(other))
                    if alike >= threshold and (best is None or alike > best[0]):
                        best = (alike, other)
        if best is not None:
            found[text] = (best[1], best[0])
            continue
        for bucket in own:
            if len(kept[bucket]) < _MOST_COMPARED:
                kept[bucket].append(text)
    return found
