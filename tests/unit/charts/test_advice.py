"""Charts of advice say what the advice says: the words, what was measured, the fan, the gaps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import polars as pl
import pytest
from tests.support.made_study import COVERAGE, made_study
from tests.unit.charts.test_charts import marks, words

import tilth
from tilth.charts import Figure, chart
from tilth.charts.style import looks, theme

SEEDS = tilth.demo.seeds(100)
FOUR = {name: {100: COVERAGE[name][100]} for name in COVERAGE}
TWO = {name: FOUR[name] for name in ("answer-augmentation", "new-question")}


def advised(accuracies: Any = FOUR, budget: Any = 3_200, **made: Any) -> tilth.Advice:
    evidence = made_study(accuracies, **{"tests": ["validation"], "replicates": 1, **made})
    return tilth.advise(SEEDS, budget, evidence=evidence)


@pytest.fixture(scope="module")
def advice() -> tilth.Advice:
    return advised()


@pytest.fixture(scope="module")
def teachers() -> tilth.Advice:
    """Two arms, for dollars that go six times as far for the one."""
    cheap, _ = made_study({"new-question": TWO["new-question"]}, tests=["validation"], replicates=1)
    dear = cheap.with_columns(
        teacher=pl.lit("big"), cell_id=pl.col("cell_id") + "b", usd=6 * pl.col("usd"), options=pl.lit("{}")
    )
    return tilth.advise(SEEDS, tilth.Budget(usd=3), evidence=pl.concat([cheap, dear]))


def drawn(figure: Figure, kind: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every unit that draws marks of a kind, with its records."""
    spec = figure.spec()
    return [(unit, spec["datasets"][unit["data"]["name"]]) for unit in marks(spec, kind)]


@pytest.mark.parametrize("kind", ["forecast", "gap"])
@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_specification_is_valid(advice: tilth.Advice, kind: Any, look: Any) -> None:
    spec = chart(advice, kind=kind, theme=look).spec()
    alt.Chart.from_dict(spec, validate=True)
    assert json.loads(json.dumps(spec)) == spec


def test_a_forecast_is_what_is_drawn_unless_told_otherwise(advice: tilth.Advice, tmp_path: Path) -> None:
    figure = chart(advice)
    said = words(figure, tmp_path).split(" | ")
    assert f"{advice.arm}: {advice.words}" in said
    assert f"Within 2 points of the best: {advice.within:.0%} likely; expected loss: " in " ".join(said)
    assert "Teacher demo: simulated teacher; says nothing about your model" in said
    assert "Student parser, 20 cells of 100 seeds, 400 validation questions" in said
    assert "budget: 3,200 queries, $1.28" in said
    for row in advice.table.to_dicts():
        assert f"{row['arm']}\u2002{row['mean']:.0%}" in said
        assert f"forecast {row['mean']:.1%} ({row['low']:.1%} to {row['high']:.1%}, 90%)" in figure.alt_text
    assert {"1", "2", "4", "8", "16", "32"} <= set(said)


def test_points_are_what_was_measured_and_the_fan_what_is_forecast(advice: tilth.Advice) -> None:
    figure = chart(advice)
    assert advice.evidence is not None
    seen = figure.data.filter(kind="measured").select("arm", "ratio", "mean")
    cells = advice.evidence.select("arm", "ratio", pl.col("accuracy").alias("mean"))
    assert sorted(seen.rows()) == sorted(cells.rows())
    assert advice.forecast is not None
    curve = figure.data.filter(kind="forecast", arm=advice.arm)
    known = advice.forecast.frame.filter(arm=advice.arm, ratio=1.0)
    assert curve.filter(ratio=1.0)["low_90"].item() == known["low_90"].item()
    bands = [records for _, records in drawn(figure, "area")]
    assert len(bands) == 3
    for records in bands:  # ahead of what was measured, of the advised arm only
        assert min(record["ratio"] for record in records) == 16.0
        assert {record["strategy"] for record in records} == {advice.arm}
    dashed = [records for unit, records in drawn(figure, "line") if unit["mark"]["strokeDash"]]
    assert min(record["ratio"] for records in dashed for record in records) == 16.0
    assert {record["strategy"] for records in dashed for record in records} == set(FOUR)


def test_replicates_of_several_studies_are_told_apart() -> None:
    frame, _ = made_study(TWO, tests=["validation"], replicates=1)
    other = frame.with_columns(cell_id=pl.col("cell_id") + "b")
    figure = chart(tilth.advise(SEEDS, 3_200, evidence=[frame, other]))
    assert set(figure.data.filter(kind="measured")["replicates"]) == {2}
    assert "means of 2 replicates" in figure.alt_text


def test_dollars_on_the_axis_are_those_of_the_advice(advice: tilth.Advice, teachers: tilth.Advice) -> None:
    for one in (advice, teachers):
        figure = chart(one, x="usd")
        for row in one.table.to_dicts():
            end = figure.data.filter(kind="forecast", arm=row["arm"], ratio=row["ratio"])
            assert end["x"].item() == pytest.approx(row["usd"], rel=0.01)
        assert len(drawn(figure, "rule")[0][1]) == 1  # one budget for all


