"""Charts of a study: what each strategy buys at each amount of data, and whether the choice matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from tilth.arguments import kind_of
from tilth.charts.figure import Figure
from tilth.charts.panels import Source
from tilth.charts.regimes import regimes
from tilth.charts.spread import spread
from tilth.charts.style import ThemeName
from tilth.charts.style import theme as _theme
from tilth.studies.curves import Axis
from tilth.studies.options import with_options

if TYPE_CHECKING:
    import polars as pl


@runtime_checkable
class StudyLike(Protocol):
    """A study: its frame and its per-question outcomes, as DESIGN's schemas have them."""

    @property
    def frame(self) -> pl.DataFrame: ...
    @property
    def outcomes(self) -> pl.DataFrame | None: ...


def chart(
    study: StudyLike | pl.DataFrame,
    outcomes: pl.DataFrame | None = None,
    *,
    base_lines: pl.DataFrame | None = None,
    kind: Literal["regimes", "spread"] = "regimes",
    x: Axis = "ratio",
    test: str | None = None,
    published: bool = False,
    theme: ThemeName = "light",
) -> Figure:
    """A figure of a study.

    Args:
        study: A study, or its frame (`tilth.studies.frame.studies_schema`).
        outcomes: Per-question outcomes of a frame; without them bands are Wilson's and crossings have none.
        base_lines: Cells of a frame that no strategy grew for, as `Study.base_lines` has them: drawn across
            the panels of their student with kind="regimes".
        kind: "regimes", accuracy against the amount of data for each strategy, or "spread", how far the
            best lies above the worst.
        x: The amount of data: "ratio" (queries per seed), "rows", "rows_per_seed" or "usd".
        test: Which test set; the study's first where not given.
        published: Whether published figures stand behind one's own, pale and named; with
            x="rows_per_seed" or x="rows", for papers do not count queries.
        theme: "light" or "dark".

    Raises:
        ValueError: The study has no such test set, or nothing to draw on that axis.
        TypeError: It is neither a study nor a frame.

    Example:
        >>> study = tilth.study_sync(
        ...     tilth.demo.seeds(20),
        ...     test=tilth.demo.questions().head(20),
        ...     strategies=["answer-augmentation"],
        ...     ratios=[1, 2],
        ...     replicates=1,
        ...     teacher=tilth.demo.teacher(),
        ...     path="study.tilth",
        ... )
        >>> tilth.chart(study, kind="regimes", x="rows").save("rows.svg").name
        'rows.svg'
    """
    import polars as pl

    _theme(theme)
    if isinstance(study, pl.DataFrame):
        frame = study
    elif isinstance(study, StudyLike):
        frame, outcomes = study.frame, study.outcomes
        base_lines = getattr(study, "base_lines", base_lines)
    else:
        raise TypeError(f"study is {kind_of(study)}; pass a study, or its frame")
    if not frame.height:
        raise ValueError("chart: the study has no cells yet")
    tests = frame["test"].unique(maintain_order=True).to_list()
    test = tests[0] if test is None else test
    if test not in tests:
        raise ValueError(f"chart: the study has no test set {test!r}; it has {', '.join(map(repr, tests))}")
    frame = with_options(frame)
    chosen = None if outcomes is None else outcomes.filter(pl.col("test") == test)
    beside = None if base_lines is None else base_lines.filter(pl.col("test") == test)
    source = Source(frame.filter(pl.col("test") == test), chosen, test, beside)
    if kind == "regimes":
        return regimes(source, x=x, published=published, theme=theme)
    if kind == "spread":
        if published:
            raise ValueError('chart: published figures stand behind kind="regimes" only')
        return spread(source, x=x, theme=theme)
    raise ValueError(f"chart: kind {kind!r} is unknown; choose regimes or spread")


__all__ = ["Axis", "Figure", "StudyLike", "ThemeName", "chart"]
