"""The third tutorial's text holds for the study it runs."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from tests.notebooks.executing import Executed

import tilth
from tilth.studies.curves import accuracy, crossings


@pytest.fixture(scope="module")
def done(execute: Callable[[str], Executed]) -> Executed:
    return execute("03-what-data-buys.ipynb")


def crossing(done: Executed, name: str) -> float:
    study = tilth.open_study(done.folder / f"{name}.tilth")
    passing = crossings(study.frame, study.outcomes).filter(pl.col("passing") == "new-question")
    return float(passing["crossing"].item())


def test_every_cell_is_measured_and_no_query_is_spent_on_smaller_budgets(done: Executed) -> None:
    study = tilth.open_study(done.folder / "study.tilth")
    assert study.frame["cell_id"].n_unique() == 64
    assert study.frame["complete"].all()
    assert set(study.frame["test"]) == {"same", "held-out", "hand-written"}
    # each strategy and replicate grows its largest column once: 100 seeds x 8
    assert study.progress.queries <= 4 * 2 * 800


def test_strategies_stand_in_another_order_on_another_test_set(done: Executed) -> None:
    study = tilth.open_study(done.folder / "study.tilth")
    points = accuracy(study.frame, study.outcomes).filter(pl.col("seeds") == 100, pl.col("ratio") == 8)
    orders = {
        test: points.filter(pl.col("test") == test).sort("accuracy")["strategy"].to_list()
        for test in ("same", "held-out")
    }
    assert orders["same"] != orders["held-out"]
    means = points.group_by("test").agg(pl.col("accuracy").mean()).sort("accuracy")["test"].to_list()
    assert means == ["hand-written", "held-out", "same"]


def test_more_drift_moves_the_crossing_to_a_larger_budget(done: Executed) -> None:
    assert crossing(done, "knobs-skill1-drift0.0") < crossing(done, "knobs-skill1-drift1.0")


def test_the_table_shows_those_crossings(done: Executed) -> None:
    shown = done.shown("knobs")
    for name in ("knobs-skill1-drift0.0", "knobs-skill1-drift1.0", "knobs-skill0.25-drift0.0"):
        assert f"{crossing(done, name):.8f}"[:6] in shown


def test_the_charts_say_what_they_are(done: Executed) -> None:
    for cell in ("chart", "held-out", "hand-written", "spread"):
        assert "simulated teacher; says nothing about your model" in done.shown(cell)
        assert done.displayed(cell, "image/svg+xml").startswith("<svg ")
    assert (done.folder / "what-data-buys.svg").read_text().startswith("<svg ")
