"""Points whose answers were cut off are marked, for a falling curve may be nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.support.made_study import COVERAGE, made_study
from tests.unit.charts.test_charts import marks, words

import tilth
from tilth.charts import chart

TWO = {name: {100: COVERAGE[name][100]} for name in ("answer-augmentation", "new-question")}
SHARES = {1.0: 0.0, 2.0: 0.01, 4.0: 0.049, 8.0: 0.13, 16.0: 0.27}
STRIP = "share of answers cut off at their limit, from 5% on (ringed above)"


def cut(share: pl.Expr, test: str = "same") -> tuple[pl.DataFrame, pl.DataFrame]:
    frame, outcomes = made_study(TWO, student="lora", replicates=1, tests=[test])
    return frame.with_columns(cut_off=share), outcomes


NEW_ONLY = pl.when(strategy="new-question").then(pl.col("ratio").replace_strict(SHARES)).otherwise(0.0)


def test_a_share_that_matters_is_told_at_its_point(tmp_path: Path) -> None:
    figure = chart(*cut(NEW_ONLY))
    said = words(figure, tmp_path).split(" | ")
    assert STRIP in said
    assert [text for text in said if text in ("1%", "5%", "13%", "27%")] == ["13%", "27%"]
    assert (
        "Answers of 100 seeds cut off at their limit, which may be why they score low: "
        "New question 13% at 8, 27% at 16." in figure.alt_text
    )
    rings = [unit for unit in marks(figure.spec(), "point") if unit["mark"].get("filled") is False]
    assert len(rings) == 1
    assert "cut_off" in json.dumps(rings[0]["transform"])


@pytest.mark.parametrize("share", [pl.lit(0.0), pl.lit(None, dtype=pl.Float64), pl.lit(0.04)])
def test_nothing_is_drawn_where_nothing_or_little_was_cut_off(share: pl.Expr, tmp_path: Path) -> None:
    figure = chart(*cut(share))
    assert STRIP not in words(figure, tmp_path)
    assert "score low" not in figure.alt_text
    assert all(unit["mark"]["filled"] for unit in marks(figure.spec(), "point"))


def test_points_that_advice_rests_on_are_marked_too(tmp_path: Path) -> None:
    advice = tilth.advise(tilth.demo.seeds(100), 3_200, evidence=cut(NEW_ONLY, "validation"))
    figure = chart(advice)
    assert STRIP in words(figure, tmp_path)
    assert "which may be why they score low: new-question 13% at 8, 27% at 16." in figure.alt_text
