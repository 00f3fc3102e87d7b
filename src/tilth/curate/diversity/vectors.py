"""Vectors of texts, checked, and those of the seeds, which all others are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.arguments import kind_of
from tilth.curate.embedding import Embedder
from tilth.seeds import Seeds

if TYPE_CHECKING:
    import polars as pl

    from tilth.curate.embedding.embedder import Vectors

_CALL = 1_000
"""Texts that are put to an embedder in one call."""

_MOST_SEEDS = 2_000
"""Seeds that rows are compared with: the first, where there are more."""


def seed_texts(seeds: Seeds | pl.DataFrame | None, columns: Sequence[str]) -> list[str]:
    """The texts of seeds, by those of the columns that they have; at most the first 2,000.

    Raises:
        TypeError: They are neither seeds nor a frame.
        ValueError: They have none of these columns.
    """
    import polars as pl

    if seeds is None:
        return []
    frame = seeds.frame if isinstance(seeds, Seeds) else seeds
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(f"seeds is {kind_of(seeds)}; pass seeds, or a frame with the column question")
    there = [name for name in columns if name in frame.columns]
    if not there:
        raise ValueError(
            f"seeds lack the column {columns[0]!r}; they have {', '.join(frame.columns[:20]) or 'none'}"
        )
    text = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in there], separator="\n")
    return frame.head(_MOST_SEEDS).select(text=text)["text"].to_list()


def embedded(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """One vector of norm 1 for each text, of zeros where it says nothing.

    Raises:
        ValueError: The embedder gave something else.
    """
    import numpy as np

    found = []
    for start in range(0, len(texts), _CALL):
        part = texts[start : start + _CALL]
        vectors = np.asarray(embedder.embed(part), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(part) or not np.all(np.isfinite(vectors)):
            raise ValueError(f"embedder must give {len(part)} vectors of finite numbers, one a text")
        found.append(vectors)
    return np.concatenate(found) if found else np.zeros((0, 1), np.float32)


@dataclass(frozen=True)
class Space:
    """An embedder fitted to the seeds, and the seeds' vectors.

    Fitted to the seeds alone, it gives a row the same vector whatever other rows there are.
    """

    embedder: Embedder
    seeds: Vectors | None

    @classmethod
    def of(cls, embedder: Embedder, seeds: Sequence[str], otherwise: Sequence[str] = ()) -> Space:
        """Fits to the texts of the seeds, or to others where there are none."""
        if not seeds:
            return cls(embedder.fitted([otherwise]) if otherwise else embedder, None)
        fitted = embedder.fitted([seeds])
        return cls(fitted, embedded(fitted, seeds))
