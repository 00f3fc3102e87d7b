"""The base lines of a study's charts: a student as it is, and one that learnt the seeds' own rows only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilth.engine.file.format.digests import digest
from tilth.students.asking import AskingStudent
from tilth.students.base import Student
from tilth.studies.grid import Grid
from tilth.studies.options import named, student_options

ZERO_SHOT, SEEDS_ONLY = "zero-shot", "seeds-only"
BASE_LINES = (ZERO_SHOT, SEEDS_ONLY)
"""Their names, which stand where a cell's strategy stands."""


@dataclass(frozen=True)
class BaseLine:
    """A cell that no strategy grew for.

    Attributes:
        kind: "zero-shot" or "seeds-only".
        student: Who is asked.
        seeds: How many seeds it learnt from; 0 where it is asked as it is.
        replicate: Which draw of the seeds.
    """

    kind: str
    student: Student
    seeds: int
    replicate: int

    def id(self, study_id: str) -> str:
        """Names it: 16 hex digits."""
        told = [study_id, "base line", self.kind, self.seeds, self.replicate]
        return digest([*told, self.student.name, student_options(self.student)])[:16]

    @property
    def told(self) -> str:
        """The cell and the student in words."""
        student = named(self.student.name, student_options(self.student))
        if self.kind == ZERO_SHOT:
            return f"student {student}, {self.kind}"
        return f"student {student}, {self.kind}, {self.seeds} seeds, replicate {self.replicate}"


def base_lines(grid: Grid, *, references: bool) -> Iterator[BaseLine]:
    """Those of a grid, for each student that can answer untrained; `references`: whether seeds have them.

    What it costs to learn elsewhere is paid for the grid only: such a student has a zero-shot line alone.
    """
    for student in grid.students:
        if not answers_untrained(student):
            continue
        yield BaseLine(ZERO_SHOT, student, 0, 0)
        if references and not learns_elsewhere(student):
            for replicate in range(grid.replicates):
                for size in grid.sizes:
                    yield BaseLine(SEEDS_ONLY, student, size, replicate)


def answers_untrained(student: Student) -> bool:
    """Whether a student has a model before it has seen a row."""
    return type(student).untrained is not Student.untrained


def learns_elsewhere(student: Student) -> bool:
    """Whether each set of rows that it learns is work that somebody else is paid for."""
    return isinstance(student, AskingStudent) and type(student).learn is not AskingStudent.learn
