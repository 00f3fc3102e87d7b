"""What every selection method is given and gives back: a pool of rows, and a choice among them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tilth.curate.embedding import Embedder, embedder_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from tilth.curate.steps import Batches

    Numbers = NDArray[np.float64]
    Vectors = NDArray[np.float32]

_TEXTS = 1_000
"""Texts that are put to an embedder in one call."""


@dataclass(frozen=True)
class Choice:
    """What a method took of a pool.

    Attributes:
        taken: The positions of the rows that are kept, each once; at most as many as were asked for.
        score: One number for each row of the pool, NaN for none; what it means is the method's.
        cluster: The cluster of each row, where the method makes some.
        refused: The reason that a row has which may not be chosen at all, by its position.
    """

    taken: NDArray[np.int64]
    score: Numbers
    cluster: NDArray[np.int64] | None = None
    refused: dict[int, str] | None = None


@dataclass(frozen=True)
class Pool:
    """The rows to choose from, read batch by batch: their numbers and vectors are held, their texts not.

    Attributes:
        batches: Gives the rows from the start at each call.
        on: The columns whose texts stand for a row.
        embedder: Turns texts into vectors; the built-in one where none was given.
    """

    batches: Batches
    on: tuple[str, ...]
    embedder: Embedder | None = None

    @cached_property
    def place(self) -> pl.Series:
        """Which rows of the frame they are."""
        return self.series("place")

    def __len__(self) -> int:
        return len(self.place)

    def series(self, column: str) -> pl.Series:
        """One column of all rows."""
        import polars as pl

        parts = [batch[column] for batch in self.batches()]
        return pl.concat(parts) if parts else pl.Series(column, [], pl.UInt32)

    def numbers(self, column: str) -> Numbers:
        """One column of all rows as numbers; null and what is no finite number are NaN.

        Raises:
            ValueError: It holds no numbers.
        """
        import numpy as np
        import polars as pl

        found = self.series(column)
        if not (found.dtype.is_numeric() or found.dtype in (pl.Boolean, pl.Null)):
            raise ValueError(f"select: the column {column!r} holds {found.dtype}; name a column of numbers")
        values = found.cast(pl.Float64).to_numpy().astype(np.float64)
        values[~np.isfinite(values)] = np.nan
        return values

    def texts(self, columns: Sequence[str] | None = None) -> Iterator[list[str]]:
        """The rows' texts, some at a time; null counts as no text."""
        for batch in self.batches():
            yield from _texts_of(batch, self.on if columns is None else columns)

    @cached_property
    def vectors(self) -> Vectors:
        """One vector of norm 1 for each row."""
        return self._embedded(self.texts())

    def vectors_of(self, frame: pl.DataFrame) -> Vectors:
        """Those of the rows of another frame, by the columns of `on` that it has.

        Raises:
            ValueError: It has none of these, or no rows.
        """
        columns = [name for name in self.on if name in frame.columns]
        if not columns or frame.is_empty():
            raise ValueError(f"select: target needs rows, and one of the columns {', '.join(self.on)}")
        return self._embedded(_texts_of(frame, columns))

    @cached_property
    def _fitted(self) -> Embedder:
        return embedder_of(self.embedder).fitted(self.texts())

    def _embedded(self, parts: Iterator[list[str]]) -> Vectors:
        import numpy as np

        found = []
        for part in parts:
            vectors = np.asarray(self._fitted.embed(part), dtype=np.float32)
            if vectors.ndim != 2 or len(vectors) != len(part) or not np.all(np.isfinite(vectors)):
                raise ValueError(
                    f"select: embedder must give {len(part)} vectors of finite numbers, one a text"
                )
            found.append(vectors)
        return np.concatenate(found) if found else np.zeros((0, 1), np.float32)


def _texts_of(frame: pl.DataFrame, columns: Sequence[str]) -> Iterator[list[str]]:
    import polars as pl

    joined = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in columns], separator="\n")
    for part in frame.select(text=joined).iter_slices(_TEXTS):
        yield part["text"].to_list()


class SelectionMethod(ABC):
    """A way to choose n rows; others derive from it and pass an object of theirs as `method=`.

    Example:
        >>> import numpy as np
        >>> import polars as pl
        >>> from tilth.curate.selection import Choice
        >>> class First(tilth.curate.SelectionMethod):
        ...     name = "first"
        ...
        ...     def choose(self, pool, n, rng):
        ...         return Choice(np.arange(min(n, len(pool))), np.zeros(len(pool)))
        >>> rows = pl.DataFrame({"question": ["a", "b", "c"]})
        >>> tilth.curate.select(rows, 2, First())["keep"].to_list()
        [True, True, False]
    """

    name: ClassVar[str]
    embeds: ClassVar[bool] = False
    """Whether it compares vectors."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads beside the texts."""
        return ()

    @abstractmethod
    def choose(self, pool: Pool, n: int, rng: np.random.Generator) -> Choice:
        """At most n rows of the pool. It draws from `rng` alone."""


def best(score: Numbers, n: int) -> Any:
    """The positions of the n highest scores; of equal ones the earlier, and NaN is never among them."""
    import numpy as np

    order = np.argsort(-score, kind="stable")
    return order[: min(n, int(np.count_nonzero(~np.isnan(score))))]


def nothing(pool: Pool) -> Numbers:
    """A score for each row that says nothing."""
    import numpy as np

    return np.full(len(pool), np.nan)
