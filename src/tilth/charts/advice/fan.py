"""Accuracy against the budget: what was measured of each arm, and the fan of what it is forecast to reach."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tilth.advice.forecast import LEVELS
from tilth.charts.advice import frames
from tilth.charts.advice.weighed import Weighed, cut, queries
from tilth.charts.axes import TITLES, LogAxis, amount, layered, log_axis, share, share_axis, spaced, values
from tilth.charts.cut_off import cut_off_in_words, cut_off_lanes, rings
from tilth.charts.figure import Figure
from tilth.charts.style import Look, Theme, ThemeName, encodings
from tilth.studies.curves import Axis

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from tilth.advice.advice import Advice

_WIDTH, _HEIGHT = 430, 300

_MOST = 7
"""Arms that can be told apart; of more, those that are forecast to reach most are drawn."""

_BESIDE = 12
"""Pixels from the panel's right side to the first interval there, and between them."""

_APART, _APART_AT_MOST = 5, 20
"""Pixels between marks of different arms at one ratio, and between the first and the last of them."""

_LABEL = 26
"""Pixels that a ratio takes below the axis."""

_WIDE = {90: 1.5, 80: 3.5, 50: 6.5}
"""How thick the intervals at the right side are, in pixels: thinner where the arm is less likely to lie."""

_PALE = {90: 0.13, 80: 0.11, 50: 0.15}
"""How opaque the fan is; wider bands lie under narrower ones."""


def fan(advice: Advice, *, x: Axis, theme: ThemeName) -> Figure:
    """The figure; its data have a row for each point of a curve, of the kind "measured" or "forecast"."""
    import polars as pl

    weighed = Weighed.of(advice)
    prices = frames.prices(weighed, x)
    arms = list(weighed.arms)[:_MOST]
    place = pl.col("ratio") * pl.col("arm").replace_strict(prices, return_dtype=pl.Float64)
    measured = frames.measured(weighed).filter(pl.col("arm").is_in(arms))
    curves = [frames.ahead(weighed, arm) for arm in arms]
    data = pl.concat([measured, *curves], how="diagonal").with_columns(x=place)
    ends = frames.ends(weighed).filter(pl.col("arm").is_in(arms)).with_columns(x=place)
    lines = [*weighed.lines(), *_reading(weighed, int(measured["replicates"].max()))]  # type: ignore[arg-type]

    def build(colours: Theme) -> alt.ConcatChart:
        import altair as alt

        looks = weighed.looks(colours, arms)
        axis = _axis(x, data["x"].to_list(), ends["x"].to_list(), measured["ratio"].unique().to_list())
        drawing = _Drawing(weighed, data, ends, looks, colours, axis)
        panel = drawing.panel().properties(width=_WIDTH, height=_HEIGHT)
        return alt.concat(panel, *drawing.cut_off(), columns=1, spacing=14).properties(
            title=alt.TitleParams(weighed.title, subtitle=lines)
        )

    return Figure(data, _words(weighed, data, ends, x, lines), theme, build)


def _axis(x: Axis, points: list[float], ends: list[float], ratios: list[float]) -> LogAxis:
    """An axis on which each measured ratio and the budget's are labelled, where there is room for them."""
    plain = log_axis(x, [*points, *ends])
    if x != "ratio":
        return plain
    pixels = _WIDTH / math.log(plain.high / plain.low)
    ticks: list[float] = []
    for one in [*sorted(set(ends)), *sorted(set(ratios))]:  # the budget's go first
        if all(abs(math.log(one / other)) * pixels >= _LABEL for other in ticks):
            ticks.append(one)
    return LogAxis(x, plain.low, plain.high, tuple(float(f"{one:.3g}") for one in sorted(ticks)))


def _reading(weighed: Weighed, replicates: int) -> list[str]:
    """What is drawn how."""
    mean = f", means of {replicates} replicates" if replicates > 1 else ""
    told = [
        f"Points: measured{mean}, with 95% Wilson; lines: fitted, and forecast where they are dashed",
        f"Fan of {cut(weighed.advice.arm)}, and bars on the right: 50, 80 and 90% of the forecast",
    ]
    if (more := len(weighed.arms) - _MOST) > 0:
        told.append(f"Not drawn: {more} arm{'s' if more > 1 else ''} that are forecast to reach less")
    return told


