"""What all curation steps share, seen through steps of a user: columns, refusals, lazy frames, pipelines."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tilth.curate.steps import curated


def refuse(rows, texts: Sequence[str], step: str = "blocked"):
    """A step that refuses some questions and scores all by their length."""

    def find(batches):
        return pl.concat(
            batch.select(
                "place",
                score=pl.col("question").str.len_chars(),
                keep=~pl.col("question").is_in(list(texts)),
                reason=pl.lit("it is on the list"),
            )
            for batch in batches()
        )

    return curated(rows, step, ["question"], find)


def test_a_step_adds_its_columns_and_moves_nothing() -> None:
    rows = pl.DataFrame({"question": ["a", "bb", "ccc"], "mine": [3, 1, 2]})
    found = refuse(rows, ["bb"])
    assert found.select(rows.columns).equals(rows)
    assert found["keep"].to_list() == [True, False, True]
    assert found["reason"].to_list() == [None, "blocked: it is on the list", None]
    assert found["score"].to_list() == found["blocked_score"].to_list() == [1.0, 2.0, 3.0]


def test_a_row_that_one_step_refused_is_looked_at_by_no_later_one() -> None:
    rows = pl.DataFrame({"question": ["a", "bb", "ccc"]})
    found = refuse(refuse(rows, ["bb"]), ["a", "bb"], "second")
    assert found["keep"].to_list() == [False, False, True]
    assert found["reason"].to_list() == ["second: it is on the list", "blocked: it is on the list", None]
    assert found["second_score"].to_list() == [1.0, None, 3.0]
    assert found["blocked_score"].to_list() == [1.0, 2.0, 3.0]


def test_what_a_run_says_of_a_row_stays_and_its_rejected_rows_are_refused() -> None:
    rows = pl.DataFrame(
        {
            "question": ["a", "b", "c"],
            "verdict": ["accepted", "rejected", "rejected"],
            "reason": [None, "expected 5, got 6", None],
            "score": [0.9, None, 0.1],
        }
    )
    found = refuse(rows, ["a"])
    assert found["judge_score"].to_list() == [0.9, None, 0.1]
    assert found["verdict_reason"].to_list() == [None, "expected 5, got 6", None]
    assert found["reason"].to_list() == [
        "blocked: it is on the list",
        "verdict: rejected, expected 5, got 6",
        "verdict: rejected",
    ]
    assert not found["keep"].any()


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=8))
def test_a_lazy_frame_stays_lazy_and_says_the_same(texts: list[str]) -> None:
    rows = pl.DataFrame({"question": texts}, schema={"question": pl.String})
    lazy = refuse(rows.lazy(), ["b"])
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect().equals(refuse(rows, ["b"]))


def test_a_pipeline_takes_its_steps_in_order() -> None:
    rows = pl.DataFrame({"question": ["a", "bb", "ccc"]})
    steps = tilth.curate.pipeline([lambda frame: refuse(frame, ["bb"]), lambda frame: refuse(frame, ["a"])])
    assert steps(rows).equals(rows.pipe(refuse, ["bb"]).pipe(refuse, ["a"]))


def test_what_is_no_frame_lacks_a_column_or_is_no_step_is_told() -> None:
    with pytest.raises(TypeError, match="rows is a list; pass a Polars frame"):
        tilth.curate.select([1], 1)
    with pytest.raises(ValueError, match="blocked: rows lack the column 'question'; they have text"):
        refuse(pl.DataFrame({"text": ["a"]}), [])
    with pytest.raises(TypeError, match="steps holds a str"):
        tilth.curate.pipeline(["duplicates"])
