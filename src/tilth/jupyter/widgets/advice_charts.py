"""The charts of the workbench's advice, as a page asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilth.jupyter import protocol

if TYPE_CHECKING:
    import polars as pl

    from tilth.advice.advice import Advice
    from tilth.charts import Figure
    from tilth.studies.study import Study

KINDS = frozenset({"forecast", "gap"})

_MEASURED = ("rows", "rows_per_seed", "queries", "usd")


def figure(advice: Advice | None, kind: str, axis: str, theme: str) -> Figure:
    """The figure; raises `ValueError` where there is nothing to draw."""
    from tilth.charts import chart

    return chart(_there(advice), kind=kind, x=axis, theme=theme)  # type: ignore[arg-type]


def drawn(advice: Advice | None, kind: str, axis: str, theme: str, study: Study | None) -> dict[str, Any]:
    """A figure for a page: its Vega-Lite `spec`, its `words`, and its `points`.

    Points of a forecast are what was measured, with the cells of `study` that can be opened; where the cells
    are others', and of gaps, they are the arms.

    Raises:
        ValueError: There is nothing to draw; the message says why.
    """
    from tilth.charts.drawing import drawable

    found = figure(advice, kind, axis, theme)
    given = _there(advice)
    points = _measured(given, found.data, study) if kind == "forecast" else None
    if points is None:
        points = given.table
    return {
        "spec": found.spec(),
        "words": repr(found),
        "points": drawable(protocol.plain(points.to_dicts())),
        "problem": None,
    }


def _there(advice: Advice | None) -> Advice:
    if advice is None:
        raise ValueError("there is no advice to draw; the Advice box says why")
    return advice


def _measured(advice: Advice, data: pl.DataFrame, study: Study | None) -> pl.DataFrame | None:
    """The measured points with their cells; None where these are not all of the study."""
    import polars as pl

    cells = advice.evidence
    if cells is None or study is None or not cells["cell_id"].is_in(study.frame["cell_id"].implode()).all():
        return None
    grown = (
        cells.sort("replicate")
        .group_by("arm", "ratio", maintain_order=True)
        .agg(pl.col("seeds").first(), pl.col(_MEASURED).mean(), pl.col("cell_id").alias("cells"))
    )
    return (
        data.filter(pl.col("kind") == "measured")
        .join(grown, on=["arm", "ratio"], how="inner", maintain_order="left")
        .select(
            pl.col("arm").alias("strategy"),
            "seeds",
            "ratio",
            *_MEASURED,
            pl.col("mean").alias("accuracy"),
            pl.col("low_95").alias("low"),
            pl.col("high_95").alias("high"),
            pl.lit("wilson").alias("interval"),
            "replicates",
            "cells",
        )
    )
