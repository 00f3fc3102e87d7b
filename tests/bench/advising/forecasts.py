"""Joint draws of what arms reach at a budget, from a pilot's points: by the advice, and by rival laws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tests.bench.advising import laws
from tests.bench.advising.arms import AA, arms_of
from tests.bench.advising.curves import Outcome

from tilth.advice.curves.measured import Measured
from tilth.advice.decide import Decision
from tilth.advice.evidence import ArmInfo, Evidence
from tilth.advice.weighing import Weighing
from tilth.engine.budget import Budget
from tilth.studies.frame import read_outcomes, read_studies
from tilth.studies.options import DEFAULTS

Floats = NDArray[np.float64]
Cells = Mapping[tuple[str, float], Outcome]
"""What was measured, by arm and ratio."""

DRAWS = 2_000


@dataclass(frozen=True)
class Pilot:
    """What advice is asked with.

    Attributes:
        arms: Whose curves were measured, and are to be weighed.
        cells: Their points; decisions look at the validation questions.
        student: Who was trained.
        seeds: How many the rows are grown from.
    """

    arms: tuple[str, ...]
    cells: Cells
    student: str
    seeds: int

    def points(self, arm: str) -> tuple[Floats, Floats]:
        """An arm's ratios, and the share that was right at each."""
        found = sorted((ratio, cell) for (name, ratio), cell in self.cells.items() if name == arm)
        return np.array([one for one, _ in found]), np.array([cell.validation.mean() for _, cell in found])

    @cached_property
    def questions(self) -> int:
        """Validation questions."""
        return len(next(iter(self.cells.values())).validation)

    @cached_property
    def evidence(self) -> Evidence:
        """The same as `tilth.advise` reads it from a study's frame."""
        names = list(self.cells)
        right = np.array([self.cells[name].validation for name in names], dtype=float)
        known = arms_of(self.arms)
        largest = {arm: max(ratio for name, ratio in names if name == arm) for arm in self.arms}
        measured = Measured(
            arms=known,
            places=np.array([self.arms.index(arm) for arm, _ in names]),
            ratios=np.array([ratio for _, ratio in names], dtype=float),
            replicates=np.zeros(len(names), dtype=int),
            correct=right.sum(axis=1),
            asked=np.full(len(names), float(self.questions)),
            outcomes=right,
        )
        infos = [
            ArmInfo(one, one.name, DEFAULTS, "demo", "demo", "label", None, largest[one.name])
            for one in known
        ]
        cells = pl.DataFrame({"student": [self.student] * len(names)})
        return Evidence(
            cells=cells,
            arms=infos,
            measured=measured.without_twins(),
            seeds=self.seeds,
            questions=self.questions,
            left_out=(),
            student=self.student,
            others=cells,
            base_lines=cells,
        )


