"""Decisions from pilots that are free: what each method chooses, what it said, and how it turned out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tests.bench.advising.arms import AA, ATH, ATN, DEFAULT, HALF, NQ, QR, SIX, THREE
from tests.bench.advising.curves import Case, Curves
from tests.bench.advising.forecasts import RIVALS, Cells, Pilot, advised, measured_again, odds, settled
from tests.bench.advising.pools import TEST

from tilth.advice.forecast import LEVELS
from tilth.studies import published

Floats = NDArray[np.float64]

PILOTS = {
    "up to 1": ((0.25, 0.5, 1), (2, 4, 8)),
    "up to 2": ((0.5, 1, 1.5, 2), (4, 8, 16)),
    "up to 4": ((1, 1.5, 2, 3, 4), (8, 16, 32)),
}
"""Ratios that are measured, and ratios at which is decided."""

SETS = {"six arms": SIX, "three arms": THREE}
ADVICE, BY_MEAN, STRANGER = "advise", "advise, default=None", "advise, student not known"
UNIFORM, ALL_MEASURED = "an arm by lot", "all arms measured at the full budget"


@dataclass(frozen=True)
class Said:
    """What a method said of the arms before they were measured. Shares, (arms,).

    Attributes:
        mean: The accuracy that it expects.
        bands: Low and high ends by their level in percent.
        p_best: The odds of being the best.
        within: The probability that its choice is within two points of the best.
        loss: How far it expects to lie below the best.
        words: As the advice says it; None where a method has none.
        seconds: What it took, of processor time.
    """

    mean: Floats
    bands: Mapping[int, tuple[Floats, Floats]]
    p_best: Floats
    within: float
    loss: float
    words: str | None
    seconds: float


@dataclass(frozen=True)
class Record:
    """One decision of one method.

    Attributes:
        method: Whose.
        arms: "six arms" or "three arms".
        pilot: One of `PILOTS`.
        case: Of whose curves.
        ratio: The budget, in queries for each seed.
        chosen: The arm's place; None for a lot.
        regret: Points below the best arm.
        truth: Accuracy of the arms, (arms,).
        said: None where a rule chooses.
    """

    method: str
    arms: str
    pilot: str
    case: Case
    ratio: float
    chosen: int | None
    regret: float
    truth: Floats
    said: Said | None = None


def decided(curves: Curves, case: Case, number: int) -> Iterator[Record]:
    """All decisions of a case, by all methods. `number` is what draws of rivals come from."""
    for pilot, (ratios, wanted) in PILOTS.items():
        targets = [ratio for ratio in wanted if ratio <= case.pool.most]
        for name, arms in SETS.items():
            cells = curves.curve(case, arms, [*ratios, *targets])
            measured = {cell: one for cell, one in cells.items() if cell[1] in ratios}
            known = Pilot(arms, measured, case.student, case.pool.seeds)
            for ratio in targets:
                truth = settled(arms, cells, ratio)
                rng = np.random.default_rng([number, int(ratio)])
                for method, chosen, said in _methods(known, cells, ratio, rng):
                    reached = truth.mean() if chosen is None else truth[chosen]
                    regret = 100 * float(truth.max() - reached)
                    yield Record(method, name, pilot, case, ratio, chosen, regret, truth, said)


def _methods(
    pilot: Pilot, cells: Cells, ratio: float, rng: np.random.Generator
) -> Iterator[tuple[str, int | None, Said | None]]:
    arms = pilot.arms
    ours = [(ADVICE, pilot, DEFAULT), (STRANGER, replace(pilot, student="a stranger"), DEFAULT)]
    ours.append((BY_MEAN, pilot, None))
    for method, known, default in ours:
        began = time.process_time()
        found, weighing = advised(known, ratio, default)
        draws, seconds = weighing.draws, time.process_time() - began
        bands = _bands(draws, rng)
        told = (found.p_best, found.within, found.expected_loss, found.words, seconds)
        yield method, found.arm, Said(draws.mean(axis=0), bands, *told)
    for method, rival in RIVALS.items():
        began = time.process_time()
        draws = rival(pilot, ratio, rng)
        seconds = time.process_time() - began
        chosen = int(draws.mean(axis=0).argmax())
        short = draws.max(axis=1) - draws[:, chosen]
        told = (odds(draws), float((short <= 0.02).mean()), float(short.mean()), None, seconds)
        yield method, chosen, Said(draws.mean(axis=0), _bands(draws, rng), *told)
    for method, arm in rules(pilot.seeds, ratio).items():
        if arm in arms:
            yield method, arms.index(arm), None
    yield UNIFORM, None, None
    on_validation = [cells[arm, ratio].validation.mean() for arm in arms]
    yield ALL_MEASURED, int(np.argmax(on_validation)), None


def _bands(draws: Floats, rng: np.random.Generator) -> dict[int, tuple[Floats, Floats]]:
    """Between which accuracies, as the test questions will show them."""
    shown = measured_again(draws, TEST, rng)
    ends = {level: np.quantile(shown, [0.5 - level / 200, 0.5 + level / 200], axis=0) for level in LEVELS}
    return {level: (low, high) for level, (low, high) in ends.items()}


RULES = ("new questions from ratio 16", "the paper's crossing as queries", "the paper's crossing as rows")
ALWAYS = {f"always {arm}": arm for arm in (ATN, NQ, ATH, HALF, QR, AA)}


def rules(seeds: int, ratio: float) -> dict[str, str]:
    """What rules choose that look at no measurement.

    The paper (arXiv 2409.19759) tells up to which ratio answers are best, and not whether it counts queries
    or rows, of which a new question takes two. The low end of its band is taken, which is kindest to it here.
    """
    crossings = published.crossings().drop_nulls("seeds").sort("seeds")
    sizes, lows = np.log(crossings["seeds"].to_numpy()), crossings["ratio_low"].to_numpy()
    crossing = float(np.interp(np.log(seeds), sizes, lows))
    passed = (ratio >= 16, ratio >= crossing, ratio / 2 >= crossing)
    return {
        **ALWAYS,
        **{rule: NQ if one else AA for rule, one in zip(RULES, passed, strict=True)},
    }


def of(records: Sequence[Record], **wanted: str) -> list[Record]:
    """The records with these values: method, arms, pilot."""
    return [one for one in records if all(getattr(one, name) == value for name, value in wanted.items())]
