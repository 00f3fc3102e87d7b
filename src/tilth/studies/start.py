"""Starting, resuming, pricing and opening studies: the entry points users call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth import students, tasks
from tilth.engine.file.journal import Journal
from tilth.engine.file.writes import identities
from tilth.engine.plan import plan
from tilth.engine.planning.preconditions import check_needs
from tilth.engine.recipe import refuse_other, run_id_of
from tilth.engine.run import OVER
from tilth.errors import ConfirmationNeeded, TeacherError
from tilth.seeds import Seeds, TaskLike
from tilth.strategies import registry
from tilth.strategies.base import Strategy
from tilth.students.base import Student, TrainFunction
from tilth.studies import store
from tilth.studies.grid import Check, Grid, queries_of
from tilth.studies.measure import questions_of
from tilth.studies.study import Field, Study
from tilth.teacher import Teacher

if TYPE_CHECKING:
    import polars as pl

STRATEGIES = ("answer-augmentation", "question-rephrase", "new-question", "answers-then-new")
"""What a study compares unless told otherwise."""

VALIDATION = "validation"
"""The name of the set that decisions may see."""

_MOST_TESTS = 3

_studies: dict[Path, Study] = {}
_lock = threading.RLock()

StrategyLike = str | Strategy | type[Strategy]
StudentLike = str | Student | TrainFunction


@dataclass(frozen=True)
class StudyPlan:
    """What a study takes, before it starts; estimates.

    Attributes:
        runs: Generations: one for each strategy and replicate, as a rule.
        cells: Students to train and measure.
        queries: Teacher and writer queries at most: those of the largest column.
        rows: Rows the runs yield.
        usd: US dollars, or None where a price is unknown.
        seconds: How long generation takes; training comes on top.
    """

    runs: int
    cells: int
    queries: int
    rows: int
    usd: float | None
    seconds: float


def start_study(
    seeds: Seeds,
    *,
    test: pl.DataFrame | Mapping[str, pl.DataFrame],
    validation: pl.DataFrame | None = None,
    strategies: Sequence[StrategyLike] = STRATEGIES,
    sizes: Sequence[int] | None = None,
    ratios: Sequence[float] | None = None,
    budgets: Sequence[int] | None = None,
    replicates: int = 3,
    student: StudentLike | Sequence[StudentLike] | None = None,
    seed_rows: bool | Sequence[bool] = False,
    check: Check | Sequence[Check] = "label",
    teacher: Teacher | None = None,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
    path: str | Path | None = None,
    random_state: int = 0,
    confirm: bool = False,
    patience: float = 600.0,
) -> Study:
    """Starts a study, or goes on with the one at `path`, and returns at once.

    Args:
        seeds: What to grow from.
        test: Questions that only final figures see: a frame with question and reference (and question_id,
            if it has one), or up to three of them by name.
        validation: Questions that decisions may see; measured under the name "validation".
        strategies: What to compare.
        sizes: Numbers of seeds, nested; all of them, where not given.
        ratios: Budgets in queries for each seed; 1, 2, 4, 8 and 16, where not given.
        budgets: The same in queries, where there is one size.
        replicates: Repetitions, each with its own draw.
        student: What is trained, or several of them; the task's usual one, where not given.
        seed_rows: Whether the seeds' own questions and references are trained on too; or both.
        check: "label" trains on all rows, "filter" on those that were not rejected; or both.
        teacher: The model that answers.
        writer: The model that writes questions; the teacher, unless given.
        task: How questions are put and checked; the seeds' own, unless given.
        path: The study's file. Made from seeds and identity where not given, so that the same call resumes.
        random_state: What all draws come from.
        confirm: True lets the study spend real dollars.
        patience: Seconds of nothing but failures after which the study fails.

    Raises:
        ValueError: The grid, a test set or a student cannot be used, or the seeds cannot feed a strategy or
            the task.
        IdentityMismatch: The file holds another study.
        ConfirmationNeeded: Real dollars without `confirm=True`.
    """
    if teacher is None:
        raise TeacherError(
            "pass teacher=: a tilth.Teacher, or tilth.demo.teacher() for the built-in simulation"
        )
    chosen_task = tasks.get(task if task is not None else seeds.task)
    chosen = tuple(registry.get(strategy) for strategy in strategies)
    check_needs(chosen, seeds, chosen_task)
    trained = _students(student, chosen_task.name)
    grid = _grid(seeds, chosen, sizes, ratios, budgets, replicates, trained, seed_rows, check, random_state)
    tests = _tests(seeds, test, validation)
    field = Field(grid, seeds, chosen_task, tests, teacher, writer or teacher, patience)
    identity = _identity(field)
    number = run_id_of(identity)
    name = f"study-{Path(seeds.name).stem or 'seeds'}-{number[:8]}.tilth"
    where = Path(path or name).absolute()
    with _lock:
        live = _studies.get(where.resolve())
        if live is not None and live.status not in OVER:
            if live.id != number:
                refuse_other(where, store.head(where)[1], identity)
            return live
        planned = _plan(field)
        if planned.usd is None or planned.usd > 0:
            _confirmed(teacher, planned, confirm=confirm)
        study = _open(where, identity, field, planned)
        _studies[where.resolve()] = study
        return study


async def study(seeds: Seeds, **options: Any) -> Study:
    """Starts a study and waits for its end; see `start_study`. Cancelling aborts it."""
    started = await asyncio.to_thread(start_study, seeds, **options)
    return await started


def study_sync(seeds: Seeds, **options: Any) -> Study:
    """Starts a study and blocks until its end; see `start_study`."""
    started = start_study(seeds, **options)
    try:
        return started.wait()
    except KeyboardInterrupt:
        started.abort()
        started.wait()
        raise


def plan_study(
    seeds: Seeds,
    *,
    teacher: Teacher,
    writer: Teacher | None = None,
    strategies: Sequence[StrategyLike] = STRATEGIES,
    sizes: Sequence[int] | None = None,
    ratios: Sequence[float] | None = None,
    replicates: int = 3,
    student: StudentLike | Sequence[StudentLike] | None = None,
) -> StudyPlan:
    """What `start_study` would take, without a single call."""
    chosen = tuple(registry.get(strategy) for strategy in strategies)
    task = tasks.get(seeds.task)
    trained = _students(student, task.name)
    grid = _grid(seeds, chosen, sizes, ratios, None, replicates, trained, (False,), "label", 0)
    return _plan(Field(grid, seeds, task, {}, teacher, writer or teacher, 0.0))


def open_study(path: str | Path) -> Study:
    """A study's file, to read. A study that is at work on it in this process is given itself."""
    where = Path(path)
    with _lock:
        live = _studies.get(where.resolve())
        if live is not None and live.status not in OVER:
            return live
    number, _, settings = store.head(where)
    found = Study(number, where, settings, status="stopped")
    progress = found.progress
    status = "finished" if progress.cells >= progress.all_cells else "stopped"
    return Study(number, where, settings, status=status)


