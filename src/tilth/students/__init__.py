"""Students: what is trained on rows and measured."""

from __future__ import annotations

from tilth.students.base import FunctionStudent, Model, Student, StudentError, TrainFunction
from tilth.students.neighbour import Neighbour
from tilth.students.parser import Parser

_STUDENTS: dict[str, type[Parser | Neighbour]] = {Parser.name: Parser, Neighbour.name: Neighbour}


def available() -> dict[str, type[Student]]:
    """The built-in students by name."""
    return dict(_STUDENTS)


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
    "Student",
    "StudentError",
    "TrainFunction",
    "available",
    "get",
]
