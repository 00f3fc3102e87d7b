"""Decontamination: what a row holds of a test question, and what is told of each question."""

from __future__ import annotations

import random
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth

WORDS = st.lists(st.sampled_from(["one", "two", "three", "four", "five", "six"]), max_size=30)
QUESTION = st.lists(
    st.sampled_from(["a", "tilted", "barn", "holds", "many", "grey", "hens", "and", "some", "geese"]),
    min_size=8,
    max_size=20,
)


def frame(*questions: str) -> pl.DataFrame:
    return pl.DataFrame({"question": questions}, schema={"question": pl.String})


@given(QUESTION, WORDS, WORDS)
def test_a_question_that_stands_in_a_row_is_found_and_no_other(question, before, after) -> None:
    text = " ".join(question)
    rows = frame(" ".join([*before, text, *after]), " ".join([*before, *after]))
    found = tilth.curate.contamination(rows, frame(text))
    assert found["keep"].to_list() == [False, True]
    assert found["score"][0] == pytest.approx(1)
    assert found["contaminates"].to_list() == ["0", None]


@given(QUESTION, st.integers(0, 20))
def test_more_than_half_of_a_questions_tokens_must_be_shared(question, count) -> None:
    # tokens that differ from each other, so that nothing is shared by chance
    question = [f"{word}{place}" for place, word in enumerate(question)]
    shared = question[:count]
    found = tilth.curate.contamination(frame(" ".join([*shared, "and", "more"])), frame(" ".join(question)))
    share = len(shared) / len(question) if len(shared) >= 8 else None
    assert found["score"][0] == (None if share is None else pytest.approx(share))
    assert found["keep"][0] == (share is None or share <= 0.5)


def test_case_punctuation_and_numbers_are_no_disguise() -> None:
    test = frame("Tom has 3 red apples, and his sister Ann has 4 green ones. How many have they?")
    rows = frame(
        "TOM has 3 red apples and his sister Ann has 4 green ones: how many have they",
        "Tom has 31 red apples, and his sister Ann has 7 green ones. How many have they?",
        "How many apples, red or green, do Tom and his sister Ann have if they are 3 and 4?",
    )
    found = tilth.curate.contamination(rows, test)
    assert found["contamination_kind"].to_list() == ["n-gram", "numbers", None]
    assert found["reason"][0] == "contamination: it holds 100 % of the tokens of test question 0"
    assert found["reason"][1].endswith("of test question 0, with other numbers")
    alike = tilth.curate.contamination(rows, test, numbers=False)
    assert alike["keep"].to_list() == [False, True, True]


def test_a_short_question_is_found_whole_and_a_very_short_one_alone() -> None:
    test = frame("Who wrote the novel Emma?", "2 + 3?")
    rows = frame(
        "Tell me who wrote the novel Emma and when.", "Who wrote the poem?", "2+3", "What is 2 + 3 + 4?"
    )
    found = tilth.curate.contamination(rows, test)
    assert found["contaminates"].to_list() == ["0", None, "1", None]


def test_scripts_without_blanks_are_compared_letter_by_letter() -> None:
    question = "小明有三个苹果他又买了四个现在一共有几个"
    found = tilth.curate.contamination(frame(f"请回答。{question}？", "小红有一只猫"), frame(question))
    assert found["keep"].to_list() == [False, True]


def test_the_report_has_a_line_for_each_question_of_each_set() -> None:
    hens = "A barn holds many grey hens and some quiet geese today"
    geese = "Some quiet geese walk over the long road to the pond"
    rows = frame("nothing", hens, f"{hens} again", geese)
    sets = {"first": frame(hens, "What is never asked by any of the rows here?"), "second": frame(geese)}
    report = tilth.curate.leaks(rows, sets)
    assert report["id"].to_list() == ["first: 0", "first: 1", "second: 0"]
    assert report["found"].to_list() == [True, False, True]
    assert report["rows"].to_list() == [2, 0, 1]
    assert report["places"].to_list() == [[1, 2], [], [3]]
    refused = tilth.curate.contamination(rows, sets)
    assert refused["keep"].to_list() == [True, False, False, False]


def test_a_lazy_frame_and_seeds_are_taken_and_rejected_rows_are_not_looked_at() -> None:
    test = tilth.demo.seeds(5)
    asked = test.frame["question"].to_list()
    rows = pl.DataFrame({"question": asked, "verdict": ["rejected", *["accepted"] * 4]})
    found = tilth.curate.contamination(rows.lazy(), test)
    assert isinstance(found, pl.LazyFrame)
    assert found.collect().equals(tilth.curate.contamination(rows, test))
    assert found.collect()["contaminates"].to_list() == [None, *test.frame["seed_id"][1:]]
    assert tilth.curate.leaks(rows, test)["found"].sum() == 4


def test_what_cannot_be_meant_is_told() -> None:
    rows = frame("a")
    for test, options, says in (
        (frame(), {}, "test has no questions"),
        (pl.DataFrame({"text": ["a"]}), {}, "column 'question' is missing; it has text"),
        (frame("a"), {"ngram": 0}, "ngram is 0"),
        (frame("a"), {"share": 1.0}, "share is 1.0"),
    ):
        with pytest.raises(ValueError, match=re.escape(says)):
            tilth.curate.contamination(rows, test, **options)
    with pytest.raises(TypeError, match="test is a list"):
        tilth.curate.contamination(rows, ["a"])


def test_real_rows_are_clean_and_disguised_test_questions_are_found(test_data: Path) -> None:
    train = pl.read_ndjson(test_data / "gsm8k_train_1000.jsonl").select("question")
    test = pl.read_ndjson(test_data / "gsm8k_test_300.jsonl").select("question")
    assert tilth.curate.leaks(train, test)["found"].sum() == 0
    rng = random.Random(0)
    asked = test["question"].to_list()
    shouted = [re.sub(r"[,.]", "", text).upper().replace(" ", "  ") for text in asked[:5]]
    renumbered = [re.sub(r"\d+", lambda _: str(rng.randint(2, 99)), text) for text in asked[5:10]]
    wrapped = [f"We read this in class. {text} Show each step of your work." for text in asked[10:15]]
    report = tilth.curate.leaks(pl.concat([train, frame(*shouted, *renumbered, *wrapped)]), test)
    assert report["found"].to_list() == [True] * 15 + [False] * 285
    assert report["places"].explode(empty_as_null=False).to_list() == list(range(1000, 1015))
