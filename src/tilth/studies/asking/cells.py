"""Measures the cells of students that ask: one after the other, as they come in the grid."""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, TypeGuard

from tilth.engine.budget import DoesNotFit
from tilth.engine.runner import runner
from tilth.errors import StudentError, UnitFailed
from tilth.students.asking import AskingStudent
from tilth.students.base import Student
from tilth.studies.asking.account import Question, StudentAccount
from tilth.studies.training.measure import CellAnswers, Job, Replies, Training, marked, rows_of
from tilth.teacher import Teacher

if TYPE_CHECKING:
    import polars as pl


_AHEAD = 4
"""Cells that learn at the same time, where that is work done elsewhere: endpoints do a few jobs at once."""


@dataclass(frozen=True)
class _Cell:
    """A cell, with its student that asks."""

    job: Job
    training: Training
    student: AskingStudent


@dataclass(frozen=True)
class _Learnt:
    """A cell's rows, and the model that has learnt from them."""

    rows: pl.DataFrame
    model: Teacher


class AskedCells:
    """The cells whose students ask. Their calls are made in the runner's loop; the rest in threads.

    The first that does not fit the account's limit is the last; its answers are kept, for a higher one.
    """

    def __init__(self, account: StudentAccount, tests: Mapping[str, pl.DataFrame]) -> None:
        """`tests` are all test sets of the study: they give each question its number."""
        self.account = account
        self._units: dict[str, int] = {}
        first = 0
        for name in sorted(tests):  # the order in which they were given is no part of the study's identity
            self._units[name] = first
            first += tests[name].height
        self._tasks: set[asyncio.Task[None]] = set()
        self._unanswered = ""

    def measure(self, jobs: Sequence[Job]) -> Iterator[CellAnswers]:
        """Begins at once, and gives each cell when it is measured; raises what asking failed of.

        Called in a thread that may wait.
        """
        told: queue.SimpleQueue[CellAnswers | None] = queue.SimpleQueue()
        work = runner().submit(self._measure(jobs, told))
        work.add_done_callback(lambda _: told.put(None))
        return _told(told, work)

    @property
    def left(self) -> str:
        """What is left where the study has ended: work elsewhere, cells; behind a reason, "" as a rule."""
        return "".join(f"; {one}" for one in (self.account.work.left, self._unanswered) if one)

    async def abort(self) -> None:
        """Cancels what is asked, and waits until that is booked: it is in doubt."""
        self.account.stop()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _measure(self, jobs: Sequence[Job], told: queue.SimpleQueue[CellAnswers | None]) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        cells = [_Cell(job, one, one.student) for job in jobs for one in job.trainings if _asks(one.student)]
        learning: dict[int, asyncio.Task[_Learnt]] = {}
        try:
            for place in range(len(cells)):
                if self.account.stopping:
                    return
                try:
                    told.put(await self._measured(cells, place, learning))
                except DoesNotFit as limit:
                    self.account.short_of = str(limit)
                except UnitFailed as error:  # a cell is whole or is not measured: it is left for later
                    self._unanswered = str(error)
                except asyncio.CancelledError:
                    if task is None or task.cancelling() or not self.account.stopping:
                        raise
                    # it was stopped while its calls only failed, or it learnt: it is left for later
        finally:
            for one in learning.values():
                one.cancel()
            await asyncio.gather(*learning.values(), return_exceptions=True)

    async def _measured(
        self, cells: Sequence[_Cell], place: int, learning: dict[int, asyncio.Task[_Learnt]]
    ) -> CellAnswers:
        """A cell's answers, while those behind it learn.

        Where it does not fit, it is tried once more when they have: then nothing is reserved beside it.
        """
        for ahead in range(place, min(place + _AHEAD, len(cells))):
            if ahead not in learning:
                learning[ahead] = asyncio.ensure_future(self._learnt(cells[ahead]))
        try:
            return await self._asked(cells[place], learning.pop(place))
        except DoesNotFit:
            if learning:
                await asyncio.wait(learning.values())
            again = asyncio.ensure_future(self._learnt(cells[place]))
            return await self._asked(cells[place], again)

    async def _learnt(self, cell: _Cell) -> _Learnt:
        rows = await asyncio.to_thread(rows_of, cell.job, cell.training)
        if not rows.height:
            return _Learnt(rows, cell.student.asked)
        await self.account.opened()
        job = cell.job
        try:
            model = await cell.student.learn(rows, job.random_state, job.task, self.account.work)
        except StudentError as error:
            raise StudentError(f"{cell.training.told}: {error}") from error
        return _Learnt(rows, model)

    async def _asked(self, cell: _Cell, learning: asyncio.Task[_Learnt]) -> CellAnswers:
        began = time.monotonic()
        try:
            learnt = await learning
        finally:
            learning.cancel()  # where this is cancelled itself, too
        rows, model, job, training = learnt.rows, learnt.model, cell.job, cell.training
        asked = await asyncio.to_thread(self._questions, cell.student, job, rows)
        answers = iter(await self.account.answers(model, asked))
        given = {name: list(islice(answers, len(test))) for name, test in job.tests.items()}
        replies = Replies(given, limited=True, trained_on=rows.height, machine=model.address)
        return await asyncio.to_thread(marked, job, training, replies, time.monotonic() - began, {})

    def _questions(self, student: AskingStudent, job: Job, rows: pl.DataFrame) -> list[Question]:
        """Every test question of the study, as this cell's student is asked it."""
        units, questions = [], []
        for name, test in job.tests.items():
            units += [self._units[name] + place for place in range(len(test))]
            questions += [question for question, _ in test]
        prompts = student.prompts(rows, questions, job.task)
        return list(zip(units, prompts, strict=True))


def _asks(student: Student) -> TypeGuard[AskingStudent]:
    return isinstance(student, AskingStudent)


def split(jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """The jobs of students that are trained in processes, and those of students that ask."""
    parts: tuple[list[Job], list[Job]] = [], []
    for job in jobs:
        for asks, part in enumerate(parts):
            those = [one for one in job.trainings if isinstance(one.student, AskingStudent) == bool(asks)]
            if those:
                part.append(replace(job, trainings=those))
    return parts


def _told(told: queue.SimpleQueue[CellAnswers | None], work: Future[None]) -> Iterator[CellAnswers]:
    while (one := told.get()) is not None:
        yield one
    work.result()
