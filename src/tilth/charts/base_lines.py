"""A chart's base lines: what a student reaches as it is, and with the seeds' own rows alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilth.charts.axes import HEIGHT, layered, share, spaced, values
from tilth.charts.style import Theme
from tilth.studies.base_lines import BASE_LINES, SEEDS_ONLY
from tilth.studies.options import with_options

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

_NAMES = {SEEDS_ONLY: "seeds only"}
_PANEL = ("test", "student", "student_options")
"""Columns that a base line shares with the panels it stands in."""

_BESIDE_FIRST = 22
"""Pixels from a panel's left side to a name: right of the marks at the first amount of data."""


def base_lines_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Mean accuracy over replicates of the base lines in a frame: by `_PANEL`, strategy and seeds."""
    import polars as pl

    return (
        with_options(frame)
        .filter(pl.col("strategy").is_in(BASE_LINES) & (pl.col("n_test") > 0))
        .group_by(*_PANEL, "strategy", "seeds", maintain_order=True)
        .agg(pl.col("accuracy").mean(), pl.len().alias("replicates"))
    )


def lines_in(panel: pl.DataFrame, lines: pl.DataFrame) -> list[dict[str, Any]]:
    """Those that stand in a panel of a chart, the lowest first: those of its student and number of seeds."""
    import polars as pl

    own = lines.join(panel.select(_PANEL).head(1), on=_PANEL, how="semi", nulls_equal=True)
    own = own.filter((pl.col("strategy") != SEEDS_ONLY) | (pl.col("seeds") == panel["seeds"][0]))
    return [
        {**line, "name": _NAMES.get(line["strategy"], line["strategy"])}
        for line in own.sort("accuracy", maintain_order=True).to_dicts()
    ]


def drawn(
    lines: list[dict[str, Any]], colours: Theme, domain: tuple[float, float], title: str | None
) -> tuple[alt.Chart, alt.LayerChart]:
    """Horizontal lines to stand behind a panel's curves, and their names and shares, to stand before them."""
    import altair as alt

    gap = (domain[1] - domain[0]) * 13 / HEIGHT
    places = spaced([line["accuracy"] for line in lines], gap, *domain)
    records = [
        {
            "base line": line["name"],
            "accuracy": line["accuracy"],
            "replicates": line["replicates"],
            "place": place,
            "text": f"{line['name']} {line['accuracy']:.0%}",
        }
        for line, place in zip(lines, places, strict=True)
    ]
    chart = alt.Chart(values(records))
    rules = chart.mark_rule(color=colours.muted, strokeDash=[5, 4], strokeWidth=1.2).encode(
        y=share("accuracy", domain, title),
        tooltip=["base line:N", alt.Tooltip("accuracy:Q", format=".1%"), "replicates:Q"],
    )
    named = chart.encode(y=share("place", domain, title), x=alt.value(_BESIDE_FIRST), text="text:N")
    how: dict[str, Any] = {"align": "left", "baseline": "bottom", "dy": -1, "fontSize": 10}
    # without a halo a curve that crosses a name makes it unreadable
    halo = named.mark_text(
        **how, stroke=colours.background, strokeWidth=4, strokeJoin="round", strokeOpacity=0.8
    )
    return rules, layered(halo, named.mark_text(**how, color=colours.muted))
