"""What advice rests on: cells of studies on validation questions, of one student and one number of seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tilth.advice.adaptive.decisions import evidence_of
from tilth.advice.curves.arms import Arm
from tilth.advice.curves.measured import MOST_ARMS, MOST_CELLS, Measured, answers
from tilth.arguments import kind_of, of_kind
from tilth.engine.run import Run
from tilth.errors import StudyFrameError
from tilth.strategies import registry
from tilth.studies.columns import cast
from tilth.studies.frame import outcomes_schema, read_outcomes, read_studies
from tilth.studies.options import DEFAULTS, named, titles_of, with_options
from tilth.studies.study import Study
from tilth.studies.test_sets import VALIDATION

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Source: TypeAlias = "Study | Run | pl.DataFrame | tuple[pl.DataFrame, pl.DataFrame | None]"
"""A study; an adaptive run; a study's frame; or that with the outcomes of its questions."""

LEAST_QUESTIONS, _FEW_QUESTIONS = 100, 200
"""Validation questions below which nothing is advised, and below which figures are rough."""

_STUDENT = ("task", "student", "student_options", "seed_rows")
"""Columns that must agree for cells to be weighed against each other."""

_MODELS = ("teacher", "writer", "check")
"""Columns that tell arms of one strategy apart."""


@dataclass(frozen=True)
class ArmInfo:
    """An arm as the evidence has it.

    Attributes:
        arm: What is believed of it.
        strategy: Its name, as `tilth.start` takes it; `options` are those that are set otherwise.
        usd_per_query: What a query cost on average in US dollars; None where that is unknown.
        largest: The largest ratio it was measured at.
    """

    arm: Arm
    strategy: str
    options: str
    teacher: str
    writer: str
    check: str
    usd_per_query: float | None
    largest: float


@dataclass(frozen=True)
class Evidence:
    """Cells of one student on validation questions.

    Attributes:
        cells: The cells, as rows of a study's frame with their `arm`.
        arms: What was measured, by name.
        measured: The same as arrays.
        seeds: How many seeds the cells are grown from.
        questions: The fewest validation questions that a cell was asked.
        left_out: Strategies of which there is no whole cell from so many seeds.
        student: Who was trained, with its options.
        others: Cells of the same student and arms with other numbers of seeds.
        base_lines: What the student reached on the seeds' own rows, where a study measured that.
    """

    cells: pl.DataFrame
    arms: Sequence[ArmInfo]
    measured: Measured
    seeds: int
    questions: int
    left_out: Sequence[str]
    student: str
    others: pl.DataFrame
    base_lines: pl.DataFrame

    @property
    def notices(self) -> tuple[str, ...]:
        """What a user should know of it, a sentence each."""
        told = []
        if self.questions < _FEW_QUESTIONS:
            rough = f"advice from {self.questions} validation questions is rough"
            told.append(f"{rough}; with 300 its figures err half as much")
        if self.left_out:
            names = ", ".join(self.left_out)
            told.append(f"no whole cell from {self.seeds:,} seeds, hence left out: {names}")
        return tuple(told)


def read_evidence(sources: Source | Sequence[Source], seeds: int, student: str | None) -> Evidence:
    """The cells of some sources that say most about so many seeds.

    Args:
        sources: Studies, or frames of them.
        seeds: How many seeds there are to grow from: of several sizes the nearest is taken.
        student: Whose cells, where there are several students.

    Raises:
        ValueError: There are no cells on validation questions, too few questions, or several students.
        StudyFrameError: A frame is none of a study.
        TypeError: A source is of another kind.
    """
    import polars as pl

    several = isinstance(sources, list | tuple) and not _is_pair(sources)
    given: Sequence[Any] = sources if several else [sources]  # type: ignore[assignment]
    if not given:
        raise ValueError("evidence: the list is empty; pass a study, or None where nothing is measured")
    frames, outcomes, base_lines = zip(
        *(_results(one, place) for place, one in enumerate(given)), strict=True
    )
    everything = pl.concat(frames)
    cells = _of_student(_on_validation(everything), student)
    sizes = cells["seeds"].unique().to_list()
    size = min(sizes, key=lambda one: (abs(log2(one / seeds)), -one))
    # in one order, whatever the rows' was: so the same cells give the same draws
    arms = _named(cells).sort("arm", "ratio", "study_id", "replicate")
    here, others = arms.filter(pl.col("seeds") == size), arms.filter(pl.col("seeds") != size)
    questions = _enough(here)
    infos = _infos(here)
    known = [one for one in outcomes if one is not None]
    answered = pl.concat(known) if len(known) == len(outcomes) else None
    kind = cells.row(0, named=True)
    lines = pl.concat(base_lines)
    same = pl.lit(value=True)
    for column in _STUDENT[:3]:
        same &= pl.col(column).eq_missing(pl.lit(kind[column]))
    return Evidence(
        cells=here,
        arms=infos,
        measured=_measured(here, infos, answered).without_twins(),
        seeds=size,
        questions=questions,
        left_out=_left_out(everything.filter(same), here),
        student=named(kind["student"], kind["student_options"]),
        others=others,
        base_lines=lines.filter(same & (pl.col("test") == VALIDATION) & (pl.col("n_test") > 0)),
    )


