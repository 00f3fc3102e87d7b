"""The strip below the curves: from where on each strategy stays above the baseline, with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tilth.charts.axes import AXIS_WORDS, MARGIN, WIDTH, LogAxis, amount, layered, values
from tilth.charts.published import cited
from tilth.charts.style import Look, Theme, encodings
from tilth.studies.curves import Axis

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

_LANE = 18
_PUBLISHED = "published"


def crossing_lanes(
    crossings: pl.DataFrame,
    drawn: dict[str, Look],
    colours: Theme,
    axis: LogAxis,
    baseline: str,
    published: pl.DataFrame | None,
) -> alt.LayerChart:
    """A lane for each row of `crossings` (as `curves.crossings` gives them), and one for those in print."""
    import altair as alt

    names = [name for name in drawn if name in crossings["passing"]]
    order = [*names, *([_PUBLISHED] if published is not None else [])]
    y = alt.Y("lane:N", sort=order, axis=None, scale=alt.Scale(domain=order, paddingOuter=0.1))
    chart = alt.Chart(values([_lane(crossing, axis) for crossing in crossings.to_dicts()])).encode(y=y)
    color, shape, _ = encodings(drawn)
    layers = [
        chart.mark_rule(strokeWidth=2.5, opacity=0.55).encode(
            x=axis.x("low", labels=False), x2="high:Q", color=color
        ),
        chart.mark_point(filled=True, opacity=1, size=58, stroke=colours.background, strokeWidth=1).encode(
            x=axis.x("crossing", labels=False), color=color, shape=shape
        ),
        chart.mark_point(filled=True, opacity=1, size=44).encode(
            x=alt.value(WIDTH + 10), color=color, shape=shape
        ),
        chart.mark_text(align="left", baseline="middle", color=colours.ink).encode(
            x=alt.value(WIDTH + 19), text="text:N"
        ),
    ]
    if published is not None:
        layers += _published_lane(published, colours, axis, y)
    title = alt.TitleParams(
        f"{AXIS_WORDS[axis.name]} from which a strategy stays above {baseline}",
        color=colours.muted,
        fontSize=11,
        fontWeight="normal",
        offset=4,
    )
    return layered(*layers).properties(width=WIDTH, height=_LANE * len(order), title=title)


def told(lane: dict[str, Any], x: Axis) -> str:
    """A crossing in a few words: "3.6 (2.8 to 5.9)", "not by 16", "from 1 on"."""
    first, last, low, high = lane["first"], lane["last"], lane["low"], lane["high"]
    match lane["state"]:
        case "crossed":
            text = amount(lane["crossing"], x)
        case "from the start":
            text = f"from {amount(first, x)} on"
        case _:
            text = f"not by {amount(last, x)}"
    if low is None or high is None or high <= first or low == math.inf:
        return text
    start = f"≤{amount(first, x)}" if low <= first else amount(low, x)
    end = f">{amount(last, x)}" if high == math.inf else amount(high, x)
    return f"{text} ({start} to {end})"


def _lane(crossing: dict[str, Any], axis: LogAxis) -> dict[str, Any]:
    """A crossing as it is drawn; a line that ends beyond the points measured is an open interval."""
    low, high = crossing["low"], crossing["high"]
    drawn = low is not None and low < math.inf and high > -math.inf
    return {
        "lane": crossing["passing"],
        "strategy": crossing["passing"],
        "low": max(low, crossing["first"] / MARGIN) if drawn else None,
        "high": min(high, crossing["last"] * MARGIN) if drawn else None,
        "crossing": crossing["crossing"],
        "text": told(crossing, axis.name),
    }


def _published_lane(published: pl.DataFrame, colours: Theme, axis: LogAxis, y: alt.Y) -> list[alt.Chart]:
    import altair as alt

    sources = cited(published)
    places = published.select("ratio_low", "ratio_high", "student", "seeds", "source").to_dicts()
    records = [{"lane": _PUBLISHED, **place} for place in places]
    chart = alt.Chart(values(records)).encode(
        y=y, tooltip=["source:N", "student:N", "seeds:Q", "ratio_low:Q", "ratio_high:Q"]
    )
    return [
        chart.mark_rule(color=colours.muted, strokeWidth=2.5, opacity=0.55).encode(
            x=axis.x("ratio_low", labels=False), x2="ratio_high:Q"
        ),
        chart.mark_point(color=colours.muted, shape="stroke", angle=90, size=60, opacity=1).encode(
            x=axis.x("ratio_low", labels=False)
        ),
        chart.mark_point(color=colours.muted, shape="stroke", angle=90, size=60, opacity=1).encode(
            x=axis.x("ratio_high", labels=False)
        ),
        alt.Chart(values([{"lane": _PUBLISHED, "text": f"published: {sources}"}]))
        .mark_text(align="left", baseline="middle", color=colours.muted)
        .encode(y=y, x=alt.value(WIDTH + 6), text="text:N"),
    ]
