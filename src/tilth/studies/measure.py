"""Trains students on cells' rows and asks them the questions of every test set."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tilth.students.base import Student, StudentAnswer, TrainingSetting
from tilth.tasks.base import Task

if TYPE_CHECKING:
    import polars as pl

_IDLE_SECONDS = 300
"""After which a process that has nothing to do ends."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""There is a process for each core."""


Known = dict[tuple[str | None, str, str], bool]
"""By answer, reference and question, what is right: students of one run give many answers alike."""


@dataclass(frozen=True)
class Training:
    """One training: which rows a student sees. `rows` are places in the job's frame."""

    cell_id: str
    student: Student
    rows: Sequence[int]
    seed_rows: int


@dataclass(frozen=True)
class Job:
    """The trainings of one run, and all they need; sent to a process of its own."""

    questions: Sequence[str]
    responses: Sequence[str]
    seeds: Sequence[tuple[str, str]]
    trainings: Sequence[Training]
    tests: Mapping[str, Sequence[tuple[str, str]]]
    task: Task
    random_state: int


@dataclass(frozen=True)
class CellAnswers:
    """What a trained cell answered.

    Attributes:
        cell_id: Which cell.
        answers: For each test set, each question's answer and whether it was right.
        cut_off: For each test set, the share of answers that met the limit on their length; empty where the
            student has no limit.
        trained_on: Rows that it could read and learnt from.
        machine: What it was trained and asked on, where its answers depend on that.
        seconds: CPU seconds of training, asking and checking.
    """

    cell_id: str
    answers: Mapping[str, Sequence[tuple[str | None, bool]]]
    cut_off: Mapping[str, float]
    trained_on: int | None
    machine: str | None
    seconds: float


def measure(job: Job) -> list[CellAnswers]:
    """Trains and measures every training of a job. Nothing but rows goes into a student."""
    answered = []
    known: Known = {}
    for training in job.trainings:
        began = time.process_time()
        model = training.student.train_in(rows_of(job, training), job.random_state, TrainingSetting(job.task))
        answers, cut_off = {}, {}
        for name, questions in job.tests.items():
            given = model.answers([question for question, _ in questions])
            answers[name] = graded(job.task, questions, given, known)
            if model.limited:
                cut_off[name] = sum(answer.cut_off for answer in given) / len(given)
        answered.append(
            CellAnswers(
                cell_id=training.cell_id,
                answers=answers,
                cut_off=cut_off,
                trained_on=getattr(model, "trained_on", None),  # a user's own may not count them
                machine=model.machine,
                seconds=time.process_time() - began,
            )
        )
    return answered


def rows_of(job: Job, training: Training) -> pl.DataFrame:
    """The rows that a student sees: question and response."""
    import polars as pl

    rows = [(job.questions[place], job.responses[place]) for place in training.rows]
    rows += job.seeds[: training.seed_rows]
    return pl.DataFrame(rows, schema={"question": pl.String(), "response": pl.String()}, orient="row")


def graded(
    task: Task, questions: Sequence[tuple[str, str]], given: Sequence[StudentAnswer], known: Known
) -> list[tuple[str | None, bool]]:
    """Each answer, and whether it is right; what was checked before stands in `known`."""
    found = []
    for answer, (question, reference) in zip(given, questions, strict=True):
        key = (answer.text, reference, question)
        if key not in known:
            known[key] = answer.text is not None and task.check(answer.text, reference, question).accepted
        found.append((answer.text, known[key]))
    return found


class Trainers:
    """The processes in which one study's students are trained.

    They are made when they are first needed. Those of a study that has ended wait for the next one, for
    a process loads what students need once; those of an aborted one are killed, whatever they are at.
    """

    _idle: ClassVar[dict[int, list[Any]]] = {}
    _lock = threading.Lock()

    def __init__(self, most: int) -> None:
        """`most` is how many jobs there are at once."""
        self._count = max(1, min(most, os.cpu_count() or 1))
        self._executor: Any = None
        self._killed = False

    def measure(self, jobs: Sequence[Job]) -> Iterator[CellAnswers]:
        """Measures jobs side by side, and gives each one's cells when it is done; raises what one raised."""
        with self._lock:
            if self._killed or not jobs:
                return
            if self._executor is None:
                idle = self._idle.get(self._count)
                self._executor = idle.pop() if idle else _processes(self._count)
            futures = [self._executor.submit(measure, job) for job in jobs]
        for future in as_completed(futures):
            yield from future.result()

    def kill(self) -> None:
        """Ends the processes at once; who waits for them gets an error. May block a little."""
        with self._lock:
            executor, self._executor, self._killed = self._executor, None, True
        if executor is not None:
            executor.shutdown(kill_workers=True)

    def leave(self) -> None:
        """Leaves the processes, which have nothing more to do, to the next study."""
        with self._lock:
            if self._executor is not None:
                self._idle.setdefault(self._count, []).append(self._executor)
                self._executor = None


def _processes(count: int) -> Any:
    """joblib's own kind of pool: it takes functions of a notebook, and needs no guarded main module."""
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(count, timeout=_IDLE_SECONDS, env=_ONE_THREAD)
