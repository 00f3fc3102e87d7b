"""The demo's seeds and its question sets, validation and test apart."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, get_args

from tilth.arguments import whole_number_of
from tilth.demo.arithmetic.expression import parse
from tilth.demo.arithmetic.world import Problem, problems
from tilth.demo.data import load_csv
from tilth.demo.splits import DemoTask, Kind, Split, cut, distinct
from tilth.demo.sql import sets as sql
from tilth.demo.sql.database import database

if TYPE_CHECKING:
    import polars as pl

    from tilth.seeds import Seeds
    from tilth.tasks import Task


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
    return list(islice(distinct(problems(rng, "same"), asked), n))


@cache
def draw_questions(kind: Kind, split: Split) -> tuple[Problem, ...]:
    """The problems of one question set."""
    if kind == "hand-written":
        return tuple(written.problem for written in hand_written() if written.split == split)
    return cut(distinct(problems(random.Random(f"tilth.demo questions {kind}"), kind), ()), split)


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


def seeds(n: int = 100, random_state: int = 0, task: DemoTask = "numeric") -> Seeds:
    """Seeds for the demo: n questions from a small grammar, each with its reference.

    The grammar shares no phrase with the simulated teacher. More seeds of the same `random_state` begin
    with the fewer ones, and none stands in `tilth.demo.questions`.

    Args:
        n: How many, 1 to 20,000.
        random_state: Which.
        task: "numeric": arithmetic word problems with worked solutions. "sql": questions over
            `tilth.demo.database()` with the SQL that answers them.

    Raises:
        ValueError: n is out of range, or there is no such task.

    Example:
        >>> tilth.demo.seeds(10)
        <Seeds 'demo-seeds': 10 for numeric>
    """
    whole_number_of(n, "n")
    if not 1 <= n <= 20_000:
        raise ValueError(f"n={n} must be from 1 to 20,000")
    _known("task", task, get_args(DemoTask))
    import polars as pl

    from tilth.seeds import read_seeds

    drawn = sql.draw_seeds(n, random_state) if task == "sql" else draw_seeds(n, random_state)
    prefix = "demo-sql" if task == "sql" else "demo"
    frame = pl.DataFrame(
        {
            "id": [f"{prefix}-{random_state}-{place:05d}" for place in range(n)],
            "question": [problem.question for problem in drawn],
            "answer": [problem.reference for problem in drawn],
        }
    )
    return read_seeds(frame, id="id", name=f"{prefix}-seeds", task=_task(task))


def questions(kind: Kind = "same", split: Split = "test", task: DemoTask = "numeric") -> pl.DataFrame:
    """One of the demo's question sets: a frame with question_id, question and reference, all strings.

    Args:
        kind: "same": from the seeds' own distribution, 200 for validation and 400 for test. "held-out":
            the same equations or queries in other wording, 200 and 400. "hand-written": written by hand,
            free in wording, 40 and 120 (SQL: 30 and 70); neither grammar nor teacher was tuned on them.
        split: "validation" for decisions, "test" for final results. They share no question, nor do
            they share one with the seeds.
        task: "numeric", or "sql" for questions over `tilth.demo.database()`.

    Raises:
        ValueError: There is no such kind, split or task.

    Example:
        >>> tilth.demo.questions("hand-written", "validation").shape
        (40, 3)
    """
    _known("kind", kind, get_args(Kind))
    _known("split", split, get_args(Split))
    _known("task", task, get_args(DemoTask))
    return _questions(kind, split, task).clone()


@cache
def _questions(kind: Kind, split: Split, task: DemoTask) -> pl.DataFrame:
    import polars as pl

    drawn = sql.draw_questions(kind, split) if task == "sql" else draw_questions(kind, split)
    return pl.DataFrame(
        {
            "question_id": [f"{kind}-{split}-{place:03d}" for place in range(len(drawn))],
            "question": [problem.question for problem in drawn],
            "reference": [problem.reference for problem in drawn],
        }
    )


def _task(name: DemoTask) -> str | Task:
    if name == "numeric":
        return name
    from tilth.tasks.sql.task import Sql

    return Sql(database=database())


def _known(name: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(f"there is no {name} {given!r}; take one of {', '.join(map(repr, known))}")
