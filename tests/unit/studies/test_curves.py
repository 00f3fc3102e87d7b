"""What curves say of studies whose answers are known beforehand."""

from __future__ import annotations

import math
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.stats import binomtest
from tests.support.made_study import COVERAGE, RATIOS, made_study

from tilth.checks.intervals import wilson
from tilth.errors import StudyFrameError
from tilth.studies import curves, published
from tilth.studies.frame import outcomes_schema, read_outcomes, read_studies, studies_schema

PAIR = {"a": {25: (0.4, 0.4, 0.4, 0.4, 0.4)}, "b": {25: (0.2, 0.3, 0.3, 0.5, 0.6)}}


def crossing(frame: pl.DataFrame, outcomes: pl.DataFrame | None, passing: str, overtaken: str, **options):
    found = curves.crossings(frame, outcomes, **options).filter(passing=passing, overtaken=overtaken)
    assert found.height == 1
    return found.row(0, named=True)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts: tuple[int, int]) -> None:
    low, high = wilson(*counts)
    expected = binomtest(*counts).proportion_ci(0.95, method="wilson")
    assert float(low) == pytest.approx(expected.low, abs=1e-12)
    assert float(high) == pytest.approx(expected.high, abs=1e-12)


def test_accuracy_is_the_mean_over_replicates_with_a_band_around_it() -> None:
    frame, outcomes = made_study()
    found = curves.accuracy(frame, outcomes)
    means = frame.group_by("seeds", "strategy", "ratio").agg(pl.col("accuracy").mean().alias("expected"))
    joined = found.join(means, on=["seeds", "strategy", "ratio"])
    assert joined.height == found.height == 2 * 4 * 5
    assert (joined["accuracy"] - joined["expected"]).abs().max() < 1e-12
    assert (
        found.select((pl.col("low") < pl.col("accuracy")) & (pl.col("accuracy") < pl.col("high")))
        .to_series()
        .all()
    )
    assert set(found["interval"]) == {"bootstrap"}
    assert set(found["replicates"]) == {3}


def test_the_band_covers_test_sampling_and_replicates() -> None:
    same, outcomes = made_study({"a": {25: (0.4,)}}, ratios=[1], drawn=False)
    band = curves.accuracy(same, outcomes).row(0, named=True)
    # Identical replicates add nothing: what remains is the sampling of 400 questions.
    assert band["high"] - band["low"] == pytest.approx(2 * 1.96 * math.sqrt(0.4 * 0.6 / 400), rel=0.06)

    cells = same.with_columns(
        correct=pl.Series([80, 160, 240], dtype=pl.Int64), accuracy=pl.Series([0.2, 0.4, 0.6])
    )
    spread_out = pl.concat(
        outcomes.filter(cell_id=cell).with_columns(correct=pl.int_range(pl.len()) < right)
        for cell, right in cells.select("cell_id", "correct").iter_rows()
    )
    wide = curves.accuracy(cells, spread_out).row(0, named=True)
    assert wide["high"] - wide["low"] > 3 * (band["high"] - band["low"])


