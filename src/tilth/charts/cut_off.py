"""Which points' students had answers cut off, and how many: such a point may lie low for that alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilth.charts.axes import LogAxis, amount, layered, values
from tilth.charts.style import Look, Theme, encodings
from tilth.studies.curves import Axis

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

MATTERS = 0.05
"""The share of answers cut off from which a point is marked: as much as strategies differ by."""

_LANE = 16


def marked(points: pl.DataFrame) -> pl.DataFrame:
    """The points of a frame, with `cut_off`, that are marked."""
    import polars as pl

    return points.filter(pl.col("cut_off") >= MATTERS)


def rings(points: pl.DataFrame, chart: alt.Chart, colours: Theme) -> list[alt.Chart]:
    """A ring around each point of a chart that is marked; no layer where there is none.

    They belong below the points, whose tooltips they would hide.
    """
    import altair as alt

    if not marked(points).height:
        return []
    own = chart.transform_filter(f"datum.cut_off >= {MATTERS}")
    return [
        own.mark_point(filled=False, opacity=0.9, size=140, strokeWidth=1.1).encode(
            color=alt.value(colours.ink)
        )
    ]


def cut_off_lanes(
    points: pl.DataFrame, drawn: dict[str, Look], colours: Theme, axis: LogAxis, width: int
) -> list[alt.LayerChart]:
    """The shares of marked points, to stand below a panel: a lane for each line, each share at its `x`.

    No strip where no point is marked. `points` has `strategy`, as `drawn` calls it, `x` and `cut_off`.
    """
    import altair as alt

    found = marked(points)
    if not found.height:
        return []
    order = [name for name in drawn if name in found["strategy"]]
    y = alt.Y("strategy:N", sort=order, axis=None, scale=alt.Scale(domain=order, paddingOuter=0.1))
    records = [
        {"strategy": strategy, "x": x, "text": f"{share:.0%}"}
        for strategy, x, share in found.select("strategy", "x", "cut_off").iter_rows()
    ]
    color, shape, _ = encodings(drawn)
    lanes = alt.Chart(values([{"strategy": name} for name in order])).encode(y=y)
    title = alt.TitleParams(
        f"share of answers cut off at their limit, from {MATTERS:.0%} on (ringed above)",
        color=colours.muted,
        fontSize=11,
        fontWeight="normal",
        offset=4,
    )
    strip = layered(
        alt.Chart(values(records))
        .mark_text(baseline="middle", fontSize=10, color=colours.ink)
        .encode(x=axis.x("x", labels=False, grid=False), y=y, text="text:N"),
        lanes.mark_point(filled=True, opacity=1, size=44).encode(
            x=alt.value(width + 10), color=color, shape=shape
        ),
    )
    return [strip.properties(width=width, height=_LANE * len(order), title=title)]


def cut_off_in_words(points: pl.DataFrame, x: Axis, title: str = "") -> list[str]:
    """A sentence that says the same of the panel of that title; none where no point is marked."""
    found = marked(points)
    if not found.height:
        return []
    told = []
    for (strategy,), line in found.group_by("strategy", maintain_order=True):
        shares = (f"{share:.0%} at {amount(at, x)}" for at, share in line.select("x", "cut_off").iter_rows())
        told.append(f"{strategy} {', '.join(shares)}")
    where = f" of {title}" if title else ""
    return [f"Answers{where} cut off at their limit, which may be why they score low: {'; '.join(told)}."]
