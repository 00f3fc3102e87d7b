"""A nearest-neighbour student: uses the equation of the most similar questions it has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.options import differing
from tilth.students.base import Model, Student, examples
from tilth.students.numeric.templates import TemplateExamples, compute, features, template_examples

if TYPE_CHECKING:
    import polars as pl

_SHARPNESS = 4
"""Power of the similarity in a neighbour's vote: a near twin outweighs four vague likenesses."""


@dataclass(frozen=True)
class Neighbour(Student):
    """The k nearest questions by TF-IDF vote for an equation template.

    Attributes:
        k: How many questions vote.
    """

    name = "neighbour"
    tasks = ("numeric",)
    gains_from_answers = False
    about = (
        "Looks up the most similar questions it has seen; a second opinion to the parser, faster and weaker. "
        "It shows how near the rows come to the test, and has the parser's limits."
    )
    cost = (
        "Measured: 0.02 CPU s at 100 rows, 0.05 at 400, 0.18 at 1,600 (one core of an AMD EPYC), "
        "and 0.04 for 400 questions."
    )
    k: int = 5

    def options(self) -> dict[str, Any]:
        """How many questions vote, where that is not as it comes; else it is known by its name alone."""
        return differing(self, super().options())

    def train(self, rows: pl.DataFrame, random_state: int = 0) -> Model:
        """Indexes the rows; nothing is drawn, so random_state changes nothing."""
        return NeighbourModel(template_examples(examples(rows)), self.k)


class NeighbourModel(Model):
    """Indexed questions."""

    def __init__(self, learnt: TemplateExamples, k: int) -> None:
        self.trained_on = learnt.read
        self.skipped = learnt.skipped
        self._learnt = learnt
        if learnt.templates:
            from sklearn.feature_extraction.text import TfidfTransformer
            from sklearn.neighbors import NearestNeighbors

            matrix = features(learnt.questions)
            self._weighting = TfidfTransformer().fit(matrix)
            self._index = NearestNeighbors(
                n_neighbors=min(k, matrix.shape[0]), metric="cosine", algorithm="brute"
            )
            self._index.fit(self._weighting.transform(matrix))

    def answer(self, questions: Sequence[str]) -> list[str | None]:
        """Computes the template with most votes among those the question's numbers can fill."""
        import numpy as np

        if not questions or not self._learnt.templates:
            return [None] * len(questions)
        distances, places = self._index.kneighbors(self._weighting.transform(features(questions)))
        labels, weights = np.array(self._learnt.labels), np.array(self._learnt.weights)
        # How common a template is decides only where no neighbour's template can be filled.
        common = np.bincount(labels, weights=weights, minlength=len(self._learnt.templates))
        scores = np.tile(1e-9 * common, (len(questions), 1))
        votes = weights[places] * np.clip(1 - distances, 0, 1) ** _SHARPNESS
        np.add.at(scores, (np.arange(len(questions))[:, None], labels[places]), votes)
        return compute(self._learnt.templates, scores, questions)
