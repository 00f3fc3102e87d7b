"""The charts of one study, as a page asks for them: drawn once for each state of the study."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tilth.engine.run import OVER
from tilth.jupyter import protocol
from tilth.studies.options import titled, titles

if TYPE_CHECKING:
    import polars as pl

    from tilth.charts import Figure
    from tilth.studies.study import Study

_MOST_DRAWN = 16
"""Figures that are held: what a page switches between."""
_POINT = (
    *("strategy", "seeds", "ratio", "rows", "rows_per_seed", "queries", "usd"),
    *("accuracy", "low", "high", "interval", "replicates"),
)
_APART = ("seeds", "at", "spread", "low", "high", "noise", "best", "worst")


class Figures:
    """Draws a study, on one thread at a time.

    Attributes:
        study: The study that is drawn.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self._drawn: dict[tuple[Any, ...], Figure] = {}
        self._outcomes: tuple[int, pl.DataFrame] | None = None

    def chart(self, kind: str, axis: str, test: str, theme: str) -> dict[str, Any]:
        """A figure for a page: its Vega-Lite `spec`, its `words`, and its `points` with their cells.

        Strategies are told by the titles of their lines.

        Raises:
            ValueError: There is nothing to draw; the message says why.
        """
        import polars as pl

        from tilth.charts.drawing import drawable

        frame, outcomes = self._frames()
        figure = self._figure(frame, outcomes, kind, axis, test, theme)
        names = titles(frame.filter(pl.col("test") == test))
        if kind == "spread":
            points = titled(figure.data, names, ("best", "worst")).select(_APART)
        else:
            points = titled(_with_cells(figure.data, frame), names, ("strategy",)).select(*_POINT, "cells")
        return {
            "spec": figure.spec(),
            "words": repr(figure),
            "points": drawable(protocol.plain(points.to_dicts())),
            "problem": None,
        }

    def figure(self, kind: str, axis: str, test: str, theme: str) -> Figure:
        """The figure itself, to save; raises as `chart` does."""
        return self._figure(*self._frames(), kind, axis, test, theme)

    def _frames(self) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Cells measured so far; outcomes only once all are, for to resample them takes seconds."""
        over = self.study.status in OVER
        frame = self.study.frame
        if not over:
            return frame, None
        if self._outcomes is None or self._outcomes[0] != frame.height:
            self._outcomes = (frame.height, self.study.outcomes)
        return frame, self._outcomes[1]

    def _figure(
        self, frame: pl.DataFrame, outcomes: pl.DataFrame | None, kind: str, axis: str, test: str, theme: str
    ) -> Figure:
        from tilth.charts import chart

        lines = self.study.base_lines
        key = (frame.height, lines.height, outcomes is None, kind, axis, test)
        if key not in self._drawn:
            while len(self._drawn) >= _MOST_DRAWN:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[key] = chart(
                frame,
                outcomes,
                base_lines=lines,
                kind=kind,  # type: ignore[arg-type]
                x=axis,  # type: ignore[arg-type]
                test=test,
            )
        return replace(self._drawn[key], theme=theme)  # type: ignore[arg-type]


def _with_cells(data: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """A figure's points, each with the ids of the cells it is the mean of, by replicate."""
    import polars as pl

    from tilth.studies.curves import PANEL  # it loads NumPy

    keys = [*PANEL, "strategy", "options", "ratio"]
    cells = (
        frame.filter(pl.col("complete"))
        .sort("replicate")
        .group_by(keys, maintain_order=True)
        .agg(pl.col("cell_id").alias("cells"))
    )
    return data.join(cells, on=keys, how="left", nulls_equal=True, maintain_order="left")
