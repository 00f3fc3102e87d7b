"""The demo's seeds and its question sets, validation and test apart."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Literal, get_args

from tilth.demo.data import load_csv
from tilth.demo.expression import parse
from tilth.demo.world import Problem, Wording, problems

if TYPE_CHECKING:
    import polars as pl

    from tilth.seeds import Seeds

Kind = Literal["same", "held-out", "hand-written"]
Split = Literal["validation", "test"]

_SIZES: dict[Split, int] = {"validation": 200, "test": 400}


@dataclass(frozen=True, slots=True)
class HandWritten:
    """A question a person wrote, with the equation and the answer that person gave it."""

    split: str
    problem: Problem
    answer: Fraction


def draw_seeds(n: int, random_state: int) -> list[Problem]:
    """The first n different problems of that random state that stand in no question set."""
    rng = random.Random(f"tilth.demo seeds {random_state}")
    asked = {problem.question for split in get_args(Split) for problem in draw_questions("same", split)}
    return list(islice(_distinct(rng, "same", asked), n))


@cache
def draw_questions(kind: Kind, split: Split) -> tuple[Problem, ...]:
    """The problems of one question set."""
    if kind == "hand-written":
        return tuple(written.problem for written in hand_written() if written.split == split)
    stream = _distinct(random.Random(f"tilth.demo questions {kind}"), kind, set())
    first = tuple(islice(stream, _SIZES["validation"]))
    return first if split == "validation" else tuple(islice(stream, _SIZES["test"]))


@cache
def hand_written() -> tuple[HandWritten, ...]:
    """All hand-written questions, in the order they were written."""
    return tuple(
        HandWritten(
            split=record["split"],
            problem=Problem(record["question"], parse(record["expression"])),
            answer=Fraction(record["answer"]),
        )
        for record in load_csv("hand_written.csv")
    )


def _distinct(rng: random.Random, wording: Wording, taken: set[str]) -> Iterator[Problem]:
    seen = set(taken)
    for problem in problems(rng, wording):
        if problem.question not in seen:
            seen.add(problem.question)
            yield problem


def seeds(n: int = 100, random_state: int = 0) -> Seeds:
    """Seeds for the demo: n arithmetic word problems from a small grammar, each with its worked solution.

    The grammar shares no phrase with the simulated teacher. More seeds of the same `random_state` begin
    with the fewer ones, and none stands in `tilth.demo.questions`.

    Raises:
        ValueError: n is below 1 or above 20,000.
    """
    if not 1 <= n <= 20_000:
        raise ValueError(f"n={n} must be from 1 to 20,000")
    import polars as pl

    from tilth.seeds import read_seeds

    drawn = draw_seeds(n, random_state)
    frame = pl.DataFrame(
        {
            "id": [f"demo-{random_state}-{place:05d}" for place in range(n)],
            "question": [problem.question for problem in drawn],
            "answer": [problem.reference for problem in drawn],
        }
    )
    return read_seeds(frame, id="id", name="demo-seeds")


def questions(kind: Kind = "same", split: Split = "test") -> pl.DataFrame:
    """One of the demo's question sets: a frame with question_id, question and reference, all strings.

    Args:
        kind: "same": from the seeds' own distribution, 200 for validation and 400 for test. "held-out":
            the same equations in other wording, with other names and things, 200 and 400.
            "hand-written": written by hand, free in wording, 40 and 120; neither grammar nor teacher was
            tuned on them.
        split: "validation" for decisions, "test" for final figures. They share no question, nor do
            they share one with the seeds.

    Raises:
        ValueError: There is no such kind or split.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"there is no kind {kind!r}; take one of {', '.join(map(repr, get_args(Kind)))}")
    if split not in get_args(Split):
        raise ValueError(f"there is no split {split!r}; take one of {', '.join(map(repr, get_args(Split)))}")
    return _questions(kind, split).clone()


@cache
def _questions(kind: Kind, split: Split) -> pl.DataFrame:
    import polars as pl

    drawn = draw_questions(kind, split)
    return pl.DataFrame(
        {
            "question_id": [f"{kind}-{split}-{place:03d}" for place in range(len(drawn))],
            "question": [problem.question for problem in drawn],
            "reference": [problem.reference for problem in drawn],
        }
    )
