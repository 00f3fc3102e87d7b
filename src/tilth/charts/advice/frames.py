"""The points that a chart of a forecast draws: what was measured, the curves, and where they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tilth.advice.forecast import LEVELS
from tilth.charts.advice.weighed import Weighed
from tilth.studies import curves
from tilth.studies.curves import Axis
from tilth.studies.options import DEFAULTS

if TYPE_CHECKING:
    import polars as pl

BOUNDS = tuple(f"{end}_{level}" for level in LEVELS for end in ("low", "high"))


def prices(weighed: Weighed, x: Axis) -> dict[str, float]:
    """What a query for each seed comes to on the axis, by arm.

    Raises:
        ValueError: The axis is none that advice counts in, or a price is not known.
    """
    if x == "ratio":
        return dict.fromkeys(weighed.arms, 1.0)
    if x != "usd":
        raise ValueError(f'chart: advice counts queries and dollars, not {x}; use x="ratio" or x="usd"')
    for arm, row in weighed.arms.items():
        if not row["usd"]:
            raise ValueError(
                f'chart: no price of a query of "{arm}" is known, so that it has no place in dollars; '
                'use x="ratio"'
            )
    return {arm: row["usd"] / row["ratio"] for arm, row in weighed.arms.items()}


def measured(weighed: Weighed) -> pl.DataFrame:
    """The cells that the advice rests on: mean accuracy over replicates, and its interval."""
    import polars as pl

    cells = weighed.cells.with_columns(
        strategy=pl.col("arm"),
        options=pl.lit(DEFAULTS),
        # several studies may number their replicates alike
        replicate=pl.int_range(pl.len()).over("arm", "ratio"),
    )
    return curves.accuracy(cells.drop("arm")).select(
        pl.lit("measured").alias("kind"),
        pl.col("strategy").alias("arm"),
        "ratio",
        pl.col("accuracy").alias("mean"),
        pl.col("low").alias("low_95"),
        pl.col("high").alias("high_95"),
        "replicates",
        "n_test",
        "cut_off",
    )


def ahead(weighed: Weighed, arm: str) -> pl.DataFrame:
    """The forecast of an arm from the first measured ratio to the last one and to the budget's."""
    import polars as pl

    curve = _curve(weighed, arm)
    known, end, last = curve["ratio"].to_numpy(), weighed.arms[arm]["ratio"], weighed.largest[arm]
    wanted = np.unique([*known, last, end])
    wanted = wanted[(wanted >= weighed.cells["ratio"].min()) & (wanted <= max(end, last))]
    points = {
        name: np.interp(np.log(wanted), np.log(known), curve[name].to_numpy()) for name in ("mean", *BOUNDS)
    }
    return pl.DataFrame({"ratio": wanted, **points}).select(
        pl.lit("forecast").alias("kind"), pl.lit(arm).alias("arm"), "ratio", "mean", *BOUNDS
    )


def ends(weighed: Weighed) -> pl.DataFrame:
    """Rows of the advice's table, the best first, with all intervals of the fan."""
    import polars as pl

    rows = []
    for arm, row in weighed.arms.items():
        curve = _curve(weighed, arm)
        at, known = np.log(row["ratio"]), np.log(curve["ratio"].to_numpy())
        inner = {name: float(np.interp(at, known, curve[name].to_numpy())) for name in BOUNDS}
        # the table's own figures where it has them, so that no two disagree by a draw
        rows.append({**row, **inner, "low_90": row["low"], "high_90": row["high"]})
    return pl.DataFrame(rows).sort("mean", descending=True, maintain_order=True)


def _curve(weighed: Weighed, arm: str) -> pl.DataFrame:
    return weighed.forecast.filter(arm=arm).unique("ratio").sort("ratio")
