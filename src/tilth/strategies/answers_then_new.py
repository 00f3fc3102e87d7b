"""The mixture: every seed answered once, then only new questions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

from tilth.strategies.answer_augmentation import AnswerAugmentation
from tilth.strategies.base import Ask, Candidate, Strategy, Unit, UnitCost
from tilth.strategies.new_question import NewQuestion
from tilth.tasks.base import Task


@dataclass(frozen=True)
class AnswersThenNew(Strategy):
    """Answer every seed once, then write and answer new questions.

    One query a row in the first pass, two from then on.
    """

    name = "answers-then-new"
    title = "Answers, then new"
    ingredients: ClassVar = {"new questions": 1.0}
    begins_as = AnswerAugmentation.name

    def cost(self, task: Task) -> UnitCost:
        """What a unit costs once every seed is answered."""
        return NewQuestion().cost(task)

    def unit_cost(self, unit: Unit, task: Task) -> UnitCost:
        """One query in the first pass, two later."""
        return self._part(unit).cost(task)

    def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        """An answer in the first pass, a new question later."""
        return self._part(unit).grow(unit, ask, task)

    @staticmethod
    def _part(unit: Unit) -> Strategy:
        return AnswerAugmentation() if unit.passing == 0 else NewQuestion()