def study_of(pilot: Pilot, task: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pilot as a study's frame and outcomes, as `tilth.advise` takes them."""
    cells, outcomes = [], []
    for place, ((arm, ratio), one) in enumerate(pilot.cells.items()):
        right, queries = one.validation, round(ratio * pilot.seeds)
        told = {"cell_id": f"cell {place}", "strategy": arm, "seeds": pilot.seeds, "ratio": float(ratio)}
        told |= {"replicate": 0, "student": pilot.student, "test": "validation", "n_test": len(right)}
        told |= {"correct": int(right.sum()), "rows": one.rows, "queries": queries, "usd": 0.0}
        cells.append(told | {"task": task, "teacher": "demo", "simulated": True})
        answers = {"question_id": [f"q{number}" for number in range(len(right))], "correct": right}
        outcomes.append(pl.DataFrame({"cell_id": f"cell {place}", "test": "validation"} | answers))
    frame = read_studies(pl.DataFrame(cells))
    return frame, read_outcomes(pl.concat(outcomes), frame)


def advised(pilot: Pilot, ratio: float, default: str | None) -> tuple[Decision, Weighing]:
    """What the advice decides, and what it weighs by: as `tilth.advise` does."""
    weighing = Weighing(pilot.evidence, Budget(queries=round(ratio * pilot.seeds)), pilot.seeds, 0)
    return weighing.decided(weighing.arm_of(default)), weighing


Rival = Callable[[Pilot, float, np.random.Generator], Floats]


def _last(pilot: Pilot, ratio: float, rng: np.random.Generator) -> Floats:
    """What was reached last, and its sampling error."""
    return _by_arm(pilot, lambda arm: _sampled(pilot.points(arm)[1][-1:], pilot.questions, rng)[:, 0])


def _log_line(pilot: Pilot, ratio: float, rng: np.random.Generator) -> Floats:
    """A straight line in the log of the ratio, by weighted least squares."""

    def drawn(arm: str) -> Floats:
        ratios, shares = pilot.points(arm)
        design = np.stack([np.ones(len(ratios)), np.log2(ratios)], axis=1)
        weights = 1 / _variance(shares, pilot.questions)
        covariance = np.linalg.inv(design.T @ (weights[:, None] * design))
        best = covariance @ design.T @ (weights * shares)
        lines = rng.multivariate_normal(best, covariance, DRAWS)
        reached: Floats = np.clip(lines @ [1.0, np.log2(ratio)], 0, 1)
        return reached

    return _by_arm(pilot, drawn)


def _law(name: str, *, plateau: bool) -> Rival:
    """A law of the error, averaged over its parameters; `plateau`: answers alone stop helping at ratio 1."""
    law = laws.SAMPLED[name]

    def drawn(pilot: Pilot, ratio: float, rng: np.random.Generator) -> Floats:
        def of(arm: str) -> Floats:
            ratios, shares = pilot.points(arm)
            at = ratio
            if arm == AA and plateau:
                ratios, at = np.minimum(ratios, 1), min(ratio, 1)
            errors = 1 - (shares * pilot.questions + 0.5) / (pilot.questions + 1)
            return 1 - law.drawn(ratios, errors, _variance(shares, pilot.questions), at, DRAWS, rng)

        return _by_arm(pilot, of)

    return drawn


RIVALS: dict[str, Rival] = {
    "last point": _last,
    "line in log2 of the ratio": _log_line,
    "power law": _law("power", plateau=False),
    "power law with plateau": _law("power", plateau=True),
    "rectified law with plateau": _law("rectified", plateau=True),
    "M4 with plateau": _law("M4", plateau=True),
}


def _by_arm(pilot: Pilot, drawn: Callable[[str], Floats]) -> Floats:
    return np.stack([drawn(arm) for arm in pilot.arms], axis=1)


def _variance(shares: Floats, questions: int) -> Floats:
    known = (shares * questions + 0.5) / (questions + 1)
    variance: Floats = known * (1 - known) / questions
    return variance


def _sampled(shares: Floats, questions: int, rng: np.random.Generator) -> Floats:
    error = np.sqrt(_variance(shares, questions))
    return np.clip(shares + error * rng.standard_normal((DRAWS, len(shares))), 0, 1)


def measured_again(draws: Floats, questions: int, rng: np.random.Generator) -> Floats:
    """Accuracy as so many questions would show it: half of their error is shared by all arms."""
    error = np.sqrt(np.clip(draws * (1 - draws), 1e-4, None) / questions)
    common, own = rng.standard_normal((len(draws), 1)), rng.standard_normal(draws.shape)
    noisy: Floats = draws + error * np.sqrt(0.5) * (common + own)
    return noisy


def odds(draws: Floats) -> Floats:
    """Each arm's share of the draws in which it is the best: (arms,)."""
    share: Floats = np.bincount(draws.argmax(axis=1), minlength=draws.shape[1]) / len(draws)
    return share


def settled(arms: Sequence[str], cells: Cells, ratio: float) -> Floats:
    """The accuracy of each arm on the test questions, (arms,)."""
    return np.array([cells[arm, ratio].truth for arm in arms])