def test_one_replicate_is_wilson() -> None:
    frame, outcomes = made_study(replicates=1)
    found = curves.accuracy(frame, outcomes)
    assert set(found["interval"]) == {"wilson"}
    row = found.row(0, named=True)
    low, high = wilson(round(row["accuracy"] * 400), 400)
    assert (row["low"], row["high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))


def test_draws_are_shared_by_strategies() -> None:
    frame, shared = made_study({"new-question": {25: COVERAGE["new-question"][25]}}, replicates=2)
    twin = frame.with_columns(
        strategy=pl.lit("twin"), cell_id=pl.col("cell_id").str.replace("new-question", "twin")
    )
    cells = pl.concat([frame, twin])
    copied = shared.with_columns(pl.col("cell_id").str.replace("new-question", "twin"))
    apart = curves.spread(cells, pl.concat([shared, copied]))
    # Equal answers differ by nothing in any draw; independent draws would put them apart.
    assert apart.select(pl.max_horizontal("spread", "low", "high", "noise").max()).item() == 0
    found = crossing(cells, pl.concat([shared, copied]), "twin", "new-question")
    assert found["state"] == "not reached"
    assert found["probability"] == 0


def test_two_settings_of_one_strategy_are_two_lines() -> None:
    frame, outcomes = made_study(PAIR, drawn=False)
    named = {"a": '{"shots":1}', "b": '{"shots":2}'}
    settings = frame.with_columns(
        strategy=pl.lit("new-question"), options=pl.col("strategy").replace_strict(named)
    )
    found = curves.accuracy(settings, outcomes)
    assert found.group_by("options").len().sort("options").rows() == [('{"shots":1}', 5), ('{"shots":2}', 5)]
    passed = curves.crossings(settings, outcomes).filter(passing_options='{"shots":2}').row(0, named=True)
    alone = crossing(frame, outcomes, "b", "a")
    assert (passed["passing"], passed["overtaken"], passed["overtaken_options"]) == (
        "new-question",
        "new-question",
        '{"shots":1}',
    )
    assert passed["crossing"] == alone["crossing"]
    last = curves.spread(settings, outcomes).row(-1, named=True)
    assert (last["best_options"], last["worst_options"]) == ('{"shots":2}', '{"shots":1}')


def test_a_frame_without_options_is_taken_as_its_strategies_come() -> None:
    frame, outcomes = made_study(PAIR, drawn=False)
    older = frame.drop("options")
    assert_frame_equal(curves.accuracy(older, outcomes), curves.accuracy(frame, outcomes))
    assert_frame_equal(read_studies(older), frame)
    assert set(read_studies(older.with_columns(options=pl.lit("")))["options"]) == {"{}"}


def test_curves_are_reproducible() -> None:
    frame, outcomes = made_study()
    assert_frame_equal(curves.crossings(frame, outcomes), curves.crossings(frame, outcomes))
    other = curves.accuracy(frame, outcomes, random_state=1)
    assert not other["low"].equals(curves.accuracy(frame, outcomes)["low"])


def test_a_crossing_is_where_it_passes_for_good() -> None:
    frame, outcomes = made_study(PAIR, drawn=False)
    found = crossing(frame, outcomes, "b", "a")
    # From 0.1 below at 4 to 0.1 above at 8: half way on the log axis.
    assert found["state"] == "crossed"
    assert found["crossing"] == pytest.approx(math.sqrt(4 * 8))
    assert 4 <= found["low"] <= found["crossing"] <= found["high"] <= 8
    assert found["probability"] == 1
    assert crossing(frame, outcomes, "a", "b")["state"] == "not reached"


def test_a_lead_that_is_lost_again_is_no_crossing() -> None:
    wave = PAIR | {"b": {25: (0.2, 0.6, 0.3, 0.5, 0.6)}}
    frame, outcomes = made_study(wave, drawn=False)
    assert crossing(frame, outcomes, "b", "a")["crossing"] == pytest.approx(math.sqrt(4 * 8))


@pytest.mark.parametrize(
    ("b", "state", "low", "high"),
    [((0.5,) * 5, "from the start", -math.inf, -math.inf), ((0.3,) * 5, "not reached", math.inf, math.inf)],
)
def test_curves_that_do_not_cross_say_so(b: tuple[float, ...], state: str, low: float, high: float) -> None:
    frame, outcomes = made_study(PAIR | {"b": {25: b}}, drawn=False)
    found = crossing(frame, outcomes, "b", "a")
    assert (found["state"], found["crossing"], found["low"], found["high"]) == (state, None, low, high)
    assert (found["first"], found["last"]) == (1, 16)


def test_an_uncertain_crossing_has_an_open_interval() -> None:
    close = PAIR | {"b": {25: (0.2, 0.3, 0.35, 0.39, 0.405)}}
    frame, outcomes = made_study(close, questions=200)
    found = crossing(frame, outcomes, "b", "a")
    assert found["high"] == math.inf
    assert 0 < found["probability"] < 1


def test_crossings_on_rows_compare_equal_numbers_of_rows() -> None:
    lines = {"answer-augmentation": PAIR["a"], "new-question": {25: (0.2, 0.3, 0.3, 0.5, 0.6)}}
    frame, outcomes = made_study(lines, drawn=False, rows=None)
    halved = frame.with_columns(
        rows=(pl.col("queries") / pl.when(strategy="new-question").then(2).otherwise(1)).cast(pl.Int64)
    )
    found = crossing(halved, outcomes, "new-question", "answer-augmentation", x="rows")
    assert (found["first"], found["last"]) == (25, 200)
    # New questions yield half the rows: ratio 4 is 50 of them and ratio 8 is 100.
    assert found["crossing"] == pytest.approx(math.sqrt(50 * 100), rel=1e-6)


def test_without_outcomes_there_are_points_but_no_intervals() -> None:
    frame, _ = made_study()
    found = curves.crossings(frame).filter(passing="new-question", overtaken="answer-augmentation", seeds=25)
    assert 2 < found["crossing"].item() < 4
    assert found.select("low", "high", "probability").null_count().row(0) == (1, 1, 1)
    assert curves.spread(frame)["low"].null_count() == 10


def test_spread_and_its_change() -> None:
    shrinking = {"a": {25: (0.2, 0.3, 0.4, 0.45, 0.5)}, "b": {25: (0.4, 0.45, 0.5, 0.5, 0.52)}}
    frame, outcomes = made_study(shrinking)
    found = curves.spread(frame, outcomes)
    first, last = found.row(0, named=True), found.row(-1, named=True)
    assert first["spread"] == pytest.approx(0.2, abs=0.05)
    assert (first["best"], first["worst"]) == ("b", "a")
    assert last["change"] == pytest.approx(last["spread"] - first["spread"])
    assert last["change_high"] < 0
    assert last["shrinks"] == 1
    assert (found["low"] <= found["spread"]).all()
    assert 0 < last["noise"] < first["spread"]


def test_incomplete_cells_are_left_out() -> None:
    frame, outcomes = made_study()
    half = frame.with_columns(complete=pl.col("ratio") < 16)
    assert set(curves.accuracy(half, outcomes)["ratio"]) == {1, 2, 4, 8}


def test_a_missing_replicate_leaves_the_rest() -> None:
    frame, outcomes = made_study()
    gone = frame.filter(~((pl.col("strategy") == "new-question") & (pl.col("replicate") == 2)))
    found = curves.accuracy(gone, outcomes)
    assert set(found.filter(strategy="new-question")["replicates"]) == {2}
    assert found.select(pl.all_horizontal(pl.col("low", "high").is_finite())).to_series().all()


def test_panels_stay_apart() -> None:
    frame, outcomes = made_study(tests=("same", "held-out"))
    found = curves.accuracy(frame, outcomes)
    assert found.height == 2 * 2 * 4 * 5
    twice = pl.concat([frame, frame.with_columns(cell_id=pl.col("cell_id") + "x")])
    with pytest.raises(ValueError, match="filter the frame to one study"):
        curves.accuracy(twice)


def test_a_hundred_times_as_many_draws_run_no_more_python() -> None:
    three = {name: COVERAGE[name] for name in list(COVERAGE)[:3]}
    frame, outcomes = made_study({name: {25: lines[25]} for name, lines in three.items()})

    def called(draws: int) -> int:
        """Functions called for so many draws: what is drawn one by one calls some for each."""
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            curves.crossings(frame, outcomes, draws=draws)
        finally:
            sys.setprofile(before)
        return calls

    called(20)  # what is imported and compiled at first use
    assert called(2_000) < 2 * called(20)


def test_frames_keep_their_schema() -> None:
    frame, outcomes = made_study()
    assert dict(frame.schema) == studies_schema()
    assert dict(outcomes.schema) == outcomes_schema()
    assert frame["rows_per_seed"].equals(frame["rows"] / frame["seeds"], check_names=False)


def test_a_frame_from_elsewhere_is_filled_in() -> None:
    given_frame = pl.DataFrame(
        {
            "strategy": ["new-question"], "seeds": [50], "ratio": [4], "correct": [30], "n_test": [120],
            "teacher": ["gpt-4.1-mini"], "loss": [0.3],
        }
    )  # fmt: skip
    row = read_studies(given_frame).row(0, named=True)
    assert "loss" not in row
    assert (row["accuracy"], row["budget_queries"], row["simulated"], row["complete"]) == (
        0.25,
        200,
        False,
        True,
    )
    assert row["ci_low"] < 0.25 < row["ci_high"]
    assert row["usd"] is None
    assert row["cell_id"] == read_studies(given_frame)["cell_id"].item()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"correct": [130]}, 'row 0: "correct" is 130; it counts questions'),
        ({"ratio": [float("nan")]}, '"ratio" is nan; it must be above 0'),
        ({"seeds": [0]}, '"seeds" is 0; it must be at least 1'),
        ({"n_test": [0], "correct": [0]}, '"n_test" is 0'),
        ({"rows": [-1]}, '"rows" is -1; it cannot be below 0'),
        ({"replicate": [-2]}, '"replicate" is -2; it cannot be below 0'),
        ({"usd": [-0.5]}, '"usd" is -0.5; it cannot be below 0'),
        ({"accuracy": [25.0]}, "a share from 0 to 1"),
        ({"seeds": ["many"]}, "'seeds' is String; it must be Int64"),
        ({"strategy": [None]}, "'strategy' is empty in 1 rows"),
        ({"teacher": None}, "'teacher' is missing"),
    ],
)
def test_an_impossible_frame_is_refused(change: dict, message: str) -> None:
    columns = {
        "strategy": ["a"],
        "seeds": [50],
        "ratio": [4.0],
        "correct": [30],
        "n_test": [120],
        "teacher": ["t"],
    }
    columns = {name: values for name, values in (columns | change).items() if values is not None}
    with pytest.raises(StudyFrameError, match=message.replace("(", r"\(")):
        read_studies(pl.DataFrame(columns, strict=False))


