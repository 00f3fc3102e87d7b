"""The axes that charts share: logarithmic amounts of data, and shares in percent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.studies.curves import Axis

if TYPE_CHECKING:
    import altair as alt

WIDTH = 290
HEIGHT = 240
MARGIN = 1.12
"""How far a logarithmic axis reaches beyond its outermost points, as a factor."""

TITLES: dict[Axis, str] = {
    "ratio": "ratio: queries per seed (log scale)",
    "rows": "rows (log scale)",
    "rows_per_seed": "rows per seed, the paper's ratio (log scale)",
    "usd": "US dollars (log scale)",
}
AXIS_WORDS: dict[Axis, str] = {
    "ratio": "ratio",
    "rows": "rows",
    "rows_per_seed": "rows per seed",
    "usd": "US dollars",
}


@dataclass(frozen=True, slots=True)
class LogAxis:
    """A logarithmic x axis with its labelled values."""

    name: Axis
    low: float
    high: float
    ticks: tuple[float, ...]

    def x(self, field: str, *, labels: bool = True, grid: bool = True) -> alt.X:
        """The encoding of `field` on this axis."""
        import altair as alt

        axis = alt.Axis(
            values=list(self.ticks),
            format="$~g" if self.name == "usd" else ",~g",
            title=TITLES[self.name] if labels else None,
            labels=labels,
            grid=grid,
        )
        return alt.X(
            f"{field}:Q", axis=axis, scale=alt.Scale(type="log", domain=[self.low, self.high], nice=False)
        )


def log_axis(name: Axis, values: Iterable[float]) -> LogAxis:
    """An axis that holds `values`; each ratio is labelled, other amounts at round numbers."""
    points = sorted(set(values))
    low, high = points[0] / MARGIN, points[-1] * MARGIN
    if name == "ratio" and len(points) <= 10:
        return LogAxis(name, low, high, tuple(points))
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = tuple(
            step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high
        )
        if len(ticks) <= 6:
            break
    return LogAxis(name, low, high, ticks or (points[0],))


def share_axis(lowest: float, highest: float) -> tuple[float, float]:
    """A domain in tenths around shares; from 0 where that wastes little."""
    low = math.floor(lowest * 10) / 10
    high = min(1.0, math.ceil(highest * 10 + 1e-9) / 10)
    return (0.0 if low <= 0.2 else low), max(high, low + 0.1)


def share(field: str, domain: tuple[float, float], title: str | None, *, points: bool = False) -> alt.Y:
    """The encoding of a share on the y axis, in percent or percentage points."""
    import altair as alt

    expression = "format(datum.value * 100, '~g')" if points else "format(datum.value, '~%')"
    axis = alt.Axis(labelExpr=expression, title=title, tickCount=6)
    return alt.Y(f"{field}:Q", axis=axis, scale=alt.Scale(domain=list(domain), nice=False))


def spaced(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The values nearest to `wanted`, in the same order, at least `gap` apart and within low and high."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    placed = [wanted[i] for i in order]
    # Labels that collide share the space around their middle; each pass can only bring new neighbours in.
    groups = [[value] for value in placed]
    merged = True
    while merged:
        merged = False
        for here in range(len(groups) - 1):
            left, right = groups[here], groups[here + 1]
            if (
                _middle(right, gap, low, high) - _middle(left, gap, low, high)
                < gap * (len(left) + len(right)) / 2
            ):
                groups[here : here + 2] = [left + right]
                merged = True
                break
    result = [0.0] * len(wanted)
    position = iter(order)
    for group in groups:
        start = _middle(group, gap, low, high) - gap * (len(group) - 1) / 2
        for step in range(len(group)):
            result[next(position)] = start + gap * step
    return result


def _middle(group: list[float], gap: float, low: float, high: float) -> float:
    half = gap * (len(group) - 1) / 2
    return min(max(sum(group) / len(group), low + half), high - half)


def amount(value: float, axis: Axis) -> str:
    """A place on the axis as text: "3.6", "1,200", "$0.84"."""
    if axis == "usd":
        return f"${value:,.2f}" if value >= 0.1 else f"${value:.2g}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}".removesuffix(".0")


def values(records: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Records as inline data."""
    import altair as alt

    return alt.InlineData(values=list(records))


def layered(*layers: alt.Chart | alt.LayerChart) -> alt.LayerChart:
    """Layers drawn over each other, in order."""
    import altair as alt

    return alt.LayerChart(layer=list(layers))
