"""Files that the page has written: over one that is there already only after a word of the user."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.export import FOLDERS, KEPT, write
from tilth.jupyter.widgets import traits

if TYPE_CHECKING:
    from tilth.engine.run import Run


class AlreadyThere(Exception):
    """Files are there already, and nobody said what is to become of them.

    Attributes:
        fields: What the page is told: the files, and the names beside them that are free.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self.fields = {
            "there": [traits.shown_path(path) for path in paths],
            "free": [traits.shown_path(_free_beside(path)) for path in paths],
        }


def save_rows(
    run: Run, path: str, format: str, verdicts: tuple[str, ...] | None, existing: str
) -> dict[str, Any]:
    """Writes a run's rows for training; the file, or the folder, as a page is told of it.

    Raises:
        AlreadyThere: The file is there, and `existing` is "ask".
    """
    if not path.strip():
        raise ValueError("give the file a name, such as train.jsonl")
    [target] = targets([Path(path).expanduser()], existing, folders=format in FOLDERS)
    kept = KEPT if verdicts is None else verdicts
    written = write(run.rows, target, format or None, kept, run=run)
    return {
        "path": traits.shown_path(written.path),
        "rows": written.rows,
        "bytes": sum(file.stat().st_size for file in written.files),
        "notices": list(written.notices),
    }


def targets(paths: Sequence[Path], existing: str, *, folders: bool = False) -> list[Path]:
    """Where to write what was meant for `paths`.

    Args:
        paths: The files the user named.
        existing: What becomes of those that are there: "replace", "keep-both" under a name that is free, or
            "ask".
        folders: Whether folders are to be filled, which are there when something is in them.

    Raises:
        AlreadyThere: One is there, and `existing` is "ask".
    """
    there = [path for path in paths if _is_there(path, folders)]
    if there and existing == "ask":
        raise AlreadyThere(there)
    if existing == "keep-both":
        return [_free_beside(path) if path in there else path for path in paths]
    return list(paths)


def _is_there(path: Path, folders: bool) -> bool:
    return (folders and any(path.iterdir())) if path.is_dir() else os.path.lexists(path)


def _free_beside(path: Path) -> Path:
    """The first of train-2.jsonl, train-3.jsonl ... that no file has."""
    return next(
        each
        for number in count(2)
        if not os.path.lexists(each := path.with_name(f"{path.stem}-{number}{path.suffix}"))
    )
