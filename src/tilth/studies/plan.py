"""What a study takes before it starts: the plans of its runs, together, held against its limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tilth.engine.budget import NANO, Amount, Budget
from tilth.engine.plan import plan
from tilth.engine.planning.ranges import Plan, Range
from tilth.seeds import Seeds, TaskLike
from tilth.strategies.check import Check
from tilth.studies.asking.price import StudentPrice
from tilth.studies.grid import TrainedRows
from tilth.studies.inputs import STRATEGIES, StrategyLike, StudentLike, StudyInputs
from tilth.studies.training.plan import trainings_of
from tilth.teacher import Teacher

if TYPE_CHECKING:
    import polars as pl

Suffices = Literal["yes", "perhaps", "no"]


@dataclass(frozen=True)
class StudyPlan:
    """What a study takes, before it starts; estimates, each with the range it may end in, as `Plan` has them.

    Attributes:
        runs: Generations: one for each strategy and replicate, as a rule.
        cells: Students to train and measure.
        queries: Queries of all its models together: those of the largest cells.
        rows: Rows the runs yield.
        tokens: Prompt and completion tokens together.
        usd: US dollars, or None where a price is unknown.
        seconds: How long generation takes; training comes on top, see `training_seconds`.
        queries_range: Where `queries` may end; so the other ranges. `usd_range` is None where `usd` is.
        suffices: Whether the budget lets every cell be measured: "yes" where it covers the whole range, "no"
            where not even its low end, "perhaps" between them. Without a budget "yes".
        short_of: The first limit that the study may reach: "queries", "tokens" or "dollars"; None if none.
        training_seconds: How long students take that are trained for minutes, beside and after generation,
            with as many side by side as cores and memory allow now; None where none is, or one does not know.
        training_memory: Bytes that those side by side need together; None likewise.
        student: What students that ask a model take on top, which is an account of its own; None where none
            asks.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> grid = {"strategies": ["answer-augmentation", "new-question"], "ratios": [1, 4], "replicates": 2}
        >>> planned = tilth.plan_study(seeds, teacher=teacher, budget=200, **grid)
        >>> planned.runs, planned.cells, planned.queries, planned.suffices, planned.short_of
        (4, 8, 320, 'no', 'queries')
    """

    runs: int
    cells: int
    queries: int
    rows: int
    tokens: int
    usd: float | None
    seconds: float
    queries_range: Range
    rows_range: Range
    tokens_range: Range
    usd_range: Range | None
    seconds_range: Range
    suffices: Suffices
    short_of: str | None
    student: StudentPrice | None = None
    training_seconds: float | None = None
    training_memory: int | None = None


def plan_study(
    seeds: Seeds,
    *,
    test: pl.DataFrame | Mapping[str, pl.DataFrame] | None = None,
    validation: pl.DataFrame | None = None,
    strategies: Sequence[StrategyLike] = STRATEGIES,
    checks: Sequence[Check] = (),
    sizes: Sequence[int] | None = None,
    ratios: Sequence[float] | None = None,
    budgets: Sequence[int] | None = None,
    replicates: int = 3,
    student: StudentLike | Sequence[StudentLike] | None = None,
    seed_rows: bool | Sequence[bool] = False,
    check: TrainedRows | Sequence[TrainedRows] = "label",
    budget: Budget | int | None = None,
    student_budget: Budget | int | None = None,
    teacher: Teacher | None = None,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
    path: str | Path | None = None,  # noqa: ARG001 - one set of arguments serves both
    reuse: Sequence[str | Path] = (),
    random_state: int = 0,
    confirm: bool = False,  # noqa: ARG001
    patience: float = 600.0,
) -> StudyPlan:
    """What `start_study` would take, without a single call.

    Takes what `start_study` takes, so that one set of arguments serves both; no test set is needed. `path`,
    `reuse` and `confirm` change nothing: what a file holds already is planned as if it had to be asked.

    Raises:
        ValueError: As `start_study`.
        TeacherError: No teacher.

    Example:
        >>> planned = tilth.plan_study(tilth.demo.seeds(20), teacher=tilth.demo.teacher(), ratios=[1, 2, 4])
        >>> planned.runs, planned.cells, planned.usd
        (12, 36, 0.0)
    """
    return planned_study(
        StudyInputs.resolve(
            seeds,
            test=test,
            validation=validation,
            strategies=strategies,
            checks=checks,
            sizes=sizes,
            ratios=ratios,
            budgets=budgets,
            replicates=replicates,
            student=student,
            seed_rows=seed_rows,
            check=check,
            budget=budget,
            student_budget=student_budget,
            teacher=teacher,
            writer=writer,
            task=task,
            reuse=reuse,
            random_state=random_state,
            patience=patience,
        )
    )


def planned_study(inputs: StudyInputs) -> StudyPlan:
    """The plan of a study. Asks nothing."""
    runs = list(inputs.grid.runs())
    plans: dict[tuple[object, ...], Plan] = {}
    each = []
    for run in runs:
        key = (run.strategy.name, run.options, run.seeds, run.queries)
        if key not in plans:
            plans[key] = plan(
                inputs.seeds.subset(run.seeds),
                run.strategy,
                run.queries,
                teacher=inputs.teacher,
                writer=inputs.writer,
                task=inputs.task,
            )
        each.append(plans[key])
    queries, tokens = _sum(one.queries_range for one in each), _sum(one.tokens_range for one in each)
    usd = _sum_known([one.usd_range for one in each])
    trainings = trainings_of(inputs, {run: one.rows for run, one in zip(runs, each, strict=True)})
    suffices, short_of = _held_against(inputs.budget, queries, tokens, usd)
    return StudyPlan(
        runs=len(runs),
        cells=inputs.cells,
        queries=sum(one.queries for one in each),
        rows=sum(one.rows for one in each),
        tokens=sum(one.tokens for one in each),
        usd=None if usd is None else sum(one.usd or 0.0 for one in each),
        seconds=sum(one.seconds for one in each),
        queries_range=queries,
        rows_range=_sum(one.rows_range for one in each),
        tokens_range=tokens,
        usd_range=usd,
        seconds_range=_sum(one.seconds_range for one in each),
        suffices=suffices,
        short_of=short_of,
        student=inputs.student_price,
        training_seconds=trainings.seconds,
        training_memory=trainings.memory,
    )


def _sum(ranges: Iterable[Range]) -> Range:
    several = list(ranges)
    return Range(sum(one.low for one in several), sum(one.high for one in several))


def _sum_known(ranges: Sequence[Range | None]) -> Range | None:
    known = [one for one in ranges if one is not None]
    return _sum(known) if len(known) == len(ranges) else None


def _held_against(
    budget: Budget | None, queries: Range, tokens: Range, usd: Range | None
) -> tuple[Suffices, str | None]:
    if budget is None:
        return "yes", None
    low = Amount(int(queries.low), int(tokens.low), int(usd.low * NANO) if usd else 0)
    high = Amount(int(queries.high), int(tokens.high), int(usd.high * NANO) if usd else 0)
    surely, perhaps = budget.exceeded_by(low), budget.exceeded_by(high)
    return "no" if surely else "perhaps" if perhaps else "yes", surely or perhaps
