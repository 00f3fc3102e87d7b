"""Students: what is trained on rows and measured."""

from __future__ import annotations

from tilth.errors import StudentError
from tilth.students.base import FunctionStudent, Model, Student, TrainFunction
from tilth.students.neighbour import Neighbour
from tilth.students.parser import Parser
from tilth.students.sketch import SketchParser

_STUDENTS: dict[str, type[Student]] = {
    Parser.name: Parser,
    Neighbour.name: Neighbour,
    SketchParser.name: SketchParser,
}


def available(task: str | None = None) -> dict[str, type[Student]]:
    """The built-in students by name; those that suit a task, its usual one first, where one is given."""
    return {
        name: kind
        for name, kind in _STUDENTS.items()
        if task is None or kind.tasks is None or task in kind.tasks
    }


def usual(task: str) -> Student:
    """The student of a task where none is named.

    Raises:
        StudentError: No built-in student suits the task.
    """
    for kind in available(task).values():
        return kind()
    raise StudentError(
        f"no built-in student suits the task {task!r}; pass student=, a function that trains on rows"
    )


def fitting(student: Student, task: str) -> Student:
    """The student, where it suits the task.

    Raises:
        StudentError: It does not.
    """
    if student.tasks is not None and task not in student.tasks:
        others = list(available(task)) or ["a function that trains on rows"]
        raise StudentError(
            f"student {student.name!r} suits the task {' or '.join(map(repr, student.tasks))}, not {task!r}; "
            f"take {' or '.join(others)}"
        )
    return student


def get(student: str | Student | TrainFunction) -> Student:
    """A student by name, a student as it is, or any `train(rows)` made into one.

    Raises:
        StudentError: No student has that name.
    """
    if isinstance(student, Student):
        return student
    if isinstance(student, str):
        if student not in _STUDENTS:
            raise StudentError(f"student {student!r} is unknown; choose one of {', '.join(_STUDENTS)}")
        return _STUDENTS[student]()
    if not callable(student):
        raise StudentError(f"student: expected a name or train(rows), got {type(student).__name__}")
    return FunctionStudent(student)


__all__ = [
    "FunctionStudent",
    "Model",
    "Neighbour",
    "Parser",
    "SketchParser",
    "Student",
    "StudentError",
    "TrainFunction",
    "available",
    "fitting",
    "get",
    "usual",
]
