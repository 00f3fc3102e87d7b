"""Writes rows to a file or a folder, in parts where they are split, with what goes with them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tilth.arguments import listed, of_kind, path_of
from tilth.export.dataset_folder import ready as _dataset_ready
from tilth.export.dataset_folder import write_folder, write_split
from tilth.export.formats import CONTENT, SUFFIXES
from tilth.export.formats import FORMATS as _WRITERS
from tilth.export.hand_over import TRAINERS, hand_over, model_of, write_examples
from tilth.export.hand_over import ready as _trainer_ready
from tilth.export.options import Options
from tilth.export.papers import Papers, Provenance, papers_beside
from tilth.export.preparing import prepared
from tilth.export.selecting import KEPT, TABLES
from tilth.export.splitting import PART, part_name, shares_of, split_off
from tilth.export.table import BY_NAME
from tilth.export.targets import node_at, opened

if TYPE_CHECKING:
    import polars as pl

_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})

FORMATS = tuple(_WRITERS)
"""The names of the formats that are files."""

FOLDERS = (*TRAINERS, "datasets")
"""The names of those that are folders: one for each trainer, and one for the `datasets` library."""

_TRAIN, _VALIDATION = "train", "validation"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        path: The file, or the folder.
        rows: How many rows it holds, those of a validation and other parts apart.
        notices: What a user should know of it, a sentence each, without its name.
        files: The file, or those of the folder that were written.
    """

    path: Path
    rows: int
    notices: tuple[str, ...]
    files: tuple[Path, ...]


def write(
    rows: pl.DataFrame,
    path: str | os.PathLike[str],
    format: str | None = None,
    verdicts: Collection[str] = KEPT,
    *,
    reasoning: str = "inline",
    answers: str = "full",
    system: bool | str = True,
    metadata: str | Collection[str] = (),
    model: str | os.PathLike[str] | None = None,
    validation: pl.DataFrame | float | None = None,
    split: Mapping[str, float] | None = None,
    random_state: int = 0,
    run: Provenance | Sequence[Provenance] = (),
    card: bool | None = None,
) -> Written:
    """Does what `tilth.save` does, and gives its notices back instead of warning."""
    path, chosen = ready(path, format)
    options = Options.of(reasoning, answers, system, metadata)
    _fitting(options, chosen)
    if chosen not in TRAINERS:
        _only_for(TRAINERS, chosen, model=model)
    named = {verdicts} if isinstance(verdicts, str) else set(listed(verdicts, "verdicts", "verdicts"))
    shares = _shares(split, validation)
    if chosen not in FOLDERS and shares is None:
        _only_for(FOLDERS, chosen, validation=validation)
    given, notices = _given(rows, chosen, shares, random_state)
    if validation is not None and shares is None:
        given[_VALIDATION] = _frame_of(validation)
    parts: dict[str, pl.DataFrame] = {}
    for place, (name, part) in enumerate(given.items()):
        parts[name], told = _prepared(part, named, chosen, options, name if place else "")
        notices += told
    with_papers = (chosen in FOLDERS) if card is None else card
    papers = None
    if with_papers:
        papers = Papers.of(rows, chosen, options, named, run, parts, shares, random_state)
    if chosen in FOLDERS:
        return _folder(parts, path, chosen, model, papers, notices)
    return _files(parts, path, chosen, papers, notices)


def _folder(
    parts: Mapping[str, pl.DataFrame],
    path: Path,
    format: str,
    model: str | os.PathLike[str] | None,
    papers: Papers | None,
    notices: Sequence[str],
) -> Written:
    first, *others = parts
    if format not in TRAINERS:
        files = write_folder(parts, path, papers)
        return Written(path, parts[first].height, tuple(notices), files)
    if first != _TRAIN or others not in ([], [_VALIDATION]):
        raise ValueError(
            f"{format!r} trains on a part 'train' and measures on 'validation'; these are "
            f"{', '.join(map(repr, parts))}. The other formats take any"
        )
    told, files = hand_over(parts[_TRAIN], path, format, model_of(model), parts.get(_VALIDATION), papers)
    return Written(path, parts[_TRAIN].height, (*notices, *told), files)


