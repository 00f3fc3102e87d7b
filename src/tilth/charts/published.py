"""Published figures as a pale background, marked as such."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilth.charts.axes import LogAxis, layered, share, values
from tilth.charts.style import Look, Theme, encodings
from tilth.studies import published
from tilth.studies.curves import Axis

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

_REACH = 4
"""Published figures lie far to the right of most studies; this many times one's own range is drawn."""


def known(data: pl.DataFrame, x: Axis) -> pl.DataFrame:
    """Published GSM8K accuracies of the strategies in `data`, with their place on `x`.

    Raises:
        ValueError: `x` is no axis that papers report.
    """
    import polars as pl

    if x not in ("rows", "rows_per_seed"):
        raise ValueError(
            f'chart: papers count rows, not queries or dollars; published figures cannot stand on x="{x}", '
            'use x="rows_per_seed" or x="rows"'
        )
    reach = float(data["x"].to_numpy().max()) * _REACH
    return (
        published.results()
        .filter((pl.col("benchmark") == "GSM8K") & pl.col("strategy").is_in(data["strategy"].to_list()))
        .with_columns(pl.col(x).cast(pl.Float64).alias("x"))
        .filter(pl.col("x") <= reach)
    )


def known_crossings(baseline: str, x: Axis) -> pl.DataFrame | None:
    """Where answer augmentation stopped being best in print; None where that is not what is asked."""
    return published.crossings() if baseline == "answer-augmentation" and x == "rows_per_seed" else None


def cited(figures: pl.DataFrame) -> str:
    """The sources of published figures, those that others quoted marked as such."""
    sources = figures.select("source", "evidence").unique(maintain_order=True).rows()
    return ", ".join(
        source if evidence == "primary" else f"{source}, second-hand" for source, evidence in sources
    )


def background(
    others: pl.DataFrame,
    drawn: dict[str, Look],
    colours: Theme,
    axis: LogAxis,
    domain: tuple[float, float],
    title: str | None,
) -> alt.LayerChart:
    """Hollow marks, joined within a source and student, with the source beside the last of them."""
    import altair as alt

    x, y = axis.x("x"), share("accuracy", domain, title)
    color, shape, dash = encodings(drawn)
    told = ["x", "accuracy", "source", "student", "teacher", "strategy", "seeds"]
    chart = alt.Chart(values(others.select(told).to_dicts())).encode(x=x, y=y, color=color)
    names = []
    for (source,), line in others.group_by("source", maintain_order=True):
        best = line.sort("accuracy").tail(1)
        record = best.select("x", "accuracy").to_dicts()[0] | {"text": str(source).split()[0]}
        inside = math.log(record["x"] / axis.low) < 0.7 * math.log(axis.high / axis.low)
        names.append(
            alt.Chart(values([record]))
            .mark_text(
                align="left" if inside else "right",
                dx=6 if inside else 0,
                dy=0 if inside else -9,
                fontSize=9,
                color=colours.muted,
            )
            .encode(x=x, y=y, text="text:N")
        )
    return layered(
        chart.mark_line(strokeWidth=1, opacity=0.45).encode(
            detail=["source:N", "student:N"], strokeDash=dash
        ),
        chart.mark_point(filled=False, opacity=0.6, size=40, strokeWidth=1.2).encode(
            shape=shape, tooltip=[f"{name}:N" for name in told[2:]]
        ),
        *names,
    )
