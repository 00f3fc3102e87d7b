"""The tasks: how questions are put, how answers are read and how they are checked."""

from __future__ import annotations

from tilth.seeds import TaskLike
from tilth.tasks.base import Message, Prompt, Reading, Task, Unreadable, Verdict
from tilth.tasks.numeric import Numeric

TASKS: dict[str, type[Task]] = {Numeric.name: Numeric}
"""The built-in tasks by name."""

__all__ = [
    "TASKS",
    "Message",
    "Numeric",
    "Prompt",
    "Reading",
    "Task",
    "Unreadable",
    "Verdict",
    "check",
    "get",
]


def get(task: str | TaskLike) -> Task:
    """The task of that name, or the task itself.

    Raises:
        ValueError: No task has that name; the error lists the names there are.
        TypeError: Neither a name nor a `Task`.
    """
    if isinstance(task, Task):
        return task
    if not isinstance(task, str):
        raise TypeError(f"task must be a name or a tilth.Task, not {type(task).__name__}")
    if task not in TASKS:
        raise ValueError(f"no task is named {task!r}; there are {', '.join(map(repr, sorted(TASKS)))}")
    return TASKS[task]()


def check(response: str, reference: str | float | None = None, task: str | TaskLike = "numeric") -> Verdict:
    """Reads the answer in `response` and compares it with the one in `reference`.

    Args:
        response: A model's reply, reasoning included.
        reference: An answer, bare or with its working; None where there is none.
        task: A task or its name.

    Returns:
        The verdict: accepted, rejected or unverified, with the answer that was read and a reason.
    """
    return get(task).check(response, None if reference is None else str(reference))
