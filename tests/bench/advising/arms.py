"""The six arms of the bench, and what each has bought of three pools: answers, rephrases, new questions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

import tilth
from tilth.advice.curves.arms import Arm

AA, QR, NQ, ATN = "answer-augmentation", "question-rephrase", "new-question", "answers-then-new"
HALF, ATH = "half-new-half-rephrase", "answers-then-half"
SIX, FOUR, THREE = (AA, QR, NQ, ATN, HALF, ATH), (AA, QR, NQ, ATN), (AA, QR, NQ)
DEFAULT = ATN


class HalfNewHalfRephrase(tilth.Strategy):
    """A new question and a rephrased one, in turn."""

    name, title = HALF, "Half new, half rephrase"
    ingredients: ClassVar = {"rephrases": 0.5, "new questions": 0.5}

    def cost(self, task: tilth.tasks.Task) -> tilth.UnitCost:
        """Two queries, whichever it is."""
        return tilth.UnitCost(writer=1, teacher=1)

    def grow(
        self, unit: tilth.Unit, ask: tilth.Ask, task: tilth.tasks.Task
    ) -> AsyncIterator[tilth.Candidate]:
        """The one on even units, the other on odd ones."""
        part = tilth.strategies.get(QR if unit.number % 2 else NQ)
        return part.grow(unit, ask, task)


class AnswersThenHalf(tilth.Strategy):
    """Every seed answered once, then new and rephrased questions in turn."""

    name, title = ATH, "Answers, then half"
    ingredients: ClassVar = {"rephrases": 0.5, "new questions": 0.5}
    begins_as = AA

    def cost(self, task: tilth.tasks.Task) -> tilth.UnitCost:
        """What a unit costs once every seed is answered."""
        return tilth.UnitCost(writer=1, teacher=1)

    def unit_cost(self, unit: tilth.Unit, task: tilth.tasks.Task) -> tilth.UnitCost:
        """One query in the first pass, two later."""
        return self._part(unit).cost(task)

    def grow(
        self, unit: tilth.Unit, ask: tilth.Ask, task: tilth.tasks.Task
    ) -> AsyncIterator[tilth.Candidate]:
        """An answer in the first pass, one or the other later."""
        return self._part(unit).grow(unit, ask, task)

    @staticmethod
    def _part(unit: tilth.Unit) -> tilth.Strategy:
        return tilth.strategies.get(AA) if unit.passing == 0 else HalfNewHalfRephrase()


STRATEGIES = {
    **{name: type(tilth.strategies.get(name)) for name in FOUR},
    HALF: HalfNewHalfRephrase,
    ATH: AnswersThenHalf,
}


@dataclass(frozen=True, order=True)
class Bought:
    """What is bought of each pool, in queries for each seed: prefixes, so that all that is bought is a union.

    Attributes:
        answers: At one query a row.
        rephrases: At two.
        new: Likewise.
    """

    answers: float = 0.0
    rephrases: float = 0.0
    new: float = 0.0

    @property
    def ratio(self) -> float:
        """All of it."""
        return self.answers + self.rephrases + self.new

    def covers(self, other: Bought) -> bool:
        """Whether the other's rows are among these."""
        pairs = zip(self.parts(), other.parts(), strict=True)
        return all(own >= part - 1e-9 for own, part in pairs)

    def union(self, other: Bought) -> Bought:
        """All rows of both."""
        return Bought(*map(max, self.parts(), other.parts()))

    def parts(self) -> tuple[float, float, float]:
        """In order."""
        return self.answers, self.rephrases, self.new


def bought(arm: str, ratio: float) -> Bought:
    """What an arm buys with so many queries for each seed."""
    later = max(ratio - 1, 0.0)
    return {
        AA: Bought(answers=ratio),
        QR: Bought(rephrases=ratio),
        NQ: Bought(new=ratio),
        ATN: Bought(min(ratio, 1.0), new=later),
        HALF: Bought(0.0, ratio / 2, ratio / 2),
        ATH: Bought(min(ratio, 1.0), later / 2, later / 2),
    }[arm]


def shared(ratio: float) -> Bought:
    """The pools of a pilot up to a ratio: S (1 + 2 r) queries serve all arms."""
    return Bought(1.0, ratio, ratio)


def spent_on(arm: str, budget: float, before: Bought) -> Bought:
    """All that is bought where what is left of a budget goes to an arm, beside what was bought before.

    The arm's own pools grow to what the largest of its budgets gives that still fits.

    Args:
        arm: Whose rows are bought on.
        budget: In queries for each seed, with what was spent before.
        before: What there is already.
    """
    low, high = 0.0, budget
    for _ in range(40):
        middle = (low + high) / 2
        if before.union(bought(arm, middle)).ratio <= budget + 1e-9:
            low = middle
        else:
            high = middle
    return Bought(*(round(part, 6) for part in before.union(bought(arm, low)).parts()))


def arms_of(names: tuple[str, ...]) -> list[Arm]:
    """What the advice believes of the arms, in order."""
    parents = {name: STRATEGIES[name].begins_as for name in names}
    return [
        Arm.of(STRATEGIES[name], name, parents[name] if parents[name] in names else None) for name in names
    ]
