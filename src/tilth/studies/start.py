"""Starting, resuming, pricing and opening studies: the entry points users call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tilth.arguments import path_of
from tilth.engine.background import begun, wait_for
from tilth.engine.budget import Budget
from tilth.engine.file.format.records import identities
from tilth.engine.file.journal import Journal
from tilth.engine.file.queries import read_only
from tilth.engine.live import LiveFiles
from tilth.engine.planning.preconditions import refuse_endless, refuse_patience, refuse_unagreed_spending
from tilth.engine.recipe import refuse_other
from tilth.engine.standing import standing
from tilth.errors import JournalError, StudentError
from tilth.seeds import Seeds, TaskLike
from tilth.strategies.check import Check
from tilth.studies import store
from tilth.studies.asking.price import student_limit
from tilth.studies.asking.standing import student_settings
from tilth.studies.execution import StudyExecution
from tilth.studies.grid import TrainedRows
from tilth.studies.inputs import STRATEGIES, StrategyLike, StudentLike, StudyInputs
from tilth.studies.options import options_of, student_options
from tilth.studies.plan import StudyPlan, planned_study
from tilth.studies.study import Study
from tilth.teacher import Teacher

if TYPE_CHECKING:
    from tilth.studies.test_sets import TestSet

_live: LiveFiles[Study] = LiveFiles()


def start_study(
    seeds: Seeds,
    *,
    test: TestSet | Mapping[str, TestSet],
    validation: TestSet | None = None,
    strategies: Sequence[StrategyLike] = STRATEGIES,
    checks: Sequence[Check] = (),
    sizes: Sequence[int] | None = None,
    ratios: Sequence[float] | None = None,
    budgets: Sequence[int] | None = None,
    replicates: int = 3,
    student: StudentLike | Sequence[StudentLike] | None = None,
    seed_rows: bool | Sequence[bool] = False,
    check: TrainedRows | Sequence[TrainedRows] = "label",
    budget: Budget | int | None = None,
    student_budget: Budget | int | None = None,
    teacher: Teacher | None = None,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
    path: str | Path | None = None,
    reuse: Sequence[str | Path] = (),
    random_state: int = 0,
    confirm: bool = False,
    patience: float = 600.0,
) -> Study:
    """Starts a study, or goes on with the one at `path`, and returns at once.

    Args:
        seeds: What to grow from.
        test: Questions that only final results see: seeds, or a frame with question and reference (and
            question_id, if it has one), or up to three of them by name.
        validation: Questions that decisions may see; measured under the name "validation".
        strategies: What to compare. Two settings of one strategy are two lines of the study.
        checks: Checks that ask, from `tilth.checks`, through which the rows of every strategy go; what they
            ask is part of each cell's queries. A strategy with checks of its own takes none here.
        sizes: Numbers of seeds, nested; all of them, where not given.
        ratios: Budgets in queries for each seed; 1, 2, 4, 8 and 16, where not given.
        budgets: The same in queries, where there is one size.
        replicates: Repetitions, each with its own draw.
        student: What is trained, or several of them; the task's usual one, where not given.
        seed_rows: Whether the seeds' own questions and references are trained on too; or both.
        check: "label" trains on all rows, "filter" on those that were not rejected; or both.
        budget: Hard limits on all that is spent in this file, by all runs in all sittings; a number is taken
            as queries. Once one is reached the study is finished, with the cells that are whole. The same
            call with a higher budget goes on.
        student_budget: Hard limits on all that students who ask a model are asked in this file, such as
            `tilth.students.InContext`; a number is taken as queries. It is an account of its own: nothing of
            it counts against `budget`. Needed unless their models are known to cost nothing. Once one is
            reached they are measured no more.
        teacher: The model that answers.
        writer: The model that writes questions; the teacher, unless given.
        task: How questions are put and checked; the seeds' own, unless given.
        path: The study's file. Made from seeds and identity where not given, so that the same call resumes. A
            study that is at work on it in this process is joined.
        reuse: Files of other runs or studies, whose replies are taken over as `tilth.start` does, each once
            in the whole study. They count nothing against `budget`, and in a cell what they cost where they
            were paid.
        random_state: What all draws come from.
        confirm: True lets the study spend real dollars without a limit in dollars.
        patience: Seconds of nothing but failures after which the study fails.

    Raises:
        ValueError: The grid, a test set or a student cannot be used, a strategy stands twice with the same
            settings, the seeds cannot feed a strategy or the task, or it is at work with another budget.
        IdentityMismatch: The file holds another study.
        ConfirmationNeeded: Real dollars, and neither a limit in dollars nor `confirm=True`; or a student that
            asks a model, and no `student_budget`. Its message tells what that takes.
        BudgetError: A limit in dollars where a price is unknown, or a goal in rows.
        TeacherError: No teacher.
        RunBusy: Another process holds the file.
        JournalError: The file, or one to reuse, cannot be used.

    Example:
        >>> study = tilth.start_study(
        ...     tilth.demo.seeds(10),
        ...     test=tilth.demo.questions("same", "test").head(20),
        ...     strategies=["answer-augmentation", "new-question"],
        ...     ratios=[1, 2],
        ...     replicates=1,
        ...     budget=30,
        ...     teacher=tilth.demo.teacher(),
        ...     path="limited.tilth",
        ... )
        >>> study.wait().progress.reason
        "the study's budget of queries is used up: 3 of 4 cells are measured whole"
        >>> study.frame.select("strategy", "ratio", "queries").rows()
        [('answer-augmentation', 1.0, 10), ('answer-augmentation', 2.0, 20), ('new-question', 1.0, 10)]
    """
    refuse_patience(patience)
    inputs = StudyInputs.resolve(
        seeds,
        test=test,
        validation=validation,
        strategies=strategies,
        checks=checks,
        sizes=sizes,
        ratios=ratios,
        budgets=budgets,
        replicates=replicates,
        student=student,
        seed_rows=seed_rows,
        check=check,
        budget=budget,
        student_budget=student_budget,
        teacher=teacher,
        writer=writer,
        task=task,
        reuse=reuse,
        random_state=random_state,
        patience=patience,
    )
    if not inputs.tests:
        raise ValueError("a study needs a test set; pass test=")
    # absolute, for the process may change its folder while a study is at work
    where = (path_of(path) if path is not None else inputs.default_path).absolute()
    with _live.turn(where):
        live = _joined(where, inputs)
        if live is not None:
            return live
        try:
            planned = planned_study(inputs)
        except StudentError:  # it cannot be trained here, which matters only where something is to be
            if _is_whole(where, inputs):
                return open_study(where)
            raise
        limit = inputs.budget or Budget(queries=planned.queries)
        refuse_endless(limit, inputs.models)
        refuse_unagreed_spending(limit, inputs.models, planned, confirm=confirm)
        if planned.student is not None:
            student_limit(inputs.asking, inputs.student_budget, planned.student, confirm=confirm)
        started = _begun(where, inputs, planned)
        _live.add(where, started)
        return started


async def study(
    seeds: Seeds,
    *,
    test: TestSet | Mapping[str, TestSet],
    validation: TestSet | None = None,
    strategies: Sequence[StrategyLike] = STRATEGIES,
    checks: Sequence[Check] = (),
    sizes: Sequence[int] | None = None,
    ratios: Sequence[float] | None = None,
    budgets: Sequence[int] | None = None,
    replicates: int = 3,
    student: StudentLike | Sequence[StudentLike] | None = None,
    seed_rows: bool | Sequence[bool] = False,
    check: TrainedRows | Sequence[TrainedRows] = "label",
    budget: Budget | int | None = None,
    student_budget: Budget | int | None = None,
    teacher: Teacher | None = None,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
    path: str | Path | None = None,
    reuse: Sequence[str | Path] = (),
    random_state: int = 0,
    confirm: bool = False,
    patience: float = 600.0,
) -> Study:
    """Starts a study and waits for its end. Cancelling aborts it at any moment, and its journal is flushed.

    Takes and raises what `start_study` does, and raises what the study failed of, as `Study.wait` does.

    Example:
        A notebook's cell or a coroutine says `await tilth.study(...)`.

        >>> import asyncio
        >>> seeds, test = tilth.demo.seeds(10), tilth.demo.questions("same", "test").head(20)
        >>> grid = {"strategies": ["answer-augmentation"], "ratios": [2], "replicates": 1}
        >>> work = tilth.study(seeds, test=test, teacher=tilth.demo.teacher(), path="two.tilth", **grid)
        >>> asyncio.run(work).progress.reason
        'every cell is measured'
    """
    start = partial(
        start_study,
        seeds,
        test=test,
        validation=validation,
        strategies=strategies,
        checks=checks,
        sizes=sizes,
        ratios=ratios,
        budgets=budgets,
        replicates=replicates,
        student=student,
        seed_rows=seed_rows,
        check=check,
        budget=budget,
        student_budget=student_budget,
        teacher=teacher,
        writer=writer,
        task=task,
        path=path,
        reuse=reuse,
        random_state=random_state,
        confirm=confirm,
        patience=patience,
    )
    return await (await begun(start))


def study_sync(
    seeds: Seeds,
    *,
    test: TestSet | Mapping[str, TestSet],
    validation: TestSet | None = None,
    strategies: Sequence[StrategyLike] = STRATEGIES,
    checks: Sequence[Check] = (),
    sizes: Sequence[int] | None = None,
    ratios: Sequence[float] | None = None,
    budgets: Sequence[int] | None = None,
    replicates: int = 3,
    student: StudentLike | Sequence[StudentLike] | None = None,
    seed_rows: bool | Sequence[bool] = False,
    check: TrainedRows | Sequence[TrainedRows] = "label",
    budget: Budget | int | None = None,
    student_budget: Budget | int | None = None,
    teacher: Teacher | None = None,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
    path: str | Path | None = None,
    reuse: Sequence[str | Path] = (),
    random_state: int = 0,
    confirm: bool = False,
    patience: float = 600.0,
) -> Study:
    """Starts a study and blocks until its end. Ctrl-C aborts it, and its journal is flushed.

    Takes and raises what `start_study` does, and raises what the study failed of, as `Study.wait` does.

    Example:
        >>> seeds, test = tilth.demo.seeds(10), tilth.demo.questions("same", "test").head(20)
        >>> grid = {"strategies": ["question-rephrase"], "ratios": [2], "replicates": 1}
        >>> study = tilth.study_sync(seeds, test=test, teacher=tilth.demo.teacher(), path="one.tilth", **grid)
        >>> study.frame.select("strategy", "ratio", "n_test", "complete").row(0)
        ('question-rephrase', 2.0, 20, True)
    """
    started = start_study(
        seeds,
        test=test,
        validation=validation,
        strategies=strategies,
        checks=checks,
        sizes=sizes,
        ratios=ratios,
        budgets=budgets,
        replicates=replicates,
        student=student,
        seed_rows=seed_rows,
        check=check,
        budget=budget,
        student_budget=student_budget,
        teacher=teacher,
        writer=writer,
        task=task,
        path=path,
        reuse=reuse,
        random_state=random_state,
        confirm=confirm,
        patience=patience,
    )
    return wait_for(started)


def open_study(path: str | Path) -> Study:
    """A study's file, to read: nothing is asked, and nothing written. A study at work here is given itself.

    One that another process is at work on is "running", and its `holder` says which.

    Raises:
        JournalError: There is no such file, it cannot be read, or it holds no study.

    Example:
        >>> seeds, test = tilth.demo.seeds(10), tilth.demo.questions("same", "test").head(20)
        >>> grid = {"strategies": ["answer-augmentation"], "ratios": [1], "replicates": 1}
        >>> _ = tilth.study_sync(seeds, test=test, teacher=tilth.demo.teacher(), path="kept.tilth", **grid)
        >>> tilth.open_study("kept.tilth").status
        'finished'
    """
    where = path_of(path)
    live = _live.get(where)
    if live is not None:
        return live
    record = store.record_of(where)
    stands = standing(where, record.status, record.reason)
    return Study(replace(record, status=stands.status, reason=stands.reason), where, stands.holder)


def _joined(where: Path, inputs: StudyInputs) -> Study | None:
    live = _live.get(where)
    if live is None:
        return None
    if live.id != inputs.id:
        refuse_other(where, store.record_of(where).identity, inputs.identity)
    if (live.budget, live.student_budget) != (inputs.budget, inputs.student_budget):
        raise ValueError(
            f"{where.name} holds a study that is at work with another budget; stop it, then start it again "
            "with this one"
        )
    return live


def _is_whole(where: Path, inputs: StudyInputs) -> bool:
    """Whether nothing is left to measure."""
    try:
        record = store.record_of(where)
    except JournalError:  # no file, or none that can be read: told where it is opened to write
        return False
    if (record.study_id, record.status) != (inputs.id, "finished"):
        return False
    return len(store.complete_cells(where, inputs.id)) == inputs.cells


def _begun(where: Path, inputs: StudyInputs, planned: StudyPlan) -> Study:
    settings = {
        "seeds": inputs.seeds.name,
        "teacher": inputs.teacher.name,
        "writer": inputs.writer.name,
        "simulated": inputs.simulated,
        "priced": inputs.priced,
        "tests": list(inputs.tests),
        "options": [[strategy.identity(), options_of(strategy)] for strategy in inputs.grid.strategies],
        "students": [[student.name, student_options(student)] for student in inputs.grid.students],
        "budget": None if inputs.budget is None else inputs.budget.to_json(),
        "student": student_settings(inputs),
        "cells": planned.cells,
        "runs": planned.runs,
        "queries": planned.queries,
    }
    for other in inputs.reuse:
        with read_only(other):
            pass  # what cannot be read is told before anything is paid
    journal = Journal(where)
    try:
        for stored in journal.write_now(identities):
            refuse_other(where, stored, inputs.identity)
        seconds = journal.write_now(store.create_study(inputs.id, inputs.identity, settings))
    except BaseException:
        journal.close()
        raise
    record = store.StudyRecord(inputs.id, inputs.identity, {**settings, "seconds": seconds}, "starting", None)
    started = Study(record, where)
    started._begin(StudyExecution(inputs.id, journal, inputs, started.events))  # noqa: SLF001 - here only
    return started
