"""Accuracy against the amount of data, a line for each strategy, and where one passes another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    share_axis,
    spaced,
    values,
)
from tilth.charts.base_lines import base_lines_of, lines_in
from tilth.charts.base_lines import drawn as base_lines
from tilth.charts.cut_off import cut_off_in_words, cut_off_lanes, rings
from tilth.charts.figure import Figure
from tilth.charts.lanes import crossing_lanes, told
from tilth.charts.panels import Source, columns, panels
from tilth.charts.published import background, cited, known, known_crossings
from tilth.charts.style import Look, Theme, ThemeName, encodings, looks
from tilth.studies import curves
from tilth.studies.curves import PANEL, Axis
from tilth.studies.options import DEFAULTS, Line, titled, titles

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

_TOLD = {"trained_on": (",.0f", "rows learnt"), "cut_off": (".1%", "cut off")}
"""What of students a tooltip tells where it is known: how it is written, and under which title."""

_BASELINE = ("answer-augmentation", DEFAULTS)


def regimes(source: Source, *, x: Axis, published: bool, theme: ThemeName) -> Figure:
    """The figure; its data are those of `curves.accuracy`, with the place on the axis as `x`."""
    import polars as pl

    data = curves.accuracy(source.cells, source.outcomes).with_columns(pl.col(x).alias("x"))
    missing = data.filter(pl.col("x").is_null() | (pl.col("x") <= 0))
    if missing.height or not data.height:
        what = (
            "no complete cell"
            if not data.height
            else f"no {AXIS_WORDS[x]} above 0 for {missing.height} points"
        )
        raise ValueError(f'chart: the study has {what}; use x="ratio" or wait for its cells')
    names = titles(source.cells)
    shown = titled(data, names, ("strategy",))
    passed = titled(curves.crossings(source.cells, source.outcomes, x=x), names, ("passing", "overtaken"))
    axis = log_axis(x, data["x"])
    others = known(data, names, x) if published else None
    baseline = _baseline(data)
    in_print = known_crossings(baseline, x) if published else None
    if others is not None:
        ends = [] if in_print is None else [*in_print["ratio_low"], *in_print["ratio_high"]]
        axis = log_axis(x, [*data["x"], *others["x"], *ends])
    lying = None if source.base_lines is None else base_lines_of(source.base_lines)
    beside = {title: [] if lying is None else lines_in(panel, lying) for title, panel in panels(shown)}
    shares = [*data["low"], *data["high"], *(others["accuracy"] if others is not None else [])]
    shares += [line["accuracy"] for several in beside.values() for line in several]
    domain = share_axis(min(shares), max(shares))
    lines = [
        source.teachers(),
        source.students(),
        *source.conditions(),
        f"Bands: 95% {source.interval()}",
        *source.incomplete(),
        *([] if others is None else [_cited(others)]),
    ]

    def build(colours: Theme) -> alt.ConcatChart:
        import altair as alt

        drawn = looks(names, colours)
        width = columns(data)
        charts: list[alt.LayerChart | alt.VConcatChart] = []
        for place, (title, panel) in enumerate(panels(shown)):
            y_title = "accuracy on the test set" if place % width == 0 else None
            curve = _curves(panel, drawn, colours, axis, domain, y_title)
            if others is not None and others.height:
                curve = background(others, drawn, colours, axis, domain, y_title) + curve
            if beside[title]:
                rules, names_of_rules = base_lines(beside[title], colours, domain, y_title)
                curve = layered(rules, curve, names_of_rules)
            curve = curve.properties(width=WIDTH, height=HEIGHT, title=_heading(title, colours))
            lanes = passed.join(panel.select(PANEL).head(1), on=PANEL, how="semi", nulls_equal=True).filter(
                pl.col("overtaken") == names[baseline]
            )
            below = cut_off_lanes(panel, drawn, colours, axis, WIDTH)
            if lanes.height:
                below += [crossing_lanes(lanes, drawn, colours, axis, names[baseline], in_print)]
            charts.append(alt.vconcat(curve, *below, spacing=14) if below else curve)
        return alt.concat(*charts, columns=width).properties(
            title=alt.TitleParams("Accuracy by strategy and amount of data", subtitle=lines)
        )

    return Figure(data, _words(shown, passed, names[baseline], x, lines, beside), theme, build)


def _curves(
    panel: pl.DataFrame,
    drawn: dict[str, Look],
    colours: Theme,
    axis: LogAxis,
    domain: tuple[float, float],
    title: str | None,
) -> alt.LayerChart:
    import altair as alt

    x, y = axis.x("x"), share("accuracy", domain, title)
    color, shape, dash = encodings(drawn)
    ordered = panel.sort("x")
    told = ["x", "accuracy", "low", "high", "strategy", "replicates", "rows", "queries", "usd"]
    told += [name for name in _TOLD if ordered[name].count()]
    # A page that takes a click on a point tells by these which cells it stands for.
    told += ["seeds", "ratio"]
    chart = alt.Chart(values(ordered.select(told).to_dicts())).encode(x=x, y=y, color=color)
    ends = ordered.group_by("strategy", maintain_order=True).last().to_dicts()
    gap = (domain[1] - domain[0]) * 15 / HEIGHT
    labels = [
        {
            "strategy": end["strategy"],
            "text": f"{end['strategy']}\u2002{end['accuracy']:.0%}",
            "place": place,
        }
        for end, place in zip(ends, spaced([end["accuracy"] for end in ends], gap, *domain), strict=True)
    ]
    # Each name stands beside the end of its line with its mark, so that no legend is needed.
    beside = alt.Chart(values(labels)).encode(y=share("place", domain, title))
    return layered(
        chart.mark_area(opacity=0.11).encode(y=share("low", domain, title), y2="high:Q"),
        chart.mark_line(strokeWidth=2).encode(strokeDash=dash),
        *rings(ordered, chart, colours),
        chart.mark_point(filled=True, opacity=1, size=58, stroke=colours.background, strokeWidth=1).encode(
            shape=shape, tooltip=_tooltip(told)
        ),
        beside.mark_point(filled=True, opacity=1, size=48).encode(
            x=alt.value(WIDTH + 10), color=color, shape=shape
        ),
        beside.mark_text(align="left", baseline="middle", color=colours.ink).encode(
            x=alt.value(WIDTH + 19), text="text:N"
        ),
    )


def _tooltip(told: Sequence[str]) -> list[alt.Tooltip]:
    import altair as alt

    more = [
        alt.Tooltip(f"{name}:Q", format=how, title=title)
        for name, (how, title) in _TOLD.items()
        if name in told
    ]
    return [
        alt.Tooltip("strategy:N"),
        alt.Tooltip("accuracy:Q", format=".1%"),
        alt.Tooltip("low:Q", format=".1%", title="95% from"),
        alt.Tooltip("high:Q", format=".1%", title="95% to"),
        alt.Tooltip("x:Q", format=",.4~g", title="at"),
        alt.Tooltip("rows:Q", format=",.0f"),
        alt.Tooltip("queries:Q", format=",.0f"),
        alt.Tooltip("replicates:Q"),
        *more,
    ]


def _heading(title: str, colours: Theme) -> alt.TitleParams:
    import altair as alt

    return alt.TitleParams(title, fontSize=13, fontWeight=600, color=colours.ink, offset=10)


def _baseline(data: pl.DataFrame) -> Line:
    """What others are to pass: answer augmentation as it comes, else the best at the smallest ratio."""
    lines = data.sort("ratio", "accuracy", descending=[False, True]).select("strategy", "options").rows()
    found: Line = _BASELINE if _BASELINE in lines else lines[0]
    return found


def _cited(others: pl.DataFrame) -> str:
    if not others.height:
        return "No published figure lies in this range"
    return f"Hollow marks: published, GSM8K, other students and seeds ({cited(others)})"


def _words(
    data: pl.DataFrame,
    passed: pl.DataFrame,
    baseline: str,
    x: Axis,
    lines: list[str],
    beside: Mapping[str, list[dict[str, Any]]],
) -> str:
    """The text alternative: the source, who leads at both ends of each panel, base lines, crossings."""
    import polars as pl

    said = [f"Line chart of accuracy against {TITLES[x]}.", *(f"{line}." for line in lines)]
    for title, panel in panels(data):
        ratios = panel["ratio"].unique().sort()
        for ratio in (ratios[0], ratios[-1]):
            ranked = panel.filter(pl.col("ratio") == ratio).sort("accuracy", descending=True)
            scores = ", ".join(f"{s} {a:.1%}" for s, a in ranked.select("strategy", "accuracy").iter_rows())
            said.append(f"{title}, ratio {amount(ratio, 'ratio')}: {scores}.")
        if beside[title]:
            named = ", ".join(f"{line['name']} {line['accuracy']:.1%}" for line in beside[title])
            said.append(f"Base lines of {title}: {named}.")
        said += cut_off_in_words(panel, x, title)
        lanes = passed.join(panel.select(PANEL).head(1), on=PANEL, how="semi", nulls_equal=True)
        said += [
            f"{lane['passing']} stays above {baseline}, by {AXIS_WORDS[x]}: {told(lane, x)}."
            for lane in lanes.filter(pl.col("overtaken") == baseline).to_dicts()
        ]
    return " ".join(said)
