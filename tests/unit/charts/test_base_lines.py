"""What a chart says of students that are language models: base lines, settings, what was cut off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.made_study import COVERAGE, made_study
from tests.unit.charts.test_charts import marks, words

from tilth.charts import chart

TWO = {name: COVERAGE[name] for name in ("answer-augmentation", "new-question")}
OPTIONS = '{"target":"query"}'


def tuned(**columns: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    told = {"student": "lora", "student_options": OPTIONS, "machine": "cpu bfloat16", "trained_on": 40}
    return made_study(TWO, replicates=2, **(told | columns))


def lines(frame: pl.DataFrame, **accuracies: float) -> pl.DataFrame:
    """Base lines beside a frame: "zero" and "seeds25", "seeds100" with their accuracies."""
    found = []
    for name, accuracy in accuracies.items():
        seeds = 0 if name == "zero" else int(name.removeprefix("seeds"))
        kind = "seeds-only" if seeds else "zero-shot"
        row = {"strategy": kind, "seeds": seeds, "ratio": 0.0, "accuracy": accuracy, "cell_id": name}
        found.append({**frame.row(0, named=True), **row})
    return pl.DataFrame(found, schema=frame.schema)


def test_base_lines_are_drawn_across_the_panels_they_belong_to(tmp_path: Path) -> None:
    frame, outcomes = tuned()
    beside = lines(frame, zero=0.04, seeds25=0.12, seeds100=0.31)
    figure = chart(frame, outcomes, base_lines=beside)
    said = words(figure, tmp_path).split(" | ")
    named = sorted(text for text in said if text.startswith(("zero", "seeds only")))
    assert named[::2] == named[1::2]  # each stands on a halo of itself
    assert named[::2] == [
        "seeds only 12%",
        "seeds only 31%",
        "zero-shot 4%",
        "zero-shot 4%",
    ]
    assert "Base lines of 25 seeds: zero-shot 4.0%, seeds only 12.0%." in figure.alt_text
    assert "Base lines of 100 seeds: zero-shot 4.0%, seeds only 31.0%." in figure.alt_text
    assert not {"zero-shot", "seeds-only"} & set(figure.data["strategy"])
    rules = [unit for unit in marks(figure.spec(), "rule") if "base line" in json.dumps(unit["encoding"])]
    assert len(rules) == 2
    lowest = min(unit["encoding"]["y"]["scale"]["domain"][0] for unit in rules)
    assert lowest <= 0.04  # and nothing lies below the axis


def test_base_lines_of_another_student_or_test_set_are_not_drawn() -> None:
    frame, outcomes = tuned()
    beside = lines(frame, zero=0.04)
    for other in ({"student_options": "{}"}, {"student": "parser"}, {"test": "other"}):
        columns = {name: pl.lit(value) for name, value in other.items()}
        figure = chart(frame, outcomes, base_lines=beside.with_columns(**columns))
        assert "zero-shot" not in figure.alt_text


@pytest.mark.parametrize("kind", ["regimes", "spread"])
def test_a_chart_says_what_is_learnt_where_and_what_was_cut_off(kind: Any, tmp_path: Path) -> None:
    frame, outcomes = tuned()
    frame = frame.with_columns(
        cut_off=pl.when(pl.col("ratio") == 16)
        .then(0.06)
        .when(pl.col("ratio") == 8)
        .then(0.004)
        .otherwise(0.0)
    )
    said = words(chart(frame, outcomes, kind=kind), tmp_path).split(" | ")
    assert "Student lora (target=query), test set “same” (400 questions)" in said
    assert "Trained and asked on cpu bfloat16" in said
    assert "Answers cut off at their limit: up to 6% in 16 of 40 cells" in said
    whole = words(chart(frame.with_columns(cut_off=pl.lit(0.0)), outcomes, kind=kind), tmp_path)
    assert "cut off" not in whole


def test_a_point_tells_how_many_rows_were_learnt_and_what_was_cut_off() -> None:
    frame, outcomes = tuned()
    frame = frame.with_columns(cut_off=pl.lit(0.25))
    figure = chart(frame, outcomes)
    assert set(figure.data["cut_off"]) == {0.25}
    assert set(figure.data["trained_on"]) == {40.0}
    told = json.dumps([unit["encoding"].get("tooltip") for unit in marks(figure.spec(), "point")])
    assert "cut off" in told
    assert "rows learnt" in told
    plain = chart(*made_study(TWO))
    told = json.dumps([unit["encoding"].get("tooltip") for unit in marks(plain.spec(), "point")])
    assert "cut off" not in told


def test_a_frame_without_student_options_is_taken_as_students_come() -> None:
    frame, outcomes = tuned()
    older = frame.drop("student_options", "cut_off", "trained_on", "machine")
    assert chart(older, outcomes).data["student_options"].unique().to_list() == ["{}"]
