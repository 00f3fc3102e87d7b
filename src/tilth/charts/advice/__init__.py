"""Charts of advice: what arms are forecast to reach, how far apart they lie, and what deciding took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilth.charts.advice.fan import fan
from tilth.charts.advice.gap import gap
from tilth.charts.advice.spending import spending

if TYPE_CHECKING:
    from tilth.advice.advice import Advice
    from tilth.charts.figure import Figure
    from tilth.charts.style import ThemeName
    from tilth.engine.run import Run
    from tilth.studies.curves import Axis


def of_advice(advice: Advice, kind: str | None, *, x: Axis | None, theme: ThemeName) -> Figure:
    """A figure of advice: "forecast", unless told otherwise, or "gap".

    Raises:
        ValueError: The kind is another, the advice rests on no measurement, or it has no place on that axis.
    """
    if kind in (None, "forecast"):
        return fan(advice, x=x or "ratio", theme=theme)
    if kind != "gap":
        raise ValueError(f"chart: advice has no chart of kind {kind!r}; choose forecast or gap")
    if x not in (None, "ratio"):
        raise ValueError(
            'chart: kind="gap" stands at the budget and has no amount of data on an axis; leave x out'
        )
    return gap(advice, theme=theme)


def of_run(run: Run, kind: str | None, *, x: Axis | None, theme: ThemeName) -> Figure:
    """A figure of a run that decides as it grows: "spending".

    Raises:
        ValueError: The kind is another, the run decides nothing or has not yet, or its dollars are not known.
    """
    if kind not in (None, "spending"):
        raise ValueError(f"chart: a run has no chart of kind {kind!r}; it has spending")
    return spending(run, x=x, theme=theme)


__all__ = ["of_advice", "of_run"]
