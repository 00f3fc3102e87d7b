"""Arms held against each other at a budget: what each is forecast to reach, and what to measure next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from tilth.advice.advice import NEXT, TABLE, Untold, frame_schema
from tilth.advice.curves.links import logistic
from tilth.advice.curves.prior import ACCURACY, Prior
from tilth.advice.decide import Decision, decide, worth
from tilth.advice.evidence import ArmInfo, Evidence
from tilth.advice.forecast import DRAWS, Forecast, posterior, posterior_at
from tilth.engine.budget import Budget
from tilth.errors import BudgetError
from tilth.strategies import registry as strategies
from tilth.students import registry as students
from tilth.studies.options import DEFAULTS

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FARTHEST = 4
"""Doublings past the last measured ratio up to which odds are told."""

_MOST_QUERIES = 2**53
"""Above it whole numbers are not told apart where they are reckoned with."""

_FAN, _MOST_FAN = 4, 400
"""Points of a forecast curve for each doubling, and of all curves together."""


@dataclass(frozen=True)
class Weighing:
    """What is known of some arms at a budget.

    Attributes:
        evidence: What was measured of them.
        budget: In queries or dollars, or both.
        seeds: How many seeds it grows.
        random_state: What draws come from.
    """

    evidence: Evidence
    budget: Budget
    seeds: int
    random_state: int

    @cached_property
    def ratios(self) -> Floats:
        """How far the budget goes for each arm, in queries for each seed: (arms,)."""
        return np.array([self._queries(info) / self.seeds for info in self.evidence.arms])

    @cached_property
    def prior(self) -> Prior:
        """That of the student."""
        kind = students.available().get(self.evidence.cells["student"][0])
        return ACCURACY.knowing(None if kind is None else kind.gains_from_answers)

    @cached_property
    def draws(self) -> Floats:
        """Joint draws of accuracy at the budget, shares: (draws, arms)."""
        return self._drawn(self.prior)

    @cached_property
    def even(self) -> Floats:
        """The same under a prior that favours no arm."""
        return self._drawn(self.prior.even())

    @cached_property
    def is_far(self) -> bool:
        """Whether the budget lies so far past what was measured that odds would say nothing."""
        return bool((self.ratios > 2.0**FARTHEST * max(info.largest for info in self.evidence.arms)).any())

    @cached_property
    def untold(self) -> Untold | None:
        """Why there are no odds; None where there are."""
        if len(self.evidence.arms) == 1:
            return "only one arm"
        return "too far ahead" if self.is_far else None

    def arm_of(self, strategy: str | None) -> int | None:
        """The place of the only arm that has a strategy as it comes; None where there is none, or several.

        Where none has it, that of the only one whose rows are made of the same from ratio 1 on: it stands in
        for it.
        """
        plain = {place: info for place, info in enumerate(self.evidence.arms) if info.options == DEFAULTS}
        found = [place for place, info in plain.items() if info.strategy == strategy]
        kind = strategies.available().get(strategy or "")
        if not found and kind is not None and kind.ingredients:
            found = [place for place, info in plain.items() if info.arm.ingredients == kind.ingredients]
        return found[0] if len(found) == 1 else None

    def decided(self, default: int | None) -> Decision:
        """Which arm to take: the one at the place `default`, unless evidence speaks against it."""
        pairs = combinations((info.arm.ingredients for info in self.evidence.arms), 2)
        twins = any(one == other for one, other in pairs)
        found = decide(self.draws, default=default, twins=twins)
        if found.words == "clear":  # it must be so without a belief that favours an arm, too
            found = decide(self.draws, default=default, even=self.even, twins=twins)
        return found

    def table(self, chosen: int, p_best: Floats | None) -> pl.DataFrame:
        """An arm a row, the best mean first; see `Advice.table`."""
        import polars as pl

        gaps = self.draws - self.draws[:, [chosen]]
        low, high = np.quantile(self.draws, [0.05, 0.95], axis=0)
        gap_low, gap_high = np.quantile(gaps, [0.05, 0.95], axis=0)
        records = []
        for place, info in enumerate(self.evidence.arms):
            queries = round(self.ratios[place] * self.seeds)
            records.append(
                {
                    "arm": info.arm.name,
                    "ratio": self.ratios[place],
                    "queries": queries,
                    "usd": None if info.usd_per_query is None else info.usd_per_query * queries,
                    "mean": self.draws[:, place].mean(),
                    "low": low[place],
                    "high": high[place],
                    "gap": gaps[:, place].mean(),
                    "gap_low": gap_low[place],
                    "gap_high": gap_high[place],
                    "p_best": None if p_best is None else p_best[place],
                }
            )
        return pl.DataFrame(records, schema=frame_schema(TABLE)).sort(
            "mean", descending=True, maintain_order=True
        )

    def next(self) -> pl.DataFrame:
        """The next doubling of each arm, the one that adds most for its queries first; see `Advice.next`."""
        import polars as pl

        infos = self.evidence.arms
        ahead = [min(2 * info.largest, ratio) for info, ratio in zip(infos, self.ratios, strict=True)]
        places = [place for place, info in enumerate(infos) if ahead[place] > info.largest]
        if not places:
            return pl.DataFrame(schema=frame_schema(NEXT))
        arms = np.array([*range(len(infos)), *places])
        ratios = np.array([*self.ratios, *(ahead[place] for place in places)])
        known = posterior_at(self.evidence.measured, self.prior, arms, ratios)
        points = worth(known, len(infos), self.evidence.questions)
        records = []
        for place, adds in zip(places, points, strict=True):
            info = infos[place]
            queries = round((ahead[place] - info.largest) * self.seeds)
            usd = None if info.usd_per_query is None else info.usd_per_query * queries
            records.append(
                {"arm": info.arm.name, "ratio": ahead[place], "queries": queries, "usd": usd, "points": adds}
            )
        frame = pl.DataFrame(records, schema=frame_schema(NEXT))
        return frame.sort(pl.col("points") / pl.col("queries").clip(1), descending=True, maintain_order=True)

    def fan(self) -> Forecast:
        """The curves of all arms over all ratios that were measured, and to the budget."""
        known = (*self.evidence.measured.ratios, *self.ratios)
        first, last = float(min(known)), float(max(known))
        count = 1 + max(1, round(_FAN * (np.log2(last) - np.log2(first))))
        most = min(_MOST_FAN // len(self.evidence.arms), 40)
        ratios = tuple(float(one) for one in np.geomspace(first, last, min(count, most)))
        found = posterior(self.evidence.measured, self.prior, ratios)
        drawn = logistic(found.draw(DRAWS, self.random_state))
        arms = tuple(info.arm.name for info in self.evidence.arms)
        return Forecast(arms, ratios, drawn.reshape(DRAWS, len(arms), len(ratios)))

    def split(self, place: int) -> dict[str, int]:
        """What the budget of an arm goes into, in queries."""
        arm, queries = self.evidence.arms[place].arm, round(self.ratios[place] * self.seeds)
        first = min(queries, self.seeds) if arm.begins_as else 0
        parts = {"answers": first} if first else {}
        for one, share in arm.ingredients.items():
            parts[one] = parts.get(one, 0) + round((queries - first) * share)
        return parts

    def _drawn(self, prior: Prior) -> Floats:
        arms = np.arange(len(self.evidence.arms))
        known = posterior_at(self.evidence.measured, prior, arms, self.ratios)
        return logistic(known.draw(DRAWS, self.random_state))

    def _queries(self, info: ArmInfo) -> float:
        """The queries that the budget buys of an arm."""
        limits = [] if self.budget.queries is None else [float(min(self.budget.queries, 2 * _MOST_QUERIES))]
        if self.budget.usd is not None and info.usd_per_query is None:
            raise BudgetError(
                f"what a query of {info.arm.name} costs is not known, so that dollars do not tell how far it "
                "goes; give the budget in queries"
            )
        if self.budget.usd is not None and info.usd_per_query:
            limits.append(self.budget.usd / info.usd_per_query)
        if not limits:
            raise BudgetError(f"a query of {info.arm.name} cost nothing; give the budget in queries")
        if min(limits) < 1:
            raise BudgetError(f"the budget does not hold a single query of {info.arm.name}")
        if min(limits) > _MOST_QUERIES:
            raise BudgetError(f"the budget holds more queries of {info.arm.name} than can be counted")
        return min(limits)
