"""The studies a workbench could make: their choices, what they would cost, and the files they lie in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth import students, tasks
from tilth.engine.plan import plan
from tilth.engine.recipe import run_id_of
from tilth.errors import JournalError
from tilth.options import differing, written
from tilth.strategies import registry
from tilth.studies import store
from tilth.studies.inputs import STRATEGIES, fixed_identity
from tilth.studies.plan import plan_study
from tilth.studies.start import open_study, start_study
from tilth.studies.test_sets import VALIDATION

if TYPE_CHECKING:
    import polars as pl

    from tilth.engine.budget import Budget
    from tilth.seeds import Seeds
    from tilth.strategies.base import Strategy
    from tilth.studies.study import Study
    from tilth.teacher import Teacher

PATIENCE = math.inf
"""Seconds a failing endpoint is waited for: whoever sits before the widget sees it, and has a Stop button."""

_SMALL, _LARGE = 25, 100
_RATIOS = (1.0, 2.0, 4.0, 8.0, 16.0)
_PLANNED = ("cells", "queries", "rows", "usd", "seconds", "runs")
UNPLANNED: dict[str, Any] = {**dict.fromkeys(_PLANNED), "sources": {}, "problem": None}
"""A plan that is still being made."""

_FILES = 20
"""The most files looked at for a study to go on with."""


@dataclass(frozen=True)
class Choices:
    """A grid as the page chooses it."""

    strategies: tuple[str, ...]
    sizes: tuple[int, ...]
    ratios: tuple[float, ...]
    replicates: int
    student: str

    def same_as(self, other: Choices) -> bool:
        """Whether both choose the same, in whatever order their strategies stand."""
        return replace(self, strategies=other.strategies) == other and (
            sorted(self.strategies) == sorted(other.strategies)
        )

    @property
    def queries(self) -> float:
        """The most queries that its study takes: smaller ratios are parts of the largest one's runs."""
        return len(self.strategies) * sum(self.sizes) * max(self.ratios) * self.replicates


