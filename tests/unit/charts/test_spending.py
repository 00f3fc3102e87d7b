"""The chart of a run that decides as it grows: what it bought, and each decision with its reason."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest
from tests.support.made_study import made_study
from tests.unit.charts.test_charts import marks, words

import tilth
from tilth.charts import chart
from tilth.demo.process import shared

SEEDS = tilth.demo.seeds(20)
BUDGET = 640
"""Ratio 32: a third of it holds pools up to ratio 4."""


def grown(
    path: Path, budget: Any = BUDGET, teacher: tilth.Teacher | None = None, **options: Any
) -> tilth.Run:
    strategy = tilth.Adaptive(tilth.demo.questions("same", "validation").head(200), **options)
    return tilth.generate_sync(SEEDS, strategy, budget, teacher=teacher or tilth.demo.teacher(), path=path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tilth.Run:
    return grown(tmp_path_factory.mktemp("spending") / "run.tilth")


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> tilth.Run:
    """The same models, at a price."""
    price = tilth.Price(1, 2, source="by hand", date="2026-11-01")
    teacher = tilth.Teacher(
        tilth.demo.teacher().name, base_url=shared().base_url, api_key="none", price=price
    )
    return grown(
        tmp_path_factory.mktemp("priced") / "run.tilth", tilth.Budget(queries=200, usd=1), teacher=teacher
    )


def test_every_query_is_there_with_what_it_bought(run: tilth.Run) -> None:
    data = chart(run).data
    made = tilth.decisions(run)
    assert data["spent"].sum() == run.progress.queries
    assert data["start"].unique().sort().to_list() == made["queries"].to_list()
    rows = run.rows.with_columns(bought=pl.col("extra").str.json_path_match("$.part"))
    by_part = dict(rows.group_by("bought").agg(pl.col("queries").sum()).rows())
    drawn = dict(data.group_by("bought").agg(pl.col("spent").sum()).rows())
    assert drawn == by_part | {"no row": run.progress.queries - rows["queries"].sum()}
    last = data.filter(round=made["round"].max())
    assert set(last.filter(pl.col("spent") > 0)["bought"]) - {"no row"} == {"new questions"}


def test_each_decision_stands_with_its_words_and_its_reason(run: tilth.Run, tmp_path: Path) -> None:
    figure = chart(run, kind="spending")
    said = words(figure, tmp_path).split(" | ")
    made = tilth.decisions(run)
    assert "nothing measured: measure to ratio 0.5" in said
    for one in made.rows(named=True)[1:]:
        then = "commit" if one["then"] == "commit" else f"measure to ratio {one['ratio']:g}"
        assert f"{one['arm']}, {one['words']}: {then}" in said
        assert (
            f"After {one['queries']:,} queries: {one['arm']}, {one['words']}: {then}, because "
            in figure.alt_text
        )
        assert one["reason"] in figure.alt_text
    last = made.row(-1, named=True)
    assert f"{last['arm']}: {last['words']}" in said
    assert f"Decided after {last['queries']} of 640 queries: {last['reason']}" in said
    assert f"Student parser, {made['cells'].sum()} cells of 20 seeds, 200 validation questions" in said
    assert any("simulated teacher" in text for text in said)
    tooltips = json.dumps([unit["encoding"].get("tooltip") for unit in marks(figure.spec(), "point")])
    assert '"reason"' in tooltips


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_specification_is_valid(run: tilth.Run, look: Any) -> None:
    alt.Chart.from_dict(chart(run, theme=look).spec(), validate=True)


def test_a_pilot_leaves_room_up_to_the_budget(tmp_path: Path) -> None:
    figure = chart(grown(tmp_path / "pilot.tilth", commits=False))
    assert "budget: 640 queries" in words(figure, tmp_path)
    assert figure.data["spent"].sum() <= BUDGET / 3


def test_dollars_are_those_of_the_run(priced: tilth.Run, tmp_path: Path) -> None:
    figure = chart(priced, x="usd")
    assert figure.data["spent"].sum() == pytest.approx(priced.progress.usd)
    assert "US dollars by what they bought" in words(figure, tmp_path)
    assert "Below ratio 16 (here 10) a pilot is not expected to pay" in figure.alt_text


def test_a_changed_file_stays_text(run: tilth.Run, tmp_path: Path) -> None:
    other = tilth.copy(run.path, tmp_path / "changed.tilth")
    with sqlite3.connect(other) as file:
        for key, value in file.execute("SELECT key, value FROM decisions").fetchall():
            told = json.loads(value) | {"reason": "</script>\x1b" + "x" * 9_000, "arm": "<img src=x>" * 900}
            file.execute("UPDATE decisions SET value = ? WHERE key = ?", (json.dumps(told), key))
    file.close()
    figure = chart(tilth.open_run(other))
    page = figure.save(tmp_path / "figure.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "x" * 300 not in figure.alt_text
    assert "\x1b" not in repr(figure)


def test_what_a_run_has_not_is_refused(run: tilth.Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"not by rows"):
        chart(run, x="rows")
    with pytest.raises(ValueError, match="has spent nothing yet; leave x out"):
        chart(run, x="usd")
    with pytest.raises(ValueError, match="no chart of kind 'gap'; it has spending"):
        chart(run, kind="gap")
    with pytest.raises(ValueError, match="of a study's chart; leave it out"):
        chart(run, published=True)
    plain = tilth.generate_sync(
        SEEDS, "answer-augmentation", 5, teacher=tilth.demo.teacher(), path=tmp_path / "plain.tilth"
    )
    with pytest.raises(ValueError, match="answer-augmentation, which decides nothing"):
        chart(plain)
    with pytest.raises(ValueError, match='kind="spending" is of a run with the strategy adaptive'):
        chart(*made_study({"new-question": {100: (0.3,) * 5}}), kind="spending")
