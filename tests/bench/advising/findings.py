"""All that the bench found, and how it stands to the goals that were set before it was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from tests.bench.advising import language_model, real_curves
from tests.bench.advising.arms import AA, ATH, ATN, HALF, NQ, QR
from tests.bench.advising.decisions import ADVICE, RULES, Record, of
from tests.bench.advising.policies import BUDGETS, UNION, Net
from tests.bench.advising.scores import Honesty, difference

BEST_RIVAL = "power law with plateau"
SHORT = {AA: "answers", QR: "rephrase", NQ: "new", ATN: "answers, new", HALF: "half", ATH: "answers, half"}
"""How tables call the arms."""

LARGE = tuple(ratio for ratio in BUDGETS if ratio >= 32)
"""The budgets, in queries for each seed, at which a pilot is to pay."""


@dataclass(frozen=True)
class Findings:
    """What was found.

    Attributes:
        records: Decisions from pilots that are free.
        nets: Those from pilots that are paid for.
        losses: Errors on real fine-tuning curves by data set and by how many points were known.
        language_model: Decisions on the curves of a language model, and of the demo's student.
        slopes: Logits for each doubling by student and arm.
        whole: Milliseconds of processor time of `tilth.advise`, the reading of its frame with it.
    """

    records: Sequence[Record]
    nets: Sequence[Net]
    losses: Mapping[str, Mapping[int, real_curves.Errors]]
    language_model: Sequence[language_model.Decided]
    slopes: Mapping[str, Mapping[str, tuple[float, ...]]]
    whole: float

    def mean(self, method: str, arms: str, **wanted: str) -> float:
        """The mean regret of a method, in points."""
        return float(np.mean([one.regret for one in of(self.records, method=method, arms=arms, **wanted)]))

    @cached_property
    def honesty(self) -> dict[str, Honesty]:
        """Of the advice, by set of arms."""
        return {
            arms: Honesty.of(of(self.records, method=ADVICE, arms=arms))
            for arms in ("six arms", "three arms")
        }

    def at(self, *ratios: float) -> list[Net]:
        """What policies came to at some budgets."""
        return [one for one in self.nets if one.ratio in ratios]

    def best_fixed(self, *ratios: float) -> str:
        """The policy without a pilot that did best at these budgets."""
        return self._best({one.method for one in self.at(*ratios) if not one.share}, ratios)

    def best_paid(self, *ratios: float) -> str:
        """The policy with a pilot, whose last student learns all that was bought, that did best."""
        paid = {one.method for one in self.at(*ratios) if one.share and one.learns == UNION}
        return self._best(paid, ratios)

    def net(self, method: str, *ratios: float) -> float:
        """A policy's mean net regret at these budgets, in points."""
        return float(np.mean([one.regret for one in self.at(*ratios) if one.method == method]))

    def _best(self, methods: set[str], ratios: tuple[float, ...]) -> str:
        return min(sorted(methods), key=lambda method: self.net(method, *ratios))


@dataclass(frozen=True)
class Goal:
    """A goal, and what was got.

    Attributes:
        name: What is measured.
        goal: The goal in words.
        got: What was got in words.
        missed_by: How far it is missed, in words; None where it is met.
    """

    name: str
    goal: str
    got: str
    missed_by: str | None


def goals(found: Findings) -> list[Goal]:
    """All goals in order."""
    made: list[Callable[[Findings], list[Goal]]] = [_bands, _odds, _regret, _rules, _paid, _losses]
    return [goal for part in made for goal in part(found)]


def _bands(found: Findings) -> list[Goal]:
    told = found.honesty["six arms"]
    held = round(100 * told.held[90], 1)
    each = dict(zip(SHORT.values(), told.held_each, strict=True))
    lowest = min(each, key=each.__getitem__)
    below = ", ".join(f"{name} {85 - 100 * share:.1f} points" for name, share in each.items() if share < 0.85)
    off = max(88 - held, held - 95)
    return [
        Goal("90 % bands hold, all arms", "88 to 95 %", f"{held:.1f} %", _short(off, "points")),
        Goal(
            "the same, each arm",
            "at least 85 %",
            f"{100 * each[lowest]:.1f} % at the least ({lowest})",
            below or None,
        ),
    ]


def _odds(found: Findings) -> list[Goal]:
    goal = "at most .05"
    return [
        Goal(
            f"calibration error of P(best), {arms}", goal, _fraction(told.p_best), _over(told.p_best, 0.05, 3)
        )
        for arms, told in found.honesty.items()
    ]


def _regret(found: Findings) -> list[Goal]:
    regrets = [one.regret for one in of(found.records, method=ADVICE, arms="six arms")]
    mean, p90 = float(np.mean(regrets)), float(np.quantile(regrets, 0.9))
    three = {
        method: found.mean(method, "three arms", pilot="up to 4")
        for method in (ADVICE, f"always {NQ}", BEST_RIVAL)
    }
    got, others = (
        three[ADVICE],
        [f"{method} {value:.2f}" for method, value in three.items() if method != ADVICE],
    )
    return [
        Goal("mean regret, six arms", "at most 1.7 points", f"{mean:.2f}", _over(mean, 1.7, 2)),
        Goal("its 90th percentile", "at most 5 points", f"{p90:.1f}", _over(p90, 5, 1)),
        Goal(
            "mean regret, three arms, pilot to ratio 4",
            "at most .5 points",
            f"{got:.2f} ({', '.join(others)})",
            _over(got, 0.5, 2),
        ),
    ]


def _rules(found: Findings) -> list[Goal]:
    ours = found.mean(ADVICE, "six arms")
    shares = {rule: ours / found.mean(rule, "six arms") for rule in RULES}
    return [
        Goal(
            f"mean regret against “{rule}”",
            "at most a third",
            _fraction(share, 2),
            _over(share, 1 / 3, 2),
        )
        for rule, share in shares.items()
    ]


def _paid(found: Findings) -> list[Goal]:
    fixed, paid = found.best_fixed(*LARGE), found.best_paid(*LARGE)
    better, low, high = (-one for one in difference(found.at(*LARGE), paid, fixed))
    return [
        Goal(
            f"a paid pilot at ratio {LARGE[0]} and more, all rows learnt, against the best fixed arm",
            "at least .5 points better",
            f"{better:+.2f} [{high:+.2f}, {low:+.2f}]: {paid.split(';')[0]} against {fixed}",
            _short(0.5 - better, "points", 2),
        )
    ]


def _losses(found: Findings) -> list[Goal]:
    made = []
    for first, limit in zip(real_curves.FIRST, (0.14, 0.10, 0.066), strict=True):
        for name, by_first in found.losses.items():
            if name in real_curves.CHOSEN_ON:
                continue
            errors = by_first[first].by_method
            ours = errors[real_curves.OURS]
            rival = min((one for one in errors if one != real_curves.OURS), key=errors.__getitem__)
            made.append(
                Goal(
                    f"real curves ({name}), loss at x16 rows from {first} points, log error",
                    f"at most {_fraction(limit)}",
                    f"{_fraction(ours)} (best rival: {rival}, {_fraction(errors[rival])})",
                    _over(ours, limit, 3),
                )
            )
    return made


def _fraction(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".lstrip("0") or "0"


def _over(value: float, limit: float, digits: int) -> str | None:
    """By how much it is above, as printed."""
    return None if round(value, digits) <= limit else f"{value - limit:.{digits}f}"


def _short(missing: float, unit: str, digits: int = 1) -> str | None:
    return None if missing <= 0 else f"{missing:.{digits}f} {unit}"
