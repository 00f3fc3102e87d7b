"""Measures the cells of students that ask: one after the other, as they come in the grid."""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from tilth.engine.budget import DoesNotFit
from tilth.engine.runner import runner
from tilth.students.asking import AskingStudent
from tilth.students.base import StudentAnswer
from tilth.studies.asking.account import Question, StudentAccount
from tilth.studies.measure import CellAnswers, Job, Known, Training, graded, rows_of

if TYPE_CHECKING:
    import polars as pl


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
        """What goes on elsewhere where the study has ended, behind a reason; "" as a rule."""
        left = self.account.work.left
        return "" if left is None else f"; {left}"

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
        for job in jobs:
            for training in job.trainings:
                if self.account.stopping:
                    return
                try:
                    told.put(await self._measured(job, training))
                except DoesNotFit as limit:
                    self.account.short_of = str(limit)
                except asyncio.CancelledError:
                    if task is None or task.cancelling() or not self.account.stopping:
                        raise
                    # it was stopped while its calls only failed: it is left for later

    async def _measured(self, job: Job, training: Training) -> CellAnswers:
        student, began = training.student, time.monotonic()
        if not isinstance(student, AskingStudent):
            raise TypeError(f"{student.name} asks nobody")
        rows = await asyncio.to_thread(rows_of, job, training)
        model = student.asked
        if rows.height:
            await self.account.opened()
            model = await student.learn(rows, job.random_state, job.task, self.account.work)
        asked = await asyncio.to_thread(self._questions, student, job, rows)
        answers = await self.account.answers(model, asked)
        found, cut_off = await asyncio.to_thread(_graded, job, answers)
        return CellAnswers(
            cell_id=training.cell_id,
            answers=found,
            cut_off=cut_off,
            trained_on=rows.height,
            machine=model.address,
            seconds=time.monotonic() - began,
        )

    def _questions(self, student: AskingStudent, job: Job, rows: pl.DataFrame) -> list[Question]:
        """Every test question of the study, as this cell's student is asked it."""
        units, questions = [], []
        for name, test in job.tests.items():
            units += [self._units[name] + place for place in range(len(test))]
            questions += [question for question, _ in test]
        prompts = student.prompts(rows, questions, job.task)
        return list(zip(units, prompts, strict=True))


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


def _graded(
    job: Job, answers: Sequence[StudentAnswer]
) -> tuple[dict[str, list[tuple[str | None, bool]]], dict[str, float]]:
    """By test set, each answer and whether it is right, and the share that was cut off."""
    found, cut_off = {}, {}
    known: Known = {}
    first = 0
    for name, questions in job.tests.items():
        given = answers[first : first + len(questions)]
        first += len(questions)
        found[name] = graded(job.task, questions, given, known)
        cut_off[name] = sum(answer.cut_off for answer in given) / len(given)
    return found, cut_off
