"""Forecasts of curves whose ends are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilth
from tilth.advice.curves.arms import Arm
from tilth.advice.curves.prior import ACCURACY, Prior
from tilth.advice.curves.trend import Observations, Points, Trend
from tilth.errors import StudyFrameError

ANSWERS, NEW, MIXED = "answer-augmentation", "new-question", "answers-then-new"


def cells(curves: dict[str, dict[float, float]], n: int = 300) -> pl.DataFrame:
    """A frame of arms with accuracies by ratio."""
    return pl.DataFrame(
        [
            {"arm": arm, "ratio": float(ratio), "correct": round(share * n), "n": n}
            for arm, curve in curves.items()
            for ratio, share in curve.items()
        ]
    )


def share(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def only(frame: pl.DataFrame, **what: Any) -> dict[str, Any]:
    found = frame.filter(**what)
    assert found.height == 1
    return found.row(0, named=True)


def test_a_line_in_doublings_is_gone_on_with_and_bends_down() -> None:
    line = {ratio: share(-1 + 0.3 * math.log2(ratio)) for ratio in (0.5, 1, 2, 4)}
    frame = tilth.forecast(cells({NEW: line}, n=100_000), at=[8, 16, 32]).frame
    for ratio, mean, low, high in frame.select("ratio", "mean", "low_90", "high_90").iter_rows():
        straight = share(-1 + 0.3 * math.log2(ratio))
        assert low < straight < high
        assert share(-1 + 0.3 * 2) < mean < straight
    widths = (frame["high_90"] - frame["low_90"]).to_list()
    assert widths == sorted(widths), "the further ahead, the less is known"


def test_levels_lie_in_each_other_and_hold_the_draws_they_say() -> None:
    found = tilth.forecast(cells({NEW: {1: 0.3, 2: 0.36, 4: 0.45}}), at=[16])
    row = found.frame.row(0, named=True)
    for level in (50, 80, 90):
        inside = (found.draws >= row[f"low_{level}"]) & (found.draws <= row[f"high_{level}"])
        assert inside.mean() == pytest.approx(level / 100, abs=0.002)
    assert row["low_90"] < row["low_80"] < row["low_50"] < row["high_50"] < row["high_80"] < row["high_90"]


def test_the_same_call_gives_the_same_draws_and_another_state_others() -> None:
    frame = cells({NEW: {1: 0.3, 2: 0.36}})
    first, second, third = (tilth.forecast(frame, at=[8], random_state=state) for state in (1, 1, 2))
    assert np.array_equal(first.draws, second.draws)
    assert not np.array_equal(first.draws, third.draws)


def test_more_questions_make_a_forecast_surer() -> None:
    curve = {NEW: {1: 0.3, 2: 0.36, 4: 0.45}}
    few, many = (tilth.forecast(cells(curve, n), at=[8]).frame for n in (100, 10_000))
    assert (few["high_90"] - few["low_90"])[0] > (many["high_90"] - many["low_90"])[0]


def test_answers_that_teach_nothing_more_stay_where_they_are_after_ratio_1() -> None:
    curve = {ANSWERS: {0.25: 0.2, 0.5: 0.3, 1: 0.4}}
    flat = only(tilth.forecast(cells(curve), at=[16], gains_from_answers=False).frame, ratio=16.0)
    unknown = only(tilth.forecast(cells(curve), at=[16]).frame, ratio=16.0)
    assert flat["mean"] == pytest.approx(0.4, abs=0.03)
    assert flat["high_90"] < unknown["high_90"]
    assert unknown["mean"] > flat["mean"]


def test_an_arm_that_begins_as_another_is_that_one_up_to_ratio_1() -> None:
    frame = cells({ANSWERS: {0.5: 0.3, 1: 0.4}, MIXED: {2: 0.5, 4: 0.6}})
    found = tilth.forecast(frame, at=[0.5, 1])
    assert np.allclose(found.draws[:, 0], found.draws[:, 1], atol=0.18), "but for the noise of a training"
    means = found.frame.pivot("arm", index="ratio", values="mean")
    assert means[ANSWERS].to_list() == pytest.approx(means[MIXED].to_list(), abs=1e-3)


def test_cells_that_two_arms_share_count_once() -> None:
    shared = {0.5: 0.3, 1: 0.4}
    once = cells({ANSWERS: shared, MIXED: {2: 0.5}})
    twice = cells({ANSWERS: shared, MIXED: {**shared, 2: 0.5}})
    assert tilth.forecast(once, at=[8]).frame.equals(tilth.forecast(twice, at=[8]).frame)


def test_arms_are_told_by_their_strategies() -> None:
    curve = {0.5: 0.3, 1: 0.4}
    named = tilth.forecast(cells({ANSWERS: curve}), at=[16], gains_from_answers=False).frame
    renamed = tilth.forecast(
        cells({"by a 7B": curve}), at=[16], strategies={"by a 7B": ANSWERS}, gains_from_answers=False
    ).frame
    assert named.drop("arm").equals(renamed.drop("arm"))


def test_what_cells_share_of_their_questions_cancels_out_of_their_difference() -> None:
    hardness = np.random.default_rng(0).random(300)
    answers = {
        (arm, ratio): hardness < at
        for arm, at in ((NEW, 0.5), ("question-rephrase", 0.45))
        for ratio in (1.0, 2.0)
    }
    frame = pl.DataFrame(
        [{"arm": a, "ratio": r, "correct": int(one.sum()), "n": 300} for (a, r), one in answers.items()]
    )
    outcomes = pl.DataFrame(
        [
            {"arm": arm, "ratio": ratio, "question_id": f"q{place}", "correct": bool(right)}
            for (arm, ratio), one in answers.items()
            for place, right in enumerate(one)
        ]
    )
    apart = [
        (found.draws[:, 0, 0] - found.draws[:, 1, 0]).std()
        for found in (tilth.forecast(frame, at=[4]), tilth.forecast(frame, at=[4], outcomes=outcomes))
    ]
    assert apart[1] < 0.9 * apart[0]


def test_a_loss_is_forecast_on_its_own_scale() -> None:
    data = [200 * 2.0**step for step in range(6)]
    frame = pl.DataFrame({"arm": "m", "ratio": data, "loss": [3.0 * amount**-0.1 for amount in data]})
    row = tilth.forecast(frame, at=[data[-1] * 8]).frame.row(0, named=True)
    assert row["mean"] == pytest.approx(3.0 * (data[-1] * 8) ** -0.1, rel=0.03)
    assert row["low_90"] < row["mean"] < row["high_90"] < 3.0
    rows = frame.with_columns(pl.col("ratio") * 1_000)
    other = tilth.forecast(rows, at=[data[-1] * 8_000]).frame.row(0, named=True)
    assert other["mean"] == pytest.approx(row["mean"], rel=1e-9), "the unit of the data is of no account"
    named = tilth.forecast(frame.with_columns(arm=pl.lit("new-question")), at=[data[-1] * 8])
    assert named.frame["mean"].item() == pytest.approx(row["mean"], rel=1e-9), (
        "nor is what the rows are made of"
    )


def test_as_many_arms_and_cells_as_are_taken_are_forecast() -> None:
    many = cells({f"arm {place}": {2.0**at: 0.3 + 0.04 * at for at in range(10)} for place in range(40)})
    found = tilth.forecast(many, at=[1_024])
    assert found.draws.shape == (4_000, 40, 1)
    assert np.ptp(found.frame["mean"].to_numpy()) < 0.02, "they are alike"


def test_losses_at_any_amounts_of_data_are_forecast() -> None:
    frame = pl.DataFrame({"arm": "m", "ratio": [1e-300, 1.0, 1e300], "loss": [3.0, 2.0, 1.0]})
    assert np.isfinite(tilth.forecast(frame, at=[1e300]).draws).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"correct": [None, 1]}, "'correct' is empty in 1 rows"),
        ({"correct": [301, 1]}, 'row 0: "correct" is 301; it must be from 0 to n'),
        ({"ratio": [0.0, 1.0]}, '"ratio" is 0.0; it must be above 0'),
        ({"ratio": [float("nan"), 1.0]}, '"ratio" is nan'),
        ({"n": [0, 300], "correct": [0, 1]}, '"n" is 0'),
        ({"arm": ["a", "a"], "ratio": [1.0, 1.0]}, "another row is the same cell"),
        ({"n": None}, "'n' is missing"),
        ({"loss": [0.0, 1.0], "correct": None, "n": None}, '"loss" is 0.0; it must be above 0'),
        ({"loss": [2.0, 1.0]}, "losses and right answers"),
        ({"correct": [0.3, 0.4]}, '"correct" is 0.3; it must be a whole number'),
        ({"correct": [True, False]}, "'correct' is Boolean"),
    ],
)
def test_what_cannot_be_is_told(change: dict[str, Any], says: str) -> None:
    columns: dict[str, Any] = {"arm": ["a", "b"], "ratio": [1.0, 2.0], "correct": [1, 2], "n": [300, 300]}
    columns = {name: values for name, values in (columns | change).items() if values is not None}
    with pytest.raises(StudyFrameError, match=says):
        tilth.forecast(pl.DataFrame(columns, strict=False), at=[8])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"at": []}, "ratios above 0"),
        ({"at": [0]}, "ratios above 0"),
        ({"at": [math.inf]}, "ratios above 0"),
        ({"at": [10**400]}, "ratios above 0"),
        ({"at": range(1, 500)}, "400 at most"),
        ({"at": [8], "draws": 10**9}, "100,000"),
        ({"at": [8], "strategies": {"other": NEW}}, "which is no arm"),
    ],
)
def test_what_cannot_be_asked_is_told(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        tilth.forecast(cells({NEW: {1: 0.3}}), **given)


@pytest.mark.parametrize("given", [{"strategies": "new-question"}, {"gains_from_answers": "yes"}])
def test_what_is_of_another_kind_is_told(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="is a str; pass"):
        tilth.forecast(cells({NEW: {1: 0.3}}), at=[8], **given)


def test_the_order_of_rows_is_of_no_account() -> None:
    frame = cells({NEW: {1: 0.3, 2: 0.4}, ANSWERS: {1: 0.4, 2: 0.45}, "adaptive": {2: 0.4}})
    first, other = (tilth.forecast(one, at=[8, 16]) for one in (frame, frame.reverse()))
    assert first.arms == (NEW, ANSWERS, "adaptive")
    assert other.arms == first.arms[::-1]
    assert np.array_equal(first.draws, other.draws[:, ::-1])


def test_outcomes_that_do_not_add_up_are_told() -> None:
    outcomes = pl.DataFrame({"arm": [NEW], "ratio": [1.0], "question_id": ["q1"], "correct": [True]})
    with pytest.raises(StudyFrameError, match="has 1 of 1 correct, but the frame says 90 of 300"):
        tilth.forecast(cells({NEW: {1: 0.3}}), at=[8], outcomes=outcomes)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.05, 64), st.integers(0, 120), st.integers(120, 500)),
        min_size=1,
        max_size=8,
        unique_by=lambda cell: cell[0],
    ),
    st.floats(0.01, 1e6),
)
def test_any_counts_at_any_ratios_give_shares_in_order(
    points: list[tuple[float, int, int]], at: float
) -> None:
    ratios, correct, asked = zip(*points, strict=True)
    frame = pl.DataFrame({"arm": "a", "ratio": ratios, "correct": correct, "n": asked})
    row = tilth.forecast(frame, at=[at], draws=200).frame.row(0, named=True)
    assert 0 <= row["low_90"] <= row["low_50"] <= row["high_50"] <= row["high_90"] <= 1


def one_setting(**changes: Any) -> Prior:
    fixed = {
        "slopes": (0.2,),
        "damping": (math.inf,),
        "roughness": (0.3,),
        "memory": (1.5,),
        "training_sd": (0.0,),
    }
    return Prior(**(fixed | {"after_answers": (1.0,), "slope_sd": 0.0} | changes))


def known_far(prior: Prior, at: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of an arm at some places, where it is known exactly where it begins, at 0."""
    begins = Observations(
        Points(np.zeros(1, int), np.zeros(1)), np.zeros(1), np.zeros((1, 1)), np.zeros(1, int)
    )
    found = Trend([Arm("a", {"new questions": 1.0})], prior).posterior(
        begins, Points(np.zeros(len(at), int), np.array(at))
    )
    return found.mean, found.covariance


