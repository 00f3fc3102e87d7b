"""Question rephrase: the seed's question in other words, answered anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

from tilth.strategies.base import Ask, Candidate, Strategy, Unit, UnitCost
from tilth.strategies.writing import written
from tilth.tasks.base import Task


@dataclass(frozen=True)
class QuestionRephrase(Strategy):
    """Put the seed's question in other words, then answer it.

    Two queries a row. The answer is checked against the seed's reference: a rephrased question keeps its
    answer, so a rejection means a bad answer or an unfaithful rephrase.
    Source: Chan et al., arXiv 2409.19759, section 3.
    """

    name = "question-rephrase"
    title = "Rephrase"
    ingredients: ClassVar = {"rephrases": 1.0}

    def cost(self, task: Task) -> UnitCost:
        """One query to the writer, one to the teacher."""
        return UnitCost(writer=1, teacher=1)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        """A rephrased question and its answer."""
        seed = unit.seed
        question = await written(task.rephrase(seed), seed, ask, task)
        response = await ask(task.answer(question))
        yield Candidate(question=question, response=response, reference=seed.reference)
