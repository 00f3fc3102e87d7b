"""The workbench where no kernel and no widget is: a short static page, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from tilth.printable import printable

if TYPE_CHECKING:
    import polars as pl

MIME = "application/vnd.tilth.workbench+json"
"""What JupyterLab's extension draws: the widget where its model is there, else the still picture."""

_ROWS = 5
_CHARACTERS = 160


def still(
    context: Mapping[str, Any],
    strategy: str,
    status: Mapping[str, Any],
    path: str,
    seeds: pl.DataFrame,
    rows: pl.DataFrame,
) -> dict[str, Any]:
    """What the workbench holds, as JSON: a line, a table of its first rows or seeds, and what to do."""
    columns: tuple[str, ...]
    if rows.is_empty():
        caption, columns, frame = "First seeds", ("question", "reference"), seeds
    else:
        caption, columns, frame = "First rows", ("question", "answer", "verdict"), rows
    return {
        "line": f"{_line(context, strategy, status)}.",
        "caption": caption,
        "columns": list(columns),
        "rows": [list(map(_cell, row)) for row in frame.select(columns).head(_ROWS).iter_rows()],
        "advice": "A still picture, taken when the cell was run. Run the cell again for the controls.",
        "path": printable(path),
    }


def beside(view: Mapping[str, Any], still: Mapping[str, Any]) -> dict[str, Any]:
    """A widget's bundle with the still picture in each form that a front end may want instead."""
    own = {MIME: still} if view else {}  # a closed widget has no view
    return {**view, **own, "text/plain": still["line"], "text/html": html(still)}


def html(still: Mapping[str, Any]) -> str:
    """The same as a page, every text escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in still["columns"])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in still["rows"]
    )
    return (
        f'<div class="tilth-static"><p>{escape(still["line"])}</p>'
        f"<table><caption>{escape(still['caption'])}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
        f"<p>{escape(still['advice'])} Its run is kept in <code>{escape(still['path'])}</code>.</p></div>"
    )


def _line(context: Mapping[str, Any], strategy: str, status: Mapping[str, Any]) -> str:
    seeds, teacher = context["seeds"], context["teacher"]
    return printable(
        f"Tilth workbench: {seeds['count']:,} seeds of {seeds['name']}, {strategy}, {teacher['name']}"
        f"{' (simulation)' if teacher['simulated'] else ''}; {_counts(status)}"
    )


def _counts(status: Mapping[str, Any]) -> str:
    if status["state"] == "idle":
        return "no rows yet"
    counts = ", ".join(f"{status[name]:,} {name}" for name in ("accepted", "rejected", "unverified"))
    return f"{status['state']}: {status['rows']:,} rows ({counts}) for {status['queries']:,} queries"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = printable(" ".join(str(value)[: 4 * _CHARACTERS].split()))
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"
