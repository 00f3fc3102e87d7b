"""New question: a question of the seed's kind that is not the seed's, and its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

from tilth.strategies.base import Ask, Candidate, Strategy, Unit, UnitCost
from tilth.strategies.writing import written
from tilth.tasks.base import Task


@dataclass(frozen=True)
class NewQuestion(Strategy):
    """Write a new question of the seed's kind, then answer it.

    Two queries a row. Nothing is known of a new question's answer, so its rows are unverified.
    Source: Chan et al., arXiv 2409.19759, section 3.
    """

    name = "new-question"
    title = "New question"
    ingredients: ClassVar = {"new questions": 1.0}

    def cost(self, task: Task) -> UnitCost:
        """One query to the writer, one to the teacher."""
        return UnitCost(writer=1, teacher=1)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        """A new question and its answer."""
        question = await written(task.write_new_question(unit.seed), unit.seed, ask, task)
        yield Candidate(question=question, response=await ask(task.answer(question)))
