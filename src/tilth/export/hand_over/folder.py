"""A folder that is filled whole or not at all, and only where nothing of others would be lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path

from tilth.export.targets import refuse_database


def free(path: Path, mark: str) -> None:
    """Raises where a folder cannot be filled: nothing stands at its path, or an empty or earlier one.

    Raises:
        ValueError: It is the name of a run's file, or of what belongs to one.
        FileNotFoundError: There is no folder to put it in.
        NotADirectoryError: A file stands there.
        FileExistsError: The folder holds something else.
    """
    target = path.resolve()
    refuse_database(path, target, "give the folder a name of its own, such as training")
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{path.name} cannot be saved: there is no folder {path.parent}; create it first"
        )
    if not target.exists():
        return
    if not target.is_dir():
        raise NotADirectoryError(f"{path} is a file, and this format is a folder; give another name")
    if any(target.iterdir()) and not _opens_with(target / "README.md", mark):
        raise FileExistsError(
            f"{path} holds other files, which could be lost; name a folder that is new, empty, or saved in "
            "this format before"
        )


def _opens_with(file: Path, line: str) -> bool:
    try:
        with file.open(encoding="utf-8") as opened:
            return any(opened.readline(len(line) + 2).rstrip("\n") == line for _ in range(2))
    except (OSError, UnicodeDecodeError):
        return False


@contextlib.contextmanager
def filled(path: Path, optional: Collection[str] = ()) -> Iterator[Path]:
    """A folder to write files into, which go to `path` when all went well.

    Files of an earlier export are replaced, those of its `optional` files that are not written again are
    removed, and whatever else is there, such as a trained model, stays.
    """
    target = path.resolve()
    part = target.with_name(f".{target.name[:50]}.{uuid.uuid4().hex}.part")
    try:
        part.mkdir()
        yield part
        written = [file.relative_to(part) for file in sorted(part.rglob("*")) if file.is_file()]
        for name in written:
            _flush(part / name)
        for name in written:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).replace(target / name)
        for left in set(optional).difference(name.as_posix() for name in written):
            (target / left).unlink(missing_ok=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _flush(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
