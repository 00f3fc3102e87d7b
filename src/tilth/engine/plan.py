"""The plan of a run before it starts, and the probe: the run's own first units, grown to measure the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tilth.arguments import path_of, whole_number_of
from tilth.engine.background import wait_for
from tilth.engine.budget import Budget
from tilth.engine.file import queries
from tilth.engine.planning.estimate import estimate
from tilth.engine.planning.measurements import LEAST_UNITS, Measurements, measure
from tilth.engine.planning.ranges import Plan
from tilth.engine.planning.unread import tell_unread_columns
from tilth.engine.recipe import Recipe
from tilth.engine.run import OVER
from tilth.engine.start import open_run, start_recipe
from tilth.errors import JournalError
from tilth.seeds import Seeds, TaskLike
from tilth.strategies.base import Strategy
from tilth.strategies.check import Check
from tilth.teacher import Teacher


def plan(
    seeds: Seeds,
    strategy: str | Strategy | type[Strategy],
    budget: Budget | int,
    *,
    teacher: Teacher,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
    probe: int | None = None,
    path: str | Path | None = None,
    random_state: int = 0,
    confirm: bool = False,
    checks: Sequence[Check] = (),
) -> Plan:
    """Estimates rows, tokens, dollars and seconds of a run, each with a range.

    Args:
        seeds: What to grow from.
        strategy: How.
        budget: The limits of the whole run.
        teacher: The model that answers.
        writer: The model that writes questions; the teacher, unless given.
        task: How questions are put; the seeds' own, unless given.
        probe: Grow the run's own first units now, about as many queries, and measure them. Blocks until they
            are grown. `tilth.start` with the same arguments goes on from there: nothing is paid twice. What
            the file holds already counts towards them. None asks nothing.
        path: The run's file. What it holds of this run is measured. Of no use without a file or a probe.
        random_state: The run's own.
        confirm: True lets a probe spend real dollars without a limit in dollars.
        checks: The run's own.

    Raises:
        ValueError: A probe too small to measure anything, or a name that is unknown.
        BudgetError: A budget that limits nothing.
        ConfirmationNeeded: A probe would spend real dollars, with neither a limit nor `confirm=True`.
        IdentityMismatch: The file that a probe would go on with holds another run.
        JournalError: The file cannot be read, or not be used for a probe.

    Example:
        >>> plan = tilth.plan(tilth.demo.seeds(10), "new-question", 40, teacher=tilth.demo.teacher())
        >>> plan.queries, plan.rows, plan.usd
        (40, 20, 0.0)
    """
    limit = Budget.of(budget)
    recipe = Recipe.resolve(
        seeds, strategy, teacher=teacher, writer=writer, task=task, checks=checks, random_state=random_state
    )
    tell_unread_columns(recipe.seeds, recipe.task, [recipe.strategy])
    measurements = None
    if probe is not None or path is not None:
        where = path_of(path) if path is not None else recipe.default_path
        if probe is not None:
            share = replace(limit, queries=_probed(probe, limit, recipe))
            if not _holds(where, share, recipe):
                wait_for(start_recipe(recipe, share, where, confirm=confirm))
        measurements = _measurements(where, recipe)
    return estimate(recipe, limit, measurements=measurements)


def _probed(probe: int, limit: Budget, recipe: Recipe) -> int:
    """The queries of a probe, inside the whole run's own."""
    whole_number_of(probe, "probe")
    if not recipe.strategy.nested:
        raise ValueError(
            f"{recipe.strategy.name} is not nested: what it grows depends on the whole budget, so that a "
            "probe would grow other rows; leave out probe="
        )
    cost = recipe.strategy.cost(recipe.task)
    least = cost.most_queries + (LEAST_UNITS - 1) * cost.queries
    if probe < least:
        raise ValueError(
            f"probe={probe} is too few queries: {recipe.strategy.name} takes {cost.queries} a unit, and "
            f"{LEAST_UNITS} units must be measured; pass probe={least} or more, or none"
        )
    return probe if limit.queries is None else min(probe, limit.queries)


def _holds(path: Path, share: Budget, recipe: Recipe) -> bool:
    """Whether the run has spent a probe's queries already, or is at work: then its limits are not touched."""
    if not path.exists():
        return False
    try:
        run = open_run(path)
    except JournalError:
        return False
    if run.id != recipe.run_id:
        return False
    return run.status not in OVER or run.progress.queries >= (share.queries or 0)


def _measurements(path: Path, recipe: Recipe) -> Measurements | None:
    if not path.exists():
        return None
    with queries.read_only(path) as connection:
        return measure(connection, recipe)
