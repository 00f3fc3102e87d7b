"""The processes in which students are trained that take minutes and much memory: a training in each."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tilth.caching import cache_folder
from tilth.errors import StudentError
from tilth.students.base import Student, TrainingPlan
from tilth.studies.training.alone import last_report, train_alone
from tilth.studies.training.cache import ROOM
from tilth.studies.training.machine import share
from tilth.studies.training.measure import CellAnswers, Job, Training
from tilth.studies.training.pools import pool
from tilth.studies.training.standing import TrainingStanding, standing_of

_HAND_SECONDS = 2.0

_IDLE_SECONDS = 300
"""After which a process that has nothing to do ends, and gives back its memory."""


class TrainingProcesses:
    """Trains long ones side by side, as cores and memory allow.

    Attributes:
        count: How many go on at a time.

    Args:
        students: Who is trained.
        most: How many trainings there are at most.
    """

    def __init__(self, students: Sequence[Student], most: int) -> None:
        plans = [(student, student.plan(1, 1) or TrainingPlan()) for student in students]
        self._memory = max((plan.memory or student.needs_memory for student, plan in plans), default=0)
        self._most = min([most, *(plan.at_once for _, plan in plans if plan.at_once is not None)])
        self.count = 1
        self._executor: Any = None
        self._reports: Path | None = None
        self._futures: list[Future[CellAnswers]] = []
        self._waiting: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._lock, self._killing = threading.Lock(), threading.Lock()
        self._ended = False

    def prepare(self) -> None:
        """Makes the processes, by what is free now. May block a little."""
        with self._lock:
            if not self._ended and self._executor is None:
                shared = share(self._memory, self._most)
                self._executor = pool(shared.processes, shared.environment, _IDLE_SECONDS)
                self.count = shared.processes
                self._reports = Path(tempfile.mkdtemp(prefix="tilth-trainings-"))

    def submit(self, job: Job) -> Future[CellAnswers]:
        """Has a job's only training done; never more of them at a time than there are processes.

        Raises:
            StudentError: The processes have been ended.
        """
        [training] = job.trainings
        with self._lock:
            if self._executor is None or self._reports is None:
                raise StudentError(f"{training.told}: there are no processes any more")
            self._waiting[training.cell_id] = training.told
            reports = self._reports / f"{training.cell_id}.jsonl"
            told = (job, cache_folder(ROOM), reports, os.getpid())
            future: Future[CellAnswers] = self._executor.submit(train_alone, *told)
            self._futures = [one for one in self._futures if not one.done()] + [future]
        future.add_done_callback(lambda _: self._waiting.pop(training.cell_id, None))
        return future

    def standing(self) -> list[TrainingStanding]:
        """The trainings that go on now, by what they last said."""
        found: list[TrainingStanding] = []
        if self._reports is None:
            return found
        for cell_id, told in list(self._waiting.items()):
            with suppress(OSError):  # it has not begun yet, or ends in this moment
                report = last_report(self._reports / f"{cell_id}.jsonl")
                began = self._began.setdefault(cell_id, time.monotonic())
                found.append(standing_of(cell_id, told, report, time.monotonic() - began))
        return found

    def _handed_on(self) -> None:
        """Waits a moment until each training is with a process: loky's thread dies of a kill before that."""
        end = time.monotonic() + _HAND_SECONDS
        while any(not (one.running() or one.done()) for one in self._futures) and time.monotonic() < end:
            time.sleep(0.01)

    def end(self) -> None:
        """Ends the processes, which have nothing more to do. May block a little."""
        self._end(kill=False)

    def kill(self) -> None:
        """Ends the processes at once, and returns when they are gone. May block a little.

        What a training left stays in its folder.
        """
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        with self._killing:  # who comes second waits for the first
            with self._lock:
                executor, self._executor, self._ended = self._executor, None, True
            if executor is not None:
                self._handed_on()
                executor.shutdown(kill_workers=kill)
            if self._reports is not None:
                shutil.rmtree(self._reports, ignore_errors=True)


def parted(jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """The jobs of students that train in milliseconds, and a job for each training of the others."""
    short, long = [], []
    for job in jobs:
        several = [training for training in job.trainings if not training.student.needs_memory > 0]
        if several:
            short.append(replace(job, trainings=several))
        long += [job.alone(training) for training in job.trainings if training not in several]
    return short, long


def ended_from_outside(training: Training, error: Exception) -> StudentError:
    """What to raise where the process of a training was ended by something else than this one."""
    return StudentError(
        f"{training.told}: a process that trains was ended from outside ({type(error).__name__}), "
        f"most often for want of memory: one needs {training.student.needs_memory / 1e9:.1f} GB"
    )
