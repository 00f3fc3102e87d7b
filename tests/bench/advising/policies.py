"""What a pilot is worth once it is paid for out of the budget: a fixed one, an adaptive one, and none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tests.bench.advising.arms import DEFAULT, FOUR, SIX, Bought, bought, shared, spent_on
from tests.bench.advising.curves import Case, Curves
from tests.bench.advising.forecasts import Pilot, advised

from tilth.advice.adaptive import policy
from tilth.advice.adaptive.cells import arms_at

BUDGETS = (8, 16, 32, 64)
"""In queries for each seed, the pilot with them."""

POOLS = (0.5, 1, 2, 4)
"""How far a fixed pilot's pools of rephrases and new questions go: S (1 + 2 r) queries serve all arms."""

TRAINED_AT = (0.5, 1, 1.5, 2, 3, 4, 6, 8)
"""Ratios at which a pilot trains every arm that its pools reach."""

_LARGEST_SHARE = 0.6
"""Of the budget, that a fixed pilot may take."""

ROUNDS = {"adaptive": FOUR, "adaptive, six arms": SIX}
"""In rounds, by the rule of `tilth.Adaptive` and on its arms; and by the same rule on all that are here."""

PURE, UNION = "its own rows", "all rows bought"


@dataclass(frozen=True)
class Net:
    """How a policy ended.

    Attributes:
        policy: Which.
        learns: What the last student learns: the chosen arm's own rows, or all that was bought.
        case: Of whose curves.
        ratio: The budget, in queries for each seed.
        chosen: The arm.
        regret: Points below the best arm at the full budget, a pilot being paid for: below 0 it is better.
        share: Of the budget that went into the pilot.
        trainings: Students that were trained for it.
    """

    policy: str
    learns: str
    case: Case
    ratio: float
    chosen: str
    regret: float
    share: float = 0.0
    trainings: int = 0

    @property
    def method(self) -> str:
        """The policy with what is learnt in the end."""
        return f"{self.policy}; {self.learns}" if self.share else self.policy


def ended(curves: Curves, case: Case) -> Iterator[Net]:
    """All policies on a case."""
    for ratio in BUDGETS:
        if ratio > case.pool.most:
            continue
        whole = curves.curve(case, SIX, [ratio])
        best = max(one.truth for one in whole.values())
        for arm in SIX:
            yield Net(f"always {arm}", PURE, case, ratio, arm, 100 * (best - whole[arm, ratio].truth))
        for reach in POOLS:
            before = shared(reach)
            if before.ratio <= _LARGEST_SHARE * ratio:
                cells = cells_of(before, ratio)
                arm, _ = _advised(curves, case, SIX, cells, ratio)
                pools = Committed(f"pools to {reach:g}", arm, before, len(cells))
                yield from _finals(curves, case, ratio, best, pools)
        for name, arms in ROUNDS.items():
            yield from _finals(curves, case, ratio, best, adaptive(curves, case, ratio, name, arms))


@dataclass(frozen=True)
class Committed:
    """What a policy came to: an arm, after what was bought for a pilot."""

    policy: str
    arm: str
    before: Bought
    trainings: int


def _finals(curves: Curves, case: Case, ratio: float, best: float, found: Committed) -> Iterator[Net]:
    """The last training, on the arm's own rows and on all that was bought."""
    union = spent_on(found.arm, ratio, found.before)
    share = found.before.ratio / ratio
    net = partial(Net, case=case, ratio=ratio, chosen=found.arm, share=share, trainings=found.trainings)
    for learns, rows in ((PURE, own_rows(found.arm, ratio, found.before)), (UNION, union)):
        reached = curves.outcomes(case, [rows])[rows].truth
        yield net(found.policy, learns, regret=100 * (best - reached))


def own_rows(arm: str, budget: float, before: Bought) -> Bought:
    """Those of all that is bought that the arm would have bought itself."""
    union = spent_on(arm, budget, before)
    low, high = 0.0, budget
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if union.covers(bought(arm, middle)) else (low, middle)
    return Bought(*(round(part, 6) for part in bought(arm, low).parts()))


def cells_of(before: Bought, ratio: float, arms: Sequence[str] = SIX) -> list[tuple[str, float]]:
    """The arms and ratios that the pools bought so far can be trained on, without those that are the same."""
    found: dict[Bought, tuple[str, float]] = {}
    for arm in arms:
        for at in TRAINED_AT:
            what = bought(arm, at)
            if at < ratio and before.covers(what):
                found.setdefault(what, (arm, at))
    return list(found.values())


def adaptive(curves: Curves, case: Case, ratio: float, name: str, arms: tuple[str, ...]) -> Committed:
    """Measures pools in rounds as long as the rule of the strategy `adaptive` says so, then commits."""
    last, loss, arm = None, None, DEFAULT
    before, cells = Bought(), []
    while True:
        wanted = shared(policy.next_ratio(last))
        step = policy.step(last, wanted.ratio / ratio, loss)
        if step.ratio is None:
            return Committed(name, arm, before, len(cells))
        last, before = step.ratio, wanted
        cells = cells_of(before, ratio, arms) if arms == SIX else [*cells, *arms_at(last, cells)]
        arm, loss = _advised(curves, case, arms, cells, ratio)


def _advised(
    curves: Curves, case: Case, arms: tuple[str, ...], cells: Sequence[tuple[str, float]], ratio: float
) -> tuple[str, float | None]:
    """The arm that the advice takes, and what it expects to lose; None where it is too far for odds."""
    known = curves.outcomes(case, [bought(*cell) for cell in cells])
    measured = {cell: known[bought(*cell)] for cell in cells}
    there = tuple(arm for arm in arms if any(name == arm for name, _ in cells))
    found, weighing = advised(Pilot(there, measured, case.student, case.pool.seeds), ratio, DEFAULT)
    return there[found.arm], None if weighing.is_far else found.expected_loss
