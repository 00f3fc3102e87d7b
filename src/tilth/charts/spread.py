"""How far strategies lie apart at each amount of data: does the choice matter less with more of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilth.charts.axes import (
    AXIS_WORDS,
    HEIGHT,
    TITLES,
    WIDTH,
    LogAxis,
    amount,
    layered,
    log_axis,
    share,
    values,
)
from tilth.charts.figure import Figure
from tilth.charts.panels import Source, columns, panels
from tilth.charts.style import Theme, ThemeName
from tilth.studies import curves
from tilth.studies.curves import Axis
from tilth.studies.options import titled, titles

if TYPE_CHECKING:
    import altair as alt
    import polars as pl


def spread(source: Source, *, x: Axis, theme: ThemeName) -> Figure:
    """The figure; its data are those of `curves.spread`."""
    data = curves.spread(source.cells, source.outcomes, x=x)
    if not data.height:
        raise ValueError(
            f"chart: the spread needs two strategies measured over a shared range of {AXIS_WORDS[x]}; "
            'the study has none, use x="ratio" or add a strategy'
        )
    shown = titled(data, titles(source.cells), ("best", "worst"))
    axis = log_axis(x, data["at"])
    highest = max(data["high"].max() or 0, data["spread"].max() or 0)
    domain = (0.0, max(0.05, float(highest) * 1.08))  # type: ignore[arg-type]
    known = source.outcomes is not None
    questions = f"bootstrap over {source.questions()} questions, 1 replicate"
    lines = [
        source.teachers(),
        source.students(),
        *source.conditions(),
        f"Band: 95% {source.interval(one_replicate=questions)}; dashed: what chance alone would show"
        if known
        else "No interval: the study has no per-question outcomes",
        *source.incomplete(),
    ]

    def build(colours: Theme) -> alt.ConcatChart:
        import altair as alt

        width = columns(data)
        charts = [
            _panel(panel, title, colours, axis, domain, named=place % width == 0)
            for place, (title, panel) in enumerate(panels(shown))
        ]
        return alt.concat(*charts, columns=width).properties(
            title=alt.TitleParams("Do choices matter less with more data?", subtitle=lines)
        )

    return Figure(data, _words(data, x, lines), theme, build)


def _panel(
    panel: pl.DataFrame,
    title: str,
    colours: Theme,
    axis: LogAxis,
    domain: tuple[float, float],
    *,
    named: bool,
) -> alt.LayerChart:
    import altair as alt

    records = panel.select("at", "spread", "low", "high", "noise", "best", "worst").to_dicts()
    y_title = "best minus worst strategy, points" if named else None
    chart = alt.Chart(values(records)).encode(x=axis.x("at"), y=share("spread", domain, y_title, points=True))
    tooltip = [
        alt.Tooltip("at:Q", format=",.4~g", title=AXIS_WORDS[axis.name]),
        alt.Tooltip("spread:Q", format=".1%"),
        alt.Tooltip("best:N"),
        alt.Tooltip("worst:N"),
    ]
    layers: list[Any] = []
    if records[0]["low"] is not None:
        layers += [
            chart.mark_area(color=colours.palette[0], opacity=0.15).encode(
                y=share("low", domain, y_title, points=True), y2="high:Q"
            ),
            chart.mark_line(color=colours.muted, strokeDash=[4, 3], strokeWidth=1.3).encode(
                y=share("noise", domain, y_title, points=True)
            ),
        ]
    layers += [
        chart.mark_line(color=colours.palette[0], strokeWidth=2),
        chart.mark_point(
            color=colours.palette[0],
            filled=True,
            opacity=1,
            size=58,
            stroke=colours.background,
            strokeWidth=1,
        ).encode(tooltip=tooltip),
    ]
    heading = alt.TitleParams(
        title, subtitle=_verdict(panel, axis.name), fontSize=13, fontWeight=600, offset=10, subtitlePadding=3
    )
    return layered(*layers).properties(width=WIDTH, height=HEIGHT, title=heading)


def _verdict(panel: pl.DataFrame, x: Axis) -> str:
    """What the panel answers, in a line."""
    first, last = panel.row(0, named=True), panel.row(-1, named=True)
    reach = f"from {AXIS_WORDS[x]} {amount(first['at'], x)} to {amount(last['at'], x)}"
    if panel.height == 1:
        return f"{100 * first['spread']:.0f} points at {amount(first['at'], x)}; one amount shows no trend"
    if last["change_low"] is None:
        return f"{100 * first['spread']:.0f}, then {100 * last['spread']:.0f} points {reach}"
    change, low, high = (_points(last[name]) for name in ("change", "change_low", "change_high"))
    answer = "Less" if last["change_high"] < 0 else "More" if last["change_low"] > 0 else "No clear change"
    return f"{answer}: {change} points ({low} to {high}) {reach}"


def _points(share: float) -> str:
    return f"{100 * share:+.0f}".replace("-", "−")


def _words(data: pl.DataFrame, x: Axis, lines: list[str]) -> str:
    said = [f"Line chart of the accuracy between the best and the worst strategy against {TITLES[x]}."]
    said += [f"{line}." for line in lines]
    for title, panel in panels(data):
        points = ", ".join(
            f"{100 * apart:.0f} points at {amount(at, x)}"
            for at, apart in panel.select("at", "spread").iter_rows()
        )
        said.append(f"{title}: {points}. {_verdict(panel, x)}.")
    return " ".join(said)