@dataclass(frozen=True)
class WorkbenchStudies:
    """The studies that one workbench could make, by what all of them have in common.

    Attributes:
        tests: The test sets by name, the validation set among them under its own name.
        configured: Strategies with options of their own, by name.
        path: The run's file, where one was named: studies lie beside it.
    """

    seeds: Seeds
    teacher: Teacher
    writer: Teacher | None
    tests: Mapping[str, pl.DataFrame]
    configured: Mapping[str, Strategy]
    random_state: int
    path: Path | None

    def usual(self, offered: Mapping[str, Any], budget: Budget) -> Choices:
        """What is chosen at first: for a simulation the whole grid, else one that keeps `budget`."""
        count = len(self.seeds)
        sizes = (_SMALL, _LARGE) if count >= _LARGE else (math.ceil(count / 4), count)
        whole = Choices(
            strategies=tuple(name for name in STRATEGIES if name in offered) or tuple(offered),
            sizes=tuple(sorted(set(sizes))),
            ratios=_RATIOS,
            replicates=3,
            student=next(iter(students.offered(self.seeds.task_name)), ""),
        )
        if all(model.simulated for model in self.models):
            return whole
        most = self._most_queries(whole.strategies, budget)
        smaller = sorted(_parts(whole), key=lambda each: (len(each.strategies), each.queries), reverse=True)
        return next((each for each in smaller if each.queries <= most), smaller[-1])

    @property
    def models(self) -> list[Teacher]:
        """The models that are asked."""
        return [self.teacher, self.writer or self.teacher]

    def _most_queries(self, strategies: Sequence[str], budget: Budget) -> float:
        """How many queries of any of these strategies a budget buys, by its limits in queries and dollars."""
        most = math.inf if budget.queries is None else budget.queries
        if budget.usd is None:
            return most
        first = [plan(self.seeds, each, 1, teacher=self.teacher, writer=self.writer) for each in strategies]
        dearest = max((each.usd or 0.0 for each in first), default=0.0)
        return min(most, budget.usd / dearest if dearest else math.inf)

    def planned(self, choices: Choices) -> dict[str, Any]:
        """What the study of these choices would take, each number with its source; or why there is none."""
        try:
            options = self._options(choices)
            whole = plan_study(self.seeds, teacher=self.teacher, writer=self.writer, **options)
            one = plan(self.seeds, options["strategies"][0], 1, teacher=self.teacher, writer=self.writer)
        except ValueError as error:
            return {**UNPLANNED, "problem": str(error)}
        return {
            **{name: getattr(whole, name) for name in _PLANNED},
            "sources": {
                "cells": "counted: strategies × sizes × ratios × replicates",
                "queries": "at most: the largest cells; smaller ones are parts of the same runs",
                "rows": "estimated from the queries each strategy takes a row",
                "usd": "a simulation costs nothing" if self.teacher.simulated else one.sources["usd"],
                "seconds": f"{one.sources['seconds']}; training comes on top",
            },
            "problem": None,
        }

    def priced(self) -> bool:
        """Whether calls cost dollars that are known."""
        prices = [model.price() for model in self.models]
        return all(prices) and any(price.prompt or price.completion for price in prices if price)

    def start(self, choices: Choices, *, confirm: bool) -> Study:
        """Starts the study of these choices, or goes on with it; raises what `start_study` raises."""
        return start_study(
            self.seeds,
            test={name: frame for name, frame in self.tests.items() if name != VALIDATION},
            validation=self.tests.get(VALIDATION),
            teacher=self.teacher,
            writer=self.writer,
            path=self.path_of(choices),
            random_state=self.random_state,
            confirm=confirm,
            patience=PATIENCE,
            **self._options(choices),
        )

    def path_of(self, choices: Choices) -> Path:
        """The file of the study of these choices."""
        own = {"grid": self._grid(choices), "random_state": self.random_state, **self._identity}
        folder, prefix = self._place
        return folder / f"{prefix}{run_id_of(own)[:8]}.tilth"

    def newest(self) -> tuple[Study, Choices] | None:
        """The study of this workbench that was worked on last, whether it is at work or not."""
        folder, prefix = self._place
        files = folder.glob(f"{prefix}*.tilth")
        for path in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)[:_FILES]:
            try:
                choices = self._chosen(store.record_of(path).identity)
                if choices is not None and path == self.path_of(choices):
                    return open_study(path), choices
            except (JournalError, OSError, KeyError, TypeError, ValueError):
                continue  # another's file, or no study at all
        return None

    @cached_property
    def _place(self) -> tuple[Path, str]:
        """Where studies' files lie and how their names begin; the notebook may change its folder later."""
        if self.path is not None:
            return self.path.parent, f"{self.path.stem}-study-"
        return Path.cwd(), f"study-{self.seeds.stem}-"

    @cached_property
    def _identity(self) -> dict[str, Any]:
        """The part of a study's identity that no choice changes, as a file holds it."""
        writer, task = self.writer or self.teacher, tasks.get(self.seeds.task)
        return fixed_identity(self.seeds, task, self.teacher, writer, self.tests)

    def _options(self, choices: Choices) -> dict[str, Any]:
        strategies = [self.configured.get(name, name) for name in choices.strategies]
        return {**asdict(choices), "strategies": strategies, "student": choices.student or None}

    def _grid(self, choices: Choices) -> dict[str, Any]:
        strategies = [registry.get(self.configured.get(name, name)) for name in choices.strategies]
        return {**asdict(choices), "strategies": [strategy.identity() for strategy in strategies]}

    def _chosen(self, identity: Mapping[str, Any]) -> Choices | None:
        """The choices that make a study of this identity; None where it is none of this workbench."""
        grid = identity["study"]
        if any(identity[part] != own for part, own in self._identity.items()) or len(grid["students"]) != 1:
            return None
        return Choices(
            strategies=tuple(str(strategy["name"]) for strategy in grid["strategies"]),
            sizes=tuple(map(int, grid["sizes"])),
            ratios=tuple(map(float, grid["ratios"])),
            replicates=int(grid["replicates"]),
            student=_written(grid["students"][0]),
        )


def _written(told: str | Mapping[str, Any]) -> str:
    """A student as a file's identity holds it, as the text that names it."""
    if isinstance(told, str):
        return told
    name, options = str(told["name"]), dict(told["options"])
    kind = students.available().get(name)
    return written(name, options if kind is None else differing(kind, options))


def _parts(whole: Choices) -> list[Choices]:
    """The grids within `whole` that still have two strategies, and two ratios so that lines can be drawn."""
    halves = [(max(1, min(whole.sizes) >> times),) for times in range(6)]
    return [
        replace(whole, strategies=named, sizes=sizes, ratios=whole.ratios[:ratios], replicates=replicates)
        for named in (whole.strategies, whole.strategies[:2])
        for sizes in (whole.sizes, *halves)
        for ratios in range(len(whole.ratios), 1, -1)
        for replicates in (whole.replicates, 1)
    ]
