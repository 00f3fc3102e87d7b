"""The frames of a study: their columns, and what of other frames is taken for one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from tilth.checks.intervals import wilson
from tilth.errors import StudyFrameError
from tilth.studies.columns import cast, refuse
from tilth.studies.options import DEFAULTS, with_options

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType

Results: TypeAlias = "tuple[pl.DataFrame, pl.DataFrame | None]"
"""A study's frame, and the outcomes of its questions where these are known."""

CELL = (
    "strategy",
    "options",
    "seeds",
    "ratio",
    "replicate",
    "student",
    "student_options",
    "seed_rows",
    "check",
    "task",
    "teacher",
    "writer",
)
"""The columns that tell one cell from another, beside its study."""


_MOST_QUERIES = 2**53
"""Above it whole numbers are not told apart where they are reckoned with."""


def studies_schema() -> dict[str, PolarsDataType]:
    """Columns and dtypes of a study's frame: one row for each cell and test set.

    `accuracy`, `ci_low` and `ci_high` are shares from 0 to 1; the interval is Wilson's, at 95 percent,
    for test sampling only. `usd` is null where a price is unknown. `options` is JSON: what of the strategy
    is set otherwise than it comes, its checks included; "{}" where nothing is. `student_options` is the same
    of the student. `trained_on` counts the rows that it could read and learnt from, the seeds' own with them.
    `cut_off` is the share of answers that met the limit on their length, null where there is none; `machine`
    is what it was trained and asked on, where answers depend on that.
    """
    import polars as pl

    return {
        "study_id": pl.String(),
        "cell_id": pl.String(),
        "run_id": pl.String(),
        "strategy": pl.String(),
        "options": pl.String(),
        "seeds": pl.Int64(),
        "ratio": pl.Float64(),
        "budget_queries": pl.Int64(),
        "rows": pl.Int64(),
        "rows_per_seed": pl.Float64(),
        "replicate": pl.Int64(),
        "random_state": pl.Int64(),
        "student": pl.String(),
        "student_options": pl.String(),
        "seed_rows": pl.Boolean(),
        "check": pl.String(),
        "test": pl.String(),
        "n_test": pl.Int64(),
        "correct": pl.Int64(),
        "accuracy": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
        "cut_off": pl.Float64(),
        "trained_on": pl.Int64(),
        "queries": pl.Int64(),
        "usd": pl.Float64(),
        "seconds": pl.Float64(),
        "machine": pl.String(),
        "task": pl.String(),
        "teacher": pl.String(),
        "writer": pl.String(),
        "simulated": pl.Boolean(),
        "complete": pl.Boolean(),
    }


def outcomes_schema() -> dict[str, PolarsDataType]:
    """Columns and dtypes of a study's outcomes: one row for each cell, test set and question."""
    import polars as pl

    return {
        "cell_id": pl.String(),
        "test": pl.String(),
        "question_id": pl.String(),
        "answer": pl.String(),
        "correct": pl.Boolean(),
    }


