"""Trains students on cells' rows and asks them the questions of every test set; in processes of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tilth.errors import StudentError
from tilth.students.base import Model, Student, StudentAnswer, TrainingSetting
from tilth.tasks.base import Task

if TYPE_CHECKING:
    import polars as pl


Known = dict[tuple[str | None, str, str], bool]
"""By answer, reference and question, what is right: students of one run give many answers alike."""


@dataclass(frozen=True)
class Training:
    """One training: which rows a student sees.

    Attributes:
        cell_id: The cell that it is for.
        told: The cell and the student in words, for messages.
        student: Who learns.
        rows: Places in the job's rows.
        seed_rows: How many of the job's seeds are learnt beside them.
        untrained: Whether the student is asked as it is, without any training.
    """

    cell_id: str
    told: str
    student: Student
    rows: Sequence[int]
    seed_rows: int
    untrained: bool = False


@dataclass(frozen=True)
class Job:
    """Trainings, and all they need; sent to a process of its own.

    Attributes:
        questions: Questions of a run's rows; `responses` beside them.
        seeds: Questions and references of seeds, as the task puts them.
        trainings: What is trained.
        tests: Questions and references of every test set by its name, the validation set among them.
        validation: Questions and references that a training may look at.
        task: How answers are checked.
        random_state: What a training draws from.
    """

    questions: Sequence[str]
    responses: Sequence[str]
    seeds: Sequence[tuple[str, str]]
    trainings: Sequence[Training]
    tests: Mapping[str, Sequence[tuple[str, str]]]
    validation: Sequence[tuple[str, str]]
    task: Task
    random_state: int

    def alone(self, training: Training) -> Job:
        """One training, with no more rows than it sees."""
        places = training.rows
        return replace(
            self,
            questions=[self.questions[place] for place in places],
            responses=[self.responses[place] for place in places],
            seeds=self.seeds[: training.seed_rows],
            trainings=[replace(training, rows=range(len(places)))],
        )


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
        seconds: CPU seconds of training, asking and checking; of a student that asks, those it waited.
    """

    cell_id: str
    answers: Mapping[str, Sequence[tuple[str | None, bool]]]
    cut_off: Mapping[str, float]
    trained_on: int | None
    machine: str | None
    seconds: float


@dataclass(frozen=True)
class Replies:
    """What a model said, before anything is checked.

    Attributes:
        given: Its answers for each test set.
        limited: Whether they have a limit on their length.
        trained_on, machine: As the model tells them.
    """

    given: Mapping[str, Sequence[StudentAnswer]]
    limited: bool
    trained_on: int | None
    machine: str | None


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


def marked(job: Job, training: Training, replies: Replies, seconds: float, known: Known) -> CellAnswers:
    """What a cell replied, checked; `seconds` is what it took so far."""
    began = time.process_time()
    answers, cut_off = {}, {}
    for name, questions in job.tests.items():
        given = replies.given[name]
        answers[name] = graded(job.task, questions, given, known)
        if replies.limited:
            cut_off[name] = sum(answer.cut_off for answer in given) / len(given)
    return CellAnswers(
        cell_id=training.cell_id,
        answers=answers,
        cut_off=cut_off,
        trained_on=replies.trained_on,
        machine=replies.machine,
        seconds=seconds + time.process_time() - began,
    )


def measure(job: Job) -> list[CellAnswers]:
    """Trains and measures every training of a job. Nothing but rows goes into a student."""
    answered = []
    known: Known = {}
    for training in job.trainings:
        began = time.process_time()
        replies = asked(job, training, TrainingSetting(job.task, job.validation))
        answered.append(marked(job, training, replies, time.process_time() - began, known))
    return answered


def asked(job: Job, training: Training, setting: TrainingSetting) -> Replies:
    """Trains one student and puts every question to it.

    Raises:
        StudentError: It could not be trained, or broke its contract; the message names the cell.
    """
    try:
        model = _model(job, training, setting)
        given = {
            name: _answers(model, [question for question, _ in questions])
            for name, questions in job.tests.items()
        }
    except StudentError as error:
        raise StudentError(f"{training.told}: {error}") from error
    trained_on = getattr(model, "trained_on", None)  # a user's own may not count them
    return Replies(given, model.limited, trained_on, model.machine)


def _model(job: Job, training: Training, setting: TrainingSetting) -> Model:
    if not training.untrained:
        return training.student.train_in(rows_of(job, training), job.random_state, setting)
    model = training.student.untrained(setting)
    if model is None:
        raise StudentError("it has no untrained model after all; leave `untrained` as it comes")
    return model


def _answers(model: Model, questions: Sequence[str]) -> Sequence[StudentAnswer]:
    given = model.answers(questions)
    if len(given) != len(questions):
        raise StudentError(f"{len(given)} answers to {len(questions)} questions")
    return given


def pairs_of(job: Job, training: Training) -> list[tuple[str, str]]:
    """The questions and responses that a student sees, in order."""
    rows = [(job.questions[place], job.responses[place]) for place in training.rows]
    return rows + list(job.seeds[: training.seed_rows])


def rows_of(job: Job, training: Training) -> pl.DataFrame:
    """The same as a frame: question and response."""
    import polars as pl

    schema = {"question": pl.String(), "response": pl.String()}
    return pl.DataFrame(pairs_of(job, training), schema=schema, orient="row")
