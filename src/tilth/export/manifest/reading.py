"""Reads a manifest, which may be anyone's: what is not as ours are is refused before it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilth.export.manifest import MANIFEST, VERSION, beside, seal
from tilth.export.options import Options
from tilth.export.selecting import VERDICTS
from tilth.export.table import BY_NAME

_MOST_BYTES = 256 << 20
"""A million rows take about 8 MB."""

_MOST_FILES, _MOST_RUNS, _MOST_ROWS = 1_000, 1_000, 100_000_000
_PATH = re.compile(r"[^/\\:\x00-\x1f]{1,255}(?:/[^/\\:\x00-\x1f]{1,255}){0,3}")
_RUN_ID = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNIT = re.compile(r"([0-9]{1,18})(?::([0-9]{1,9}))?")


@dataclass(frozen=True)
class RunNamed:
    """A run by its id, with its identity's digest and the name of its file where they are known."""

    run_id: str
    identity: str | None
    file: str | None


@dataclass(frozen=True)
class FileNamed:
    """A file of the export.

    Attributes:
        path: Where it stands, below the manifest's folder.
        sha256: Its digest, in hex; `bytes` is its size.
        part: The part it holds, None where it holds no rows.
        row_ids: The rows in the order in which they stand in it; None for one that is of no run.
    """

    path: str
    sha256: str
    bytes: int
    part: str | None = None
    row_ids: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What a manifest says.

    Attributes:
        path: Where it stands.
        format: The format's name.
        options: What `save` was told of each row.
        verdicts: Those that were written.
        runs: The runs whose rows stand in its files.
        files: The files, those with rows first.
        sealed: Whether it is as it was written, by a digest of its own.
    """

    path: Path
    format: str
    options: Options
    verdicts: tuple[str, ...]
    runs: tuple[RunNamed, ...]
    files: tuple[FileNamed, ...]
    sealed: bool


def manifest_of(export: Path) -> Path | None:
    """Where an export's manifest stands: in a folder, beside a file, or at the path; None where none does.

    Example:
        >>> from pathlib import Path
        >>> from tilth.export.manifest.reading import manifest_of
        >>> manifest_of(Path("not-here")) is None
        True
    """
    if export.is_dir():
        places = [export / MANIFEST]
    elif export.name == MANIFEST or export.name.endswith(f".{MANIFEST}"):
        places = [export]
    else:
        first = export.with_name(f"{Path(export.stem).stem}{export.suffix}")  # train.validation.jsonl
        places = [beside(export), beside(first)]
    return next((place for place in places if place.is_file()), None)


def read_manifest(path: Path) -> Manifest:
    """The manifest at a path.

    Raises:
        ValueError: There is none, or it is not as ours are; the message says what is wrong.
    """
    try:
        return _manifest(path, json.loads(_bytes(path)))
    except (OSError, RecursionError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        said = f"it lacks {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise ValueError(f"{path.name} is no manifest of an export: {said[:200]}") from error


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError("there is no such file")
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
    return path.read_bytes()


def _manifest(path: Path, told: Any) -> Manifest:
    _is(told, dict, "it")
    if told["manifest"] != VERSION:
        raise ValueError(f"it is of version {str(told['manifest'])[:20]}, and this Tilth reads {VERSION}")
    if told["format"] not in BY_NAME:
        raise ValueError(f"there is no format {str(told['format'])[:40]!r}")
    options = _is(told["options"], dict, "its options")
    verdicts = tuple(_is(options["verdicts"], list, "its verdicts"))
    if not set(verdicts) <= set(VERDICTS):
        raise ValueError("there is no such verdict")
    runs = tuple(map(_run, _few(told["runs"], _MOST_RUNS, "its runs")))
    named = [run.run_id for run in runs]
    files = tuple(_file(one, named) for one in _few(told["files"], _MOST_FILES, "its files"))
    paths = [file.path for file in files]
    if len(set(paths)) != len(paths):
        raise ValueError("it names a file twice")
    return Manifest(
        path,
        told["format"],
        Options.of(
            options["reasoning"],
            options["answers"],
            options["system"],
            _is(options["metadata"], list, "its metadata"),
        ),
        verdicts,
        runs,
        files,
        told.get("digest") == seal(told),
    )


def _run(told: Any) -> RunNamed:
    run_id = _matching(told["run_id"], _RUN_ID, "a run's id")
    identity = None if told["identity"] is None else _matching(told["identity"], _SHA256, "a run's identity")
    file = None if told["file"] is None else _matching(told["file"], _PATH, "a run's file")
    if file is not None and ("/" in file or file in (".", "..")):
        raise ValueError("a run's file is a path, where a name belongs")
    return RunNamed(run_id, identity, file)


def _file(told: Any, runs: list[str]) -> FileNamed:
    path = _matching(told["path"], _PATH, "a file's path")
    if {".", ".."} & set(path.split("/")):
        raise ValueError(f"a file's path leads elsewhere: {path[:60]!r}")
    size = told["bytes"]
    if type(size) is not int or size < 0:
        raise ValueError("a file's bytes are no whole number")
    digest = _matching(told["sha256"], _SHA256, "a file's sha256")
    if "part" not in told:
        return FileNamed(path, digest, size)
    count = told["rows"]
    if type(count) is not int or not 0 <= count <= _MOST_ROWS:
        raise ValueError("a file's rows are no number of rows")
    ids = tuple(_ids(_is(told["row_ids"], list, "a file's row_ids"), runs, count))
    if len(ids) != count:
        raise ValueError(f"{path} has {count:,} rows, and names {len(ids):,}")
    return FileNamed(path, digest, size, _is(told["part"], str, "a part"), ids)


def _ids(segments: list[Any], runs: list[str], most: int) -> Iterator[str | None]:
    left = most
    for segment in segments:
        _is(segment, dict, "a stretch of rows")
        if "own" in segment:
            count = segment["own"]
            if type(count) is not int or not 0 < count <= left:
                raise ValueError("a stretch of rows is longer than its file")
            left -= count
            yield from [None] * count
            continue
        place = segment["run"]
        if type(place) is not int or not 0 <= place < len(runs):
            raise ValueError("a stretch of rows is of a run that is not named")
        for unit in _is(segment["rows"], str, "the rows of a stretch").split(" "):
            found = _UNIT.fullmatch(unit)
            left -= 1
            if found is None or left < 0:
                raise ValueError(f"{unit[:40]!r} is no unit:index, or one too many")
            yield f"{runs[place]}:{found[1]}:{found[2] or 0}"


def _few(values: Any, most: int, what: str) -> list[Mapping[str, Any]]:
    found: list[Any] = _is(values, list, what)
    if len(found) > most or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"{what} are no list of at most {most:,}")
    return found


def _is(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{what} is no {kind.__name__}")
    return value


def _matching(value: Any, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{what} cannot be one")
    return value
