"""What a study is made of, resolved once from what users pass: grid, test sets, task, models, limits."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth import students, tasks
from tilth.arguments import (
    all_of_kind,
    listed,
    number_of,
    numbers_of,
    paths_of,
    random_state_of,
    whole_number_of,
)
from tilth.engine.budget import Budget
from tilth.engine.file.format.digests import canonical
from tilth.engine.planning.preconditions import refuse_unfit_seeds
from tilth.engine.planning.unread import tell_unread_columns
from tilth.engine.recipe import checks_given, run_id_of, seeds_given, teacher_given
from tilth.errors import BudgetError, TeacherError
from tilth.seeds import Seeds, TaskLike
from tilth.strategies import registry
from tilth.strategies.base import Strategy
from tilth.strategies.check import Check, Checked, with_checks
from tilth.students.asking import AskingStudent
from tilth.students.base import Student, TrainFunction
from tilth.studies.asking.price import StudentPrice, asking, price_of, student_limit
from tilth.studies.base_lines import BASE_LINES, BaseLine, base_lines
from tilth.studies.grid import Grid, TrainedRows, queries_of
from tilth.studies.options import DEFAULTS, named, options_of, student_options
from tilth.studies.test_sets import refuse_shared_questions, test_sets
from tilth.tasks.base import Task
from tilth.teacher import Teacher

if TYPE_CHECKING:
    import polars as pl

    from tilth.studies.test_sets import TestSet

StrategyLike = str | Strategy | type[Strategy]
StudentLike = str | Student | type[Student] | TrainFunction

STRATEGIES = ("answer-augmentation", "question-rephrase", "new-question", "answers-then-new")
"""What a study compares unless told otherwise."""

RATIOS = (1, 2, 4, 8, 16)
"""Its budgets in queries for each seed, unless told otherwise."""

_MOST_REPLICATES = 10_000
"""Every run of a study is planned before the first starts: far beyond this they do not fit in memory."""


@dataclass(frozen=True)
class StudyInputs:
    """What a study works with.

    Attributes:
        grid: What it varies.
        seeds: What it grows from.
        task: How questions are put and checked.
        tests: Test sets by name, the validation set among them.
        teacher: The model that answers.
        writer: The model that writes questions.
        budget: Limits on all that its runs spend together; None where there are none but the grid's queries.
        student_budget: Limits on what its students are asked; None where none were given.
        reuse: Other files whose replies are taken over.
        patience: Seconds of nothing but failures after which it fails.
    """

    grid: Grid
    seeds: Seeds
    task: Task
    tests: Mapping[str, pl.DataFrame]
    teacher: Teacher
    writer: Teacher
    budget: Budget | None
    student_budget: Budget | None
    reuse: tuple[Path, ...]
    patience: float

    @classmethod
    def resolve(
        cls,
        seeds: Seeds,
        *,
        test: TestSet | Mapping[str, TestSet] | None,
        validation: TestSet | None,
        strategies: Sequence[StrategyLike],
        checks: Sequence[Check],
        sizes: Sequence[int] | None,
        ratios: Sequence[float] | None,
        budgets: Sequence[int] | None,
        replicates: int,
        student: StudentLike | Sequence[StudentLike] | None,
        seed_rows: bool | Sequence[bool],
        check: TrainedRows | Sequence[TrainedRows],
        budget: Budget | int | None,
        student_budget: Budget | int | None,
        teacher: Teacher | None,
        writer: Teacher | None,
        task: str | TaskLike | None,
        reuse: Sequence[str | Path],
        random_state: int,
        patience: float,
    ) -> StudyInputs:
        """The inputs of what `start_study` takes; raises what it raises. A plan needs no test set."""
        if teacher is None:
            raise TeacherError(
                "pass teacher=: a tilth.Teacher, or tilth.demo.teacher() for the built-in simulation"
            )
        seeds = seeds_given(seeds)
        chosen_task = tasks.get(task if task is not None else seeds.task)
        chosen = _strategies(strategies, checks)
        if seeds.on_fault == "skip":
            seeds = seeds.fit_for(chosen_task)
        refuse_unfit_seeds(chosen, seeds, chosen_task)
        tell_unread_columns(seeds, chosen_task, chosen)
        counts = _sizes(seeds, sizes)
        grid = Grid(
            strategies=chosen,
            sizes=counts,
            ratios=_ratios(counts, ratios, budgets),
            replicates=whole_number_of(replicates, "replicates"),
            students=_students(student, chosen_task.name),
            seed_rows=_seed_rows(seeds, seed_rows),
            checks=_trained_rows(check),
            random_state=random_state_of(random_state),
        )
        if not grid.strategies or not grid.students or grid.replicates < 1:
            raise ValueError("a study needs at least one strategy, one student and one replicate")
        if grid.replicates > _MOST_REPLICATES:
            raise ValueError(f"replicates={replicates}: give {_MOST_REPLICATES:,} at most")
        tests = {} if test is None else test_sets(test, validation, chosen_task)
        refuse_shared_questions(seeds, tests)
        return cls(
            grid,
            seeds,
            chosen_task,
            tests,
            teacher_given(teacher, "teacher"),
            teacher if writer is None else teacher_given(writer, "writer"),
            _budget(budget),
            _budget(student_budget),
            tuple(path.absolute() for path in paths_of(reuse, "reuse")),
            number_of(patience, "patience"),
        )

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What decides what the study measures, as its file holds it. Not: budget, reuse, prices."""
        fixed = fixed_identity(self.seeds, self.task, self.teacher, self.writer, self.tests)
        return {"study": _as_json(self.grid.identity()), **fixed}

    @cached_property
    def base_lines(self) -> tuple[BaseLine, ...]:
        """The base lines of its charts."""
        return tuple(base_lines(self.grid, references=self.seeds.has_references))

    @property
    def cells(self) -> int:
        """How many cells are measured, base lines with them."""
        return len(self.grid) + len(self.base_lines)

    @property
    def id(self) -> str:
        """The study's id: the first 16 hex digits of its identity's digest."""
        return run_id_of(self.identity)

    @property
    def default_path(self) -> Path:
        """Where the study goes that was given no path: the same for the same inputs, so that it resumes."""
        return Path(f"study-{self.seeds.stem}-{self.id[:8]}.tilth")

    @property
    def models(self) -> Collection[Teacher]:
        """Every model that is asked, once."""
        several = [self.teacher, self.writer]
        for strategy in self.grid.strategies:
            several += strategy.models().values()
        return dict.fromkeys(several)

    @cached_property
    def asking(self) -> tuple[AskingStudent, ...]:
        """Its students that ask."""
        return tuple(asking(self.grid))

    @cached_property
    def student_price(self) -> StudentPrice | None:
        """What they take; None where no student asks."""
        cells = [cell for run in self.grid.runs() for cell in self.grid.cells(run)]
        # no cell has more rows than it has queries, but for its seeds' own
        most = [(one.student, (one.budget.queries or 0) + one.seeds * one.seed_rows) for one in cells]
        most += [(line.student, line.seeds) for line in self.base_lines]
        return price_of(most, self.seeds, self.tests, self.task)

    @property
    def student_limit(self) -> Budget:
        """The limit on what they are asked, which was agreed to; of nothing where no student asks."""
        if self.student_price is None:
            return Budget(queries=0)
        return student_limit(self.asking, self.student_budget, self.student_price, confirm=True)

    @property
    def priced(self) -> bool:
        """Whether what all models cost is known."""
        return all(model.price() is not None for model in self.models)

    @property
    def simulated(self) -> bool:
        """Whether a rule-based stand-in is among the models."""
        return any(model.simulated for model in self.models)