def _results(source: Any, place: int) -> tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame]:
    """A source's frame, its outcomes and its base lines."""
    import polars as pl

    if isinstance(source, Study):
        return with_options(source.frame), source.outcomes, with_options(source.base_lines)
    if isinstance(source, Run):
        source = evidence_of(source)
    frame, outcomes = source if _is_pair(source) else (source, None)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(
            f"evidence is {kind_of(source)}; pass a study, an adaptive run, a study's frame, a pair of its "
            "frame and outcomes, or a list of these"
        )
    # several frames from elsewhere hold replicates of their own
    read = read_studies(frame, study_id=f"given {place}")
    return read, None if outcomes is None else _outcomes_of(read, outcomes), read.clear()


def _is_pair(source: Any) -> bool:
    """Whether it is a frame with its outcomes, and no two studies."""
    import polars as pl

    return isinstance(source, tuple) and len(source) == 2 and isinstance(source[0], pl.DataFrame)


def _outcomes_of(cells: pl.DataFrame, outcomes: Any) -> pl.DataFrame:
    """The outcomes of a frame's cells; of those that were filtered out of the frame there may be more."""
    import polars as pl

    of_kind(outcomes, pl.DataFrame, "outcomes", "those of a study, or a frame as they have it")
    given = cast(outcomes, outcomes_schema(), ("cell_id", "test", "question_id", "correct"))
    known = given.join(cells, on=["cell_id", "test"], how="semi", maintain_order="left")
    if given.height and not known.height:
        raise StudyFrameError("outcomes: none is of a cell of the frame; give both the same cell_id and test")
    return read_outcomes(known, cells)


def _left_out(cells: pl.DataFrame, here: pl.DataFrame) -> list[str]:
    """Strategies of one student that have cells on validation questions, but none of those `here`."""
    import polars as pl

    lines = (
        cells.filter(pl.col("test") == VALIDATION).select("strategy", "options").unique(maintain_order=True)
    )
    return [named(*line) for line in lines.join(here, on=["strategy", "options"], how="anti").rows()]


