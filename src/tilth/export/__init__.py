"""What goes out: rows written as training files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tilth.arguments import listed, of_kind, path_of
from tilth.errors import tell
from tilth.export.formats import CONTENT, CONVERSATIONS, SUFFIXES, with_empty_turns
from tilth.export.formats import FORMATS as _WRITERS
from tilth.export.targets import node_at, opened

if TYPE_CHECKING:
    import polars as pl

KEPT = ("accepted", "unverified")
"""The verdicts that are saved unless others are named."""

_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})

VERDICTS = ("accepted", "rejected", "unverified")

FORMATS = tuple(_WRITERS)
"""The names of the formats."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        path: The file.
        rows: How many rows it holds.
        notices: What a user should know of it, a sentence each, without its name.
    """

    path: Path
    rows: int
    notices: tuple[str, ...]


def save(
    rows: pl.DataFrame,
    path: str | os.PathLike[str],
    format: str | None = None,
    verdicts: Collection[str] = KEPT,
) -> Path:
    """Writes rows to a training file; a file already there is replaced once the new one is complete.

    "chat" and "alpaca" leave out rows with an empty question or a response that is empty or nothing but
    thinking, and keep the teacher's system prompt where the rows have it, in `messages`. "jsonl" and "csv"
    carry no types: where a column opens with nulls, the first row that has a value of it is written first,
    so that readers which take types from the first rows load the file. CSV cells stay as they are, also
    where a spreadsheet would take them for formulas. What a user should know is told by a `TilthWarning`.

    Args:
        rows: Rows of a run, in the order they are to be written.
        path: Where to write; the folder must exist. A device or a pipe is written into.
        format: "parquet", "csv" or "jsonl" for every column; "chat" for one `{"messages": [...]}` per line;
            "alpaca" for a JSON array of instruction, input and output. Taken from the suffix where not given:
            .parquet, .csv, .jsonl, and "alpaca" for .json. In CSV, lists are JSON texts.
        verdicts: Verdicts of the rows to write.

    Returns:
        The path written.

    Raises:
        ValueError: An unknown format or verdict, a column that is missing, no row left to write, or a path
            that is a run's file or another SQLite database.
        FileNotFoundError: There is no such folder.
        IsADirectoryError: The path is a folder.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher)
        >>> tilth.save(run.rows, "train.jsonl", format="chat").name
        'train.jsonl'
    """
    written = write(rows, path, format, verdicts)
    for notice in written.notices:
        tell(f"{written.path.name}: {notice}")
    return written.path


def write(
    rows: pl.DataFrame,
    path: str | os.PathLike[str],
    format: str | None = None,
    verdicts: Collection[str] = KEPT,
) -> Written:
    """Does what `save` does, and gives its notices back instead of warning."""
    path, chosen = ready(path, format)
    named = {verdicts} if isinstance(verdicts, str) else set(listed(verdicts, "verdicts", "verdicts"))
    kept, empty = _without_empty_turns(_select(rows, named), chosen)
    with opened(path) as file:
        notices = _WRITERS[chosen](kept, file)
    return Written(path, kept.height, (*_other_suffix(path, chosen), *empty, *notices))


def ready(path: str | os.PathLike[str], format: str | None = None) -> tuple[Path, str]:
    """Where rows would be saved and in which format, before there are any; raises what `save` would.

    Example:
        >>> from tilth.export import ready
        >>> ready("train.jsonl")[1]
        'jsonl'
    """
    path = path_of(path)
    chosen = _format(path, format)
    node_at(path)
    return path, chosen


def _without_empty_turns(rows: pl.DataFrame, format: str) -> tuple[pl.DataFrame, list[str]]:
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
    if format not in CONVERSATIONS:
        return rows, [f"it holds {which}, as it holds all; leave them out of training"]
    if count == rows.height:
        raise ValueError(f"no row can be saved as {format!r}: there is nothing but {which}")
    return rows.filter(~empty), [f"left out: {which}"]


def _other_suffix(path: Path, format: str) -> list[str]:
    """A word where the name's end stands for another kind of file."""
    if path.suffix.lower() in _PACKED:
        notice = (
            "it is not compressed, and a name like its own stands for a file that is; readers that go by the "
            f"name need {path.stem}"
        )
        return [notice]
    content, suffix = CONTENT[format]
    usual = SUFFIXES.get(path.suffix.lower())
    if usual is None or CONTENT[usual][0] == content:
        return []
    notice = (
        f"it holds {content} (format {format!r}), and a name like its own stands for {CONTENT[usual][0]}; "
        f"readers that go by the name need {path.stem}{suffix}"
    )
    return [notice]


def _format(path: Path, format: str | None) -> str:
    formats = ", ".join(repr(name) for name in FORMATS)
    if format is None:
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"{path.name!r} does not say its format; pass format=, one of {formats}")
        return SUFFIXES[suffix]
    if of_kind(format, str, "format", f"one of {formats}") not in FORMATS:
        raise ValueError(f"there is no format {format!r}; there are {formats}")
    return format


def _select(rows: pl.DataFrame, verdicts: set[str]) -> pl.DataFrame:
    import polars as pl

    if unknown := sorted(verdicts.difference(VERDICTS)):
        raise ValueError(f"there is no verdict {unknown[0]!r}; there are {', '.join(map(repr, VERDICTS))}")
    of_kind(rows, pl.DataFrame, "rows", "a frame, such as run.rows")
    if missing := [name for name in ("question", "response", "verdict") if name not in rows.columns]:
        raise ValueError(f"rows lack the column {missing[0]!r}; pass the rows of a run")
    kept = rows.filter(rows["verdict"].is_in(list(verdicts)))
    if kept.is_empty():
        counts = dict(rows["verdict"].value_counts().iter_rows())
        there = ", ".join(f"{counts[name]:,} {name}" for name in VERDICTS if name in counts)
        wanted = " or ".join(name for name in VERDICTS if name in verdicts) or "of no verdict"
        if not there:
            raise ValueError("there are no rows to save yet")
        raise ValueError(f"no row is {wanted}: there are {there}; name the verdicts to save with verdicts=")
    return kept
