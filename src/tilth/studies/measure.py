"""Trains students on cells' rows and asks them the questions of every test set."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.students.base import Student
from tilth.tasks.base import Task

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Lesson:
    """One training: which rows a student sees. `rows` are places in the job's frame."""

    cell_id: str
    student: Student
    rows: Sequence[int]
    seed_rows: int


@dataclass(frozen=True)
class Job:
    """The lessons of one run, and all they need; sent to a process of its own."""

    questions: Sequence[str]
    responses: Sequence[str]
    seeds: Sequence[tuple[str, str]]
    lessons: Sequence[Lesson]
    tests: Mapping[str, Sequence[tuple[str, str]]]
    task: Task
    random_state: int


@dataclass(frozen=True)
class Measured:
    """A trained cell's answers: for each test set, each question's answer and whether it was right."""

    cell_id: str
    answers: Mapping[str, Sequence[tuple[str | None, bool]]]
    seconds: float


def measure(job: Job) -> list[Measured]:
    """Trains and measures every lesson of a job. Nothing but rows goes into a student."""
    import polars as pl

    measured = []
    known: dict[tuple[str | None, str, str], bool] = {}  # students of one run give many answers alike
    for lesson in job.lessons:
        began = time.process_time()
        rows = [(job.questions[place], job.responses[place]) for place in lesson.rows]
        rows += job.seeds[: lesson.seed_rows]
        frame = pl.DataFrame(rows, schema={"question": pl.String(), "response": pl.String()}, orient="row")
        model = lesson.student.train(frame, job.random_state)
        answers = {}
        for name, questions in job.tests.items():
            given = model.answer([question for question, _ in questions])
            graded = []
            for answer, (question, reference) in zip(given, questions, strict=True):
                key = (answer, reference, question)
                if key not in known:
                    known[key] = _right(job.task, *key)
                graded.append((answer, known[key]))
            answers[name] = graded
        measured.append(Measured(lesson.cell_id, answers, time.process_time() - began))
    return measured


def _right(task: Task, answer: str | None, reference: str, question: str) -> bool:
    return answer is not None and task.check(answer, reference, question).accepted


def measure_all(jobs: Sequence[Job]) -> Iterator[Measured]:
    """Measures jobs side by side, in processes, and gives each cell as its job is done."""
    from joblib import Parallel, delayed

    processes = min(len(jobs), max(1, (os.cpu_count() or 1)))
    if processes < 2:
        for job in jobs:
            yield from measure(job)
        return
    parallel: Any = Parallel(n_jobs=processes, return_as="generator_unordered")
    for measured in parallel(delayed(measure)(job) for job in jobs):
        yield from measured


def questions_of(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """A test set with question_id, question and reference, all strings; raises what is wrong with it.

    Raises:
        ValueError: A column is missing, a value is empty, or a question stands twice.
    """
    import polars as pl

    if "reference" not in frame.columns and "answer" in frame.columns:
        frame = frame.rename({"answer": "reference"})
    for column in ("question", "reference"):
        if column not in frame.columns:
            there = ", ".join(frame.columns)
            raise ValueError(f"test set {name!r}: column {column!r} is missing; it has {there}")
        empty = frame[column].null_count()
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