def fixed_identity(
    seeds: Seeds, task: Task, teacher: Teacher, writer: Teacher, tests: Mapping[str, pl.DataFrame]
) -> dict[str, Any]:
    """The part of a study's identity that no choice of a grid changes, as its file holds it."""
    found: dict[str, Any] = _as_json(
        {
            "seeds": seeds.identity(),
            "task": task.identity(),
            "teacher": teacher.identity(),
            "writer": writer.identity(),
            "tests": {name: run_id_of({"rows": frame.rows()}) for name, frame in tests.items()},
        }
    )
    return found


def _as_json(value: Any) -> Any:
    return json.loads(canonical(value))


def _budget(given: Budget | int | None) -> Budget | None:
    budget = None if given is None else Budget.of(given)
    if budget is not None and budget.rows is not None:
        raise BudgetError(
            "a study has limits and no goal in rows, for its grid says how much is grown; leave rows= out of "
            "its budget"
        )
    return budget


def _strategies(given: Sequence[StrategyLike], checks: Sequence[Check]) -> tuple[Strategy, ...]:
    found = [registry.get(strategy) for strategy in listed(given, "strategies", "strategies or their names")]
    checks = checks_given(checks)
    if checks and (checked := [strategy.name for strategy in found if isinstance(strategy, Checked)]):
        raise ValueError(
            f"strategies: {checked[0]} has checks of its own; give each strategy its own, or all checks="
        )
    chosen = tuple(with_checks(strategy, checks) for strategy in found)
    if taken := [strategy.name for strategy in chosen if strategy.name in BASE_LINES]:
        raise ValueError(f"strategies: {taken[0]} is the name of a base line; give the strategy another")
    lines = [(strategy.name, options_of(strategy)) for strategy in chosen]
    for name, options in lines:
        if lines.count((name, options)) > 1:
            how = "as it comes" if options == DEFAULTS else f"with the same options, {options}"
            raise ValueError(
                f"strategies: {name} stands there more than once {how}; give each setting of a strategy once"
            )
    return chosen