def test_the_same_cell_twice_is_refused() -> None:
    columns = {"strategy": "a", "seeds": 50, "ratio": 4.0, "correct": [30, 31], "n_test": 120, "teacher": "t"}
    with pytest.raises(StudyFrameError, match=r"row 0.*tell repetitions apart by replicate"):
        read_studies(pl.DataFrame(columns))


def test_outcomes_must_add_up() -> None:
    frame, outcomes = made_study(PAIR, questions=20)
    with pytest.raises(StudyFrameError, match=r"has \d+ of 19 correct, but the study says \d+ of 20"):
        read_outcomes(outcomes.filter(pl.col("question_id") != "q3"), frame)
    with pytest.raises(StudyFrameError, match="is not among the study's rows"):
        read_outcomes(outcomes.with_columns(cell_id=pl.col("cell_id") + "!"), frame)
    with pytest.raises(StudyFrameError, match="stands twice"):
        read_outcomes(pl.concat([outcomes, outcomes]), frame)


def test_published_figures_are_shares_and_cite_their_source() -> None:
    results, crossings = published.results(), published.crossings()
    assert results["accuracy"].is_between(0, 1).all()
    assert results.filter(source="MetaMath Table 3", benchmark="GSM8K", strategy="answer-augmentation")[
        "accuracy"
    ].item() == pytest.approx(0.596)
    assert {"answer-augmentation", "question-rephrase", "new-question"} <= set(results["strategy"])
    assert (crossings["ratio_low"] <= crossings["ratio_high"]).all()
    assert results["source"].null_count() == crossings["source"].null_count() == 0
    assert set(results["evidence"]) | set(crossings["evidence"]) == {"primary", "secondary"}


def test_every_point_of_the_grid_is_drawn() -> None:
    frame, outcomes = made_study()
    assert sorted(set(curves.spread(frame, outcomes)["at"])) == list(RATIOS)
    assert np.isfinite(curves.spread(frame, outcomes)["noise"].to_numpy()).all()