def _open(where: Path, identity: Mapping[str, Any], field: Field, planned: StudyPlan) -> Study:
    number = run_id_of(identity)
    settings = {
        "seeds": field.seeds.name,
        "teacher": field.teacher.name,
        "writer": field.writer.name,
        "simulated": field.teacher.simulated or field.writer.simulated,
        "tests": list(field.tests),
        "cells": planned.cells,
        "runs": planned.runs,
        "queries": planned.queries,
    }
    journal = Journal(where)
    try:
        for stored in journal.write_now(identities):
            refuse_other(where, stored, identity)
        journal.write_now(store.create_study(number, identity, settings))
    except BaseException:
        journal.close()
        raise
    started = Study(number, where, settings)
    started.begin(journal, field)
    return started


def _identity(field: Field) -> dict[str, Any]:
    return {
        "study": field.grid.identity(),
        "seeds": field.seeds.identity(),
        "task": field.task.identity(),
        "teacher": field.teacher.identity(),
        "writer": field.writer.identity(),
        "tests": {name: run_id_of({"rows": frame.rows()}) for name, frame in field.tests.items()},
    }


def _plan(field: Field) -> StudyPlan:
    plots = list(field.grid.plots())
    plans = {}
    for plot in plots:
        key = (plot.strategy, plot.seeds, plot.ratios[-1])
        if key not in plans:
            plans[key] = plan(
                field.seeds.subset(plot.seeds),
                plot.strategy,
                plot.budget,
                teacher=field.teacher,
                writer=field.writer,
                task=field.task,
            )
    each = [plans[plot.strategy, plot.seeds, plot.ratios[-1]] for plot in plots]
    known = [one.usd for one in each if one.usd is not None]
    return StudyPlan(
        runs=len(plots),
        cells=len(field.grid),
        queries=sum(one.queries for one in each),
        rows=sum(one.rows for one in each),
        usd=sum(known) if len(known) == len(each) else None,
        seconds=sum(one.seconds for one in each),
    )


