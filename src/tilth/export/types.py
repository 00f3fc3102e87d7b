"""The order in which rows show a reader of text what type each column has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 10
"""Rows within which a column must show its type. Readers look at more: Polars at 100, datasets at 10 MB."""


def typed_first(rows: pl.DataFrame, *, texts_may_look_like_numbers: bool = False) -> pl.DataFrame:
    """The rows in their order, but for those that have to come first so that types are read right.

    JSON lines and CSV carry no types, and readers take them from the first rows: a column of nulls that
    holds a text later cannot be loaded then. So where a column does not show its type within the first
    rows, the first row in which it does goes to the front.
    """
    import polars as pl

    ahead: dict[int, None] = {}
    for column in rows:
        shows = column.is_not_null()
        if isinstance(column.dtype, pl.List):
            shows = column.list.len().fill_null(0) > 0
        elif column.dtype == pl.String and texts_may_look_like_numbers:
            shows = _least_like_numbers(column)
        if not shows.head(_SHOWN).any() and (first := shows.arg_max()) is not None and shows[first]:
            ahead[first] = None
    if not ahead:
        return rows
    rest = [place for place in range(rows.height) if place not in ahead]
    return rows[[*ahead, *rest]]


def _least_like_numbers(texts: pl.Series) -> pl.Series:
    """Which of the texts show best what the column holds: words before fractions before whole numbers."""
    import polars as pl

    whole = texts.cast(pl.Int64, strict=False).is_not_null()
    number = texts.cast(pl.Float64, strict=False).is_not_null()
    words = texts.is_not_null() & (texts != "") & ~number & ~whole
    for shows in (words.fill_null(value=False), (number & ~whole).fill_null(value=False)):
        if shows.any():
            return shows
    return texts.is_not_null()
