"""What a study's trainings take before it starts, by what its students say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tilth.students.base import Student, TrainingPlan
from tilth.studies.base_lines import SEEDS_ONLY
from tilth.studies.grid import PlannedRun
from tilth.studies.inputs import StudyInputs
from tilth.studies.training.machine import share


@dataclass(frozen=True)
class Trainings:
    """What all trainings take that take minutes.

    Attributes:
        seconds: Wall seconds; None where there are none, or a student does not know.
        memory: Bytes of those that go on side by side; None likewise.
    """

    seconds: float | None
    memory: int | None


def trainings_of(inputs: StudyInputs, rows: Mapping[PlannedRun, int]) -> Trainings:
    """Those of a study's cells and base lines; `rows` is what each run is planned to yield.

    A student that says nothing of its trainings takes milliseconds.
    """
    questions = sum(frame.height for frame in inputs.tests.values())
    known: dict[tuple[Student, int], TrainingPlan | None] = {}
    plans: list[TrainingPlan] = []
    for student, count in _trained(inputs, rows):
        if (student, count) not in known:
            known[student, count] = student.plan(count, questions)
        if (planned := known[student, count]) is not None:
            plans.append(planned)
    if not plans:
        return Trainings(None, None)
    sizes = [plan.memory for plan in plans]
    memory = None if None in sizes else max(size for size in sizes if size is not None)
    limits = [plan.at_once for plan in plans if plan.at_once is not None]
    at_once = share(memory or 0, min([len(plans), *limits])).processes
    seconds = [plan.seconds for plan in plans]
    total = None if None in seconds else sum(one for one in seconds if one is not None) / at_once
    return Trainings(total, None if memory is None else memory * at_once)


def _trained(inputs: StudyInputs, rows: Mapping[PlannedRun, int]) -> Iterator[tuple[Student, int]]:
    """Every cell's student, and about how many rows it learns from."""
    for run, most in rows.items():
        for cell in inputs.grid.cells(run):
            part = (cell.budget.queries or 0) / max(1, run.queries)
            yield cell.student, round(most * part) + (cell.seeds if cell.seed_rows else 0)
    for line in inputs.base_lines:
        yield line.student, line.seeds if line.kind == SEEDS_ONLY else 0
