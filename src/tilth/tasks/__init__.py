"""The tasks: how questions are put, how answers are read and how they are checked.

`numeric`, `choice`, `sql`, `code` and `open_ended` hold a task each, with its prompts and verdicts. What one
of them needs for that stands in files that open with its name, the SQL task's also in `databases`, the code
task's in `sandbox`; `base`, `prompts`, `reasoning`, `references` and `worker` serve several.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tilth.arguments import of_kind
from tilth.errors import Unreadable
from tilth.seeds import Seeds, TaskLike
from tilth.tasks.base import Message, Prompt, Reading, Task, Verdict
from tilth.tasks.causes import CAUSES

if TYPE_CHECKING:
    from tilth.tasks.choice.task import Choice as Choice
    from tilth.tasks.code.task import Code as Code
    from tilth.tasks.numeric.task import Numeric as Numeric
    from tilth.tasks.open_ended.task import OpenEnded as OpenEnded
    from tilth.tasks.sql.task import Sql as Sql

_HOMES = {
    "choice": "choice.task:Choice",
    "code": "code.task:Code",
    "numeric": "numeric.task:Numeric",
    "open-ended": "open_ended.task:OpenEnded",
    "sql": "sql.task:Sql",
}
"""Where each built-in task lives; loaded at first use."""

__all__ = [
    "CAUSES",
    "Choice",
    "Code",
    "Message",
    "Numeric",
    "OpenEnded",
    "Prompt",
    "Reading",
    "Sql",
    "Task",
    "Unreadable",
    "Verdict",
    "as_put",
    "available",
    "check",
    "get",
    "restored",
]


def __getattr__(name: str) -> Any:
    for task, home in _HOMES.items():
        if home.endswith(f":{name}"):
            return _loaded(task)
    raise AttributeError(f"module 'tilth.tasks' has no attribute {name!r}")


def available() -> tuple[str, ...]:
    """The names of the built-in tasks.

    Example:
        >>> tilth.tasks.available()
        ('choice', 'code', 'numeric', 'open-ended', 'sql')
    """
    return tuple(_HOMES)


def get(task: str | TaskLike) -> Task:
    """The task of that name, or the task itself.

    Raises:
        ValueError: No task has that name; the error lists the names there are.
        TypeError: Neither a name nor a `Task`; or a task that needs more than its name.

    Example:
        >>> tilth.tasks.get("numeric").name
        'numeric'
    """
    if isinstance(task, Task):
        return task
    if not isinstance(task, str):
        raise TypeError(f"task must be a name or a tilth.Task, not {type(task).__name__}")
    if task not in _HOMES:
        raise ValueError(f"no task is named {task!r}; there are {', '.join(map(repr, sorted(_HOMES)))}")
    return _loaded(task)()


def restored(identity: Mapping[str, Any], verdict_options: Mapping[str, Any] | None = None) -> Task | None:
    """The built-in task of this `identity()` and these `verdict_options()`; None where that takes more.

    Example:
        >>> task = tilth.tasks.get("numeric")
        >>> tilth.tasks.restored(task.identity()).name
        'numeric'
    """
    if identity["name"] not in _HOMES:
        return None
    try:
        task = _loaded(identity["name"]).restored(identity, verdict_options or {})
    except (KeyError, TypeError, ValueError):  # its prompts or options may be others now
        return None
    return task if task.identity() == dict(identity) else None


def as_put(seeds: Seeds, random_state: int = 0) -> Seeds:
    """The seeds as their task puts them, such as with their options in the question.

    A study's test sets are such questions: `test=tilth.tasks.as_put(seeds).frame`.

    Args:
        seeds: Seeds whose task is named or given.
        random_state: What a task draws from that puts seeds in several ways.

    Raises:
        SeedsError: The task cannot take a seed; all that is wrong is told at once.

    Example:
        >>> rows = [{"question": "How many legs has a cat?", "choices": ["two", "four"], "answer": "B"}]
        >>> seeds = tilth.read_seeds(rows, task=tilth.tasks.Choice())
        >>> tilth.tasks.as_put(seeds).frame["reference"].to_list()
        ['B. four']
    """
    import polars as pl

    task = get(seeds.task)
    seeds = seeds.fit_for(task)
    put = [task.put(seed, random.Random(f"{random_state} {seed.id}")) for seed in seeds]
    frame = seeds.frame.with_columns(
        question=pl.Series([seed.question for seed in put], dtype=pl.String),
        reference=pl.Series([seed.reference for seed in put], dtype=pl.String),
    )
    return replace(seeds, frame=frame)


def check(
    response: str,
    reference: str | float | None = None,
    task: str | TaskLike = "numeric",
    question: str | None = None,
) -> Verdict:
    """Reads the answer in `response` and compares it with the one in `reference`.

    Args:
        response: A model's reply, reasoning included.
        reference: An answer, bare or with its working; None where there is none.
        task: A task or its name.
        question: The question, for tasks that cannot be checked without it, such as one of choice.

    Returns:
        The verdict: accepted, rejected or unverified, with the answer that was read, and why it is
        not accepted.

    Example:
        >>> verdict = tilth.check("16 - 7 = 9, and 9 * 2 = $18", reference="18", task="numeric")
        >>> verdict.accepted, verdict.answer
        (True, '18')
    """
    of_kind(response, str, "response", "a model's reply, as text")
    if question is not None:
        of_kind(question, str, "question", "the question, as text")
    return get(task).check(response, None if reference is None else str(reference), question)


def _loaded(name: str) -> type[Task]:
    module, _, kind = _HOMES[name].partition(":")
    loaded: type[Task] = getattr(importlib.import_module(f"tilth.tasks.{module}"), kind)
    return loaded
