"""A study's test sets: questions with references, checked once and kept apart from the seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tilth import tasks
from tilth.arguments import kind_of
from tilth.seeds import Seeds
from tilth.tasks.base import Task

if TYPE_CHECKING:
    import polars as pl

    TestSet = pl.DataFrame | Seeds

VALIDATION = "validation"
"""The name of the set that decisions may see."""

_MOST = 3


def test_sets(
    test: TestSet | Mapping[str, TestSet], validation: TestSet | None, task: Task
) -> dict[str, pl.DataFrame]:
    """Test sets by name, and the validation set under its own, each as `questions_of` gives it.

    Raises:
        ValueError: There are more than three, a name is taken, or what `questions_of` raises.
        TypeError: A set is neither a frame nor seeds.
    """
    named = dict(test) if isinstance(test, Mapping) else {"test": test}
    if not 1 <= len(named) <= _MOST:
        raise ValueError(f"give one to {_MOST} test sets, not {len(named)}")
    if VALIDATION in named:
        raise ValueError('a test set cannot be called "validation"; pass it as validation=')
    if validation is not None:
        named[VALIDATION] = validation
    return {str(name): questions_of(given, str(name), task) for name, given in named.items()}


def refuse_shared_questions(seeds: Seeds, sets: Mapping[str, pl.DataFrame]) -> None:
    """Raises `ValueError` where a question stands in two test sets, or in one and in the seeds."""
    owner = dict.fromkeys(seeds.frame["question"], "the seeds")
    for name, frame in sets.items():
        for question in frame["question"]:
            if question in owner:
                raise ValueError(
                    f"test set {name!r} shares a question with {owner[question]}: {question!r}; "
                    "keep them apart"
                )
        owner |= dict.fromkeys(frame["question"], f"test set {name!r}")


def questions_of(given: TestSet, name: str, task: Task) -> pl.DataFrame:
    """A test set with question_id, question and reference, all strings.

    Seeds are taken as the task puts them, such as with their options in the question.

    Raises:
        ValueError: A column is missing, a value is empty, or a question stands twice.
        TypeError: It is neither a frame nor seeds.
    """
    import polars as pl

    if isinstance(given, Seeds):
        frame = tasks.as_put(replace(given, task=task)).frame.rename({"seed_id": "question_id"})
    elif isinstance(given, pl.DataFrame):
        frame = given
    else:
        raise TypeError(
            f"test set {name!r} is {kind_of(given)}; pass what tilth.read_seeds(…) returns, or a polars "
            "frame with the columns question and reference"
        )
    if "reference" not in frame.columns and "answer" in frame.columns:
        frame = frame.rename({"answer": "reference"})
    for column in ("question", "reference"):
        if column not in frame.columns:
            there = ", ".join(frame.columns)
            raise ValueError(f"test set {name!r}: column {column!r} is missing; it has {there}")
        empty = frame.filter(pl.col(column).cast(pl.String).fill_null("").str.strip_chars() == "").height
        if empty:
            raise ValueError(f"test set {name!r}: {empty} rows have no {column}; leave them out")
    if not frame.height:
        raise ValueError(f"test set {name!r} has no questions")
    if "question_id" not in frame.columns:
        places = pl.int_range(frame.height).cast(pl.String).str.zfill(4)
        frame = frame.with_columns((pl.lit(f"{name}-") + places).alias("question_id"))
    frame = frame.select(pl.col("question_id", "question", "reference").cast(pl.String))
    twice = frame.filter(pl.col("question").is_duplicated())["question"].unique().to_list()
    if twice:
        raise ValueError(f"test set {name!r}: {len(twice)} questions stand twice, such as {twice[0]!r}")
    return frame
