"""Answer augmentation: another full answer to a seed's own question."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

from tilth.strategies.base import Ask, Candidate, Strategy, Unit, UnitCost
from tilth.tasks.base import Task


@dataclass(frozen=True)
class AnswerAugmentation(Strategy):
    """Answer the seed's question again, in other words and steps.

    One query a row. Answers are checked against the seed's reference, where it has one.
    Source: Chan et al., arXiv 2409.19759, section 3.
    """

    name = "answer-augmentation"
    title = "Answers"
    ingredients: ClassVar = {"answers": 1.0}

    def cost(self, task: Task) -> UnitCost:
        """One query to the teacher."""
        return UnitCost(teacher=1)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        """One more answer to the seed's question."""
        seed = unit.seed
        response = await ask(task.answer(seed.question))
        yield Candidate(question=seed.question, response=response, reference=seed.reference)
