"""Texts as sets of shingles: a hash for each three tokens in a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.curate.texts import tokenised

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    Places = NDArray[np.int64]

_LENGTH = 3
"""Tokens of a shingle; a shorter text is one shingle."""

# Odd numbers, so that a shingle's hash depends on the order of its tokens.
_ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)


@dataclass(frozen=True)
class Shingles:
    """The shingles of some texts, each once a text and in order.

    Attributes:
        hashes: Those of all texts, one text after the other.
        starts: Where each text begins among them, and where the last ends.
    """

    hashes: Hashes
    starts: Places

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, text: int) -> Hashes:
        """The shingles of one text."""
        return self.hashes[self.starts[text] : self.starts[text + 1]]

    @classmethod
    def joined(cls, parts: Iterable[Shingles]) -> Shingles:
        """The shingles of several, one after the other."""
        import numpy as np

        several = list(parts)
        sizes = [np.diff(part.starts) for part in several]
        starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]) if several else np.zeros(1)
        hashes = [part.hashes for part in several] or [np.zeros(0, np.uint64)]
        return cls(np.concatenate(hashes), starts.astype(np.int64))


def shingles(texts: pl.Series) -> Shingles:
    """The shingles of texts; of one with no token none."""
    import numpy as np
    import polars as pl

    frame = texts.alias("text").to_frame().with_row_index("row").with_columns(tokenised(pl.col("text")))
    tokens = frame.filter(pl.col("text") != "").select("row", token=pl.col("text").str.split(" "))
    flat = tokens.explode("token").select("row", pl.col("token").hash(seed=0))
    row, token = flat["row"].to_numpy().astype(np.int64), flat["token"].to_numpy()
    n = len(row)
    hashed = np.zeros(n, np.uint64)
    for ahead, odd in enumerate(_ODD):
        # beyond a text's end stands nothing, so that a text of two tokens is one shingle
        inside = np.zeros(n, bool)
        inside[: max(n - ahead, 0)] = row[ahead:] == row[: n - ahead] if ahead < n else False
        hashed[inside] += token[np.flatnonzero(inside) + ahead] * np.uint64(odd)
    first = np.r_[True, row[1:] != row[:-1]] if n else np.zeros(0, bool)
    whole = np.zeros(n, bool)
    whole[: max(n - _LENGTH + 1, 0)] = row[_LENGTH - 1 :] == row[: n - _LENGTH + 1] if n >= _LENGTH else False
    used = whole | first
    row, hashed = row[used], hashed[used]
    order = np.lexsort((hashed, row))
    row, hashed = row[order], hashed[order]
    once = np.r_[True, (row[1:] != row[:-1]) | (hashed[1:] != hashed[:-1])] if len(row) else used[:0]
    row, hashed = row[once], hashed[once]
    starts = np.searchsorted(row, np.arange(len(texts) + 1))
    return Shingles(hashed, starts.astype(np.int64))


def jaccard(one: Hashes, other: Hashes) -> float:
    """The shingles that two texts share, of all that they have; both in order, each once."""
    import numpy as np

    if not len(one) or not len(other):
        return 0.0
    found = np.searchsorted(other, one)
    shared = int(np.count_nonzero(other[np.minimum(found, len(other) - 1)] == one))
    return shared / (len(one) + len(other) - shared)
