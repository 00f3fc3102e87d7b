"""What of a row's response a language model learns to write, and how what it writes becomes an answer."""

from __future__ import annotations

from typing import Literal, get_args

from tilth.errors import StudentError
from tilth.students.numeric.arithmetic import infix, show
from tilth.students.numeric.reading import equation, expression_of, numbers
from tilth.tasks.base import Task

Target = Literal["response", "answer", "query", "expression"]
"""The whole response; the answer alone, as the task reads it; the SQL query alone; an expression alone."""

TARGETS: tuple[Target, ...] = get_args(Target)

_FITS: dict[Target, str] = {"query": "sql", "expression": "numeric"}
"""Targets that one task has."""

_SHORT: dict[str, Target] = {"sql": "query", "numeric": "expression", "choice": "answer"}
"""What a small model learns best of a task's rows: as measured for SQL and numbers."""


def target_for(given: Target | None, task: str | None, *, small: bool) -> Target:
    """The target of a training: the one that was asked for, else what suits the task.

    Raises:
        StudentError: There is no such target, or the task has none of its kind.
    """
    if given is None:
        return _SHORT.get(task or "", "response") if small else "response"
    if given not in TARGETS:
        raise StudentError(f"target={given!r} is unknown; choose one of {', '.join(TARGETS)}")
    needed = _FITS.get(given)
    if needed is not None and task != needed:
        raise StudentError(
            f"target={given!r} belongs to the task {needed!r}, not {task!r}; "
            f"take {' or '.join(one for one in TARGETS if _FITS.get(one) in (None, task))}"
        )
    if given == "answer" and task is None:
        raise StudentError('target="answer" needs the task that reads it; pass task=')
    return given


def learnt(question: str, response: str, target: Target, task: Task | None) -> str | None:
    """The text that a row teaches; None where the row has none of its kind, and is skipped."""
    if target == "response":
        return response.strip() or None
    if target == "expression":
        found = equation(question, response)
        return None if found is None else infix(found, numbers(question))
    assert task is not None  # noqa: S101 - `target_for` refuses it
    return task.read(response, question).answer


def answered(text: str, target: Target) -> str | None:
    """What a student that wrote `text` answers. An expression is computed here, not by the model."""
    if target != "expression":
        return text.strip() or None
    found = expression_of(text)
    value = None if found is None else found.value()
    return None if value is None else show(value)
