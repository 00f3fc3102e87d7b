"""The workbench where no kernel and no widget is: a short static page, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

_ROWS = 5
_CHARACTERS = 160


def line(context: Mapping[str, Any], strategy: str, status: Mapping[str, Any]) -> str:
    """One line of text that says what the workbench holds."""
    seeds, teacher = context["seeds"], context["teacher"]
    return (
        f"Tilth workbench: {seeds['count']:,} seeds of {seeds['name']}, {strategy}, {teacher['name']}"
        f"{' (simulation)' if teacher['simulated'] else ''}; {_counts(status)}"
    )


def html(
    context: Mapping[str, Any],
    strategy: str,
    status: Mapping[str, Any],
    seeds: pl.DataFrame,
    rows: pl.DataFrame,
) -> str:
    """The same, with the first rows of the run, or the first seeds where there are none yet."""
    columns: tuple[str, ...]
    if rows.is_empty():
        caption, columns, frame = "First seeds", ("question", "reference"), seeds
    else:
        caption, columns, frame = "First rows", ("question", "answer", "verdict"), rows
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>"
        for row in frame.select(columns).head(_ROWS).iter_rows()
    )
    return (
        f'<div class="tilth-static"><p>{escape(line(context, strategy, status))}.</p>'
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        "<p>A still picture. Run the cell again for the controls; the run's file keeps the rows.</p></div>"
    )


def _counts(status: Mapping[str, Any]) -> str:
    if status["state"] == "idle":
        return "no rows yet"
    counts = ", ".join(f"{status[name]:,} {name}" for name in ("accepted", "rejected", "unverified"))
    return f"{status['state']}: {status['rows']:,} rows ({counts}) for {status['queries']:,} queries"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    return escape(text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…")
