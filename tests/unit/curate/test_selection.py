"""Selection keeps exactly n rows, the same each time, and each method keeps what it says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilth
from tilth import curate


class Angles(curate.Embedder):
    """Embeds a text that is a number of degrees as a point on the circle."""

    name = "angles"
    identity = MappingProxyType({"kind": "angles"})

    def embed(self, texts: Sequence[str]) -> Any:
        angle = np.radians([float(text) for text in texts])
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def on_a_circle(*degrees: float, **columns: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({"question": [str(d) for d in degrees], **columns})


def kept(rows: pl.DataFrame) -> list[int]:
    return rows.with_row_index("at").filter("keep")["at"].to_list()


def chosen(rows: pl.DataFrame, n: float, method: Any, **options: Any) -> pl.DataFrame:
    return curate.select(rows, n, method, on="question", embedder=Angles(), **options)


METHODS = [
    curate.Random(),
    curate.Random(by="strategy"),
    curate.ScoreWeighted(),
    curate.KMeansQuality(),
    curate.KMeansQuality(k=3, quality="judge_score", rounds=3),
    curate.FacilityLocation(sample=5),
    curate.KShot(on_a_circle(10), tau=1),
    curate.TargetSimilarity(on_a_circle(10, 200), "mean"),
    curate.PassRateBand(low=None, high=None),
    curate.InstructMining(),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@settings(max_examples=12, deadline=None)
@given(
    degrees=st.lists(st.integers(0, 359), min_size=1, max_size=30),
    n=st.integers(1, 30),
    state=st.integers(-9, 9),
)
def test_n_are_kept_the_same_each_time_and_the_rest_say_why(
    method: Any, degrees: list[int], n: int, state: int
) -> None:
    size = len(degrees)
    spread = [d / 360 for d in degrees]
    names = ("judge_score", "pass_rate", "reward", "understandability", "naturalness", "coherence")
    rows = on_a_circle(
        *degrees, strategy=["a" if d % 3 else "b" for d in degrees], **dict.fromkeys(names, spread)
    )
    n = min(n, size)
    first = chosen(rows, n, method, random_state=state)
    again = chosen(rows.lazy(), n, method, random_state=state).collect()
    assert first.equals(again)
    assert first["keep"].sum() == n
    assert first["question"].equals(rows["question"])
    assert first.filter("keep")["reason"].null_count() == n
    assert first.filter(~pl.col("keep"))["reason"].null_count() == 0


def test_rows_already_refused_do_not_count() -> None:
    rows = pl.DataFrame(
        {"question": list("abcd"), "verdict": ["rejected", "accepted", "rejected", "accepted"]}
    )
    assert kept(curate.select(rows, 0.5)) in ([1], [3])
    assert kept(curate.select(rows, 2)) == [1, 3]


@pytest.mark.parametrize("rows", [pl.DataFrame({"question": ["a"]}), pl.DataFrame({"question": []})])
def test_too_few_rows_are_all_kept_and_it_is_said(rows: pl.DataFrame) -> None:
    with pytest.warns(tilth.TilthWarning, match="5 rows were asked for"):
        assert curate.select(rows, 5)["keep"].sum() == len(rows)


def test_groups_keep_their_shares() -> None:
    rows = pl.DataFrame({"question": ["q"] * 100, "strategy": ["a"] * 70 + ["b"] * 30})
    found = curate.select(rows, 10, curate.Random(by="strategy")).filter("keep")
    assert found["strategy"].value_counts(sort=True).rows() == [("a", 7), ("b", 3)]


def test_a_higher_score_is_drawn_more_often_and_none_never() -> None:
    rows = pl.DataFrame({"question": ["q"] * 3, "judge_score": [2.0, 1.0, None]})
    drawn = [kept(curate.select(rows, 1, "score-weighted", random_state=state))[0] for state in range(400)]
    # The standard deviation is 0.5: the chances are e^4 to e^2, so 0.88.
    assert 0.82 < drawn.count(0) / 400 < 0.94
    assert 2 not in drawn


def test_every_cluster_gets_its_part_and_its_best_rows() -> None:
    rows = on_a_circle(0, 1, 2, 3, 180, 181, judge_score=[0.0, 0.0, 1000.0, 1000.0, 0.0, 1000.0])
    found = chosen(rows, 3, curate.KMeansQuality(k=2, quality="judge_score"))
    assert found["cluster"].n_unique() == 2
    assert set(found["embedder"]) == {"angles"}
    assert found.filter("keep").group_by("cluster").len().sort("len")["len"].to_list() == [1, 2]


def test_clusters_that_help_get_more_in_later_rounds() -> None:
    rows = on_a_circle(*range(20), *range(180, 200))

    def feedback(places: list[int]) -> list[float]:
        return [1.0 if place >= 20 else 0.0 for place in places]

    found = chosen(rows, 20, curate.KMeansQuality(k=2, rounds=2, feedback=feedback))
    assert sum(at >= 20 for at in kept(found)) == 15


def covered(degrees: Sequence[float], taken: Sequence[int]) -> float:
    vectors = Angles().embed([str(d) for d in degrees])
    return float(np.maximum(vectors @ vectors.T, 0.0)[list(taken)].max(axis=0).sum(dtype=np.float64))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 359), min_size=4, max_size=8, unique=True))
def test_facility_location_reaches_its_bound(degrees: list[int]) -> None:
    best = max(covered(degrees, taken) for taken in combinations(range(len(degrees)), 3))
    reached = covered(degrees, kept(chosen(on_a_circle(*degrees), 3, "facility-location")))
    assert reached >= (1 - 1 / np.e) * best


def test_facility_location_takes_what_a_plain_greedy_search_takes() -> None:
    degrees = np.random.default_rng(0).uniform(0, 360, 40).tolist()
    greedy: list[int] = []
    for _ in range(6):
        rest = [row for row in range(len(degrees)) if row not in greedy]
        greedy.append(max(rest, key=lambda row: covered(degrees, [*greedy, row])))
    assert kept(chosen(on_a_circle(*degrees), 6, "facility-location")) == sorted(greedy)


def test_k_shot_skips_what_is_like_a_kept_row() -> None:
    rows = on_a_circle(0, 1, 60, 90)
    found = chosen(rows, 2, curate.KShot(on_a_circle(0)))
    assert kept(found) == [0, 2]
    assert found["reason"][1] == "select: its cosine to a kept row is above 0.9"


def test_the_most_like_the_target_are_kept() -> None:
    rows = on_a_circle(0, 90, 100, 180)
    assert kept(chosen(rows, 2, curate.TargetSimilarity(on_a_circle(1, 179)))) == [0, 3]
    assert kept(chosen(rows, 2, curate.TargetSimilarity(on_a_circle(1, 179), "mean"))) == [1, 2]


def test_what_is_always_or_never_solved_is_left_out() -> None:
    answers = pl.DataFrame(
        {"question": list("aabbccd"), "correct": [True, True, True, False, False, None, True]}
    )
    rows = pl.DataFrame({"question": list("abce")}).join(
        curate.pass_rates(answers), on="question", how="left", maintain_order="left"
    )
    with pytest.warns(tilth.TilthWarning, match="2 rows were asked for, and 1"):
        found = curate.select(rows, 2, "pass-rate")
    assert kept(found) == [1]
    assert found["reason"].to_list() == [
        "select: pass rate 1 is not below 1",
        None,
        "select: pass rate 0 is not above 0",
        "select: no pass rate",
    ]


@pytest.mark.parametrize(
    ("n", "method", "told"),
    [
        (0, "random", "pass 1 or more"),
        (1.0, "random", "a share between 0 and 1"),
        (float("nan"), "random", "a share between 0 and 1"),
        (1, "no-such", "there are facility-location"),
        (1, "target-similarity", "needs a target"),
        (1, "score-weighted", "lack the column 'judge_score'"),
        (1, curate.ScoreWeighted("question"), "name a column of numbers"),
    ],
)
def test_errors_say_what_to_do(n: float, method: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        curate.select(pl.DataFrame({"question": ["a"]}), n, method, on="question")
