"""Tries a judge on a few rows: draws them, asks about each, and gives shares with intervals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tilth.arguments import of_kind, whole_number_of
from tilth.checks.intervals import wilson
from tilth.engine.run import Run
from tilth.engine.start import generate_sync
from tilth.seeds import Seeds
from tilth.strategies.base import Ask, Passes, Role, State, Strategy, Unit
from tilth.strategies.structured import probe
from tilth.tasks.base import Task
from tilth.tasks.open_ended.task import OpenEnded

if TYPE_CHECKING:
    import polars as pl

    from tilth.strategies.base import UnitResult
    from tilth.teacher import Teacher

RESPONSE = "response"
"""Where the seed made of a row keeps the row's response."""

REPLY_FORMAT = "reply_format"
"""Where a unit keeps how the model gives structured replies."""


class AboutEach(Strategy):
    """Asks one model, as the judge, about each drawn row once, for structured replies."""

    needs: ClassVar[frozenset[str]] = frozenset({"question", RESPONSE})

    def __init__(self, model: Teacher) -> None:
        self.model = model

    def models(self) -> Mapping[Role, Teacher]:
        """The one that is asked, whose queries are on the judge's account."""
        return {"judge": self.model}

    async def prepare(self, seeds: Seeds, ask: Ask, task: Task) -> State:
        """How it gives structured replies."""
        return await probe(ask, "judge")

    def units(
        self, seeds: Seeds, round: int, state: State, results: Sequence[UnitResult], passes: Passes
    ) -> Iterable[Unit]:
        """Every row once."""
        if round == 0:
            yield from (passes.unit(number, data={REPLY_FORMAT: state}) for number in range(len(seeds)))


def asked_about(
    seeds: Seeds, strategy: AboutEach, *, path: str | Path | None, random_state: int, confirm: bool
) -> Run:
    """The finished run that asks about each drawn row; raises what it failed of."""
    task = OpenEnded()
    run = generate_sync(
        seeds,
        strategy,
        1 + strategy.cost(task).most_queries * len(seeds),
        teacher=strategy.model,
        task=task,
        path=path,
        random_state=random_state,
        confirm=confirm,
    )
    if run.error is not None:
        raise run.error
    return run


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of `n` cases, with its Wilson interval of 95 %; None where there were no cases."""

    rate: float | None
    low: float | None
    high: float | None
    n: int

    @classmethod
    def of(cls, count: int, n: int) -> Rate:
        """`count` of `n`."""
        if not n:
            return cls(None, None, None, 0)
        low, high = wilson(count, n)
        return cls(count / n, float(low), float(high), n)

    def __str__(self) -> str:
        if self.rate is None or self.low is None or self.high is None:
            return "nothing"
        return f"{self.rate:.0%} ({self.low:.0%} to {self.high:.0%})"

    def to_json(self) -> dict[str, Any]:
        """Its numbers by name."""
        return {"rate": self.rate, "low": self.low, "high": self.high, "n": self.n}


def drawn_rows(
    rows: pl.DataFrame, n: int, random_state: int, more: Mapping[str, pl.Expr] | None = None
) -> Seeds:
    """Up to `n` rows that were not rejected as seeds: their question and reference, the rest in `extra`.

    Raises:
        ValueError: A column is missing, or no row is left.
    """
    import polars as pl

    of_kind(rows, pl.DataFrame, "rows", "a frame, such as run.rows")
    whole_number_of(n, "n")
    if n < 1:
        raise ValueError(f"n={n}: take one row or more")
    for column in ("question", RESPONSE):
        if column not in rows.columns:
            raise ValueError(
                f"rows have no column {column!r}; pass run.rows, or a frame with question and response"
            )
    for column in ("reference", "verdict"):
        if column not in rows.columns:
            rows = rows.with_columns(pl.lit(None, pl.String).alias(column))
    usable = rows.filter(
        pl.col("verdict").ne_missing("rejected")
        & pl.col("question").str.strip_chars().str.len_chars().gt(0)
        & pl.col(RESPONSE).str.strip_chars().str.len_chars().gt(0)
    )
    if more:
        usable = usable.with_columns(**more).drop_nulls(list(more))
    if not usable.height:
        raise ValueError("none of the rows can be used: they are rejected, empty, or lack what is looked at")
    drawn = usable.sample(min(n, usable.height), seed=random_state, shuffle=True)
    extra = [
        json.dumps({name: row[name] for name in (RESPONSE, *(more or ()))})
        for row in drawn.iter_rows(named=True)
    ]
    frame = pl.DataFrame(
        {
            "seed_id": [f"r{place:04d}" for place in range(1, drawn.height + 1)],
            "question": drawn["question"],
            "reference": drawn["reference"],
            "extra": extra,
        }
    )
    return Seeds(frame, "open-ended", "judged")