def test_dollars_take_arms_to_different_ratios(teachers: tilth.Advice, tmp_path: Path) -> None:
    said = words(chart(teachers), tmp_path)
    assert "with 7,500 queries" in said
    assert "with 1,250 queries" in said
    assert {"12.5", "75"} <= set(said.split(" | "))
    assert "budget: $3.00" in words(chart(teachers, x="usd"), tmp_path)
    gaps = chart(teachers, kind="gap")
    assert "with 1,250 queries" in words(gaps, tmp_path)


def test_a_budget_within_what_was_measured_is_drawn_there(tmp_path: Path) -> None:
    for queries in (600, 60):  # among the measured ratios, and before the first
        figure = chart(advised(TWO, queries))
        assert not marks(figure.spec(), "area")
        assert f"budget: {queries} queries" in words(figure, tmp_path)


def test_gaps_are_held_against_the_advised_arm(advice: tilth.Advice, tmp_path: Path) -> None:
    figure = chart(advice, kind="gap")
    assert figure.data["arm"][0] == advice.arm
    assert figure.data.sort("arm").equals(advice.table.sort("arm"))
    said = words(figure, tmp_path)
    for row in advice.table.filter(pl.col("arm") != advice.arm).to_dicts():
        told = [f"{100 * row[name]:+.1f}".replace("-", "−") for name in ("gap", "gap_low", "gap_high")]
        assert f"{told[0]} ({told[1]} to {told[2]})" in said
        assert f"the best with {row['p_best']:.0%}" in figure.alt_text
    assert "with 3,200 queries" not in said  # the same for all
    tooltips = json.dumps([unit["encoding"].get("tooltip") for unit in marks(figure.spec(), "point")])
    assert "p_best" in tooltips


def test_a_default_that_is_kept_says_so() -> None:
    steep, flat = (0.3, 0.38, 0.45, 0.5, 0.55), (0.4, 0.42, 0.46, 0.52, 0.55)
    kept = advised({"answers-then-new": {100: flat}, "new-question": {100: steep}}, 6_400, questions=200)
    assert kept.arm == "answers-then-new"
    assert kept.table["arm"][0] == "new-question"
    said = "new-question is forecast to reach more, but not surely enough to be advised."
    assert said in chart(kept).alt_text
    assert said in chart(kept, kind="gap").alt_text


def test_what_lies_too_far_ahead_has_a_fan_and_no_odds(tmp_path: Path) -> None:
    far = advised(TWO, 100 * 16 * 17)
    for kind in ("forecast", "gap"):
        figure = chart(far, kind=kind)  # type: ignore[arg-type]
        assert "new-question: too far ahead" in words(figure, tmp_path)
        assert "likely" not in figure.alt_text
        assert "the best with" not in figure.alt_text


def test_hostile_names_stay_text_and_long_ones_are_cut(tmp_path: Path) -> None:
    names = ["</script><img src=x onerror=alert(1)>" + "x" * 300, "toString", "\u202egpt\x1b", "__proto__"]
    curves = dict(zip(names, FOUR.values(), strict=True))
    hostile = advised(curves, teacher="<!--<script>")
    for kind in ("forecast", "gap"):
        figure = chart(hostile, kind=kind)  # type: ignore[arg-type]
        said = words(figure, tmp_path)
        assert "x" * 60 not in said
        assert "toString" in said
        assert "\u202e" not in said
        page = figure.save(tmp_path / "figure.html").read_text(encoding="utf-8")
        assert "<img src=x" not in page
        ET.fromstring(figure._repr_mimebundle_()["image/svg+xml"])


def test_more_arms_than_looks_are_counted_and_not_drawn_alike(tmp_path: Path) -> None:
    steps = range(9)
    many = advised({f"arm {one}": {100: [0.2 + 0.02 * one + 0.03 * at for at in range(5)]} for one in steps})
    figure = chart(many)
    assert figure.data["arm"].n_unique() == 7
    assert many.arm in set(figure.data["arm"])
    assert "Not drawn: 2 arms that are forecast to reach less" in words(figure, tmp_path)
    assert chart(many, kind="gap").data.height == 9


def test_lines_of_others_take_looks_that_are_free_before_they_share_one() -> None:
    lines = {(name, "{}"): name for name in (*FOUR, "one", "two", "three")}
    found = looks(lines, theme("light"))
    assert len({(look.color, look.shape) for look in found.values()}) == 7
    alone = looks({("new-question", "{}"): "new-question"}, theme("light"))
    assert alone["new-question"] == found["new-question"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "spread"}, "no chart of kind 'spread'; choose forecast or gap"),
        ({"x": "rows"}, 'not rows; use x="ratio" or x="usd"'),
        ({"kind": "gap", "x": "usd"}, "leave x out"),
        ({"test": "same"}, "test is of a study's chart; leave it out"),
        ({"published": True}, "published is of a study's chart"),
    ],
)
def test_what_advice_has_not_is_refused(advice: tilth.Advice, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chart(advice, **options)


def test_advice_without_measurements_or_prices_says_what_to_do(advice: tilth.Advice) -> None:
    with pytest.raises(ValueError, match=r"rests on no measurement.*pass evidence= to tilth.advise"):
        chart(tilth.advise(SEEDS, 3_200))
    with pytest.raises(ValueError, match=r'no price of a query of "new-question" is known.*use x="ratio"'):
        chart(advised({"new-question": TWO["new-question"]}, usd=None), x="usd")
    with pytest.raises(ValueError, match=r'kind="gap" is of advice; pass tilth.advise'):
        chart(*made_study(TWO), kind="gap")
