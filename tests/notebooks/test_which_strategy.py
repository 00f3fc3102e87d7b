"""The fifth tutorial's text holds for the pilot it grows, and its advice for the test questions."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from tests.notebooks.executing import Executed

import tilth


@pytest.fixture(scope="module")
def done(execute: Callable[[str], Executed]) -> Executed:
    return execute("05-which-strategy.ipynb")


def test_nothing_measured_has_no_odds_and_names_both_readings(done: Executed) -> None:
    said = done.shown("nothing")
    assert "answers-then-new: not measured" in said
    assert "in both readings" in said
    assert "within 2 points" not in said


def test_the_pilot_measures_up_to_ratio_4_and_the_run_goes_on_from_it(done: Executed) -> None:
    run = tilth.open_run(done.folder / "which.tilth")
    made = tilth.decisions(run)
    assert made["ratio"].to_list() == [0.5, 1.0, 2.0, 3.0, 4.0, None]
    assert made["then"].to_list() == ["measure"] * 5 + ["commit"]
    assert made["queries"][-1] < 3_200 / 3 < run.progress.queries
    assert "which is more than a third" in made["reason"][-1]


def test_the_advice_is_too_close_to_call_between_the_two_that_are(done: Executed) -> None:
    assert done.shown("advice").startswith("answers-then-new: too close to call\n")
    assert "expected within a point of it: new-question" in done.shown("advice")


def test_what_is_reached_lies_in_what_was_forecast_and_a_wrong_default_costs_more_than_the_pilot(
    done: Executed,
) -> None:
    run = tilth.open_run(done.folder / "which.tilth")
    table = tilth.advise(run.seeds, 3_200, evidence=run).table
    test = tilth.demo.questions("same")

    def reached(name: str) -> float:
        model = tilth.train(tilth.open_run(done.folder / f"{name}.tilth"), "parser")
        said = zip(model.answer(test["question"].to_list()), test["reference"], strict=True)
        return (
            sum(a is not None and tilth.check(a, r, task="numeric").accepted for a, r in said) / test.height
        )

    found = {name: reached(name) for name in (*table["arm"], "which")}
    assert all(row["low"] < found[row["arm"]] < row["high"] for row in table.iter_rows(named=True)), (
        "each in its interval"
    )
    assert abs(found["new-question"] - found["answers-then-new"]) < 0.02
    assert 0 < found["answers-then-new"] - found["which"] < 0.03
    for wrong in ("answer-augmentation", "question-rephrase"):
        assert found["which"] - found[wrong] > 0.1
    assert f"{found['which']:.4f}" in done.shown("truth")


def test_its_charts_are_drawn_and_say_what_they_are(done: Executed) -> None:
    for cell in ("gaps", "fan", "decide"):
        assert "simulated teacher; says nothing about your model" in done.shown(cell)
        assert done.displayed(cell, "image/svg+xml").startswith("<svg ")


def test_losses_are_forecast_to_fall_with_wider_bounds_further_ahead(done: Executed) -> None:
    losses = {"arm": "m", "ratio": [200, 400, 800, 1_600, 3_200], "loss": [2.31, 2.18, 2.04, 1.93, 1.85]}
    near, far = tilth.forecast(pl.DataFrame(losses), at=[12_800, 51_200]).frame.iter_rows(named=True)
    assert far["mean"] < near["mean"] < 1.85
    assert far["high_90"] - far["low_90"] > near["high_90"] - near["low_90"]
    assert f"{near['mean']:.6f}" in done.shown("curves")