def _files(
    parts: Mapping[str, pl.DataFrame],
    path: Path,
    format: str,
    papers: Papers | None,
    notices: Sequence[str],
) -> Written:
    """A file for each part: the first where it was asked for, the others beside it."""
    first, *others = parts
    targets = {first: path, **{name: path.with_name(f"{path.stem}.{name}{path.suffix}") for name in others}}
    for target in targets.values():
        if node_at(target) is not None and (others or papers):
            raise ValueError(
                f"{path} is a device or a pipe, and nothing stands beside it; give a file's name"
            )
    if papers is not None:
        for target in papers_beside(path):
            node_at(target)
    told: list[str] = []
    for name, target in targets.items():
        with opened(target) as file:
            told += [
                f"{name}: {one}" if name != first else one for one in _WRITERS[format](parts[name], file)
            ]
    files = [*targets.values()]
    if papers is not None:
        files += papers.put_beside(path, {targets[name].name: rows for name, rows in parts.items()})
    every = (*_other_suffix(path, format), *notices, *told)
    return Written(path, parts[first].height, every, tuple(files))


def write_data(rows: pl.DataFrame, format: str, file: IO[bytes]) -> None:
    """Writes prepared rows as they stand in the format's file, or in one of its folder."""
    if format in TRAINERS:
        write_examples(rows, file, TRAINERS[format])
    elif format in FOLDERS:
        write_split(rows, file)
    else:
        _WRITERS[format](rows, file)


def _shares(
    split: Mapping[str, float] | None, validation: pl.DataFrame | float | None
) -> dict[str, float] | None:
    """The shares of the parts, of a split or of a validation that is one."""
    share = validation if isinstance(validation, int | float) and not isinstance(validation, bool) else None
    if split is None:
        return None if share is None else shares_of({_TRAIN: 1 - share, _VALIDATION: share})
    if validation is not None:
        raise ValueError("give split= its parts, validation among them, and leave validation= out")
    return shares_of(split)


def _given(
    rows: pl.DataFrame, format: str, shares: Mapping[str, float] | None, random_state: int
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The rows of each part, "train" first, and a word on them."""
    import polars as pl

    of_kind(rows, pl.DataFrame, "rows", "a frame, such as run.rows")
    if shares is not None:
        return split_off(rows, shares, random_state)
    if format in TABLES or rows.schema.get(PART) != pl.String:
        return {_TRAIN: rows}, []
    names = [part_name(name) for name in rows[PART].drop_nulls().unique(maintain_order=True)]
    if not names:
        return {_TRAIN: rows}, []
    names.sort(key=lambda name: name != _TRAIN)
    lost = rows[PART].null_count()
    notices = [f"left out: {lost:,} {'row' if lost == 1 else 'rows'} of no part"] if lost else []
    return {name: rows.filter(rows[PART] == name) for name in names}, notices


def _prepared(
    rows: pl.DataFrame, verdicts: set[str], format: str, options: Options, part: str
) -> tuple[pl.DataFrame, list[str]]:
    """The rows of a part as they are written, and a word on the others; `part` is "" for the first."""
    try:
        kept, notices = prepared(rows, verdicts, format, options)
    except ValueError as error:
        if not part:
            raise
        raise ValueError(f"{part}: {error}") from None
    return kept, [f"{part}: {notice}" if part else notice for notice in notices]


def _frame_of(validation: pl.DataFrame | float) -> pl.DataFrame:
    import polars as pl

    what = "a frame with question and response, or a share of the rows"
    frame: pl.DataFrame = of_kind(validation, pl.DataFrame, "validation", what)  # type: ignore[assignment]
    return frame


def _only_for(formats: Collection[str], format: str, **given: object) -> None:
    """Raises where something was given that only other formats take."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name}= is for {_listed(tuple(formats))}; {format!r} takes none")


def _fitting(options: Options, format: str) -> None:
    """Raises where a format cannot hold what the options ask for."""
    if options.reasoning == "field" and format in TRAINERS:
        raise ValueError(f"{format!r} has no field for reasoning; pass reasoning='inline' or 'drop'")
    if options.answers == "only" and "answers" not in BY_NAME[format].options:
        raise ValueError(f"answers='only' is for rows with one answer; {format!r} holds two of each question")


def ready(path: str | os.PathLike[str], format: str | None = None) -> tuple[Path, str]:
    """Where rows would be saved and in which format, before there are any; raises what `save` would.

    Example:
        >>> from tilth.export import ready
        >>> ready("train.jsonl")[1]
        'jsonl'
    """
    path = path_of(path)
    chosen = _format(path, format)
    if chosen in TRAINERS:
        _trainer_ready(path, chosen)
    elif chosen in FOLDERS:
        _dataset_ready(path)
    else:
        node_at(path)
    return path, chosen


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
