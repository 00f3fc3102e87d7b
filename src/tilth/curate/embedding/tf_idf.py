"""The built-in embedder: words and pairs of words, weighed by how rare they are; offline and repeatable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tilth.arguments import random_state_of, whole_number_of
from tilth.curate.embedding.embedder import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from tilth.curate.embedding.embedder import Vectors

_FEATURES = 2**18
"""Words and pairs of words are hashed into so many."""

_MOST_DIMENSIONS = 4_096
_WORDS = r"(?u)\b\w+\b"


@dataclass(frozen=True)
class TfIdf(Embedder):
    """Hashed TF-IDF of words and pairs of words, projected at random to few dimensions.

    It knows no synonyms: texts are alike where they share words, the rare ones before the common. A step
    fits it to all texts that it compares (`fitted`); unfitted, all words weigh the same. The cosine of two
    vectors is that of the texts' TF-IDF with an error of about (1 - cosine^2) / sqrt(dimensions). Nothing is
    downloaded, and the same texts give the same vectors in every process.

    Attributes:
        dimensions: Of its vectors; 256 of them take 1 kB a text.
        random_state: Decides the projection.

    Example:
        >>> texts = ["Tom has 3 red apples.", "3 red apples has Tom.", "Who wrote Emma?"]
        >>> vectors = tilth.curate.TfIdf().embed(texts)
        >>> bool(vectors[0] @ vectors[1] > 0.6 > abs(vectors[0] @ vectors[2]))
        True
    """

    name = "tf-idf"
    dimensions: int = 256
    random_state: int = 0
    _weight: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= whole_number_of(self.dimensions, "dimensions") <= _MOST_DIMENSIONS:
            raise ValueError(f"dimensions is {self.dimensions}; pass 1 to {_MOST_DIMENSIONS:,}")
        random_state_of(self.random_state)

    @property
    def identity(self) -> Mapping[str, Any]:
        """Its options, and the version of scikit-learn, which hashes the words."""
        import sklearn

        return {
            "kind": self.name,
            "dimensions": self.dimensions,
            "random_state": self.random_state,
            "scikit-learn": sklearn.__version__,
        }

    def fitted(self, texts: Iterable[Sequence[str]]) -> TfIdf:
        """The same with the weights of these texts' words: log((1 + n) / (1 + texts that hold it)) + 1."""
        import numpy as np

        count, holding = 0, np.zeros(_FEATURES, np.int64)
        for batch in texts:
            if batch:
                counts = self._counts(batch)
                count += len(batch)
                holding += np.bincount(counts.indices, minlength=_FEATURES)
        weight = np.log((1 + count) / (1 + holding)) + 1
        return replace(self, _weight=weight.astype(np.float32))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors, one row of norm 1 for each text; of zeros where it has no word."""
        import numpy as np
        from scipy.sparse import diags_array
        from sklearn.preprocessing import normalize

        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        counts = self._counts(texts)
        counts.data = 1 + np.log(counts.data)
        if self._weight is not None:
            counts = counts @ diags_array(self._weight)
        vectors = (normalize(counts) @ _projection(self.dimensions, self.random_state)).toarray()
        return np.asarray(normalize(vectors), np.float32)

    def _counts(self, texts: Sequence[str]) -> csr_matrix:
        from sklearn.feature_extraction.text import HashingVectorizer

        vectorizer = HashingVectorizer(
            n_features=_FEATURES,
            token_pattern=_WORDS,
            ngram_range=(1, 2),
            alternate_sign=False,
            norm=None,
        )
        return vectorizer.transform(texts)


@lru_cache(maxsize=1)
def _projection(dimensions: int, random_state: int) -> csr_matrix:
    """Features to dimensions: each goes to a few of them, with a sign (Li et al. 2006).

    Kept, for it takes longer to draw (0.2 s, 18 MB) than some hundred texts to embed.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    few = min(8, dimensions)
    rng = np.random.default_rng(random_state % 2**64)
    columns = rng.integers(dimensions, size=_FEATURES * few, dtype=np.int32)
    signs = rng.choice(np.array([-1, 1], np.float32), size=_FEATURES * few) / np.sqrt(np.float32(few))
    starts = np.arange(0, _FEATURES * few + 1, few, dtype=np.int32)
    return csr_matrix((signs, columns, starts), shape=(_FEATURES, dimensions))
