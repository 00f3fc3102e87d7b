"""What an adaptive run bought as it went, and each decision where it was made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from tilth.advice.adaptive.decisions import decisions, evidence_of
from tilth.advice.adaptive.policy import doubt
from tilth.advice.adaptive.pools import GROWERS, PART
from tilth.charts.advice.weighed import cut, grown, queries
from tilth.charts.axes import amount, layered, spaced, values
from tilth.charts.figure import Figure
from tilth.charts.panels import Source, percent
from tilth.charts.style import Theme, ThemeName, looks
from tilth.studies.options import DEFAULTS, Line

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from tilth.engine.run import Run
    from tilth.studies.curves import Axis

_WIDTH, _HEIGHT = 430, 240

_SIGHT = 4
"""How many times what is spent a limit in dollars may be to be drawn."""

_FLAG = 16
"""Pixels from a decision's words to those of the next, above the panel."""

_TOLD = ("queries", "usd", "within", "expected_loss", "then", "said", "reason")
"""What a page may show of a decision."""

_SPENT = {"queries": "queries", "usd": "US dollars"}
_FORMATS = {"queries": ",~f", "usd": "$,~g"}

NOTHING = "no row"
"""What stands on no row that is there: replies of no use, calls in doubt, rejected rows that are left out."""

PARTS: tuple[str, ...] = (*GROWERS, NOTHING)


def spending(run: Run, *, x: Axis | None, theme: ThemeName) -> Figure:
    """The figure; its data have a row for each round and what it bought.

    Raises:
        ValueError: The run is of another strategy, has decided nothing yet, or its dollars are not known.
    """
    if x not in (None, "usd"):
        raise ValueError(f'chart: a run is drawn by its queries, or with x="usd" by its dollars, not by {x}')
    made = decisions(run)
    if not made.height:
        raise ValueError("chart: the run has decided nothing yet; wait for its first round")
    if any(made[name].null_count() for name in ("queries", "arm", "words", "then", "reason")):
        raise ValueError(f"chart: a decision in {run.path.name} was changed; what it says is not whole")
    unit = "queries" if x is None else "usd"
    data = _bought(run, made, unit)
    spent = float(data["end"].max())  # type: ignore[arg-type]
    limit = float((run.budget.queries if x is None else run.budget.usd) or 0)
    if x is not None and limit > _SIGHT * spent:  # it is not what ends this run, which plans by its queries
        limit = spent
    course = _Course(made, data, unit, spent, max(spent, limit))
    title = course.title()
    lines = _lines(run, course)

    def build(colours: Theme) -> alt.ConcatChart:
        import altair as alt

        panel = course.panel(colours).properties(width=_WIDTH, height=_HEIGHT)
        return alt.concat(panel, columns=1).properties(title=alt.TitleParams(title, subtitle=lines))

    return Figure(data, course.words(title, lines), theme, build)


def _bought(run: Run, made: pl.DataFrame, unit: str) -> pl.DataFrame:
    """What each round bought: round, bought, start and end of the round, spent, so_far."""
    import polars as pl

    rows = run.rows.filter(~pl.col("reused"))  # a reused reply was paid for by another run
    by_part = (
        rows.with_columns(bought=pl.col("extra").str.json_path_match(f"$.{PART}"))
        .group_by("round", "bought")
        .agg(pl.col(unit).sum())
    )
    sums = {(number, part): float(total) for number, part, total in by_part.iter_rows()}
    progress = run.progress  # after the rows, so that no row is missing from it
    total = progress.queries if unit == "queries" else progress.usd
    starts = made[unit].to_list()
    if total is None or None in starts:
        raise ValueError("chart: what this run cost in dollars is not known; leave x out")
    if not total:
        raise ValueError(
            "chart: the run has spent nothing yet" + ("" if unit == "queries" else "; leave x out")
        )
    records: list[dict[str, Any]] = []
    so_far = dict.fromkeys(PARTS, 0.0)
    # a file of others may tell them in no order
    bounds = accumulate((float(one) for one in (*starts, total)), max, initial=0.0)
    for number, (start, end) in zip(made["round"], pairwise(list(bounds)[1:]), strict=True):
        spent = {part: sums.get((number, part), 0.0) for part in PARTS}
        spent[NOTHING] = max(0.0, end - start - sum(spent.values()))
        for part in PARTS:
            so_far[part] += spent[part]
            told = {"start": start, "end": end, "spent": spent[part], "so_far": so_far[part]}
            records.append({"round": number, "bought": part, **told})
    return pl.DataFrame(records)


