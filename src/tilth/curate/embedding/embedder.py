"""What every embedder does: a vector for each text, and a word on what made it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tilth.arguments import of_kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


class Embedder(ABC):
    """Makes vectors of texts. Derive from it to bring an embedder of your own.

    Attributes:
        name: What its vectors are told by, in the column `embedder`.

    Example:
        >>> import numpy as np
        >>> class Length(tilth.curate.Embedder):
        ...     name = "length"
        ...     identity = {"kind": "length"}
        ...
        ...     def embed(self, texts):
        ...         angle = np.array([len(text) for text in texts]) / 1_000
        ...         return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
        >>> Length().embed(["a", "bb"]).shape
        (2, 2)
    """

    name: str

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """What decides its vectors: the kind, the model, options and versions, as JSON holds them."""

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors: one row of norm 1 for each text, of zeros where a text says nothing (float32)."""

    def fitted(self, texts: Iterable[Sequence[str]]) -> Embedder:
        """The embedder that is to embed these texts, read once, batch by batch; itself where it fits none."""
        return self


def embedder_of(given: Embedder | None) -> Embedder:
    """The embedder that was given, or the built-in one.

    Raises:
        TypeError: It is none.
    """
    from tilth.curate.embedding.tf_idf import TfIdf

    if given is None:
        return TfIdf()
    return of_kind(given, Embedder, "embedder", "an embedder, such as tilth.curate.TfIdf()")
