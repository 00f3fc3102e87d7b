"""The measures of diversity: what each is, where it is from, and how it is worked out of texts or vectors."""

from __future__ import annotations

import gzip
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tilth.curate.embedding.embedder import Vectors


@dataclass(frozen=True)
class Measure:
    """What a measure is called in a chart, how it is read, and what it needs.

    Attributes:
        title: Its name for people.
        unit: What its numbers count.
        higher: Whether a higher value is more diverse.
        vectors: Whether it compares vectors.
        source: The paper.
    """

    title: str
    unit: str
    higher: bool
    vectors: bool
    source: str


_SHAIB = "Shaib et al., arXiv 2403.00553"
_COX = "Cox et al., CHI 2021"
_LI = "Li et al., arXiv 1510.03055"

GAIN, NEW_TOPICS = "diversity-gain", "new-topic-rate"

MEASURES: Mapping[str, Measure] = {
    "compression-ratio": Measure(
        "Compression ratio", "bytes / gzip bytes", higher=False, vectors=False, source=_SHAIB
    ),
    **{
        f"distinct-{n}": Measure(
            f"Distinct {n}-grams", "share of all", higher=True, vectors=False, source=_LI
        )
        for n in range(1, 5)
    },
    "self-repetition": Measure(
        "Self-repetition", "log(1 + repeats)", higher=False, vectors=False, source=_SHAIB
    ),
    "repeating-rows": Measure(
        "Rows that repeat a 4-gram", "share of rows", higher=False, vectors=False, source="Salkar et al. 2022"
    ),
    "pairwise-distance": Measure(
        "Mean pairwise distance", "1 - cosine", higher=True, vectors=True, source=_COX
    ),
    "nearest-distance": Measure(
        "Mean nearest distance", "1 - cosine", higher=True, vectors=True, source=_COX
    ),
    "vendi-score": Measure(
        "Vendi score",
        "effective rows",
        higher=True,
        vectors=True,
        source="Friedman and Dieng, arXiv 2210.02410",
    ),
    GAIN: Measure(
        "Diversity gain over the seeds",
        "squared distance",
        higher=True,
        vectors=True,
        source="Yu et al., arXiv 2309.12284",
    ),
    NEW_TOPICS: Measure(
        "New-topic rate", "share of rows", higher=True, vectors=True, source="leader clusters, Hartigan 1975"
    ),
}
"""Every measure by name, in the order in which they are shown."""

_REPEATED = 4
"""Tokens of an n-gram that counts as repeated."""

_BLOCK = 1_024


def of_texts(texts: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """The measures of these names that look at words; without those that texts so short do not have.

    Tokens are those of `tilth.curate.texts.tokenised`; an n-gram lies within one text.
    """
    found: dict[str, float] = {}
    if "compression-ratio" in names and (raw := " ".join(texts).encode("utf-8", "replace")):
        found["compression-ratio"] = len(raw) / len(gzip.compress(raw, mtime=0))
    if not any(name.startswith(("distinct", "self", "repeating")) for name in names):
        return found
    tokens = _tokens(texts)
    for n in range(1, 5):
        if f"distinct-{n}" in names:
            grams = Counter(gram for text in tokens for gram in _grams(text, n))
            if total := grams.total():
                found[f"distinct-{n}"] = len(grams) / total
    if texts and ("self-repetition" in names or "repeating-rows" in names):
        own = [set(_grams(text, _REPEATED)) for text in tokens]
        holding = Counter(gram for grams in own for gram in grams)
        # how often a text's n-grams stand in the others
        elsewhere = [sum(holding[gram] - 1 for gram in grams) for grams in own]
        if "self-repetition" in names:
            found["self-repetition"] = sum(map(math.log1p, elsewhere)) / len(texts)
        if "repeating-rows" in names:
            found["repeating-rows"] = sum(map(bool, elsewhere)) / len(texts)
    return found


def of_vectors(vectors: Vectors, names: Sequence[str], base: Vectors | None = None) -> dict[str, float]:
    """The measures of these names that compare vectors of norm 1; the gain where there is a base."""
    import numpy as np

    found: dict[str, float] = {}
    n = len(vectors)
    if n > 1 and ("pairwise-distance" in names or "nearest-distance" in names):
        cosine = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
        np.fill_diagonal(cosine, 0.0)
        if "pairwise-distance" in names:
            found["pairwise-distance"] = 1 - float(cosine.sum()) / (n * (n - 1))
        if "nearest-distance" in names:
            np.fill_diagonal(cosine, -np.inf)
            found["nearest-distance"] = float(np.mean(_positive(1 - cosine.max(axis=1))))
    if n and "vendi-score" in names:
        found["vendi-score"] = vendi(vectors)
    if n and GAIN in names and base is not None and len(base):
        found[GAIN] = float(2 * np.mean(_positive(1 - _best(vectors, base))))
    return found


def vendi(vectors: Vectors) -> float:
    """The Vendi score: exp of the entropy of the eigenvalues of K / n, K being the cosines; from 1 to n.

    Those of the smaller of K / n and the vectors' own product are worked out: the others are 0.
    """
    import numpy as np
    from scipy.linalg import eigvalsh

    # A text that says nothing has a vector of zeros; it is like itself all the same, and like no other.
    silent = int(np.count_nonzero(~vectors.any(axis=1)))
    exact = vectors[vectors.any(axis=1)].astype(np.float64)
    n, dimensions = len(vectors), vectors.shape[1]
    product = exact @ exact.T if len(exact) <= dimensions else exact.T @ exact
    values = eigvalsh(product / n) if len(exact) else np.zeros(0)
    share = np.concatenate([values[values > 1e-12], np.full(silent, 1 / n)])
    return float(min(n, math.exp(-np.sum(share * np.log(share)))))


def own_gain(vectors: Vectors) -> float | None:
    """What the gain is of each text over all the others; None where there is one text."""
    import numpy as np

    if len(vectors) < 2:
        return None
    nearest = np.empty(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        cosine = vectors[start : start + _BLOCK] @ vectors.T
        here = np.arange(len(cosine))
        cosine[here, start + here] = -np.inf
        nearest[start : start + len(cosine)] = cosine.max(axis=1)
    return float(2 * np.mean(_positive(1 - nearest)))


def _best(vectors: Vectors, base: Vectors) -> Vectors:
    """The cosine of each vector with the nearest of the base."""
    import numpy as np

    best = np.full(len(vectors), -np.inf, np.float32)
    for start in range(0, len(base), _BLOCK):
        np.maximum(best, (vectors @ base[start : start + _BLOCK].T).max(axis=1), out=best)
    return best


def _positive(distance: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.asarray(np.maximum(distance, 0))


def _tokens(texts: Sequence[str]) -> list[list[str]]:
    import polars as pl

    from tilth.curate.texts import tokenised

    column = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
    found = column.select(tokenised(pl.col("text")).str.split(" "))["text"].to_list()
    return [[token for token in text if token] for text in found]


def _grams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[k:] for k in range(n)), strict=False))
