"""What charts of advice have in common: its arms with their looks, its words, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tilth.advice.advice import Advice
from tilth.charts.axes import amount
from tilth.charts.panels import Source
from tilth.charts.style import Look, Theme, looks
from tilth.studies.options import DEFAULTS, Line, named

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Weighed:
    """Advice that rests on measurements.

    Attributes:
        advice: The advice.
        cells: The cells it rests on, with their arm.
        forecast: The frame of its forecast.
    """

    advice: Advice
    cells: pl.DataFrame
    forecast: pl.DataFrame

    @classmethod
    def of(cls, advice: Advice) -> Weighed:
        """Advice as charts show it.

        Raises:
            ValueError: It rests on no measurement.
        """
        if advice.evidence is None or advice.forecast is None:
            raise ValueError(
                "chart: this advice rests on no measurement, so that there is no curve to draw; pass "
                "evidence= to tilth.advise, such as a study with validation questions"
            )
        return cls(advice, advice.evidence, advice.forecast.frame)

    @cached_property
    def arms(self) -> dict[str, dict[str, Any]]:
        """Rows of the advice's table by arm: the advised one, then the others, the best first."""
        rows = sorted(self.advice.table.to_dicts(), key=lambda row: row["arm"] != self.advice.arm)
        return {row["arm"]: row for row in rows}

    @cached_property
    def largest(self) -> Mapping[str, float]:
        """The largest ratio that each arm was measured at."""
        import polars as pl

        return dict(self.cells.group_by("arm").agg(pl.col("ratio").max()).rows())

    def looks(self, colours: Theme, arms: Sequence[str]) -> dict[str, Look]:
        """A look for each of these arms: that of its strategy, where no other arm has the same."""
        told = self.cells.select("arm", "strategy", "options").unique("arm").rows()
        lines = {arm: (strategy, options) for arm, strategy, options in told}
        shared: list[Line] = list(lines.values())
        own = {arm: line if shared.count(line) == 1 else (arm, DEFAULTS + arm) for arm, line in lines.items()}
        return looks({own[arm]: arm for arm in arms}, colours)

    @property
    def title(self) -> str:
        """The advised arm and the words."""
        return f"{cut(self.advice.arm)}: {self.advice.words}"

    def lines(self) -> list[str]:
        """The odds, and who taught and measured what."""
        advice, source = self.advice, Source(self.cells, None, "validation")
        told = []
        if advice.within is not None and advice.expected_loss is not None:
            told.append(
                f"Within 2 points of the best: {advice.within:.0%} likely; expected loss: "
                f"{100 * advice.expected_loss:.1f} points"
            )
        elif advice.words == "too far ahead":
            told.append("The budget lies too far past what was measured for odds")
        best = max(advice.table.to_dicts(), key=lambda row: float(row["mean"]))["arm"]
        if best != advice.arm:
            told.append(f"{cut(best)} is forecast to reach more, but not surely enough to be advised")
        return [
            *told,
            source.teachers(),
            grown(self.cells),
            *source.conditions(),
        ]

    def budget(self) -> str | None:
        """What arms have in common to spend, "5,000 queries, $2.00"; None where there is nothing."""
        rows = list(self.arms.values())
        told = []
        if len({row["queries"] for row in rows}) == 1:
            told.append(queries(rows[0]["queries"]))
        prices = [None if row["usd"] is None else row["usd"] / row["queries"] for row in rows]
        # a budget in dollars goes as far for every arm, in dollars, before queries are rounded
        dollars = [
            None if price is None else price * row["ratio"] for price, row in zip(prices, rows, strict=True)
        ]
        first = dollars[0]
        if first and all(one is not None and abs(one / first - 1) < 1e-6 for one in dollars):
            told.append(amount(max(row["usd"] for row in rows), "usd"))
        return ", ".join(told) or None


def grown(cells: pl.DataFrame) -> str:
    """Who was trained and asked, in words."""
    first = cells.row(0, named=True)
    student = named(first["student"], first["student_options"])
    asked = Source(cells, None, "validation").questions()
    return (
        f"Student {student}, {cells.height:,} cells of {first['seeds']:,} seeds, {asked} validation questions"
    )


def cut(text: str, most: int = 44) -> str:
    """An arm's name, or another text, cut where it is too long to be drawn."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def queries(count: float) -> str:
    """A number of queries, in words."""
    return f"{count:,.0f} {'query' if count == 1 else 'queries'}"
