"""Puts a run together in its open file: models, journal, ledger and execution, from recipe and options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from sqlite3 import Connection
from typing import Any

from tilth.engine.budget import Budget, Ledger
from tilth.engine.file.format.records import record_of
from tilth.engine.file.journal import Journal
from tilth.engine.file.queries import damage_told
from tilth.engine.file.resume import JournalledRun
from tilth.engine.file.reuse import Pool
from tilth.engine.file.writes import JUDGING_ANEW, create_run
from tilth.engine.growing.asks.asking import AskContext
from tilth.engine.growing.asks.booking import Booking
from tilth.engine.growing.asks.connection import ModelConnection
from tilth.engine.growing.asks.controls import Controls
from tilth.engine.growing.execution import Execution
from tilth.engine.growing.parts import ActiveParts
from tilth.engine.growing.rows import CheckMode, RowContext
from tilth.engine.planning.estimate import estimate
from tilth.engine.planning.measurements import measure
from tilth.engine.planning.ranges import Plan
from tilth.engine.recipe import READING_RULES, Recipe
from tilth.engine.run import Run
from tilth.strategies.base import Role
from tilth.teacher import RecordedTeacher


@dataclass(frozen=True)
class RunOptions:
    """How a recipe is grown this time: nothing of it is part of the run's identity.

    Attributes:
        limit: The limits on all that is spent in the file.
        patience: Seconds of nothing but failures after which the run fails.
        check: Whether rows are checked, and what becomes of rejected ones.
        planned: The plan that was made without a look at the file.
        pool: Replies of other files.
    """

    limit: Budget
    patience: float
    check: CheckMode = "label"
    planned: Plan | None = None
    pool: Pool | None = None


def start_in(journal: Journal, recipe: Recipe, options: RunOptions, *, closes: bool) -> Run:
    """Starts a run in an open file, or goes on with it; `closes` hands it the file to close at its end."""
    run_id, models = recipe.run_id, recipe.models
    opened = {
        model: ModelConnection(model, options.patience, len(recipe.seeds))
        for model in dict.fromkeys(models.values())
    }
    connections = {role: opened[model] for role, model in models.items()}
    with damage_told(journal.path):
        earlier = journal.write_now(lambda file: record_of(file, run_id))
    stored: Mapping[str, Any] = {} if earlier is None else earlier.settings
    settings = _settings(recipe, options, connections, stored)
    if options.planned is not None:
        settings["plan"] = _plan(journal, recipe, options.limit, options.planned, stored.get("plan"))

    def take_up(file: Connection) -> tuple[Any, ...]:
        create_run(run_id, recipe.identity, settings, tuple(recipe.seeds))(file)
        journalled = JournalledRun(file, run_id)
        reopened = journalled.reopen_cut_off({role: model.max_tokens for role, model in models.items()})
        return journalled, reopened, journalled.sums(), journalled.counts(), journalled.origins()

    with damage_told(journal.path):
        journalled, reopened, booked, counts, used = journal.write_now(take_up)
    if options.pool is not None:
        options.pool.forget(used)
    limit = options.limit
    if recipe.nested_sizes and limit.queries is not None:
        # a study's cells are prefixes, which leave out calls in doubt: these take nothing from its limit
        limit = replace(limit, queries=limit.queries + booked.in_doubt.queries)
    # so is what a study's run takes over: its cells count a reply wherever it was paid for
    taken_over = len(used) if recipe.nested_sizes else None
    ledger = Ledger(limit, booked.spent, booked.in_doubt, taken_over)
    run, controls = Run(recipe, journal.path, settings), Controls()
    controls.going.set()
    execution = Execution(
        AskContext(
            run_id,
            journal,
            journalled,
            Booking(run_id, journal, ledger, controls),
            connections,
            run.events,
            controls,
            recipe.random_state,
            options.pool,
        ),
        recipe,
        row_context_of(run_id, recipe, settings),
        counts,
        reopened,
        judging_anew=_judging_anew(stored, settings),
    )
    run._begin(ActiveParts(execution, journal, connections, controls, closes, earlier))  # noqa: SLF001 - here only
    return run


def _judging_anew(stored: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether stored rows are judged in another way than is wanted now, or that was broken off."""
    if not stored:
        return False
    return JUDGING_ANEW in stored or stored.get("verdict_options", {}) != settings["verdict_options"]


def row_context_of(run_id: str, recipe: Recipe, settings: Mapping[str, Any]) -> RowContext:
    """What all rows of the run have in common, by its settings."""
    return RowContext(
        run_id,
        recipe.strategy.name,
        settings["teacher"],
        settings["writer"],
        priced=settings["priced"],
        checked=settings["check"] is not False,
    )


def _settings(
    recipe: Recipe,
    options: RunOptions,
    connections: Mapping[Role, ModelConnection],
    stored: Mapping[str, Any],
) -> dict[str, Any]:
    """What the file keeps of the run beside its identity; `stored` is what it kept so far."""
    prices = {role: connection.price for role, connection in connections.items()}
    known = {
        "seeds": recipe.seeds.name,
        "teacher": recipe.teacher.name,
        "writer": recipe.writer.name,
        "simulated": any(connection.model.simulated for connection in connections.values()),
        "priced": all(price is not None for price in prices.values()),
        "prices": {role: None if price is None else price.to_json() for role, price in prices.items()},
        "addresses": {
            **{role: connection.model.address for role, connection in connections.items()},
            **stored.get("addresses", {}),
        },
        "max_tokens": {role: connection.model.max_tokens for role, connection in connections.items()},
        "plan": None,
        "reading": stored.get("reading", 1) if stored else READING_RULES,
        "seconds": stored.get("seconds", 0.0),
    }
    if isinstance(recipe.teacher, RecordedTeacher):  # it knows neither prices nor what it stands for
        known |= {name: value for name, value in stored.items() if name != JUDGING_ANEW}
    return {
        **known,
        "budget": options.limit.to_json(),
        "check": options.check,
        "verdict_options": recipe.verdict_options,
    }


def _plan(
    journal: Journal, recipe: Recipe, limit: Budget, planned: Plan, earlier: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """The plan that the file keeps: the first made for this budget, by what the file held then."""
    budget = limit.to_json()
    if earlier is not None and earlier.get("budget") == budget:
        return earlier
    with damage_told(journal.path):
        measurements = journal.write_now(lambda file: measure(file, recipe))
    if measurements is not None:
        planned = estimate(recipe, limit, measurements=measurements)
    return {**planned.to_json(), "budget": budget}
