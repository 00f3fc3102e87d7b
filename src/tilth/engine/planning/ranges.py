"""The plan of a run: what it will come to, each number with the range it may end in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RANGED = ("queries", "rows", "tokens", "usd", "seconds")
"""The numbers of a plan that have a range."""


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, both included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What to expect of a run.

    A range without measurements runs from assumptions that suit the user to assumptions that do not, as
    `sources` says; with them, between intervals of 95 %. Retries and calls in doubt are in no number.

    Attributes:
        units: Units the budget lets in.
        queries: Queries they take.
        rows: Rows they yield, before any check.
        ratio: The budget in queries divided by the number of seeds.
        rows_per_seed: Rows divided by the number of seeds; the paper's reading of the ratio.
        tokens: Prompt and completion tokens together.
        usd: US dollars, or None where a price is unknown.
        seconds: How long it takes.
        ends_by: The limit reached first: "queries", "tokens" or "dollars"; "rows" where the goal is.
        queries_range: Where `queries` may end; so the other ranges. `usd_range` is None where `usd` is.
        measured: Units whose tokens, rows and seconds were measured; 0 where all is estimated.
        goal_odds: How likely the limits suffice for the budget's goal in kept rows, 0 to 1; None without one.
        sources: Where each number comes from.

    Example:
        >>> teacher = tilth.Teacher("gpt-4.1-mini", api_key="a key")
        >>> plan = tilth.plan(tilth.demo.seeds(100), "new-question", 400, teacher=teacher)
        >>> plan.queries, plan.rows, plan.ends_by
        (400, 200, 'queries')
        >>> plan.usd_range.low <= plan.usd <= plan.usd_range.high
        True
    """

    units: int
    queries: int
    rows: int
    ratio: float | None
    rows_per_seed: float
    tokens: int
    usd: float | None
    seconds: float
    ends_by: str
    queries_range: Range
    rows_range: Range
    tokens_range: Range
    usd_range: Range | None
    seconds_range: Range
    measured: int = 0
    goal_odds: float | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def ranges(self) -> dict[str, Range | None]:
        """Every range by its number's name."""
        return {name: getattr(self, f"{name}_range") for name in RANGED}

    def to_json(self) -> dict[str, Any]:
        """The numbers and their ranges, as a run's file keeps them."""
        ranges = {name: None if r is None else [r.low, r.high] for name, r in self.ranges.items()}
        return {
            **{name: getattr(self, name) for name in RANGED},
            "ranges": ranges,
            "measured": self.measured,
            "goal_odds": self.goal_odds,
        }
