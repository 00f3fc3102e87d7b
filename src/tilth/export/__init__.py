"""What goes out: rows written as training files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tilth.arguments import listed, of_kind, path_of
from tilth.errors import tell
from tilth.export.formats import CONTENT, CONVERSATIONS, SUFFIXES, with_empty_turns
from tilth.export.formats import FORMATS as _WRITERS
from tilth.export.hand_over import TRAINERS, hand_over, model_of
from tilth.export.hand_over import ready as _folder_ready
from tilth.export.targets import node_at, opened

if TYPE_CHECKING:
    import polars as pl

KEPT = ("accepted", "unverified")
"""The verdicts that are saved unless others are named."""

_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})

VERDICTS = ("accepted", "rejected", "unverified")

FORMATS = tuple(_WRITERS)
"""The names of the formats that are files."""

FOLDERS = tuple(TRAINERS)
"""The names of those that are folders, each with all that one trainer needs."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        path: The file, or the folder.
        rows: How many rows it holds, those of a validation apart.
        notices: What a user should know of it, a sentence each, without its name.
        files: The file, or those of the folder that were written.
    """

    path: Path
    rows: int
    notices: tuple[str, ...]
    files: tuple[Path, ...]


def save(
    rows: pl.DataFrame,
    path: str | os.PathLike[str],
    format: str | None = None,
    verdicts: Collection[str] = KEPT,
    *,
    model: str | os.PathLike[str] | None = None,
    validation: pl.DataFrame | None = None,
) -> Path:
    """Writes rows to a training file; a file already there is replaced once the new one is complete.

    "trl", "axolotl" and "llama-factory" make a folder on which that trainer trains as it is:
    `data/train.jsonl`, its own settings, and a README.md with the command that starts it and the lines that
    bring the result back into a study. The settings are those of Chan et al. (arXiv 2409.19759): 3 epochs, a
    learning rate of at most 4e-5, batches of 128 rows of at most 1,536 tokens, the loss on the last answer
    only. "trl" has a prompt and its completion a line, and `sft.yaml`; "axolotl" conversations that mark the
    turn to learn, and `config.yaml`; "llama-factory" conversations, `dataset_info.json` and `sft.yaml`. A
    folder that was saved so before gets the new files, and what was trained in it stays; one that holds
    anything else is refused.

    All of these, "chat" and "alpaca" leave out rows with an empty question or a response that is empty or
    nothing but thinking, and keep the teacher's system prompt where the rows have it, in `messages`. "jsonl"
    and "csv" carry no types: where a column opens with nulls, the first row that has a value of it is written
    first, so that readers that take types from the first rows load the file. CSV cells stay as they are, even
    where a spreadsheet would take them for formulas. What a user should know is told by a `TilthWarning`.

    Args:
        rows: Rows of a run, in the order they are to be written.
        path: Where to write; the folder it lies in must exist. A device or a pipe is written into.
        format: "parquet", "csv" or "jsonl" for every column; "chat" for one `{"messages": [...]}` per line;
            "alpaca" for a JSON array of instruction, input and output; "trl", "axolotl" or "llama-factory"
            for a folder. Taken from the suffix where not given: .parquet, .csv, .jsonl, and "alpaca" for
            .json. In CSV, lists are JSON texts.
        verdicts: Verdicts of the rows to write.
        model: The model that a folder's settings name: on the Hugging Face Hub, or a folder. A small open one
            where not given, "HuggingFaceTB/SmolLM2-135M-Instruct".
        validation: Rows on which a folder's training measures the loss after each epoch, of these verdicts
            where they have any.

    Returns:
        The path written.

    Raises:
        ValueError: An unknown format or verdict, a column that is missing, no row left to write, a path
            that is a run's file or another SQLite database, or a model or validation rows for a format that
            is no folder.
        FileNotFoundError: There is no such folder.
        IsADirectoryError: The path is a folder, and the format a file.
        NotADirectoryError: The path is a file, and the format a folder.
        FileExistsError: The folder holds what is not of this format.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher)
        >>> tilth.save(run.rows, "train.jsonl", format="chat").name
        'train.jsonl'
        >>> folder = tilth.save(run.rows, "tuning", format="trl", model="Qwen/Qwen3-0.6B")
        >>> sorted(file.name for file in folder.rglob("*.*"))
        ['README.md', 'sft.yaml', 'train.jsonl']
    """
    written = write(rows, path, format, verdicts, model=model, validation=validation)
    for notice in written.notices:
        tell(f"{written.path.name}: {notice}")
    return written.path


def write(
    rows: pl.DataFrame,
    path: str | os.PathLike[str],
    format: str | None = None,
    verdicts: Collection[str] = KEPT,
    *,
    model: str | os.PathLike[str] | None = None,
    validation: pl.DataFrame | None = None,
) -> Written:
    """Does what `save` does, and gives its notices back instead of warning."""
    path, chosen = ready(path, format)
    named = {verdicts} if isinstance(verdicts, str) else set(listed(verdicts, "verdicts", "verdicts"))
    kept, empty = _without_empty_turns(_select(rows, named), chosen)
    if chosen in FOLDERS:
        measured_on, empty_too = (None, []) if validation is None else _validation(validation, named, chosen)
        count, notices, files = hand_over(kept, path, chosen, model_of(model), measured_on)
        return Written(path, count, (*empty, *empty_too, *notices), files)
    for given, name in ((model, "model"), (validation, "validation")):
        if given is not None:
            raise ValueError(f"{name}= is for {_listed(FOLDERS)}; {chosen!r} is a file of rows alone")
    with opened(path) as file:
        notices = _WRITERS[chosen](kept, file)
    return Written(path, kept.height, (*_other_suffix(path, chosen), *empty, *notices), (path,))


def ready(path: str | os.PathLike[str], format: str | None = None) -> tuple[Path, str]:
    """Where rows would be saved and in which format, before there are any; raises what `save` would.

    Example:
        >>> from tilth.export import ready
        >>> ready("train.jsonl")[1]
        'jsonl'
    """
    path = path_of(path)
    chosen = _format(path, format)
    if chosen in FOLDERS:
        _folder_ready(path, chosen)
    else:
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
    if format not in CONVERSATIONS and format not in FOLDERS:
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
    formats = _listed((*FORMATS, *FOLDERS))
    if format is None:
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"{path.name!r} does not say its format; pass format=, one of {formats}")
        return SUFFIXES[suffix]
    if of_kind(format, str, "format", f"one of {formats}") not in (*FORMATS, *FOLDERS):
        raise ValueError(f"there is no format {format!r}; there are {formats}")
    return format


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def _validation(rows: pl.DataFrame, verdicts: set[str], format: str) -> tuple[pl.DataFrame, list[str]]:
    """The validation rows to write, as `write` takes its own, and a word on those that are left out."""
    import polars as pl

    of_kind(rows, pl.DataFrame, "validation", "a frame with question and response, such as run.rows")
    if "verdict" not in rows.columns:
        rows = rows.with_columns(verdict=pl.lit(next(iter(verdicts), "unverified")))
    try:
        kept, empty = _without_empty_turns(_select(rows, verdicts), format)
    except ValueError as error:
        raise ValueError(f"validation: {error}") from None
    return kept, [f"validation: {notice}" for notice in empty]


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
