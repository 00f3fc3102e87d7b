"""How far each arm is forecast to lie from the advised one, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilth.charts.advice.weighed import Weighed, cut, queries
from tilth.charts.axes import amount, layered, values
from tilth.charts.figure import Figure
from tilth.charts.style import Look, Theme, ThemeName, encodings

if TYPE_CHECKING:
    import altair as alt

    from tilth.advice.advice import Advice

_WIDTH, _LANE = 360, 30


def gap(advice: Advice, *, theme: ThemeName) -> Figure:
    """The figure; its data are the advice's table, the advised arm first."""
    import polars as pl

    weighed = Weighed.of(advice)
    data = pl.DataFrame(list(weighed.arms.values()), schema=advice.table.schema)
    lines = [
        *weighed.lines(),
        f"Points of accuracy against {cut(advice.arm)}, forecast at the budget; bars: 90%",
    ]

    def build(colours: Theme) -> alt.ConcatChart:
        import altair as alt

        panel = _panel(weighed, weighed.looks(colours, list(weighed.arms)), colours)
        return alt.concat(panel.properties(width=_WIDTH, height=_LANE * data.height), columns=1).properties(
            title=alt.TitleParams(weighed.title, subtitle=lines)
        )

    return Figure(data, _words(weighed, lines), theme, build)


def _panel(weighed: Weighed, looks: dict[str, Look], colours: Theme) -> alt.LayerChart:
    import altair as alt

    rows = list(weighed.arms.values())
    order = list(weighed.arms)
    reach = max(0.01, *(abs(row[name]) for row in rows for name in ("gap_low", "gap_high")))
    low = min(0.0, *(row["gap_low"] for row in rows)) - 0.06 * reach
    high = max(0.0, *(row["gap_high"] for row in rows)) + 0.06 * reach
    color, shape, _ = encodings(looks)
    y = alt.Y("strategy:N", sort=order, axis=None, scale=alt.Scale(domain=order, paddingOuter=0.1))
    axis = alt.Axis(
        labelExpr="datum.value == 0 ? '0' : replace(format(datum.value * 100, '+~g'), '-', '−')",
        title=f"points of accuracy against {cut(weighed.advice.arm)}",
        tickCount=6,
    )
    scale = alt.Scale(domain=[low, high], nice=False)
    x, x_low = (alt.X(f"{field}:Q", axis=axis, scale=scale) for field in ("gap", "gap_low"))
    records = [
        {**row, "strategy": row["arm"], "name": cut(row["arm"]), "text": _told(weighed, row)} for row in rows
    ]
    chart = alt.Chart(values(records)).encode(y=y)
    told = [
        alt.Tooltip("strategy:N", title="arm"),
        alt.Tooltip("gap:Q", format="+.1%"),
        alt.Tooltip("gap_low:Q", format="+.1%", title="90% from"),
        alt.Tooltip("gap_high:Q", format="+.1%", title="90% to"),
        alt.Tooltip("mean:Q", format=".1%", title="accuracy"),
        alt.Tooltip("p_best:Q", format=".0%", title="best with"),
        alt.Tooltip("queries:Q", format=",.0f"),
        *([alt.Tooltip("usd:Q", format="$,.2f", title="US dollars")] if rows[0]["usd"] is not None else []),
    ]
    zero = alt.Chart(values([{"gap": 0.0}])).mark_rule(color=colours.muted, strokeWidth=1.2).encode(x=x)
    return layered(
        zero,
        chart.mark_rule(strokeWidth=4, opacity=0.5).encode(
            x=x_low, x2="gap_high:Q", color=color, tooltip=told
        ),
        chart.mark_point(filled=True, opacity=1, size=90, stroke=colours.background, strokeWidth=1).encode(
            x=x, color=color, shape=shape, tooltip=told
        ),
        chart.mark_text(align="right", baseline="middle", color=colours.ink).encode(
            x=alt.value(-10), text="name:N"
        ),
        chart.mark_text(align="left", baseline="middle", color=colours.muted).encode(
            x=alt.value(_WIDTH + 10), text="text:N"
        ),
    )


def _told(weighed: Weighed, row: dict[str, Any]) -> str:
    """An arm's gap and its interval; of the advised one what it is forecast to reach."""
    if row["arm"] == weighed.advice.arm:
        told = f"forecast {row['mean']:.0%} ({row['low']:.0%} to {row['high']:.0%})"
    else:
        gaps = [f"{100 * row[name]:+.1f}".replace("-", "−") for name in ("gap", "gap_low", "gap_high")]
        told = f"{gaps[0]} ({gaps[1]} to {gaps[2]})"
    same = len({one["queries"] for one in weighed.arms.values()}) == 1
    return told if same else f"{told} with {queries(row['queries'])}"


def _words(weighed: Weighed, lines: list[str]) -> str:
    """The text alternative: the words, the source, and each arm's gap with its odds and its price."""
    said = [
        f"{weighed.title}. Intervals of the gap of each arm to the advised one.",
        *(f"{one}." for one in lines),
    ]
    for arm, row in weighed.arms.items():
        unit = ", advised:" if arm == weighed.advice.arm else ", points of accuracy:"
        odds = "" if row["p_best"] is None else f", the best with {row['p_best']:.0%}"
        price = "" if row["usd"] is None else f", {amount(row['usd'], 'usd')}"
        said.append(f"{cut(arm)}{unit} {_told(weighed, row)}{odds}; {queries(row['queries'])}{price}.")
    return " ".join(said)
