"""Several curation steps in a row, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tilth.arguments import kind_of, listed

if TYPE_CHECKING:
    from tilth.curate.steps import Frame

Step = Callable[[Any], Any]
"""A frame in, a frame out."""


@dataclass(frozen=True)
class Pipeline:
    """Curation steps that are taken in order. Call it with rows.

    Attributes:
        steps: The steps.

    Example:
        >>> import polars as pl
        >>> from functools import partial
        >>> tilth.curate.pipeline([partial(tilth.curate.select, n=1)])
        <Pipeline select>
    """

    steps: tuple[Step, ...]

    def __call__(self, rows: Frame) -> Frame:
        for step in self.steps:
            rows = step(rows)
        return rows

    def __repr__(self) -> str:
        return f"<Pipeline {' > '.join(map(_name_of, self.steps))}>"


def pipeline(steps: Iterable[Step]) -> Pipeline:
    """Makes one step of several: each is given the rows as the one before left them.

    A row that one step refuses is looked at by no later one, so put cheap and certain steps first: exact
    duplicates before selection, contamination before both.

    Args:
        steps: Functions that take a frame and give one back: those of `tilth.curate`, with
            `functools.partial` or a lambda where they need options, or your own.

    Raises:
        TypeError: A step cannot be called.

    Example:
        >>> from functools import partial
        >>> run = tilth.generate_sync(tilth.demo.seeds(20), "new-question", 40, teacher=tilth.demo.teacher())
        >>> curate = tilth.curate.pipeline(
        ...     [
        ...         partial(tilth.curate.contamination, test=tilth.demo.questions()),
        ...         partial(tilth.curate.select, n=10),
        ...     ]
        ... )
        >>> rows = curate(run.rows)
        >>> rows.height == run.rows.height, rows["keep"].sum()
        (True, 10)
    """
    found = listed(steps, "steps", "curation steps, as in [tilth.curate.duplicates]")
    for step in found:
        if not callable(step):
            raise TypeError(f"steps holds {kind_of(step)}; pass functions that take and return a frame")
    return Pipeline(found)


def _name_of(step: Step) -> str:
    if isinstance(step, partial):
        return _name_of(step.func)
    return str(getattr(step, "__name__", type(step).__name__))
