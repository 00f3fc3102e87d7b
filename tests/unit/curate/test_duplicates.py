"""Duplicates: which rows say what a kept one says, and which of them is kept."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth

WORDS = [f"w{number}" for number in range(40)]


def frame(*questions: str) -> pl.DataFrame:
    return pl.DataFrame({"question": questions}, schema={"question": pl.String})


def alike(one: str, other: str) -> float:
    """The Jaccard of the three-token shingles, by its definition."""
    first, second = (
        {tuple(tokens[at : at + 3]) for at in range(max(len(tokens) - 2, 1))}
        for tokens in (one.split(), other.split())
    )
    return len(first & second) / len(first | second)


@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.8]))
def test_a_row_is_refused_only_if_it_is_alike_to_a_kept_one_and_hardly_any_is_missed(state, near) -> None:
    rng = random.Random(state)
    texts = []
    for _ in range(6):
        text = [rng.choice(WORDS) for _ in range(rng.randint(1, 40))]
        for _ in range(3):
            texts.append(" ".join(text))
            text[rng.randrange(len(text))] = rng.choice(WORDS)
    found = tilth.curate.duplicates(frame(*texts), near=near)
    for place, (keep, kind, of, score) in enumerate(
        found.select("keep", "duplicate_kind", "duplicate_of", "score").iter_rows()
    ):
        if keep:
            continue
        assert found["keep"][int(of)]
        assert int(of) < place
        assert score == pytest.approx(alike(texts[place], texts[int(of)]))
        assert score >= near
        assert (kind == "exact") == (texts[place] == texts[int(of)])
    kept = [place for place, keep in enumerate(found["keep"]) if keep]
    for place in kept:  # far above the threshold nothing is missed
        assert all(alike(texts[place], texts[other]) < (1 + near) / 2 for other in kept if other < place)


def test_the_accepted_before_the_unverified_then_the_higher_score_then_the_first_is_kept() -> None:
    same = ["How many hens are there?"] * 5
    rows = pl.DataFrame(
        {
            "row_id": list("abcde"),
            "question": same,
            "verdict": ["unverified", "accepted", "accepted", "accepted", "rejected"],
            "score": [1.0, None, 0.5, 0.5, 1.0],
        }
    )
    found = tilth.curate.duplicates(rows)
    assert found["keep"].to_list() == [False, False, True, False, False]
    assert found["duplicate_of"].to_list() == ["c", "c", None, "c", None]
    assert found["reason"][0] == "duplicates: the same text as row c"
    assert found["cluster"].n_unique() == 2  # that of four rows, and null for the one that was rejected
    assert found["judge_score"].to_list() == rows["score"].to_list()


def test_a_chain_of_rows_that_are_each_alike_to_the_next_does_not_fall_to_the_first() -> None:
    words = WORDS[:30]
    texts = [" ".join([f"new{n}" for n in range(step)] + words[step:]) for step in range(0, 30, 3)]
    found = tilth.curate.duplicates(frame(*texts), near=0.75)
    assert 1 < found["keep"].sum() < len(texts)
    for text, of in found.filter(~pl.col("keep")).select("question", "duplicate_of").iter_rows():
        assert alike(text, texts[int(of)]) >= 0.75


def test_signs_count_and_blanks_and_case_do_not() -> None:
    rows = frame("5 - 3 = ?", "5 * 3 = ?", "5  -  3 = ?", "\uff15 - 3 = ?", "", " ")
    found = tilth.curate.duplicates(rows)
    assert found["keep"].to_list() == [True, True, False, False, True, False]


def test_thousands_of_rows_that_are_nearly_the_same_leave_one() -> None:
    words = [f"word{number}" for number in range(60)]
    texts = [" ".join([*words[: n % 60], f"x{n}", *words[n % 60 + 1 :]]) for n in range(20_000)]
    found = tilth.curate.duplicates(pl.DataFrame({"question": texts}), near=0.8)
    assert found["keep"].sum() == 1
    assert found["cluster"].n_unique() == 1


def test_a_written_question_that_is_a_seed_in_other_words_is_told() -> None:
    seeds = tilth.read_seeds(
        [
            {"question": "A farm has 12 grey hens and 7 white geese in one large barn. How many birds?"},
            {"question": "Who wrote the long novel that every child in this town reads at school?"},
        ],
        answer=None,
    )
    first, second = seeds.frame["question"]
    near_first = first.replace("large barn", "large shed")
    rows = pl.DataFrame(
        {
            "question": [first, near_first, near_first, near_first, first],
            "response": list("abcde"),
            "strategy": [
                "answer-augmentation",
                "question-rephrase",
                "question-rephrase",
                "new-question",
                "answers-then-new",
            ],
            "seed_id": ["s0001", "s0001", "s0002", "s0001", "s0001"],
        }
    )
    found = tilth.curate.duplicates(rows, against=seeds, near=0.6)
    assert found["duplicate_kind"].to_list()[:1] == [None]
    assert [kind == "seed" for kind in found["duplicate_kind"]] == [False, False, True, True, False]
    assert found["duplicate_of"][3] == "s0001"
    assert found["reason"][3].startswith("duplicates: its question is seed s0001 in other words")
    plain = tilth.curate.duplicates(frame(first, near_first, second), against=seeds, near=0.6)
    assert plain["duplicate_kind"].to_list() == [None, "seed", None]


def test_rows_of_the_demo_are_no_duplicates_of_the_seeds_they_answer() -> None:
    seeds = tilth.demo.seeds(10)
    run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=tilth.demo.teacher())
    found = tilth.curate.duplicates(run.rows, against=seeds)
    assert "seed" not in found["duplicate_kind"].to_list()
    lazy = tilth.curate.duplicates(run.rows.lazy(), against=seeds)
    assert lazy.collect().equals(found)


class Angles(tilth.curate.Embedder):
    """A text that is a number of degrees as a point on the circle."""

    name = "angles"

    @property
    def identity(self):
        return {"kind": self.name}

    def embed(self, texts):
        angle = np.radians([float(text) for text in texts])
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


@given(st.lists(st.integers(0, 360), min_size=1, max_size=30))
def test_semantic_duplicates_are_those_whose_vectors_are_near_a_kept_one(degrees) -> None:
    rows = frame(*map(str, degrees))
    found = tilth.curate.duplicates(rows, near=None, semantic=0.9, embedder=Angles())
    kept: list[int] = []
    for degree, keep in zip(degrees, found["keep"], strict=True):
        cosines = [np.cos(np.radians(degree - other)) for other in kept]
        if any(abs(cosine - 0.9) < 1e-4 for cosine in cosines):
            return  # rounding decides
        assert keep == all(cosine < 0.9 for cosine in cosines)
        if keep:
            kept.append(degree)


def test_what_cannot_be_meant_is_told() -> None:
    for options, says in (
        ({"near": 0}, "near is 0; pass more than 0"),
        ({"semantic": 1.5}, "semantic is 1.5"),
        ({"on": "text"}, "rows lack the column 'text'"),
        ({"against": pl.DataFrame({"text": ["a"]})}, "against: column 'question' is missing; it has text"),
    ):
        with pytest.raises(ValueError, match=says):
            tilth.curate.duplicates(frame("a"), **options)
    with pytest.raises(TypeError, match="against is a str"):
        tilth.curate.duplicates(frame("a"), against="seeds.jsonl")
    assert tilth.curate.duplicates(frame())["keep"].to_list() == []
