"""Which rows go into a file: those of its verdicts that no curation step refused, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilth.arguments import of_kind
from tilth.export.formats import with_empty_turns
from tilth.export.table import FORMAT_TABLE, Format, is_pairs

if TYPE_CHECKING:
    import polars as pl

KEPT = ("accepted", "unverified")
"""The verdicts that are saved unless others are named."""

VERDICTS = ("accepted", "rejected", "unverified")

TABLES = frozenset(one.name for one in FORMAT_TABLE if len(one.takes) == 2 and not one.folder)
"""The formats that are files of every column."""


def selected(rows: pl.DataFrame, verdicts: set[str], format: Format) -> tuple[pl.DataFrame, list[str]]:
    """The rows to write, and a word on those that curation refused.

    Raises:
        TypeError: It is no frame.
        ValueError: A verdict is unknown, a column is missing, or no row is left.
    """
    import polars as pl

    if unknown := sorted(verdicts.difference(VERDICTS)):
        raise ValueError(f"there is no verdict {unknown[0]!r}; there are {', '.join(map(repr, VERDICTS))}")
    of_kind(rows, pl.DataFrame, "rows", "a frame, such as run.rows")
    _columns_of(rows, format)
    kept = rows.filter(rows["verdict"].is_in(list(verdicts))) if "verdict" in rows.columns else rows
    if kept.is_empty():
        raise ValueError(_nothing_of(rows, verdicts))
    kept, notices = _not_refused(kept)
    if "order" in kept.columns and kept["order"].dtype.is_numeric():
        kept = kept.sort("order", nulls_last=True, maintain_order=True)
    return kept, notices


def _columns_of(rows: pl.DataFrame, format: Format) -> None:
    if is_pairs(rows.columns):
        if "pairs" not in format.takes:
            raise ValueError(
                f"{format.name!r} takes answered questions, and these rows are pairs of chosen and rejected; "
                "save them as 'preference'"
            )
        if not {"question", "prompt", "messages"}.intersection(rows.columns):
            raise ValueError("pairs lack a column question, prompt or messages; add what both answers answer")
        return
    if "rows" not in format.takes:
        raise ValueError(
            f"{format.name!r} takes pairs with the columns chosen and rejected; make them with "
            "tilth.curate.pairs"
        )
    if missing := [name for name in ("question", "response") if name not in rows.columns]:
        raise ValueError(f"rows lack the column {missing[0]!r}; pass the rows of a run")


def _not_refused(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    import polars as pl

    if "keep" not in rows.columns or rows["keep"].dtype != pl.Boolean:
        return rows, []
    kept = rows.filter(pl.col("keep").fill_null(value=True))
    count = rows.height - kept.height
    if not count:
        return rows, []
    which = f"{count:,} {'row' if count == 1 else 'rows'} that curation refused (keep is False)"
    if kept.is_empty():
        raise ValueError(f"no row is left to save: there is nothing but {which}; their reasons say why")
    return kept, [f"left out: {which}"]


def _nothing_of(rows: pl.DataFrame, verdicts: set[str]) -> str:
    if rows.is_empty() or "verdict" not in rows.columns:
        return "there are no rows to save yet"
    counts = dict(rows["verdict"].value_counts().iter_rows())
    there = ", ".join(f"{counts[name]:,} {name}" for name in VERDICTS if name in counts)
    wanted = " or ".join(name for name in VERDICTS if name in verdicts) or "of no verdict"
    return f"no row is {wanted}: there are {there}; name the verdicts to save with verdicts="


def without_empty_turns(rows: pl.DataFrame, format: str) -> tuple[pl.DataFrame, list[str]]:
    """The rows without those that have an empty turn, unless it is a table; and a word on these."""
    import polars as pl

    empty = pl.Series(with_empty_turns(rows), dtype=pl.Boolean)
    count = int(empty.sum())
    if not count:
        return rows, []
    which = (
        f"{count:,} {'row' if count == 1 else 'rows'} with an empty question or a response that is empty or "
        "nothing but thinking"
    )
    if format in TABLES:
        return rows, [f"it holds {which}, as it holds all; leave them out of training"]
    if count == rows.height:
        raise ValueError(f"no row can be saved as {format!r}: there is nothing but {which}")
    return rows.filter(~empty), [f"left out: {which}"]
