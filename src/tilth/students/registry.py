"""Which students there are: ours, and others' by their entry point; by name, with options."""

from __future__ import annotations

import inspect
import types
import typing
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tilth import options as written
from tilth.errors import StudentError
from tilth.students.base import FunctionStudent, Student, TrainFunction
from tilth.students.in_context import InContext
from tilth.students.language_model.lora import Lora
from tilth.students.numeric.neighbour import Neighbour
from tilth.students.numeric.parser import Parser
from tilth.students.openai_fine_tuning import OpenAIFineTuning
from tilth.students.sql.sketch import SketchParser

GROUP = "tilth.students"

_OWN: dict[str, type[Student]] = {kind.name: kind for kind in (Parser, Neighbour, SketchParser, Lora)}
_ASKING: dict[str, type[Student]] = {kind.name: kind for kind in (InContext, OpenAIFineTuning)}
"""Those that cannot be had by their name alone, for they need a model: `available` does not list them."""


@lru_cache(maxsize=1)
def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in _OWN | _ASKING}


def _kinds() -> dict[str, type[Student]]:
    return _OWN | {name: _loaded(name) for name in _points()}


def _loaded(name: str) -> type[Student]:
    found = _points()[name].load()
    if not (inspect.isclass(found) and issubclass(found, Student)):
        raise TypeError(f"entry point {GROUP}:{name} names {found!r}, which is no tilth.students.Student")
    return found


def available(task: str | None = None) -> dict[str, type[Student]]:
    """The installed students by name; those that suit a task, its usual one first, where one is given.

    Example:
        >>> list(tilth.students.available("sql"))[0]
        'sketch'
    """
    return {
        name: kind
        for name, kind in _kinds().items()
        if task is None or kind.tasks is None or task in kind.tasks
    }


def offered(task: str) -> dict[str, type[Student]]:
    """Those of `available` that can be trained here as they come: what a form has to choose from."""
    return {name: kind for name, kind in available(task).items() if kind.installed()}


def usual(task: str) -> Student:
    """The student of a task where none is named: one that is made for it, and trains in milliseconds.

    Raises:
        StudentError: No built-in student suits the task.
    """
    for kind in _OWN.values():
        if kind.tasks is not None and task in kind.tasks:
            return kind()
    raise StudentError(
        f"no built-in student suits the task {task!r}; pass student=, "
        f"{' or '.join([*map(repr, available(task)), 'a function that trains on rows'])}"
    )


def fitting(student: Student, task: str) -> Student:
    """The student, where it suits the task, with the options that it takes from the task.

    Raises:
        StudentError: It does not.
    """
    if student.tasks is not None and task not in student.tasks:
        others = list(available(task)) or ["a function that trains on rows"]
        raise StudentError(
            f"student {student.name!r} suits the task {' or '.join(map(repr, student.tasks))}, not {task!r}; "
            f"take {' or '.join(others)}"
        )
    return student.suited_to(task)


def get(student: str | Student | type[Student] | TrainFunction, **options: Any) -> Student:
    """A student by name or class with its options, a student as it is, or any `train(rows)` made into one.

    The options are the fields of its class, a dataclass. One text gives both, such as "neighbour(k=7)".

    Raises:
        StudentError: No student has that name, or it has no such option.

    Example:
        >>> tilth.students.get("neighbour", k=7) == tilth.students.get("neighbour(k=7)")
        True
        >>> try:
        ...     tilth.students.get("neighbour(m=7)")
        ... except tilth.StudentError as error:
        ...     print(error)
        student 'neighbour' has no option m; it has k (5)
    """
    if isinstance(student, str):
        try:
            name, told = written.read(student)
        except ValueError as error:
            raise StudentError(f"student {error}") from error
        ours = _OWN | _ASKING
        if name not in ours and name not in _points():
            raise StudentError(f"student {name!r} is unknown; choose one of {', '.join([*ours, *_points()])}")
        kind = ours.get(name) or _loaded(name)
        hints = _hints(kind)
        told = {field: _as_told(value, hints.get(field)) for field, value in told.items()}
        return _made(kind, told | options)
    if inspect.isclass(student) and issubclass(student, Student):
        return _made(student, options)
    if options:
        raise StudentError(f"student: {', '.join(options)}: options go with a name or a class only")
    if isinstance(student, Student):
        return student
    if not callable(student):
        raise StudentError(f"student: expected a name or train(rows), got {type(student).__name__}")
    return FunctionStudent(student)


def _made(kind: type[Student], options: dict[str, Any]) -> Student:
    fields = written.fields(kind)
    if unknown := [name for name in options if name not in fields]:
        there = ", ".join(f"{name} ({value!r})" for name, value in fields.items()) or "none"
        raise StudentError(f"student {kind.name!r} has no option {unknown[0]}; it has {there}")
    hints = _hints(kind)
    for name, value in options.items():
        if not _suits(value, hints.get(name)):
            choices = ", ".join(map(str, _choices(hints[name])))
            instead = f"choose one of {choices}" if choices else f"as it comes it is {fields[name]!r}"
            raise StudentError(f"student {kind.name!r}: {name} cannot be {value!r}; {instead}")
    try:
        return kind(**options)
    except StudentError:
        raise  # it names the student
    except (TypeError, ValueError) as error:
        raise StudentError(f"student {kind.name!r}: {error}") from error


def _hints(kind: type[Student]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind)
    except NameError:  # its annotations name what is imported for type checks only
        return {}


def _as_told(value: Any, hint: Any) -> Any:
    """A value from a text, where its field wants text and it looks like a number."""
    wants_text = str in _kinds_of(hint) and not {int, float} & {*_kinds_of(hint)}
    return str(value) if wants_text and isinstance(value, int | float) else value


def _suits(value: Any, hint: Any) -> bool:
    """Whether a value is one of its field's; True where the annotation is none that can be looked at."""
    kinds, choices = _kinds_of(hint), _choices(hint)
    if choices:
        return value in choices or (value is None and types.NoneType in kinds)
    if not set(kinds) <= {int, float, str, bool, types.NoneType}:
        return True
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (isinstance(value, int) and float in kinds)


def _kinds_of(hint: Any) -> tuple[Any, ...]:
    several = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return typing.get_args(hint) if several else (hint,)


def _choices(hint: Any) -> tuple[Any, ...]:
    """The values that an annotation names one by one; none where it names none."""
    return tuple(
        value
        for kind in _kinds_of(hint)
        if typing.get_origin(kind) is typing.Literal
        for value in typing.get_args(kind)
    )
