"""Reads the columns of a frame that users pass, and says which row cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tilth.errors import StudyFrameError

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType


def cast(frame: pl.DataFrame, schema: Mapping[str, PolarsDataType], needed: Sequence[str]) -> pl.DataFrame:
    """The columns of `schema`, null where the frame lacks one that is not needed.

    Raises:
        StudyFrameError: A needed column is missing or has an empty place, or one is of another kind.
    """
    import polars as pl

    for column in needed:
        if column not in frame.columns:
            raise StudyFrameError(f"column {column!r} is missing; needed are {', '.join(needed)}")
        if frame[column].null_count():
            raise StudyFrameError(
                f"column {column!r} is empty in {frame[column].null_count()} rows; fill it in"
            )
    columns: list[pl.Expr | pl.Series] = []
    for name, dtype in schema.items():
        if name not in frame.columns:
            columns.append(pl.lit(None, dtype=dtype).alias(name))
            continue
        given = frame[name]
        try:
            if given.dtype == pl.Boolean and dtype.is_numeric():
                raise pl.exceptions.InvalidOperationError("a truth value is no number")
            columns.append(given.cast(dtype))
        except pl.exceptions.PolarsError as error:
            raise StudyFrameError(f"column {name!r} is {given.dtype}; it must be {dtype}") from error
        if dtype.is_integer() and given.dtype.is_float():  # a share that is taken for a count would be none
            refuse(frame, pl.col(name) != pl.col(name).floor(), name, "it must be a whole number")
    return frame.select(columns)


def refuse(frame: pl.DataFrame, wrong: pl.Expr, column: str, why: str) -> None:
    """Raises `StudyFrameError` for the first row for which `wrong` is true, with its value in `column`."""
    import polars as pl

    rows = (
        frame.with_row_index("place")
        .filter(wrong.fill_null(value=False))
        .select("place", pl.col(column))
        .rows()
    )
    if rows:
        place, value = rows[0]
        raise StudyFrameError(f'row {place}: "{column}" is {value!r}; {why}')