def _lines(run: Run, course: _Course) -> list[str]:
    """What came of it, and who taught and was measured."""
    import polars as pl

    last = course.made.row(-1, named=True)
    measured = int(course.made["cells"].sum())
    told = [f"{course.ended()}: {cut(last['reason'], 200)}"]
    doubtful = doubt(run.budget.queries / len(run.seeds)) if run.budget.queries else None
    if doubtful is not None:
        told.append(doubtful[0].upper() + doubtful[1:])
    source = {"teacher": [run.teacher_name], "writer": [run.writer_name], "simulated": [run.simulated]}
    if not measured:
        return [*told, Source(pl.DataFrame(source), None, "validation").teachers()]
    cells, _ = evidence_of(run)
    return [*told, Source(cells, None, "validation").teachers(), grown(cells)]


@dataclass(frozen=True)
class _Course:
    """A run's decisions, and what it bought between them.

    Attributes:
        unit: "queries" or "usd".
        spent: All that was spent.
        reach: How far the axis goes: to the budget, where that is known.
    """

    made: pl.DataFrame
    data: pl.DataFrame
    unit: str
    spent: float
    reach: float

    def told(self, value: float) -> str:
        """An amount in words."""
        return queries(value) if self.unit == "queries" else amount(value, "usd")

    def title(self) -> str:
        """The arm that is ahead and how sure that is, as the last decision says."""
        last = self.made.row(-1, named=True)
        return f"{cut(last['arm'])}: {cut(last['words'])}"

    def ended(self) -> str:
        """Where the last decision was made, and what it was."""
        last = self.made.row(-1, named=True)
        done = "Decided" if last["then"] == "commit" else "Measuring on"
        so_far = f"{last['queries']:,}" if self.unit == "queries" else self.told(last["usd"])
        return f"{done} after {so_far} of {self.told(self.reach)}"

    def decided(self) -> list[dict[str, Any]]:
        """Each decision with what a chart says of it."""
        found = []
        for place, one in enumerate(self.made.to_dicts()):
            ahead = f"{cut(one['arm'])}, {cut(one['words'])}"
            if not self.made["cells"][: place + 1].sum():
                ahead = "nothing measured"
            then = "commit" if one["ratio"] is None else f"measure to ratio {one['ratio']:g}"
            found.append({**one, "reason": cut(one["reason"], 200), "said": f"{ahead}: {then}"})
        return found

    def panel(self, colours: Theme) -> alt.LayerChart:
        """What was bought, stacked, with the decisions on flags above."""
        return layered(
            *self._areas(colours), *self._limit(colours), *self._flags(colours), *self._names(colours)
        )

    def words(self, title: str, lines: list[str]) -> str:
        """The text alternative: the source, each decision with its reason, and what was bought in all."""
        said = [
            f"{title}. Area chart of {_SPENT[self.unit]} by what they bought.",
            *(f"{one}." for one in lines),
        ]
        said += [
            f"After {self.told(one[self.unit])}: {one['said']}, because {one['reason']}."
            for one in self.decided()
        ]
        bought = ", ".join(f"{part} {self.told(spent)}" for part, spent in self._totals().items())
        return " ".join([*said, f"Bought in all: {bought}."])

    def _totals(self) -> dict[str, float]:
        """What was spent on each part, in the order in which they are stacked; none on which nothing was."""
        last = self.data.filter(round=self.data["round"].max())
        return {part: total for part, total in last.select("bought", "so_far").iter_rows() if total > 0}

    def _x(self, field: str) -> alt.X:
        import altair as alt

        axis = alt.Axis(title=f"{_SPENT[self.unit]} so far", format=_FORMATS[self.unit], tickCount=6)
        return alt.X(f"{field}:Q", axis=axis, scale=alt.Scale(domain=[0, self.reach], nice=False))

    def _y(self, field: str) -> alt.Y:
        import altair as alt

        axis = alt.Axis(
            title=f"{_SPENT[self.unit]} by what they bought", format=_FORMATS[self.unit], tickCount=6
        )
        return alt.Y(f"{field}:Q", axis=axis, scale=alt.Scale(domain=[0, self.spent], nice=False))

    def _color(self, colours: Theme) -> alt.Color:
        import altair as alt

        known: dict[Line, str] = {(grower.name, DEFAULTS): part for part, grower in GROWERS.items()}
        found = {part: look.color for part, look in looks(known, colours).items()} | {NOTHING: colours.muted}
        return alt.Color(
            "bought:N", legend=None, scale=alt.Scale(domain=list(found), range=list(found.values()))
        )

    def _areas(self, colours: Theme) -> list[alt.Chart]:
        import altair as alt

        records = []
        below = [0.0] * (self.made.height + 1)
        for part in self._totals():
            course = self.data.filter(bought=part)
            heights = [0.0, *course["so_far"]]
            above = [low + height for low, height in zip(below, heights, strict=True)]
            for at, low, high in zip([0.0, *course["end"]], below, above, strict=True):
                records.append({"at": at, "bought": part, "low": low, "high": high})
            below = above
        return [
            alt.Chart(values(records))
            .mark_area(opacity=0.75)
            .encode(x=self._x("at"), y=self._y("low"), y2="high:Q", color=self._color(colours))
        ]

    def _limit(self, colours: Theme) -> list[alt.Chart]:
        """A rule at the budget, where it is not spent."""
        import altair as alt

        if self.spent >= 0.99 * self.reach:
            return []
        at = alt.Chart(values([{"at": self.reach, "text": f"budget: {self.told(self.reach)}"}])).encode(
            x=self._x("at")
        )
        return [
            at.mark_rule(color=colours.muted, strokeWidth=1, strokeDash=[2, 2]),
            at.mark_text(
                angle=270, align="right", baseline="bottom", dy=-3, color=colours.muted, fontSize=10
            ).encode(y=alt.value(0), text="text:N"),
        ]

    def _flags(self, colours: Theme) -> list[alt.Chart]:
        """A rule at each decision up to its words; those of the earliest stand highest, so that none meet."""
        import altair as alt

        decided = self.decided()
        pixel = self.spent / _HEIGHT
        records = [
            {
                **{name: one[name] for name in _TOLD},
                "at": one[self.unit],
                "foot": 0.0,
                "head": self.spent + pixel * _FLAG * (len(decided) - place),
            }
            for place, one in enumerate(decided)
        ]
        chart = alt.Chart(values(records)).encode(
            x=self._x("at"), y=self._y("head"), tooltip=_tooltip(self.unit)
        )
        shape = alt.Shape(
            "then:N", legend=None, scale=alt.Scale(domain=["measure", "commit"], range=["circle", "diamond"])
        )
        return [
            chart.mark_rule(color=colours.ink, strokeWidth=1, opacity=0.6).encode(y2="foot:Q"),
            chart.mark_point(filled=True, opacity=1, size=46, color=colours.ink).encode(shape=shape),
            chart.mark_text(align="left", baseline="middle", dx=8, color=colours.ink, fontSize=10).encode(
                text="said:N"
            ),
        ]

    def _names(self, colours: Theme) -> list[alt.Chart]:
        """Each part with what was spent on it, beside where its area ends."""
        import altair as alt

        totals, low, middles = self._totals(), 0.0, []
        for total in totals.values():
            middles.append(low + total / 2)
            low += total
        places = spaced(middles, self.spent * 15 / _HEIGHT, 0.0, self.spent)
        records = [
            {"bought": part, "place": place, "text": f"{part}\u2002{percent(total / self.spent)}"}
            for (part, total), place in zip(totals.items(), places, strict=True)
        ]
        chart = alt.Chart(values(records)).encode(y=self._y("place"))
        return [
            chart.mark_point(filled=True, opacity=1, size=48, shape="square").encode(
                x=alt.value(_WIDTH + 10), color=self._color(colours)
            ),
            chart.mark_text(align="left", baseline="middle", color=colours.ink).encode(
                x=alt.value(_WIDTH + 19), text="text:N"
            ),
        ]


def _tooltip(unit: str) -> list[alt.Tooltip]:
    import altair as alt

    return [
        alt.Tooltip("said:N", title="decision"),
        alt.Tooltip("reason:N"),
        alt.Tooltip("queries:Q", format=",.0f", title="queries so far"),
        *([alt.Tooltip("usd:Q", format="$,.2f", title="US dollars so far")] if unit == "usd" else []),
        alt.Tooltip("within:Q", format=".0%", title="within 2 points of the best"),
        alt.Tooltip("expected_loss:Q", format=".1%", title="expected loss"),
    ]
