"""Charts of studies and of advice: what each strategy buys, whether the choice matters, and which to take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from tilth.advice.advice import Advice
from tilth.arguments import kind_of
from tilth.charts.advice import of_advice, of_run
from tilth.charts.figure import Figure
from tilth.charts.panels import Source
from tilth.charts.regimes import regimes
from tilth.charts.spread import spread
from tilth.charts.style import ThemeName
from tilth.charts.style import theme as _theme
from tilth.engine.run import Run
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


Kind = Literal["regimes", "spread", "forecast", "gap", "spending"]


def chart(
    study: StudyLike | pl.DataFrame | Advice | Run,
    outcomes: pl.DataFrame | None = None,
    *,
    base_lines: pl.DataFrame | None = None,
    kind: Kind | None = None,
    x: Axis | None = None,
    test: str | None = None,
    published: bool = False,
    theme: ThemeName = "light",
) -> Figure:
    """A figure of a study, of advice, or of a run that decides as it grows.

    Args:
        study: A study, or its frame (`tilth.studies.frame.studies_schema`); what `tilth.advise` gave; or a
            run with the strategy `adaptive`.
        outcomes: Per-question outcomes of a frame; without them bands are Wilson's and crossings have none.
        base_lines: Cells of a frame that no strategy grew for, as `Study.base_lines` has them: drawn across
            the panels of their student with kind="regimes".
        kind: Of a study "regimes", accuracy against the amount of data for each strategy, or "spread", how
            far the best lies above the worst; of advice "forecast", what was measured of each arm and what it
            is forecast to reach up to the budget, or "gap", how far each arm is forecast to lie from the
            advised one; of a run "spending", what it bought as it went, with each decision. None: the first
            of them.
        x: The amount of data: "ratio" (queries per seed) where not given, "rows", "rows_per_seed" or "usd";
            of advice "ratio" or "usd", which is what so many queries for each of its seeds cost; of a run
            its queries where not given, or "usd".
        test: Which test set; the study's first where not given. Advice looks at validation questions.
        published: Whether published figures stand behind one's own, pale and named; with kind="regimes" and
            x="rows_per_seed" or x="rows", for papers do not count queries.
        theme: "light" or "dark".

    Raises:
        ValueError: The study has no such test set, or nothing to draw on that axis; the advice rests on no
            measurement; the run decides nothing; or there is no chart of that kind.
        TypeError: It is neither a study nor a frame, advice or run.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> study = tilth.study_sync(
        ...     seeds,
        ...     test=tilth.demo.questions().head(20),
        ...     validation=tilth.demo.questions().tail(200),
        ...     strategies=["answer-augmentation", "new-question"],
        ...     ratios=[1, 2],
        ...     replicates=1,
        ...     teacher=teacher,
        ...     path="study.tilth",
        ... )
        >>> tilth.chart(study, kind="regimes", x="rows").save("rows.svg").name
        'rows.svg'
        >>> advice = tilth.advise(seeds, budget=160, evidence=study)
        >>> tilth.chart(advice).save("forecast.svg").name
        'forecast.svg'
    """
    import polars as pl

    _theme(theme)
    if isinstance(study, Advice | Run):
        given = {"outcomes": outcomes, "base_lines": base_lines, "test": test, "published": published or None}
        for name, value in given.items():
            if value is not None:
                raise ValueError(f"chart: {name} is of a study's chart; leave it out")
        if isinstance(study, Advice):
            return of_advice(study, kind, x=x, theme=theme)
        return of_run(study, kind, x=x, theme=theme)
    if isinstance(study, pl.DataFrame):
        frame = study
    elif isinstance(study, StudyLike):
        frame, outcomes = study.frame, study.outcomes
        base_lines = getattr(study, "base_lines", base_lines)
    else:
        raise TypeError(f"study is {kind_of(study)}; pass a study, its frame, advice, or a run")
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
    if kind in (None, "regimes"):
        return regimes(source, x=x or "ratio", published=published, theme=theme)
    if kind == "spread":
        if published:
            raise ValueError('chart: published figures stand behind kind="regimes" only')
        return spread(source, x=x or "ratio", theme=theme)
    if kind in ("forecast", "gap"):
        raise ValueError(
            f'chart: kind="{kind}" is of advice; pass tilth.advise(seeds, budget, evidence=study)'
        )
    if kind == "spending":
        raise ValueError('chart: kind="spending" is of a run with the strategy adaptive; pass that run')
    raise ValueError(f"chart: kind {kind!r} is unknown; choose regimes or spread")


__all__ = ["Axis", "Figure", "StudyLike", "ThemeName", "chart"]
