"""The cells of a pilot: students trained on what arms have of the pools, measured on validation questions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.advice.adaptive.pools import ARMS, place_of, units_of
from tilth.engine.background import beside
from tilth.engine.budget import NANO
from tilth.errors import StudentError, TilthError
from tilth.students.base import Student
from tilth.studies.test_sets import VALIDATION
from tilth.studies.training.measure import CellAnswers, Job, Training
from tilth.studies.training.processes import TrainingProcesses, ended_from_outside, parted
from tilth.studies.training.trainers import Trainers

if TYPE_CHECKING:
    from tilth.strategies.base import UnitResult
    from tilth.tasks.base import Task

Arm = tuple[str, float]
"""An arm's name, and the ratio it is measured at."""


@dataclass(frozen=True)
class Pilot:
    """What students are trained and measured with.

    Attributes:
        seeds: How many seeds the pools grow from.
        task: How answers are checked.
        student: Who learns.
        questions: Validation questions with their references.
        random_state: What trainings draw from.
    """

    seeds: int
    task: Task
    student: Student
    questions: Sequence[tuple[str, str]]
    random_state: int


def arms_at(ratio: float, measured: Sequence[Arm]) -> list[Arm]:
    """What is worth measuring once the pools serve arms up to a ratio.

    The pool of answers holds one for each seed, whatever the ratio: arms of answers are measured there, too.
    An arm that begins with answers is nothing else before.

    Example:
        >>> from tilth.advice.adaptive.cells import arms_at
        >>> arms_at(0.5, [])[:3]
        [('answer-augmentation', 0.5), ('answer-augmentation', 1.0), ('question-rephrase', 0.5)]
        >>> arms_at(2, [("answer-augmentation", 1.0), ("answers-then-new", 1.0)])
        [('question-rephrase', 2), ('new-question', 2), ('answers-then-new', 2)]
    """
    found: list[Arm] = []
    for arm in ARMS.values():
        answers = set(arm.ingredients) == {"answers"}
        own = [] if (answers and ratio > 1) or (arm.begins_as and ratio < 1) else [ratio]
        found += [
            (arm.name, at) for at in dict.fromkeys([*own, *([1.0] if answers or arm.begins_as else [])])
        ]
    return [one for one in found if one not in measured]


async def measured(pilot: Pilot, arms: Sequence[Arm], results: Sequence[UnitResult]) -> list[dict[str, Any]]:
    """The cells of some arms, as JSON: what each was trained on and which questions it answered right."""
    rows = _Rows(pilot, results)
    trainings = [
        Training(f"{arm} at ratio {ratio:g}", f"{arm} at ratio {ratio:g}", pilot.student, places, 0)
        for arm, ratio in arms
        for places in [rows.places(arm, ratio)]
    ]
    job = Job(
        questions=rows.questions,
        responses=rows.responses,
        seeds=(),
        trainings=trainings,
        tests={VALIDATION: pilot.questions},
        validation=pilot.questions,
        task=pilot.task,
        random_state=pilot.random_state,
    )
    answers = {one.cell_id: one for one in await _answered(job, pilot.student)}
    return [
        _told(rows, arm, ratio, len(training.rows), answers[training.cell_id])
        for (arm, ratio), training in zip(arms, trainings, strict=True)
    ]


class _Rows:
    """The rows that may be learnt, by the pool and the place of their unit."""

    def __init__(self, pilot: Pilot, results: Sequence[UnitResult]) -> None:
        self._pilot = pilot
        self.questions: list[str] = []
        self.responses: list[str] = []
        self._places: list[tuple[str, int]] = []
        self._units = {place_of(result.number, pilot.seeds): result.rows for result in results}
        for unit, rows in self._units.items():
            for row in rows:
                if row["verdict"] != "rejected":
                    self.questions.append(row["question"])
                    self.responses.append(row["response"])
                    self._places.append(unit)

    def places(self, arm: str, ratio: float) -> list[int]:
        """The rows that an arm has at a ratio."""
        units = units_of(ARMS[arm], ratio, self._pilot.seeds, self._pilot.task)
        return [at for at, (part, place) in enumerate(self._places) if place < units[part]]  # type: ignore[index]

    def spent(self, arm: str, ratio: float) -> tuple[int, float | None]:
        """What these rows' units cost: queries, and dollars where they are known."""
        units = units_of(ARMS[arm], ratio, self._pilot.seeds, self._pilot.task)
        rows = [
            row for (part, place), several in self._units.items() if place < units[part] for row in several
        ]
        nano = [row["nano"] for row in rows]
        return sum(row["queries"] for row in rows), None if None in nano else sum(nano) / NANO


def _told(rows: _Rows, arm: str, ratio: float, learnt: int, answers: CellAnswers) -> dict[str, Any]:
    right = "".join("1" if correct else "0" for _, correct in answers.answers[VALIDATION])
    queries, usd = rows.spent(arm, ratio)
    return {
        "arm": arm,
        "ratio": ratio,
        "rows": learnt,
        "right": right,
        "queries": queries,
        "usd": usd,
        "trained_on": answers.trained_on,
        "cut_off": answers.cut_off.get(VALIDATION),
        "machine": answers.machine,
        "seconds": answers.seconds,
    }


async def _answered(job: Job, student: Student) -> list[CellAnswers]:
    short, long = parted([job])
    if short:
        trainers = Trainers(1)
        try:
            found = await asyncio.to_thread(lambda: list(trainers.measure(short)))
        except BaseException as error:
            await beside(trainers.kill)
            if isinstance(error, Exception) and not isinstance(error, TilthError):  # a student's own
                told = f"student {student.name!r}: {type(error).__name__}: {error}"
                raise StudentError(told) from error
            raise
        trainers.leave()
        return found
    processes = TrainingProcesses([student], len(long))
    try:
        await asyncio.to_thread(processes.prepare)
        turns = asyncio.Semaphore(processes.count)

        async def one(job: Job) -> CellAnswers:
            async with turns:
                try:
                    return await asyncio.wrap_future(processes.submit(job))
                except BrokenExecutor as error:
                    raise ended_from_outside(job.trainings[0], error) from error

        found = await asyncio.gather(*map(one, long))
    except BaseException:
        await beside(processes.kill)
        raise
    await asyncio.to_thread(processes.end)
    return found
