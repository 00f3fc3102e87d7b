"""What must hold before a run starts: seeds that feed it, and real money that was agreed to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tilth.arguments import number_of
from tilth.engine.budget import Budget
from tilth.errors import BudgetError, ConfirmationNeeded
from tilth.seeds import Seeds
from tilth.strategies.base import Strategy
from tilth.tasks.base import Task
from tilth.teacher import Price, RecordedTeacher, Teacher


class Planned(Protocol):
    """The plan of a run, or of a study."""

    @property
    def usd(self) -> float | None: ...


def refuse_unfit_seeds(strategies: Iterable[Strategy], seeds: Seeds, task: Task) -> None:
    """Raises where these seeds cannot feed a strategy or the task; what is wrong is told at once."""
    if not len(seeds):
        raise ValueError("there are no seeds; give at least one question to grow from")
    for strategy in strategies:
        if not task.comparable and any(check.compares for check in strategy.checks):
            raise ValueError(
                f"two answers of task {task.name!r} cannot be compared with each other; leave out "
                + ", ".join(check.name for check in strategy.checks if check.compares)
            )
        if "reference" in strategy.needs and not seeds.has_references:
            raise ValueError(
                f"{strategy.name} needs a reference for every seed, and {seeds.name} has seeds without"
            )
    seeds.fit_for(task)


def refuse_patience(patience: float) -> None:
    """Raises where a patience is no number of seconds; infinity is one, for who stops a run by hand."""
    if not number_of(patience, "patience") >= 0:  # so that NaN is refused
        raise ValueError(f"patience={patience!r}: give seconds, 0 or more")


def refuse_endless(limit: Budget, models: Iterable[Teacher]) -> None:
    """Raises where nothing costs anything, and dollars are the only limit: no run would reach it."""
    asked = [model for model in models if not isinstance(model, RecordedTeacher)]
    free = [model.name for model in asked if (price := model.price()) and not _costs(price)]
    if limit.queries is None and limit.tokens is None and free and len(free) == len(asked):
        raise BudgetError(
            f"{' and '.join(sorted(set(free)))} costs nothing, so a limit in dollars never ends a run; give "
            "Budget(queries=…) or Budget(tokens=…) as well"
        )


def refuse_unagreed_spending(
    limit: Budget, models: Iterable[Teacher], planned: Planned | None, *, confirm: bool
) -> None:
    """Raises where a limit in dollars cannot be kept, or where real dollars need a word first."""
    prices = {model: model.price() for model in models}
    if limit.usd is not None:
        for model, price in prices.items():
            if price is None and not isinstance(model, RecordedTeacher):
                raise BudgetError(
                    f"the price of {model.name} is unknown, so a limit in dollars cannot be kept; "
                    "give its Teacher price=tilth.Price(prompt=…, completion=…), dollars per million tokens"
                )
        return
    costly = [m.name for m, price in prices.items() if price and _costs(price)]
    if costly and not confirm:
        about = "" if planned is None or planned.usd is None else f", about ${planned.usd:.2f} by the plan"
        raise ConfirmationNeeded(
            f"this spends real money on {' and '.join(sorted(set(costly)))}{about}, with no limit in "
            "dollars; pass Budget(queries=…, usd=…) to set one, or confirm=True"
        )


def _costs(price: Price) -> bool:
    return price.prompt > 0 or price.completion > 0
