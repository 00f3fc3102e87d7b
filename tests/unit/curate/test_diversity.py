"""Measures of diversity are what their definitions say, and are compared on samples of one size."""

from __future__ import annotations

import gzip
import math
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilth
from tilth import curate

WORDS = ("apples", "bees", "carts", "dogs", "every", "farm", "gives", "has", "in", "jars")


class Letters(curate.Embedder):
    """Embeds a text as its counts of letters: nothing is hashed, drawn or fitted."""

    name = "letters"
    identity: ClassVar = {"kind": "letters"}

    def embed(self, texts: Any) -> Any:
        counts = np.array([[text.count(letter) for letter in "abcdefgh"] for text in texts], float)
        norm = np.linalg.norm(counts, axis=1, keepdims=True)
        return (counts / np.where(norm == 0, 1, norm)).astype(np.float32)


def frame(texts: list[str], **columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"question": texts, **columns})


def values(rows: Any, seeds: Any = None, **options: Any) -> dict[str, float]:
    found = curate.diversity(rows, seeds, by=None, embedder=Letters(), **options)
    return dict(found.select("measure", "value").iter_rows())


texts = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join), min_size=20, max_size=30
)


@settings(max_examples=25, deadline=None)
@given(texts, texts)
def test_each_measure_is_its_definition(rows: list[str], seeds: list[str]) -> None:
    found = values(frame(rows), frame(seeds), n=len(rows))
    joined = " ".join(rows).encode()
    assert found["compression-ratio"] == pytest.approx(len(joined) / len(gzip.compress(joined)))
    split = [row.split() for row in rows]
    for n in range(1, 5):
        grams = [tuple(row[at : at + n]) for row in split for at in range(len(row) - n + 1)]
        assert found.get(f"distinct-{n}") == (pytest.approx(len(set(grams)) / len(grams)) if grams else None)
    own = [{tuple(row[at : at + 4]) for at in range(len(row) - 3)} for row in split]
    times = [sum(gram in other for gram in one for other in own) - len(one) for one in own]
    assert found["self-repetition"] == pytest.approx(np.mean(np.log(np.array(times) + 1)))
    assert found["repeating-rows"] == pytest.approx(np.mean(np.array(times) > 0))

    vectors, base = (Letters().embed(some).astype(float) for some in (rows, seeds))
    apart = [[1 - a @ b for j, b in enumerate(vectors) if j != i] for i, a in enumerate(vectors)]
    assert found["pairwise-distance"] == pytest.approx(np.mean(apart), abs=1e-5)
    assert found["nearest-distance"] == pytest.approx(np.mean(np.min(apart, axis=1)), abs=1e-5)
    gain = np.mean([min(2 * (1 - a @ b) for b in base) for a in vectors])
    assert found["diversity-gain"] == pytest.approx(gain, abs=1e-5)
    gram = vectors @ vectors.T
    np.fill_diagonal(gram, 1)  # a text is like itself, even one without a letter
    shares = np.linalg.eigvalsh(gram / len(rows))
    entropy = -sum(share * math.log(share) for share in shares if share > 1e-9)
    assert found["vendi-score"] == pytest.approx(math.exp(entropy), rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(texts, texts, st.integers(2, 20))
def test_a_topic_is_opened_by_what_is_far_from_all_that_opened_one(rows: Any, seeds: Any, n: int) -> None:
    base, vectors = (Letters().embed(some).astype(float) for some in (seeds, rows))
    nearest = [min(1 - a @ b for j, b in enumerate(base) if j != i) for i, a in enumerate(base)]
    threshold = 0.5 * max(0.05, float(np.median(nearest)))
    opened: list[Any] = []
    flags = []
    for vector in [*base, *vectors]:
        gaps = [1 - vector @ other for other in opened]
        if any(abs(gap - threshold) < 1e-5 for gap in gaps):
            return  # rounding decides
        flags.append(bool(vector.any()) and all(gap > threshold for gap in gaps))
        if flags[-1]:
            opened.append(vector)
    found = values(frame(rows), frame(seeds), n=n, measures=["new-topic-rate"])
    assert found["new-topic-rate"] == pytest.approx(np.mean(flags[len(seeds) :][-n:]))


@pytest.fixture(scope="module")
def seeds() -> tilth.Seeds:
    return tilth.demo.seeds(60)


@pytest.fixture(scope="module")
def rows(seeds: tilth.Seeds, tmp_path_factory: Any) -> pl.DataFrame:
    folder, teacher = tmp_path_factory.mktemp("runs"), tilth.demo.teacher()
    runs = [
        tilth.generate_sync(seeds, name, 480, teacher=teacher, path=folder / f"{name}.tilth")
        for name in ("answer-augmentation", "new-question")
    ]
    return pl.concat([run.rows for run in runs])


def test_a_frame_has_a_line_for_each_measure_group_and_amount(rows: pl.DataFrame, seeds: Any) -> None:
    found = curate.diversity(rows, seeds, at=[240, 480])
    kept = rows.filter(pl.col("verdict") != "rejected")
    assert found.columns[:5] == ["measure", "group", "queries", "rows", "n"]
    assert found.height == found["measure"].n_unique() * 2 * 2
    assert set(found["n"]) == {60}
    assert found.null_count().sum_horizontal().item() == found["embedder"].null_count()
    for group, queries, count in found.select("group", "queries", "rows").unique().iter_rows():
        own = rows.filter(strategy=group).with_columns(spent=pl.col("queries").cum_sum())
        within = own.filter(pl.col("spent") <= queries).join(kept, on="row_id", how="semi")
        assert within.height == count
    shares = found.filter(pl.col("measure").str.contains("distinct|rate|repeating"))
    assert shares["value"].is_between(0, 1).all()
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()


def test_questions_of_answers_are_the_seeds_and_new_ones_are_as_far_as_seeds(rows: Any, seeds: Any) -> None:
    found = curate.diversity(rows, seeds, measures=["diversity-gain", "new-topic-rate"])
    answers = found.filter(group="answer-augmentation")
    assert answers["value"].to_list() == pytest.approx([0] * answers.height, abs=1e-6)
    gain = found.filter(group="new-question", measure="diversity-gain")
    assert (gain["value"] > 0.7 * gain["seeds_value"]).all()
    assert (found.filter(group="new-question", measure="new-topic-rate")["value"] > 0.5).all()


def test_the_same_rows_give_the_same_values_lazily_and_whatever_else_is_there(rows: Any, seeds: Any) -> None:
    measures = ["distinct-2", "vendi-score", "new-topic-rate"]
    whole = curate.diversity(rows, seeds, measures=measures, n=40, at=[200, 400])
    assert curate.diversity(rows.lazy(), seeds, measures=measures, n=40, at=[200, 400]).equals(whole)
    alone = curate.diversity(
        rows.filter(strategy="new-question"), seeds, measures=measures, n=40, at=[200, 400]
    )
    assert alone.equals(whole.filter(group="new-question"))
    other = curate.diversity(rows, seeds, measures=measures, n=40, at=[200, 400], random_state=1)
    assert not other.equals(whole)


def test_refused_rows_are_not_looked_at(rows: pl.DataFrame) -> None:
    curated = rows.filter(strategy="new-question").with_columns(keep=pl.int_range(pl.len()) % 2 == 0)
    found = curate.diversity(curated, measures=["distinct-1"], at=[10**6])
    assert found["rows"].to_list() == [curated["keep"].sum()]
    assert found["seeds_value"].to_list() == [None]


def test_rows_without_queries_are_counted_themselves() -> None:
    rows = frame([f"{word} {at}" for at in range(10) for word in WORDS])
    found = curate.diversity(rows, by=None, measures=["distinct-1"], n=20, at=[30, 500])
    assert found.select("group", "queries", "rows").rows() == [("all rows", 30, 30), ("all rows", 100, 100)]


def test_a_group_of_few_rows_is_told_and_left_out() -> None:
    rows = frame(["a b"] * 30 + ["c d"] * 19, strategy=["x"] * 30 + ["y"] * 19)
    with pytest.warns(tilth.TilthWarning, match="y: fewer than 20 kept rows"):
        found = curate.diversity(rows, measures=["distinct-1"])
    assert set(found["group"]) == {"x"}


@pytest.mark.parametrize("texts", [[""] * 25, ["?!"] * 25, ["same words here now"] * 25, ["a", "b"] * 15])
def test_texts_that_say_little_give_finite_values(texts: list[str]) -> None:
    found = curate.diversity(frame(texts), frame(texts), by=None, n=20)
    assert found["value"].is_finite().all()
    assert found.filter(measure="new-topic-rate")["value"].sum() == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"measures": ["vendi"]}, "no measure is named 'vendi'; there are compression-ratio"),
        ({"n": 1}, "pass 2 to 2,000"),
        ({"at": [0]}, "of 1 or more"),
        ({"by": "strategy"}, "rows lack the column 'strategy'"),
        ({"by": "question"}, "holds 60 values"),
        ({"on": "text"}, "rows lack the column 'text'"),
        ({"seeds": pl.DataFrame({"text": ["a"]})}, "seeds lack the column 'question'"),
    ],
)
def test_what_makes_no_sense_is_told(options: dict[str, Any], said: str) -> None:
    rows = frame([f"{at}" for at in range(60)])
    with pytest.raises(ValueError, match=said):
        curate.diversity(rows, **{"by": None, **options})


def test_counting_is_by_row_not_by_word() -> None:
    # one row that says a 4-gram twice repeats no other
    rows = frame(["a b c d a b c d"] + [f"w{at} x{at} y{at} z{at}" for at in range(24)])
    found = values(rows, n=25, measures=["repeating-rows", "distinct-4"])
    assert found["repeating-rows"] == 0
    assert found["distinct-4"] == pytest.approx((4 + 24) / (5 + 24))
