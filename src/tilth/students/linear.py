"""The linear classifier that the parsers are made of."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any


class Linear:
    """LinearSVC over the columns that occur: over all hashed features each label would take 0.5 MB."""

    def __init__(
        self,
        matrix: Any,
        labels: Sequence[int],
        weights: Sequence[float],
        *,
        iterations: int,
        random_state: int,
    ) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import LinearSVC

        self._columns = matrix.getnnz(axis=0).nonzero()[0]
        state = random_state % 2**32  # all that scikit-learn takes
        self._classifier: Any = LinearSVC(max_iter=iterations, tol=1e-2, random_state=state)
        with warnings.catch_warnings():
            # Many labels over few questions, and margins left loose for speed, are meant here.
            warnings.filterwarnings("ignore", message="The number of unique classes")
            warnings.filterwarnings("ignore", category=ConvergenceWarning)
            self._classifier.fit(matrix[:, self._columns], labels, sample_weight=weights)

    def scores(self, matrix: Any) -> Any:
        """The score of each label, in a column, for each row."""
        import numpy as np

        scores = self._classifier.decision_function(matrix[:, self._columns])
        return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores

    def labels(self, matrix: Any) -> Any:
        """The best label of each row."""
        return self._classifier.predict(matrix[:, self._columns])
