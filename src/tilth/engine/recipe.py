"""What decides a run's rows, resolved once: identity, run_id, default path, order of units and models."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tilth import tasks
from tilth.arguments import all_of_kind, of_kind, random_state_of
from tilth.engine.file.format.digests import canonical, digest
from tilth.engine.file.queries import seeds_from
from tilth.errors import IdentityMismatch
from tilth.seeds import Seeds, TaskLike
from tilth.strategies import registry
from tilth.strategies.base import Role, Strategy
from tilth.strategies.check import Check, with_checks
from tilth.strategies.passes import SeedPasses
from tilth.tasks.base import Task
from tilth.teacher import RecordedTeacher, Teacher

VERDICT_RULES = 3
"""Raised whenever the same replies get other verdicts: stored rows are checked anew when their run goes on.

2: a check whose own reply cannot be read leaves a row as it was; a full context is told as one.
3: a number that is only a part of a formula, a relation or a scale is not read as an answer, nor is one that
is taken back; denials are read in more languages.
"""

_LONGEST = 60
"""Bytes of a strategy's name in a default path: with the seeds' before it, and the endings of lock and log
behind it, they are fewer than the 255 that systems take."""


READING_RULES = 3
"""Raised whenever a strategy of ours reads replies otherwise: rows of runs that began under older rules
cannot all be grown again from their replies.

2: a written question ends where its writer goes on.
3: nor does it hold an answer behind "A:", a label such as "Rephrased:" or a placeholder.
"""


@dataclass(frozen=True)
class Recipe:
    """What decides a run's rows. Not in it: budget, reply limit, concurrency, timeout, price, key, URL.

    Attributes:
        seeds: What it grows from.
        strategy: How, with its checks.
        task: How questions are put and checked.
        teacher: The model that answers.
        writer: The model that writes questions.
        random_state: What all draws come from.
        nested_sizes: Sizes of the seed sets whose cells a study cuts out of the run.
        queries: The run's budget, where a study grows a strategy that is not nested: its rows depend on it.
    """

    seeds: Seeds
    strategy: Strategy
    task: Task
    teacher: Teacher
    writer: Teacher
    random_state: int = 0
    nested_sizes: tuple[int, ...] = ()
    queries: int | None = None

    @classmethod
    def resolve(
        cls,
        seeds: Seeds,
        strategy: str | Strategy | type[Strategy],
        *,
        teacher: Teacher,
        writer: Teacher | None = None,
        task: str | TaskLike | None = None,
        checks: Sequence[Check] = (),
        random_state: int = 0,
    ) -> Recipe:
        """The recipe of what users pass: names stand for what they name, None for what is usual.

        Raises:
            TypeError: An argument is of another kind.
            ValueError: A name is unknown.
        """
        seeds = seeds_given(seeds)
        chosen = tasks.get(task if task is not None else seeds.task)
        return cls(
            # what is left out belongs to no identity
            seeds.fit_for(chosen) if seeds.on_fault == "skip" else seeds,
            with_checks(registry.get(strategy), checks_given(checks)),
            chosen,
            teacher_given(teacher, "teacher"),
            teacher if writer is None else teacher_given(writer, "writer"),
            random_state_of(random_state),
        )

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The recipe as JSON: what a file keeps, and what two runs are compared by."""
        found = {
            "seeds": self.seeds.identity(),
            "strategy": self.strategy.identity(),
            "task": self.task.identity(),
            "teacher": self.teacher.identity(),
            "writer": self.writer.identity(),
            "random_state": self.random_state,
        }
        of_a_study = {"nested": list(self.nested_sizes) or None, "queries": self.queries}
        return found | {name: value for name, value in of_a_study.items() if value is not None}

    @cached_property
    def run_id(self) -> str:
        """The run's id."""
        return run_id_of(self.identity)

    @property
    def default_path(self) -> Path:
        """Where the run goes that was given no path: the same for the same recipe, so that it resumes."""
        safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in self.seeds.stem)
        strategy = self.strategy.name.replace("/", "-").replace("\\", "-")
        return Path(f"{safe}-{_shortened(strategy)}-{self.run_id[:8]}.tilth")

    @property
    def models(self) -> dict[Role, Teacher]:
        """The models that are asked, by role."""
        return {"teacher": self.teacher, "writer": self.writer, **self.strategy.models()}

    @property
    def verdict_options(self) -> dict[str, Any]:
        """What verdicts depend on beside the identity: where it changes, stored rows are checked anew."""
        checks = {check.name: own for check in self.strategy.checks if (own := check.verdict_options())}
        found = {"task": self.task.verdict_options(), "checks": checks}
        return {"rules": VERDICT_RULES, **{part: options for part, options in found.items() if options}}

    def passes(self) -> SeedPasses:
        """The order of its units."""
        put = None if type(self.task).put is Task.put else self.task.put
        return SeedPasses(tuple(self.seeds), self.random_state, self.nested_sizes, put)

    def refuse_other(self, path: Path, stored: Mapping[str, Any]) -> None:
        """Raises `IdentityMismatch` unless the identity that is stored in `path` is this one."""
        refuse_other(path, stored, self.identity)


