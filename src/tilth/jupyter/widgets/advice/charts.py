"""The charts of the workbench's advice, and of the run that decides, as a page asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.advice.adaptive.decisions import decisions
from tilth.engine.run import Run
from tilth.jupyter import protocol

if TYPE_CHECKING:
    import polars as pl

    from tilth.advice.advice import Advice
    from tilth.charts import Figure
    from tilth.studies.study import Study

SPENDING = "spending"
KINDS = frozenset({"forecast", "gap", SPENDING})

_DECIDED = ("round", "queries", "arm", "words", "then", "ratio", "reason")
_MEASURED = ("rows", "rows_per_seed", "queries", "usd")


@dataclass
class AdviceCharts:
    """Draws what is advised, and what a run that decides as it grows has decided.

    Attributes:
        advice: The newest advice; None where there is none.
        run: The run that decides; None where the workbench's run does not.
    """

    advice: Advice | None = None
    run: Run | None = None

    def figure(self, kind: str, axis: str, theme: str) -> Figure:
        """The figure; raises `ValueError` where there is nothing to draw."""
        from tilth.charts import chart

        x = None if kind == SPENDING else axis
        return chart(self._subject(kind), kind=kind, x=x, theme=theme)  # type: ignore[arg-type]

    def drawn(self, kind: str, axis: str, theme: str, study: Study | None) -> dict[str, Any]:
        """A figure for a page: its Vega-Lite `spec`, its `words`, and its `points`.

        Points of a forecast are what was measured, with the cells of `study` that can be opened; where the
        cells are others', and of gaps, they are the arms; of spending they are the decisions.

        Raises:
            ValueError: There is nothing to draw; the message says why.
        """
        from tilth.charts.drawing import drawable

        found = self.figure(kind, axis, theme)
        points = self._points(kind, found.data, study)
        return {
            "spec": found.spec(),
            "words": repr(found),
            "points": drawable(protocol.plain(points.to_dicts())),
            "problem": None,
        }

    def _subject(self, kind: str) -> Advice | Run:
        if kind == SPENDING and self.run is not None:
            return self.run
        if kind == SPENDING or self.advice is None:
            raise ValueError("there is nothing decided to draw; the Advice box says why")
        return self.advice

    def _points(self, kind: str, data: pl.DataFrame, study: Study | None) -> pl.DataFrame:
        subject = self._subject(kind)
        if isinstance(subject, Run):
            return decisions(subject).select(_DECIDED)
        measured = _measured(subject, data, study) if kind == "forecast" else None
        return subject.table if measured is None else measured


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
