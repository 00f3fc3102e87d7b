"""Rows as what a template student learns from: questions, and the equations their responses work out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tilth.students.base import votes
from tilth.students.numeric.arithmetic import Expression, show
from tilth.students.numeric.reading import equation, mask, numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FEATURES = 2**16
_REMEMBERED = 2**14
"""Rows whose equations, and questions whose numbers, are kept: a study's cells are cut out of the same rows
again and again, and are asked the same questions."""

_WORD = r"[^\W\d_]+\d?|[$%]"


@dataclass(frozen=True, slots=True)
class TemplateExamples:
    """What a set of rows teaches.

    Attributes:
        questions: One entry for each different (question, equation).
        labels: Which of `templates` each entry is an example of.
        weights: Share of the question's readable rows that say so; a question weighs 1 in all, so that
            answers to one question outvote each other's slips and do not drown other questions.
        templates: The different equations, as first seen.
        read: Rows that were read.
        skipped: Rows that held no readable equation.
    """

    questions: list[str]
    labels: list[int]
    weights: list[float]
    templates: list[Expression]
    read: int
    skipped: int


def template_examples(examples: Sequence[tuple[str, str]]) -> TemplateExamples:
    """Reads (question, response) pairs."""
    labels: dict[tuple[float, ...], int] = {}
    templates: list[Expression] = []

    def label_of(question: str, response: str) -> int | None:
        expression = _equation(question, response)
        fingerprint = expression.fingerprint() if expression is not None else None
        if expression is None or fingerprint is None:
            return None
        label = labels.setdefault(fingerprint, len(templates))
        if label == len(templates):
            templates.append(expression)
        return label

    counts = votes(examples, label_of)
    entries = [
        (question, label, count / counted.total())
        for question, counted in counts.items()
        for label, count in counted.items()
    ]
    read = sum(counted.total() for counted in counts.values())
    return TemplateExamples(
        questions=[question for question, _, _ in entries],
        labels=[label for _, label, _ in entries],
        weights=[weight for _, _, weight in entries],
        templates=templates,
        read=read,
        skipped=len(examples) - read,
    )


_equation = lru_cache(maxsize=_REMEMBERED)(equation)
_numbers = lru_cache(maxsize=_REMEMBERED)(numbers)


def features(questions: Sequence[str]) -> Any:
    """Hashed 1- to 3-grams of the masked questions and of how their numbers compare, as a sparse matrix."""
    return _features(tuple(questions))


@lru_cache(maxsize=8)  # a study asks every student the same few test sets
def _features(questions: tuple[str, ...]) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        n_features=_FEATURES, ngram_range=(1, 3), token_pattern=_WORD, alternate_sign=False
    )
    return vectorizer.transform([f"{mask(question)} {' '.join(_order(question))}" for question in questions])


def _order(question: str) -> Iterator[str]:
    given = _numbers(question)
    yield f"count{min(len(given), 9)}"
    for slot, (left, right) in enumerate(pairwise(given)):
        yield f"{'falls' if left > right else 'rises'}{min(slot, 9)}"


def compute(
    templates: Sequence[Expression], scores: NDArray[np.float64], questions: Sequence[str]
) -> list[str | None]:
    """Computes, for each row of `scores` (questions, templates), the best template its numbers can fill."""
    answers: list[str | None] = []
    for question, row in zip(questions, scores, strict=True):
        given = _numbers(question)
        values = (templates[label].value(given) for label in (-row).argsort(kind="stable"))
        value = next((value for value in values if value is not None), None)
        answers.append(None if value is None else show(value))
    return answers
