"""A small sample of rows to try a judge on, and what share of it something holds for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.seeds import Seeds

if TYPE_CHECKING:
    import polars as pl

RESPONSE = "response"
"""Where the seed made of a row keeps the row's response."""


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
        from scipy.stats import binomtest

        interval = binomtest(count, n).proportion_ci(method="wilson")
        return cls(count / n, float(interval.low), float(interval.high), n)

    def __str__(self) -> str:
        if self.rate is None or self.low is None or self.high is None:
            return "nothing"
        return f"{self.rate:.0%} ({self.low:.0%} to {self.high:.0%})"

    def to_json(self) -> dict[str, Any]:
        """Its figures by name."""
        return {"rate": self.rate, "low": self.low, "high": self.high, "n": self.n}


def sampled(
    rows: pl.DataFrame, n: int, random_state: int, more: Mapping[str, pl.Expr] | None = None
) -> Seeds:
    """Up to `n` rows that were not rejected as seeds: their question and reference, the rest in `extra`.

    Raises:
        ValueError: A column is missing, or no row is left.
    """
    import polars as pl

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
    kept = rows.filter(
        pl.col("verdict").ne_missing("rejected")
        & pl.col("question").str.strip_chars().str.len_chars().gt(0)
        & pl.col(RESPONSE).str.strip_chars().str.len_chars().gt(0)
    )
    if more:
        kept = kept.with_columns(**more).drop_nulls(list(more))
    if not kept.height:
        raise ValueError("none of the rows can be used: they are rejected, empty, or lack what is looked at")
    drawn = kept.sample(min(n, kept.height), seed=random_state, shuffle=True)
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