@dataclass(frozen=True)
class _Drawing:
    """The panel's layers, each drawn from its part of the data."""

    weighed: Weighed
    data: pl.DataFrame
    ends: pl.DataFrame
    looks: dict[str, Look]
    colours: Theme
    axis: LogAxis

    def panel(self) -> alt.LayerChart:
        import polars as pl

        curve = self.data.filter(kind="forecast")
        last = pl.col("arm").replace_strict(self.weighed.largest, return_dtype=pl.Float64)
        known, past = curve.filter(pl.col("ratio") <= last), curve.filter(pl.col("ratio") >= last)
        return layered(
            *self._rules(),
            *self._bands(past.filter(arm=self.weighed.advice.arm)),
            *self._lines(known, []),
            *self._lines(past, [5, 3]),
            *self._points(),
            *self._bars(),
            *self._names(),
        )

    def cut_off(self) -> list[alt.LayerChart]:
        """The strip below the panel, where answers were cut off."""
        return cut_off_lanes(_seen(self.data), self.looks, self.colours, self.axis, _WIDTH)

    @property
    def domain(self) -> tuple[float, float]:
        """The shares that are drawn: all but the fans of arms that are not advised."""
        own = self.data.filter(arm=self.weighed.advice.arm)
        lows = [*self.data["low_95"], *own["low_90"], *self.ends["low_90"]]
        highs = [*self.data["high_95"], *own["high_90"], *self.ends["high_90"]]
        return share_axis(
            min(low for low in lows if low is not None), max(high for high in highs if high is not None)
        )

    def _y(self, field: str) -> alt.Y:
        return share(field, self.domain, "accuracy on validation questions")

    def _chart(self, frame: pl.DataFrame) -> alt.Chart:
        import altair as alt

        color, _, _ = encodings(self.looks)
        records = [{**row, "strategy": row["arm"], "arm": cut(row["arm"])} for row in frame.to_dicts()]
        return alt.Chart(values(records)).encode(color=color)

    def _rules(self) -> list[alt.Chart]:
        """Where the budget ends: a rule for all arms, or one for each where it takes them to other places."""
        import altair as alt

        places = sorted(set(self.ends["x"]))
        merged = [one for before, one in zip([0.0, *places], places, strict=False) if one > before * 1.01]
        rules = (
            alt.Chart(values([{"x": one} for one in merged]))
            .mark_rule(color=self.colours.muted, strokeWidth=1, strokeDash=[2, 2])
            .encode(x=self.axis.x("x"))
        )
        budget = self.weighed.budget()
        if len(merged) > 1 or budget is None:
            return [rules]
        right_half = merged[0] > math.sqrt(self.axis.low * self.axis.high)
        side: Literal["left", "right"] = "right" if right_half else "left"
        text = alt.Chart(values([{"x": merged[0], "text": f"budget: {budget}"}]))
        return [
            rules,
            text.mark_text(align=side, baseline="bottom", color=self.colours.muted, fontSize=10).encode(
                x=self.axis.x("x"), y=alt.value(-5), text="text:N"
            ),
        ]

    def _bands(self, past: pl.DataFrame) -> list[alt.Chart]:
        if past.height < 2:
            return []
        chart = self._chart(past)
        return [
            chart.mark_area(opacity=_PALE[level]).encode(
                x=self.axis.x("x"), y=self._y(f"low_{level}"), y2=f"high_{level}:Q"
            )
            for level in sorted(LEVELS, reverse=True)
        ]

    def _lines(self, part: pl.DataFrame, dash: list[int]) -> list[alt.Chart]:
        import altair as alt

        chart = self._chart(part).encode(x=self.axis.x("x"), y=self._y("mean"))
        told = [
            alt.Tooltip("strategy:N", title="arm"),
            alt.Tooltip("ratio:Q", format=",.4~g"),
            alt.Tooltip("mean:Q", format=".1%", title="forecast"),
            *(
                alt.Tooltip(f"{end}_90:Q", format=".1%", title=f"90% {word}")
                for end, word in (("low", "from"), ("high", "to"))
            ),
        ]
        # a line has one tooltip for all of it, points that cannot be seen have one each
        return [
            chart.mark_line(strokeWidth=2, strokeDash=dash),
            chart.mark_point(opacity=0, size=60).encode(tooltip=told),
        ]

    def _points(self) -> list[alt.Chart]:
        import altair as alt
        import polars as pl

        arms = list(self.looks)
        reach = self.axis.high / self.axis.low
        step = min(_APART, _APART_AT_MOST / len(arms))
        aside = {
            arm: reach ** (step * (place - (len(arms) - 1) / 2) / _WIDTH) for place, arm in enumerate(arms)
        }
        seen = self.data.filter(kind="measured").with_columns(
            beside=pl.col("x") * pl.col("arm").replace_strict(aside, return_dtype=pl.Float64)
        )
        _, shape, _ = encodings(self.looks)
        chart = self._chart(seen).encode(x=self.axis.x("beside"))
        told = [
            alt.Tooltip("strategy:N", title="arm"),
            alt.Tooltip("ratio:Q", format=",.4~g"),
            alt.Tooltip("mean:Q", format=".1%", title="measured"),
            alt.Tooltip("low_95:Q", format=".1%", title="95% from"),
            alt.Tooltip("high_95:Q", format=".1%", title="95% to"),
            alt.Tooltip("n_test:Q", title="questions"),
            alt.Tooltip("replicates:Q"),
            *([alt.Tooltip("cut_off:Q", format=".1%", title="cut off")] if seen["cut_off"].count() else []),
        ]
        return [
            chart.mark_rule(strokeWidth=1.5, opacity=0.4).encode(y=self._y("low_95"), y2="high_95:Q"),
            *rings(seen, chart.encode(y=self._y("mean")), self.colours),
            chart.mark_point(
                filled=True, opacity=1, size=52, stroke=self.colours.background, strokeWidth=1
            ).encode(y=self._y("mean"), shape=shape, tooltip=told),
        ]

    def _bars(self) -> list[alt.Chart]:
        """The intervals at the budget, right of the panel, the best arm first."""
        import altair as alt

        drawn = []
        for place, end in enumerate(self.ends.rows(named=True)):
            chart = self._chart(self.ends.filter(arm=end["arm"])).encode(
                x=alt.value(_WIDTH + _BESIDE * (place + 1))
            )
            drawn += [
                chart.mark_rule(strokeWidth=_WIDE[level], opacity=0.55).encode(
                    y=self._y(f"low_{level}"), y2=f"high_{level}:Q"
                )
                for level in sorted(LEVELS, reverse=True)
            ]
            drawn.append(
                chart.mark_tick(orient="horizontal", size=9, thickness=2, color=self.colours.ink).encode(
                    y=self._y("mean"), color=alt.value(self.colours.ink)
                )
            )
        return drawn

    def _names(self) -> list[alt.Chart]:
        """Each arm's name and what it is forecast to reach, right of the intervals."""
        import altair as alt

        rows = self.ends.to_dicts()
        same = len({row["queries"] for row in rows}) == 1
        domain = self.domain
        gap = (domain[1] - domain[0]) * 15 / _HEIGHT
        places = spaced([row["mean"] for row in rows], gap, *domain)
        records = [
            {
                "strategy": row["arm"],
                "place": place,
                "text": f"{cut(row['arm'])}\u2002{row['mean']:.0%}"
                + ("" if same else f" with {queries(row['queries'])}"),
            }
            for row, place in zip(rows, places, strict=True)
        ]
        color, shape, _ = encodings(self.looks)
        chart = alt.Chart(values(records)).encode(y=self._y("place"))
        left = _WIDTH + _BESIDE * (len(rows) + 1) + 4
        return [
            chart.mark_point(filled=True, opacity=1, size=48).encode(
                x=alt.value(left), color=color, shape=shape
            ),
            chart.mark_text(align="left", baseline="middle", color=self.colours.ink).encode(
                x=alt.value(left + 9), text="text:N"
            ),
        ]


def _words(weighed: Weighed, data: pl.DataFrame, ends: pl.DataFrame, x: Axis, lines: list[str]) -> str:
    """The text alternative: the words, the source, what was measured and what is forecast of each arm."""
    said = [f"{weighed.title}. Line chart of measured and forecast accuracy against {TITLES[x]}."]
    said += [f"{line}." for line in lines]
    for end in ends.to_dicts():
        seen = data.filter(kind="measured", arm=end["arm"]).sort("ratio")
        points = ", ".join(
            f"{mean:.1%} at {amount(at, x)}" for at, mean in seen.select("x", "mean").iter_rows()
        )
        said.append(
            f"{cut(end['arm'])}: measured {points}; forecast {end['mean']:.1%} "
            f"({end['low']:.1%} to {end['high']:.1%}, 90%) with {queries(end['queries'])}."
        )
    return " ".join([*said, *cut_off_in_words(_seen(data), x)])


def _seen(data: pl.DataFrame) -> pl.DataFrame:
    """The measured points, with their arms as the lines that they belong to."""
    import polars as pl

    return data.filter(kind="measured").with_columns(strategy=pl.col("arm"))
