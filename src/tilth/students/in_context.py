"""A student that learns nothing: a model that is shown the most similar rows before each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tilth.arguments import of_kind
from tilth.errors import StudentError
from tilth.students.asking import AskingStudent
from tilth.students.base import examples
from tilth.tasks.base import Message, Prompt, Task
from tilth.teacher import Teacher

if TYPE_CHECKING:
    import polars as pl

_GRAMS = (2, 4)
"""Characters of a gram, from and to: they cover endings, numbers and code, in any language."""

_AT_ONCE = 256
"""Questions that are compared with all rows at once, so that memory stays small."""

_DECIMALS = 9
"""Of a similarity: what differs less is a tie on another machine, and the earlier row is taken."""

_MOST_SHOTS = 1_000
"""More demonstrations than any model's context holds."""


@dataclass(frozen=True)
class InContext(AskingStudent):
    """Any OpenAI-compatible model, shown the most similar rows as a conversation, at temperature 0.

    Similar is what shares rare runs of two to four characters (TF-IDF, cosine). Each question stands there
    once, with the first response to it; the most similar comes last. No rows, no demonstrations: that is its
    zero-shot base line. A model made with `temperature=None`, as reasoning models want it, gets none.

    What is journalled is never asked again: cells that give a question the same demonstrations share a reply.

    Attributes:
        model: The model that is asked; its `max_tokens` limits an answer.
        shots: How many rows are shown, at most.

    Raises:
        StudentError: No model is given, or `shots` is no number of rows.

    Example:
        The demo's model stands in here, which is rule-based and learns nothing of what it is shown.

        >>> student = tilth.students.InContext(tilth.demo.teacher(), shots=4)
        >>> study = tilth.study_sync(
        ...     tilth.demo.seeds(10),
        ...     test=tilth.demo.questions("same", "test").head(20),
        ...     strategies=["answer-augmentation"],
        ...     ratios=[1, 2],
        ...     replicates=1,
        ...     student=student,
        ...     student_budget=40,
        ...     teacher=tilth.demo.teacher(),
        ...     path="in-context.tilth",
        ... )
        >>> study.progress.cells, study.progress.student.queries <= 40
        (2, True)
    """

    name = "in-context"
    about = (
        "A model that is shown the most similar rows before each question. It shows what the rows tell a "
        "model that is not trained on them; a small one often makes little of demonstrations."
    )
    cost = "A query for each test question and cell, less those whose demonstrations are the same."
    model: Teacher | None = None
    shots: int = 8

    def __post_init__(self) -> None:
        _given(self.model)
        if type(self.shots) is not int or not 0 <= self.shots <= _MOST_SHOTS:
            raise StudentError(f"shots={self.shots!r}: give a number of rows, 0 to {_MOST_SHOTS:,}")

    @cached_property
    def asked(self) -> Teacher:
        """The model, at temperature 0."""
        return _given(self.model).greedy()

    def options(self) -> dict[str, Any]:
        """The model by its name, how many rows it is shown, and what else of the model decides answers."""
        told = self.asked.identity()
        usual = {"model": None, "system": None, "sampling": {"temperature": 0.0}}
        others = {name: value for name, value in told.items() if value != usual.get(name)}
        return {**others, "shots": self.shots}

    def prompts(self, rows: pl.DataFrame, questions: Sequence[str], task: Task) -> list[Prompt]:
        """The conversation for each question: similar rows, the most similar last, then the question."""
        shown: dict[str, str] = {}
        for question, response in examples(rows):
            if question.strip() and response.strip():
                shown.setdefault(question, response)
        demonstrations = list(shown.items())
        turns = [_turns(task.answer(question), response) for question, response in demonstrations]
        return [
            _after(task.answer(question), [turns[place] for place in reversed(places)])
            for question, places in zip(questions, _nearest(list(shown), questions, self.shots), strict=True)
        ]


def _given(model: Teacher | None) -> Teacher:
    if model is None:
        raise StudentError(
            "student 'in-context' needs a model to ask: "
            'tilth.students.InContext(tilth.Teacher("gpt-4.1-mini"), shots=8)'
        )
    given: Teacher = of_kind(
        model, Teacher, "model", 'a tilth.Teacher, such as tilth.Teacher("gpt-4.1-mini")'
    )
    return given


def _turns(prompt: Prompt, response: str) -> list[Message]:
    asked = [message for message in prompt.messages if message["role"] != "system"]
    return [*asked, {"role": "assistant", "content": response}]


def _after(prompt: Prompt, demonstrations: Sequence[Sequence[Message]]) -> Prompt:
    """A prompt with turns before it, behind what it says as the system."""
    system = [message for message in prompt.messages if message["role"] == "system"]
    asked = [message for message in prompt.messages if message["role"] != "system"]
    shown = [message for turns in demonstrations for message in turns]
    return replace(prompt, messages=(*system, *shown, *asked))


def _nearest(known: Sequence[str], questions: Sequence[str], most: int) -> list[list[int]]:
    """The places in `known` of the texts most similar to each question, the most similar first."""
    if not known or not questions or not most:
        return [[] for _ in questions]
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        vectors = TfidfVectorizer(analyzer="char", ngram_range=_GRAMS, sublinear_tf=True)
        indexed = vectors.fit_transform(known).T.tocsr()
    except ValueError:  # texts of a single character have no grams
        return [list(range(min(most, len(known)))) for _ in questions]
    found: list[list[int]] = []
    for start in range(0, len(questions), _AT_ONCE):
        similar = (vectors.transform(questions[start : start + _AT_ONCE]) @ indexed).toarray()
        order = np.argsort(-np.round(similar, _DECIMALS), axis=1, kind="stable")
        found += order[:, :most].tolist()
    return found
