"""Charts of advice: what each arm is forecast to reach, and how far it lies from the advised one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilth.charts.advice.fan import fan
from tilth.charts.advice.gap import gap

if TYPE_CHECKING:
    from tilth.advice.advice import Advice
    from tilth.charts.figure import Figure
    from tilth.charts.style import ThemeName
    from tilth.studies.curves import Axis


def of_advice(advice: Advice, kind: str | None, *, x: Axis, theme: ThemeName) -> Figure:
    """A figure of advice: "forecast", unless told otherwise, or "gap".

    Raises:
        ValueError: The kind is another, the advice rests on no measurement, or it has no place on that axis.
    """
    if kind in (None, "forecast"):
        return fan(advice, x=x, theme=theme)
    if kind != "gap":
        raise ValueError(f"chart: advice has no chart of kind {kind!r}; choose forecast or gap")
    if x != "ratio":
        raise ValueError(
            'chart: kind="gap" stands at the budget and has no amount of data on an axis; leave x out'
        )
    return gap(advice, theme=theme)


__all__ = ["of_advice"]