def _on_validation(cells: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    whole = cells.filter(pl.col("complete") & (pl.col("n_test") > 0))
    found = whole.filter(pl.col("test") == VALIDATION)
    if found.height:
        return found
    if not whole.height:
        raise ValueError("evidence: no cell is measured yet; wait for the study, or pass evidence=None")
    raise ValueError(
        "evidence: no cell is measured on validation questions, and advice may not look at test questions, "
        "on which its own success is measured; pass validation= to tilth.study, or call the test set "
        f'"{VALIDATION}"'
    )


def _of_student(cells: pl.DataFrame, student: str | None) -> pl.DataFrame:
    kinds = cells.select(_STUDENT).unique(maintain_order=True)
    told = [named(name, options) for name, options in kinds.select("student", "student_options").rows()]
    if student is not None:
        wanted = [place for place, name in enumerate(told) if student in (name, kinds["student"][place])]
        if not wanted:
            raise ValueError(f"evidence: no cell is of student {student!r}; there are {', '.join(told)}")
        kinds, told = kinds[wanted], [told[place] for place in wanted]
    if len(kinds) > 1:
        differing = [name for name in _STUDENT if kinds[name].n_unique() > 1]
        if set(differing) <= {"student", "student_options"}:
            raise ValueError(f"evidence: there are several students; pass student= one of {', '.join(told)}")
        raise ValueError(
            f"evidence: cells differ in {', '.join(differing)}; filter the study's frame to one of each, and "
            "pass (frame, study.outcomes)"
        )
    return cells.join(kinds, on=_STUDENT, how="semi", nulls_equal=True, maintain_order="left")


def _enough(cells: pl.DataFrame) -> int:
    questions = int(cells["n_test"].min())  # type: ignore[arg-type]
    if questions < LEAST_QUESTIONS:
        raise ValueError(
            f"evidence: cells are measured on {questions} validation questions, which tell nothing of a "
            f"difference between strategies; use {LEAST_QUESTIONS} at least, better 300"
        )
    return questions


def _named(cells: pl.DataFrame) -> pl.DataFrame:
    """Cells with the name of their arm: the strategy's, and what of its models tells it from others."""
    import polars as pl

    differing = [name for name in _MODELS if cells[name].n_unique() > 1]
    lines = cells.select("strategy", "options").unique(maintain_order=True).rows()
    shown = {line: named(*line) for line in lines}
    if len(set(shown.values())) < len(shown):
        shown = titles_of(lines)
    names = []
    for row in cells.select("strategy", "options", *_MODELS).iter_rows(named=True):
        told = [
            f"{name} {row[name]}"
            for name in differing
            if not (name == "writer" and row["writer"] == row["teacher"])
        ]
        line = shown[row["strategy"], row["options"]]
        names.append(f"{line}, {', '.join(told)}" if told else line)
    return cells.with_columns(pl.Series("arm", names, dtype=pl.String))


def _infos(cells: pl.DataFrame) -> list[ArmInfo]:
    import polars as pl

    installed = registry.available()
    counted = (pl.col("queries") > 0).fill_null(value=False)
    rows = (
        cells.group_by("arm", maintain_order=True)
        .agg(
            pl.col("strategy", "options", *_MODELS).first(),
            pl.col("ratio").max().alias("largest"),
            pl.when(pl.col("usd").null_count() == 0, counted.any())
            .then(pl.col("usd").filter(counted).sum() / pl.col("queries").filter(counted).sum())
            .alias("usd_per_query"),
        )
        .to_dicts()
    )
    if len(rows) > MOST_ARMS or cells.height > MOST_CELLS:
        raise ValueError(
            f"evidence: {cells.height:,} cells of {len(rows):,} arms; {MOST_CELLS} cells and {MOST_ARMS} "
            "arms at most: filter the study's frame"
        )
    found = []
    for row in rows:
        kind = installed.get(row["strategy"])
        parent = None
        if kind is not None and kind.begins_as is not None:
            models = [row[name] for name in _MODELS]
            firsts = [
                other["arm"]
                for other in rows
                if (other["strategy"], other["options"]) == (kind.begins_as, DEFAULTS)
                and [other[name] for name in _MODELS] == models
            ]
            parent = firsts[0] if firsts else None
        told = (row[name] for name in ("strategy", "options", *_MODELS, "usd_per_query", "largest"))
        found.append(ArmInfo(Arm.of(kind, row["arm"], parent), *told))
    return found


def _measured(cells: pl.DataFrame, infos: Sequence[ArmInfo], outcomes: pl.DataFrame | None) -> Measured:
    import polars as pl

    places = {info.arm.name: place for place, info in enumerate(infos)}
    replicates = cells.select("study_id", "replicate").unique(maintain_order=True).rows()
    matrix = None
    if outcomes is not None:
        matrix = _answers(cells, outcomes.select(outcomes_schema().keys()))
    return Measured(
        arms=[info.arm for info in infos],
        places=np.array([places[name] for name in cells["arm"]]),
        ratios=cells["ratio"].to_numpy(),
        replicates=np.array([replicates.index(one) for one in cells.select("study_id", "replicate").rows()]),
        correct=cells["correct"].cast(pl.Float64).to_numpy(),
        asked=cells["n_test"].cast(pl.Float64).to_numpy(),
        outcomes=matrix,
    )


def _answers(cells: pl.DataFrame, outcomes: pl.DataFrame) -> Floats | None:
    """Which validation questions each cell answered right (cells, questions); None unless all are known."""
    import polars as pl

    rows = cells.select("cell_id").with_row_index("cell")
    known = outcomes.filter(pl.col("test") == VALIDATION).join(rows, on="cell_id", how="inner")
    return answers(known, cells.height) if known["cell"].n_unique() == cells.height else None
