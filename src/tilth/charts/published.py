"""Published figures as a pale background, marked as such."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tilth.charts.axes import LogAxis, layered, share, values
from tilth.charts.style import Look, Theme, encodings
from tilth.studies import published
from tilth.studies.curves import Axis
from tilth.studies.options import DEFAULTS, Line, titled, with_options

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

_REACH = 4
"""Published figures lie far to the right of most studies; this many times one's own range is drawn."""


def known(data: pl.DataFrame, names: Mapping[Line, str], x: Axis) -> pl.DataFrame:
    """Published GSM8K accuracies of the lines in `data`, by their titles, with their place on `x`.

    They stand beside strategies as these come, and not beside other settings of them.

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
    drawn = data.filter(pl.col("options") == DEFAULTS)["strategy"].to_list()
    figures = (
        with_options(published.results())
        .filter((pl.col("benchmark") == "GSM8K") & pl.col("strategy").is_in(drawn))
        .with_columns(pl.col(x).cast(pl.Float64).alias("x"))
        .filter(pl.col("x") <= reach)
    )
    return titled(figures, names, ("strategy",))


def known_crossings(baseline: Line, x: Axis) -> pl.DataFrame | None:
    """Where answer augmentation stopped being best in print; None where that is not what is asked."""
    asked = baseline == ("answer-augmentation", DEFAULTS) and x == "rows_per_seed"
    return published.crossings() if asked else None


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