def read_studies(frame: pl.DataFrame, *, study_id: str = "given") -> pl.DataFrame:
    """A study's frame from one that was measured elsewhere.

    Needed: strategy, seeds, ratio, correct, n_test and teacher. The rest is worked out (accuracy, its
    interval, budget_queries, cell_id), takes a default (options "{}", replicate 0, student "external",
    student_options "{}", seed_rows false, check "label", test "test", simulated false, complete true, writer
    as teacher) or is null. Columns that a study does not have are left out.

    Raises:
        StudyFrameError: A column is missing or of another kind, a value is impossible, or two rows say
            they are the same cell and test set.
    """
    import polars as pl

    frame = cast(
        frame, studies_schema(), needed=("strategy", "seeds", "ratio", "correct", "n_test", "teacher")
    )
    refuse(frame, (pl.col("seeds") < 1) | pl.col("seeds").is_null(), "seeds", "it must be at least 1")
    refuse(frame, ~((pl.col("ratio") > 0) & pl.col("ratio").is_finite()), "ratio", "it must be above 0")
    for counted in ("rows", "rows_per_seed", "replicate", "trained_on", "queries", "usd", "seconds"):
        refuse(frame, pl.col(counted) < 0, counted, "it cannot be below 0")
    for told in ("rows_per_seed", "usd", "seconds"):
        refuse(frame, ~pl.col(told).is_finite(), told, "leave it empty where it is not known")
    most = pl.col("ratio") * pl.col("seeds") > _MOST_QUERIES
    refuse(frame, most, "ratio", "so many queries for each of its seeds are more than can be counted")
    refuse(frame, (pl.col("n_test") < 1) | pl.col("n_test").is_null(), "n_test", "it must be at least 1")
    refuse(
        frame,
        ~pl.col("correct").is_between(0, pl.col("n_test")),
        "correct",
        'it counts questions and must lie between 0 and "n_test"',
    )
    accuracy = pl.col("correct") / pl.col("n_test")
    refuse(
        frame,
        (pl.col("accuracy") - accuracy).abs() > 1e-3,
        "accuracy",
        'it must be "correct" / "n_test", a share from 0 to 1; leave it out to have it worked out',
    )
    frame = with_options(frame).with_columns(
        pl.col("study_id").fill_null(study_id),
        pl.col("budget_queries").fill_null((pl.col("ratio") * pl.col("seeds")).round().cast(pl.Int64)),
        pl.col("rows_per_seed").fill_null(pl.col("rows") / pl.col("seeds")),
        pl.col("replicate").fill_null(0),
        pl.col("student").fill_null("external"),
        pl.col("seed_rows").fill_null(value=False),
        pl.col("check").fill_null("label"),
        pl.col("test").fill_null("test"),
        pl.col("writer").fill_null(pl.col("teacher")),
        pl.col("simulated").fill_null(value=False),
        pl.col("complete").fill_null(value=True),
        accuracy=accuracy,
    )
    refuse(frame, ~pl.col("cut_off").is_between(0, 1), "cut_off", "it is a share from 0 to 1")
    low, high = wilson(frame["correct"].to_numpy(), frame["n_test"].to_numpy())
    derived = pl.Series(map(_id, frame.select("study_id", *CELL).iter_rows(named=True)), dtype=pl.String)
    frame = frame.with_columns(
        pl.col("cell_id").fill_null(derived),
        ci_low=pl.Series(low, dtype=pl.Float64),
        ci_high=pl.Series(high, dtype=pl.Float64),
    )
    refuse(
        frame,
        pl.struct("cell_id", "test").is_duplicated(),
        "cell_id",
        "another row is the same cell and test set; tell repetitions apart by replicate, "
        "settings of a strategy or student by options or student_options",
    )
    return frame


def _id(cell: dict[str, Any]) -> str:
    told = {name: value for name, value in cell.items() if name != "student_options" or value != DEFAULTS}
    return hashlib.sha256(repr(tuple(told.values())).encode()).hexdigest()[:16]


def read_outcomes(frame: pl.DataFrame, studies: pl.DataFrame) -> pl.DataFrame:
    """Outcomes from elsewhere, held against the cells of `studies` (as `read_studies` gives them).

    Raises:
        StudyFrameError: A column is missing, a question stands twice in a cell, a cell is unknown, or
            the outcomes of a cell do not add up to its correct and n_test.
    """
    import polars as pl

    frame = cast(frame, outcomes_schema(), needed=("cell_id", "test", "question_id", "correct"))
    refuse(frame, pl.col("correct").is_null(), "correct", "it must be true or false")
    refuse(
        frame,
        pl.struct("cell_id", "test", "question_id").is_duplicated(),
        "question_id",
        "it stands twice in its cell and test set",
    )
    counted = frame.group_by("cell_id", "test").agg(
        pl.len().cast(pl.Int64).alias("n"), pl.col("correct").sum().cast(pl.Int64).alias("right")
    )
    joined = counted.join(studies, on=["cell_id", "test"], how="left", maintain_order="left")
    for cell, test, n, right, n_test, correct in joined.select(
        "cell_id", "test", "n", "right", "n_test", "correct"
    ).iter_rows():
        if n_test is None:
            raise StudyFrameError(f"outcomes: cell {cell!r}, test {test!r} is not among the study's rows")
        if (n, right) != (n_test, correct):
            raise StudyFrameError(
                f"outcomes: cell {cell!r}, test {test!r} has {right} of {n} correct, "
                f"but the study says {correct} of {n_test}; give an outcome for every question"
            )
    return frame


def with_results(
    earlier: Iterable[Results], frame: pl.DataFrame, outcomes: pl.DataFrame | None
) -> list[Results]:
    """Results from elsewhere with further ones, which replace those of the same cells and test sets.

    Raises:
        StudyFrameError: The further ones are none; see `read_studies` and `read_outcomes`.
    """
    added = read_studies(frame)
    asked = None if outcomes is None else read_outcomes(outcomes, added)
    same = added.select("cell_id", "test")

    def others(known: pl.DataFrame) -> pl.DataFrame:
        return known.join(same, on=["cell_id", "test"], how="anti", maintain_order="left")

    kept = [(others(cells), None if known is None else others(known)) for cells, known in earlier]
    return [*(results for results in kept if results[0].height), (added, asked)]