def test_what_is_not_known_grows_as_an_integrated_ornstein_uhlenbeck_process() -> None:
    mean, covariance = known_far(one_setting(), [1.0, 4.0])
    assert mean == pytest.approx([0.2, 0.8], abs=1e-6)
    for place, u in enumerate((1.0, 4.0)):
        exact = 2 * 0.3**2 * 1.5**2 * (u / 1.5 - 1 + math.exp(-u / 1.5))
        assert covariance[place, place] == pytest.approx(exact, rel=0.02)


def test_damped_slopes_add_up_to_a_bound() -> None:
    mean, _ = known_far(one_setting(damping=(2.0,)), [2.0, 20.0])
    assert mean[0] == pytest.approx(0.2 * 2 * (1 - math.exp(-1)), rel=0.01)
    assert mean[1] == pytest.approx(0.2 * 2, rel=0.01)


def test_bands_hold_curves_that_are_drawn_from_the_prior() -> None:
    arms = [Arm.of(tilth.strategies.get(one), one) for one in (NEW, "question-rephrase")]
    at = np.array([-1.0, 0.0, 1.0, 2.0, 4.0])
    points = Points(np.repeat([0, 1], 5), np.tile(at, 2))
    nothing = Observations(
        Points(np.zeros(1, int), np.zeros(1)), np.zeros(1), np.full((1, 1), 1e6), np.zeros(1, int)
    )
    curves = Trend(arms, ACCURACY).posterior(nothing, points).draw(150, 3)
    last = np.array([4, 9])
    seen = np.setdiff1d(np.arange(10), last)
    rng = np.random.default_rng(4)
    held = []
    for curve in curves:
        noisy = curve[seen] + 0.12 * rng.standard_normal(8)
        measured = Observations(
            Points(points.arms[seen], points.at[seen]), noisy, 0.12**2 * np.eye(8), np.zeros(8, int)
        )
        draws = (
            Trend(arms, ACCURACY).posterior(measured, Points(points.arms[last], points.at[last])).draw(500, 0)
        )
        low, high = np.quantile(draws, [0.05, 0.95], axis=0)
        held += ((curve[last] >= low) & (curve[last] <= high)).tolist()
    assert 0.85 <= np.mean(held) <= 0.95