def _confirmed(teacher: Teacher, planned: StudyPlan, *, confirm: bool) -> None:
    if planned.usd is not None and not confirm:
        raise ConfirmationNeeded(
            f"this study puts {planned.queries:,} queries to {teacher.name}, about "
            f"${planned.usd:.2f} by the plan; pass confirm=True, or make the grid smaller"
        )


def _students(given: StudentLike | Sequence[StudentLike] | None, task: str) -> tuple[Student, ...]:
    if given is None:
        return (students.usual(task),)
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    return tuple(students.fitting(students.get(one), task) for one in several)


def _grid(
    seeds: Seeds,
    strategies: tuple[Strategy, ...],
    sizes: Sequence[int] | None,
    ratios: Sequence[float] | None,
    budgets: Sequence[int] | None,
    replicates: int,
    trained: tuple[Student, ...],
    seed_rows: bool | Sequence[bool],
    check: Check | Sequence[Check],
    random_state: int,
) -> Grid:
    if not strategies or not trained or replicates < 1:
        raise ValueError("a study needs at least one strategy, one student and one replicate")
    counts = tuple(sorted(set(sizes or [len(seeds)])))
    if counts[0] < 1 or counts[-1] > len(seeds):
        raise ValueError(
            f"sizes={list(counts)} cannot be drawn from {len(seeds)} seeds; take 1 to {len(seeds)}"
        )
    if budgets is not None:
        if ratios is not None or len(counts) > 1:
            raise ValueError("give budgets for one size of seeds, or ratios for any; not both")
        ratios = [budget / counts[0] for budget in budgets]
    chosen = tuple(sorted(set(ratios if ratios is not None else (1, 2, 4, 8, 16))))
    if not chosen or queries_of(chosen[0], counts[0]) < 1:
        raise ValueError(f"ratios={list(chosen)} leave a cell of {counts[0]} seeds without a single query")
    checks: tuple[Check, ...] = (check,) if isinstance(check, str) else tuple(check)
    for one in checks:
        if one not in ("label", "filter"):
            raise ValueError(
                f'check={one!r} is unknown; "label" trains on all rows, "filter" leaves out rejected'
            )
    both = (seed_rows,) if isinstance(seed_rows, bool) else tuple(seed_rows)
    if any(both) and not seeds.has_references:
        raise ValueError("seed_rows=True needs a reference for every seed")
    return Grid(strategies, counts, chosen, replicates, trained, both, checks, random_state)


def _tests(
    seeds: Seeds, test: pl.DataFrame | Mapping[str, pl.DataFrame], validation: pl.DataFrame | None
) -> dict[str, pl.DataFrame]:
    named = dict(test) if isinstance(test, Mapping) else {"test": test}
    if not 1 <= len(named) <= _MOST_TESTS:
        raise ValueError(f"give one to {_MOST_TESTS} test sets, not {len(named)}")
    if VALIDATION in named:
        raise ValueError('a test set cannot be called "validation"; pass it as validation=')
    if validation is not None:
        named[VALIDATION] = validation
    frames = {name: questions_of(frame, name) for name, frame in named.items()}
    owner = dict.fromkeys(seeds.frame["question"], "the seeds")
    for name, frame in frames.items():
        for question in frame["question"]:
            if question in owner:
                raise ValueError(
                    f"test set {name!r} shares a question with {owner[question]}: {question!r}; "
                    "keep them apart"
                )
        owner |= dict.fromkeys(frame["question"], f"test set {name!r}")
    return frames
