"""The SQL demo's seeds and its question sets, validation and test apart."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import get_args

from tilth.demo.data import load_csv
from tilth.demo.splits import SIZES, Kind, Split
from tilth.demo.sql.world import problems
from tilth.demo.world import Wording


@dataclass(frozen=True, slots=True)
class Asked:
    """A question over the sample database and the query that answers it."""

    question: str
    reference: str


def draw_seeds(n: int, random_state: int) -> list[Asked]:
    """The first n different questions of that random state that stand in no question set."""
    rng = random.Random(f"tilth.demo sql seeds {random_state}")
    return list(islice(_distinct(rng, "same", _asked("same") | _asked("hand-written")), n))


@cache
def draw_questions(kind: Kind, split: Split) -> tuple[Asked, ...]:
    """One question set."""
    if kind == "hand-written":
        return tuple(
            Asked(record["question"], record["reference"])
            for record in load_csv("sql_hand_written.csv")
            if record["split"] == split
        )
    taken = _asked("hand-written")
    stream = _distinct(random.Random(f"tilth.demo sql questions {kind}"), kind, taken)
    first = tuple(islice(stream, SIZES["validation"]))
    return first if split == "validation" else tuple(islice(stream, SIZES["test"]))


def _asked(kind: Kind) -> set[str]:
    return {one.question for split in get_args(Split) for one in draw_questions(kind, split)}


def _distinct(rng: random.Random, wording: Wording, taken: set[str]) -> Iterator[Asked]:
    seen = set(taken)
    for problem in problems(rng, wording):
        if problem.question not in seen:
            seen.add(problem.question)
            yield Asked(problem.question, problem.reference)
