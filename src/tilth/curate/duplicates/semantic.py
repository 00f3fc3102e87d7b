"""Semantic duplicates: texts whose vectors point almost the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilth.curate.duplicates.shingles import Places
    from tilth.curate.embedding.embedder import Vectors

_BLOCK = 1_024


def semantic(vectors: Vectors, order: Places, threshold: float) -> dict[int, tuple[int, float]]:
    """Each text that is alike to one kept before it: that one, and their cosine.

    Work grows with the square of what is kept.

    Args:
        vectors: One row of norm 1 for each text.
        order: The texts in the order in which they are kept; others are left out.
        threshold: The cosine from which two are alike.
    """
    import numpy as np

    kept = np.zeros(len(order), np.int64)
    count = 0
    found: dict[int, tuple[int, float]] = {}
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        own = vectors[block]
        best, at = np.full(len(block), -1.0), np.zeros(len(block), np.int64)
        for first in range(0, count, _BLOCK):
            earlier = kept[first : min(first + _BLOCK, count)]
            cosine = own @ vectors[earlier].T
            here = cosine.argmax(axis=1)
            value = cosine[np.arange(len(block)), here]
            better = value > best
            best[better], at[better] = value[better], earlier[here[better]]
        inside = own @ own.T
        open_ = np.zeros(len(block), bool)
        for place, text in enumerate(block.tolist()):
            among = np.where(open_, inside[place], -1.0)
            nearest = int(among.argmax())
            if among[nearest] > best[place]:
                best[place], at[place] = among[nearest], block[nearest]
            if best[place] >= threshold:
                found[text] = (int(at[place]), float(min(best[place], 1.0)))
            else:
                open_[place] = True
        stays = block[open_]
        kept[count : count + len(stays)] = stays
        count += len(stays)
    return found
