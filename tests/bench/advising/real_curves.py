"""Real fine-tuning curves: how well the loss on sixteen times the rows is foretold from the first points.

Test losses of 30 language models on 200 to 1,638,400 rows of each of three data sets, published with Lin et
al. 2024 (arXiv 2402.02314) at github.com/linhaowei1/Fine-tuning-Scaling-Law, in the folder `benchmark`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tests.bench.advising import laws

import tilth
from tilth.advice.forecast import LEVELS

Floats = NDArray[np.float64]

FIRST = (5, 7, 10)
"""Points that are known."""

_AHEAD = 4
"""Points ahead, of twice the rows each."""

OURS = "tilth.forecast"
CHOSEN_ON = ("flan", "gigaword")
"""Data sets that the prior for losses was chosen on."""


@dataclass(frozen=True)
class Errors:
    """How far forecasts of one data set are off, from so many points.

    Attributes:
        rows: Of the last point that is known.
        by_method: Mean absolute error of the log of the loss.
        held: How often the bands of `tilth.forecast` held, by level in percent.
    """

    rows: int
    by_method: Mapping[str, float]
    held: Mapping[int, float]


def read_curves(path: Path) -> dict[str, pl.DataFrame]:
    """Frames of model, rows and loss by data set.

    Args:
        path: The benchmark's folder, or a file with the columns dataset, model, rows and loss.
    """
    if path.is_dir():
        wide = {file.stem: pl.read_csv(file) for file in sorted(path.glob("*.csv"))}
        found = {
            name: frame.unpivot(
                [column for column in frame.columns if column.isdigit()],
                index="config name",
                variable_name="rows",
                value_name="loss",
            ).rename({"config name": "model"})
            for name, frame in wide.items()
        }
    else:
        long = pl.read_csv(path)
        found = {name: long.filter(dataset=name) for name in long["dataset"].unique(maintain_order=True)}
    kept = pl.col("rows").cast(pl.Int64), pl.col("loss").cast(pl.Float64)
    return {
        name: frame.select("model", *kept).filter(pl.col("rows") > 0).sort("model", "rows")
        for name, frame in found.items()
    }


def errors(curves: pl.DataFrame, first: int) -> Errors:
    """Forecasts every model's loss four points ahead of its first ones."""
    missed: dict[str, list[float]] = {name: [] for name in (OURS, *laws.FITTED)}
    held: dict[int, list[bool]] = {level: [] for level in LEVELS}
    for _, curve in curves.group_by("model", maintain_order=True):
        data, losses = curve["rows"].to_numpy().astype(float), curve["loss"].to_numpy()
        at, truth = data[first + _AHEAD - 1], losses[first + _AHEAD - 1]
        known = pl.DataFrame({"arm": "model", "ratio": data[:first], "loss": losses[:first]})
        ahead = tilth.forecast(known, at=[at])
        # errors are told on the log scale, on which losses are forecast: so is the mean
        missed[OURS].append(abs(np.log(ahead.draws).mean() - np.log(truth)))
        row = ahead.frame.row(0, named=True)
        for level, one in held.items():
            one.append(row[f"low_{level}"] <= truth <= row[f"high_{level}"])
        for name, law in laws.FITTED.items():
            [foretold] = law(data[:first], losses[:first], np.array([at]))
            missed[name].append(abs(np.log(foretold / truth)))
    return Errors(
        int(data[first - 1]),
        {name: float(np.mean(one)) for name, one in missed.items()},
        {level: float(np.mean(one)) for level, one in held.items()},
    )
