"""The grid of a study: which runs it takes, and which cells are cut out of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from tilth.engine.budget import Amount, Budget
from tilth.engine.file.format.digests import digest
from tilth.engine.file.queries import FinishedUnit
from tilth.strategies.base import Strategy
from tilth.strategies.check import Checked
from tilth.strategies.passes import SeedPasses, drawn
from tilth.studies.options import DEFAULTS, named, options_of, student_options

if TYPE_CHECKING:
    from tilth.students.base import Student

TrainedRows = Literal["label", "filter"]
"""All rows, or those that were not rejected."""


@dataclass(frozen=True)
class Grid:
    """What a study varies.

    Attributes:
        strategies: How rows are grown, each with its checks.
        sizes: Numbers of seeds, smallest first; each is a nested subset of the next.
        ratios: Budgets in queries for each seed, smallest first.
        replicates: Repetitions, each with its own draw of seeds, order and replies.
        students: What is trained.
        seed_rows: Whether the seeds' own questions and references are trained on as well.
        checks: Which rows are trained on.
        random_state: What all draws come from.
    """

    strategies: tuple[Strategy, ...]
    sizes: tuple[int, ...]
    ratios: tuple[float, ...]
    replicates: int
    students: tuple[Student, ...]
    seed_rows: tuple[bool, ...]
    checks: tuple[TrainedRows, ...]
    random_state: int

    def identity(self) -> dict[str, Any]:
        """What decides what the study measures; a student without options by its name."""
        return {
            "strategies": [strategy.identity() for strategy in self.strategies],
            "sizes": list(self.sizes),
            "ratios": list(self.ratios),
            "replicates": self.replicates,
            "students": [_told(student) for student in self.students],
            "seed_rows": list(self.seed_rows),
            "checks": list(self.checks),
            "random_state": self.random_state,
        }

    def random_state_of(self, replicate: int) -> int:
        """The random_state of a replicate: its seeds, their order and the replies come from it."""
        return random_state_of(self.random_state, replicate)

    def runs(self) -> Iterator[PlannedRun]:
        """The runs it takes. Where units are passes over single seeds, one run serves all sizes."""
        largest = self.sizes[-1]
        for replicate in range(self.replicates):
            for strategy in self.strategies:
                if _separable(strategy):
                    yield PlannedRun(strategy, replicate, largest, self.sizes, self.ratios)
                elif strategy.nested:
                    for size in self.sizes:
                        yield PlannedRun(strategy, replicate, size, (size,), self.ratios)
                else:
                    for size in self.sizes:
                        for ratio in self.ratios:
                            yield PlannedRun(strategy, replicate, size, (size,), (ratio,))

    def cells(self, run: PlannedRun) -> Iterator[Cell]:
        """The cells that are cut out of a run."""
        for size in run.sizes:
            for ratio in run.ratios:
                for student in self.students:
                    for seed_rows in self.seed_rows:
                        for check in self.checks:
                            yield Cell(run, size, ratio, student, seed_rows, check)

    def __len__(self) -> int:
        return sum(1 for run in self.runs() for _ in self.cells(run))


def random_state_of(random_state: int, replicate: int) -> int:
    """The random_state of a replicate, drawn from that of its study."""
    return drawn(random_state, "replicate", replicate) >> 33


def _told(student: Student) -> str | dict[str, Any]:
    return student.identity() if student.options() else student.name


def _separable(strategy: Strategy) -> bool:
    """Whether every unit grows one seed of a pass, so that fewer seeds are a part of the run on all."""
    grower = strategy.strategy if isinstance(strategy, Checked) else strategy
    return strategy.nested and type(grower).units is Strategy.units


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study: a strategy on the largest seed set, at the largest budget, in one replicate."""

    strategy: Strategy
    replicate: int
    seeds: int
    sizes: tuple[int, ...]
    ratios: tuple[float, ...]

    @cached_property
    def options(self) -> str:
        """What tells the strategy from other settings of it."""
        return options_of(self.strategy)

    @property
    def queries(self) -> int:
        """The largest cell's queries."""
        return queries_of(self.ratios[-1], self.seeds)


@dataclass(frozen=True)
class Cell:
    """One student to train and measure."""

    run: PlannedRun
    seeds: int
    ratio: float
    student: Student
    seed_rows: bool
    check: TrainedRows

    @property
    def budget(self) -> Budget:
        """Its queries."""
        return Budget(queries=queries_of(self.ratio, self.seeds))

    @property
    def told(self) -> str:
        """The cell and the student in words."""
        run, student = self.run, named(self.student.name, student_options(self.student))
        parts = [f"student {student}", named(run.strategy.name, run.options), f"{self.seeds} seeds"]
        parts += [f"ratio {self.ratio:g}", f"replicate {run.replicate}"]
        parts += ["with the seeds' own rows"] * self.seed_rows + ["rejected rows left out"] * (
            self.check == "filter"
        )
        return ", ".join(parts)

    def id(self, study_id: str) -> str:
        """Names it: 16 hex digits."""
        run = self.run
        told = [
            *(study_id, run.strategy.name, self.seeds, self.ratio, run.replicate),
            *(self.student.name, self.seed_rows, self.check),
        ]
        # else it is named as before there were options
        if run.options != DEFAULTS:
            told.append(run.options)
        if (options := student_options(self.student)) != DEFAULTS:
            told.append({"student": options})
        return digest(told)[:16]


@dataclass(frozen=True)
class Cut:
    """The units of a cell, what they cost alone, and whether its budget was used to the end."""

    units: frozenset[int]
    cost: Amount
    complete: bool


def queries_of(ratio: float, seeds: int) -> int:
    """A ratio as a budget in queries."""
    return round(ratio * seeds)


def cut(cell: Cell, units: Sequence[FinishedUnit], passes: SeedPasses, prepared: Amount) -> Cut:
    """The rule of `Run.prefix` on the units of the cell's seeds, in the order they were admitted."""
    spent, budget = prepared, cell.budget
    admitted: set[int] = set()
    part = cell.seeds < cell.run.seeds
    for expected, record in enumerate(units):
        if record.position != expected:
            return Cut(frozenset(admitted), spent, complete=False)
        if part and passes.seed_of(record.unit) >= cell.seeds:
            continue
        if budget.exceeded_by(spent + record.worst):
            return Cut(frozenset(admitted), spent, complete=True)
        spent += record.actual
        admitted.add(record.unit)
    # the run is over: complete if not even the cheapest unit still fitted
    cheapest = min((record.worst.queries for record in units[-cell.run.seeds :]), default=1)
    return Cut(frozenset(admitted), spent, budget.exceeded_by(spent + Amount(cheapest)) is not None)
