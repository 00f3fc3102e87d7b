"""Names of others in a chart: whatever stands in them, it is drawn, and the process that asked lives on."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import polars as pl
import pytest

import tilth
from tilth.charts import drawing

NAMES = ["gpt\x1b]0;owned\x074", "\x00", "a\x08b", "\x7f\x9b", "\ufffe\uffff", "\u202egpt", "</script>"]


@pytest.fixture(scope="module")
def frame(tmp_path_factory) -> pl.DataFrame:
    study = tilth.study_sync(
        tilth.demo.seeds(10),
        test=tilth.demo.questions().head(10),
        strategies=["answer-augmentation", "new-question"],
        sizes=[10],
        ratios=[1, 2],
        replicates=1,
        teacher=tilth.demo.teacher(),
        path=tmp_path_factory.mktemp("named") / "study.tilth",
    )
    return study.frame


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_control_characters_is_drawn_as_signs(frame, name):
    named = frame.with_columns(
        pl.lit(name).alias("teacher"),
        pl.lit(name).alias("test"),
        pl.col("strategy").replace({"new-question": name}),
    )
    figure = tilth.chart(named)
    bundle = figure._repr_mimebundle_()
    ET.fromstring(bundle["image/svg+xml"])
    for shown in (bundle["text/plain"], repr(figure), str(figure.spec())):
        assert not any(not char.isprintable() and char not in "\n\u200b" for char in shown)


@pytest.mark.parametrize("name", ["toString", "constructor", "hasOwnProperty", "valueOf", "__proto__"])
@pytest.mark.parametrize("kind", ["regimes", "spread"])
def test_a_strategy_named_as_javascript_names_its_own_is_drawn(frame, name, kind):
    named = frame.with_columns(pl.col("strategy").replace({"new-question": name}))
    ET.fromstring(tilth.chart(named, kind=kind)._repr_mimebundle_()["image/svg+xml"])


def test_a_drawing_that_ends_its_process_is_told_and_the_next_one_is_drawn(frame):
    panics = {"data": {"values": [{"x": "\x1b"}]}, "mark": "text", "encoding": {"text": {"field": "x"}}}
    with pytest.raises(RuntimeError, match="cannot be drawn as svg"):
        drawing.draw("svg", panics)
    assert tilth.chart(frame)._repr_mimebundle_()["image/svg+xml"].startswith("<svg")
