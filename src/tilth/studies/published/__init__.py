"""Accuracies that others have published, to stand behind one's own; from the tables beside this file."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def results() -> pl.DataFrame:
    """Accuracies by strategy: one row for each that a paper tells.

    Columns: source (paper and table), arxiv, benchmark, student, teacher, strategy, seeds, rows,
    rows_per_seed, accuracy (a share from 0 to 1), evidence ("primary": read in the paper; "secondary":
    quoted by others) and note.
    """
    import polars as pl

    schema = {
        "source": pl.String(),
        "arxiv": pl.String(),
        "benchmark": pl.String(),
        "student": pl.String(),
        "teacher": pl.String(),
        "strategy": pl.String(),
        "seeds": pl.Int64(),
        "rows": pl.Int64(),
        "rows_per_seed": pl.Float64(),
        "accuracy": pl.Float64(),
        "evidence": pl.String(),
        "note": pl.String(),
    }
    return _read("results.csv", schema).with_columns(pl.col("accuracy") / 100)


def crossings() -> pl.DataFrame:
    """At how many rows per seed answer augmentation stops being best.

    Columns: source, arxiv, student, teacher, seeds (null: not stated), ratio_low, ratio_high (in `unit`),
    unit ("rows per seed"), evidence and note, as in `results`.
    """
    import polars as pl

    schema = {
        "source": pl.String(),
        "arxiv": pl.String(),
        "student": pl.String(),
        "teacher": pl.String(),
        "seeds": pl.Int64(),
        "ratio_low": pl.Float64(),
        "ratio_high": pl.Float64(),
        "unit": pl.String(),
        "evidence": pl.String(),
        "note": pl.String(),
    }
    return _read("crossings.csv", schema)


def _read(name: str, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    import polars as pl

    return pl.read_csv(files(__name__).joinpath(name).read_bytes(), schema=schema)