def _students(given: StudentLike | Sequence[StudentLike] | None, task: str) -> tuple[Student, ...]:
    if given is None:
        return (students.usual(task),)
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    chosen = tuple(students.fitting(students.get(one), task) for one in several)
    told = [(one.name, student_options(one)) for one in chosen]
    if twice := [one for one in told if told.count(one) > 1]:
        raise ValueError(
            f"student: two are called {named(*twice[0])!r}; give each setting of a student once, and each "
            "function a name of its own"
        )
    return chosen


def _sizes(seeds: Seeds, sizes: Sequence[int] | None) -> tuple[int, ...]:
    given = () if sizes is None else all_of_kind(sizes, int, "sizes", "whole numbers")
    counts = tuple(sorted(set(given or [len(seeds)])))
    if counts[0] < 1 or counts[-1] > len(seeds):
        raise ValueError(
            f"sizes={list(counts)} cannot be drawn from {len(seeds)} seeds; take 1 to {len(seeds)}"
        )
    return counts


def _ratios(
    sizes: tuple[int, ...], ratios: Sequence[float] | None, budgets: Sequence[int] | None
) -> tuple[float, ...]:
    if budgets is not None:
        if ratios is not None or len(sizes) > 1:
            raise ValueError("give budgets for one size of seeds, or ratios for any; not both")
        ratios = [budget / sizes[0] for budget in numbers_of(budgets, "budgets")]
    chosen = tuple(sorted(set(RATIOS if ratios is None else numbers_of(ratios, "ratios"))))
    if not all(map(isfinite, chosen)):
        raise ValueError(f"ratios={list(chosen)}: give numbers above 0, as in [1, 2, 4]")
    if not chosen or queries_of(chosen[0], sizes[0]) < 1:
        raise ValueError(f"ratios={list(chosen)} leave a cell of {sizes[0]} seeds without a single query")
    return chosen


def _seed_rows(seeds: Seeds, given: bool | Sequence[bool]) -> tuple[bool, ...]:
    several = [given] if isinstance(given, bool) else all_of_kind(given, bool, "seed_rows", "True and False")
    both = tuple(dict.fromkeys(several))
    if any(both) and not seeds.has_references:
        raise ValueError("seed_rows=True needs a reference for every seed")
    return both


def _trained_rows(given: TrainedRows | Sequence[TrainedRows]) -> tuple[TrainedRows, ...]:
    several = [given] if isinstance(given, str) else listed(given, "check", "ways to check")
    chosen: tuple[TrainedRows, ...] = tuple(dict.fromkeys(several))
    for one in chosen:
        if one not in ("label", "filter"):
            raise ValueError(
                f'check={one!r} is unknown; "label" trains on all rows, "filter" leaves out rejected'
            )
    return chosen
