"""Advice where nothing is measured: the default, what others have published, and no odds at all."""

from __future__ import annotations

import numpy as np

from tilth.advice.advice import NEXT, TABLE, Advice, frame_schema
from tilth.engine.budget import Budget
from tilth.strategies import registry
from tilth.studies import published

_DISAGREEING = (
    "published sources disagree: at Chan et al. (arXiv 2409.19759) more answers to the seeds are best on "
    'small budgets; "When does generating more help?" (arXiv 2607.01727) finds more questions as good on '
    "small budgets, and better on large ones"
)


def unmeasured(seeds: int, budget: Budget, default: str) -> Advice:
    """The default strategy, with the published crossings in both readings.

    Args:
        seeds: How many there are to grow.
        budget: In queries or dollars.
        default: The strategy's name.

    Raises:
        ValueError: There is no such strategy.
    """
    import polars as pl

    strategy = registry.get(default)
    reasons = ["nothing is measured: no figure here says what your student would reach"]
    if budget.queries is not None:
        reasons.append(_readings(seeds, budget.queries / seeds))
    return Advice(
        arm=strategy.name,
        strategy=strategy.name,
        words="not measured",
        within=None,
        expected_loss=None,
        close=(strategy.name,),
        holds_best=(),
        split={},
        reasons=(*reasons, _DISAGREEING),
        assumptions=("your student and task are like those of the demo, where this default did best",),
        table=pl.DataFrame(schema=frame_schema(TABLE)),
        next=pl.DataFrame(schema=frame_schema(NEXT)),
        published=published.results(),
    )


def _readings(seeds: int, ratio: float) -> str:
    """On which side of the published crossing a budget lies, as queries and as rows for each seed."""
    crossings = published.crossings().drop_nulls("seeds").sort("seeds")
    middles = (crossings["ratio_low"] + crossings["ratio_high"]).to_numpy() / 2
    sizes = np.log(crossings["seeds"].to_numpy())
    at = float(np.interp(np.log(seeds), sizes, middles))
    sides = ["past" if one > at else "before" for one in (ratio, ratio / 2)]
    where = f"{sides[0]} it in both readings"
    if sides[0] != sides[1]:
        where = f"{sides[0]} it read as queries for each seed, {sides[1]} it read as rows (two queries each)"
    return (
        f"in Chan et al. (arXiv 2409.19759) answers stop being best at about {at:.0f} for each of {seeds:,} "
        f"seeds; a budget of {ratio:.3g} queries for each seed lies {where}"
    )
