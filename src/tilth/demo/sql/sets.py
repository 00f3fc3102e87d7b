"""The SQL demo's seeds and its question sets, validation and test apart."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import get_args

from tilth.demo.data import load_csv
from tilth.demo.splits import Kind, Split, cut, distinct
from tilth.demo.sql.world import Problem, problems


@dataclass(frozen=True, slots=True)
class Asked:
    """A question over the sample database and the query that answers it."""

    question: str
    reference: str


def draw_seeds(n: int, random_state: int) -> list[Asked]:
    """The first n different questions of that random state that stand in no question set."""
    rng = random.Random(f"tilth.demo sql seeds {random_state}")
    taken = _asked("same") | _asked("hand-written")
    return list(map(_plain, islice(distinct(problems(rng, "same"), taken), n)))


@cache
def draw_questions(kind: Kind, split: Split) -> tuple[Asked, ...]:
    """One question set."""
    if kind == "hand-written":
        return tuple(
            Asked(record["question"], record["reference"])
            for record in load_csv("sql_hand_written.csv")
            if record["split"] == split
        )
    stream = problems(random.Random(f"tilth.demo sql questions {kind}"), kind)
    return tuple(map(_plain, cut(distinct(stream, _asked("hand-written")), split)))


def _asked(kind: Kind) -> set[str]:
    return {one.question for split in get_args(Split) for one in draw_questions(kind, split)}


def _plain(problem: Problem) -> Asked:
    return Asked(problem.question, problem.reference)