@dataclass(frozen=True)
class StoredRecipe:
    """A run's recipe as its file holds it, with what of it is installed here.

    Attributes:
        run_id: The run's id, as the file has it.
        identity: The recipe as JSON.
        settings: What else the file keeps of the run, such as its models' reply limits.
        seeds: What the run grows from.
        strategy: How; None where it is not installed here as it was.
        task: How questions are put and checked; None where it is not, or needs more than the file holds.
    """

    run_id: str
    identity: Mapping[str, Any]
    settings: Mapping[str, Any]
    seeds: Seeds
    strategy: Strategy | None
    task: Task | None

    @classmethod
    def of_record(
        cls,
        file: sqlite3.Connection,
        run_id: str,
        identity: Mapping[str, Any],
        settings: Mapping[str, Any],
        using: Sequence[Strategy | Task] = (),
    ) -> StoredRecipe:
        """The recipe of a run's record; strategies and tasks in `using` are taken before installed ones."""
        options = settings.get("verdict_options", {})
        strategy, task = (
            next((one for one in using if canonical(one.identity()) == canonical(identity[part])), None)
            for part in ("strategy", "task")
        )
        if not isinstance(strategy, Strategy):
            strategy = registry.restored(identity["strategy"], options.get("checks"))
        if not isinstance(task, Task):
            task = tasks.restored(identity["task"], options.get("task"))
        seeds = seeds_from(file, run_id, task or identity["task"]["name"], settings["seeds"])
        return cls(run_id, identity, settings, seeds, strategy, task)

    @property
    def task_options(self) -> Mapping[str, Any]:
        """The task's `verdict_options` that its rows were judged by."""
        options: Mapping[str, Any] = self.settings.get("verdict_options", {}).get("task", {})
        return options

    def missing(self) -> str | None:
        """Which part is not here, in words; None where the recipe is whole."""
        for part, found in (("strategy", self.strategy), ("task", self.task)):
            if found is None:
                stored = self.identity[part]
                about = f"the {part} {stored['name']!r}, version {stored['version']},"
                if part == "task" and stored["name"] in tasks.available():
                    return f"{about} was not found here with its database, prompts and options of then"
                return f"{about} is not installed here"
        return None

    def whole(self) -> Recipe | None:
        """The recipe, with models that only repeat what is journalled; None where a part is missing."""
        if self.strategy is None or self.task is None:
            return None
        return Recipe(
            self.seeds,
            self.strategy,
            self.task,
            *recorded(self.identity, self.settings),
            random_state=self.identity["random_state"],
            nested_sizes=tuple(self.identity.get("nested", ())),
            queries=self.identity.get("queries"),
        )


def _shortened(name: str) -> str:
    """A name as part of a file's name: so short that the names of lock and log beside it can be had."""
    return name.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")


def recorded(identity: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[Teacher, Teacher]:
    """Stand-ins for the teacher and the writer of a stored run."""
    reply_limits = settings["max_tokens"]
    return (
        RecordedTeacher(identity["teacher"], reply_limits["teacher"]),
        RecordedTeacher(identity["writer"], reply_limits["writer"]),
    )


def seeds_given(seeds: Seeds) -> Seeds:
    """The seeds; raises `TypeError`, with what to do, where they were not read yet."""
    return of_kind(seeds, Seeds, "seeds", 'what tilth.read_seeds("seeds.jsonl") returns')


def teacher_given(model: Teacher, name: str) -> Teacher:
    """The model; raises `TypeError`, with what to do, where it is only a name."""
    return of_kind(model, Teacher, name, 'a tilth.Teacher, such as tilth.Teacher("gpt-4.1-mini")')


def checks_given(checks: Sequence[Check]) -> tuple[Check, ...]:
    """The checks; raises `TypeError`, with what to do, where they are no list of checks."""
    return all_of_kind(checks, Check, "checks", "checks from tilth.checks: checks=[tilth.checks.Agreement()]")


def run_id_of(identity: Mapping[str, Any]) -> str:
    """The id of an identity: the first 16 hex digits of its digest."""
    return digest(identity)[:16]


def refuse_other(path: Path, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises `IdentityMismatch`, listing what differs, unless both identities are the same."""
    there, here = dict(_leaves(stored)), dict(_leaves(wanted))
    differing = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    if not differing:
        return
    listed = "; ".join(
        f"{key} is {shown(there.get(key))} there and {shown(here.get(key))} here" for key in differing[:8]
    )
    raise IdentityMismatch(
        f"{path.name} holds another run: {listed}. "
        f'Pass another path= to start this one; with reuse=["{path.name}"] it takes over the replies that '
        "both would ask for."
    )


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key in value:
            yield from _leaves(value[key], f"{at}.{key}" if at else str(key))
    else:
        yield at, value


def shown(value: Any) -> str:
    """A value in a message: JSON, cut short."""
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
