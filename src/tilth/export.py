"""What goes out: rows written as training files, whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

KEPT = ("accepted", "unverified")
"""The verdicts that are saved unless others are named."""

VERDICTS = ("accepted", "rejected", "unverified")


def save(
    rows: pl.DataFrame,
    path: str | os.PathLike[str],
    format: str | None = None,
    verdicts: Collection[str] = KEPT,
) -> Path:
    """Writes rows to a training file; a file already there is replaced once the new one is complete.

    Args:
        rows: Rows of a run, in the order they are to be written.
        path: Where to write; the folder must exist.
        format: "parquet", "csv" or "jsonl" for every column; "chat" for one `{"messages": [...]}` per line;
            "alpaca" for a JSON array of instruction, input and output. Taken from the suffix where not given:
            .parquet, .csv, .jsonl, and "alpaca" for .json. In CSV, lists are JSON texts.
        verdicts: Verdicts of the rows to write.

    Returns:
        The path written.

    Raises:
        ValueError: An unknown format or verdict, a column that is missing, or no row left to write.
        FileNotFoundError: There is no such folder.
        IsADirectoryError: The path is a folder.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher)
        >>> tilth.save(run.rows, "train.jsonl", format="chat").name
        'train.jsonl'
    """
    path = Path(path)
    write = _FORMATS[_format(path, format)]
    kept = _select(rows, {verdicts} if isinstance(verdicts, str) else set(verdicts))
    target = path.resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{path.name} cannot be saved: there is no folder {path.parent}; create it first"
        )
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; add a file name")
    with _replacing(target) as file:
        write(kept, file)
    return path


def _format(path: Path, format: str | None) -> str:
    formats = ", ".join(repr(name) for name in _FORMATS)
    if format is None:
        suffix = path.suffix.lower()
        if suffix not in _SUFFIXES:
            raise ValueError(f"{path.name!r} does not say its format; pass format=, one of {formats}")
        return _SUFFIXES[suffix]
    if format not in _FORMATS:
        raise ValueError(f"there is no format {format!r}; there are {formats}")
    return format


def _select(rows: pl.DataFrame, verdicts: set[str]) -> pl.DataFrame:
    if unknown := sorted(verdicts.difference(VERDICTS)):
        raise ValueError(f"there is no verdict {unknown[0]!r}; there are {', '.join(map(repr, VERDICTS))}")
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


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[IO[bytes]]:
    """A new file beside `target` that takes its place when all went well, and is removed otherwise."""
    part = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_parquet(rows: pl.DataFrame, file: IO[bytes]) -> None:
    rows.write_parquet(file)


def _write_csv(rows: pl.DataFrame, file: IO[bytes]) -> None:
    import polars as pl

    nested = [column for column in rows if column.dtype.is_nested()]
    texts = [
        pl.Series(
            column.name,
            [None if value is None else json.dumps(value, ensure_ascii=False) for value in column.to_list()],
            dtype=pl.String,
        )
        for column in nested
    ]
    rows.with_columns(texts).write_csv(file)


def _write_jsonl(rows: pl.DataFrame, file: IO[bytes]) -> None:
    rows.write_ndjson(file)


def _write_chat(rows: pl.DataFrame, file: IO[bytes]) -> None:
    for row in rows.iter_rows(named=True):
        messages = row.get("messages") or [
            {"role": "user", "content": row["question"]},
            {"role": "assistant", "content": row["response"]},
        ]
        file.write(_json({"messages": messages}) + b"\n")


def _write_alpaca(rows: pl.DataFrame, file: IO[bytes]) -> None:
    examples = (
        _json({"instruction": question, "input": "", "output": response})
        for question, response in rows.select("question", "response").iter_rows()
    )
    file.write(b"[\n" + b",\n".join(examples) + b"\n]\n")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


_FORMATS: dict[str, Callable[[pl.DataFrame, IO[bytes]], None]] = {
    "parquet": _write_parquet,
    "chat": _write_chat,
    "alpaca": _write_alpaca,
    "csv": _write_csv,
    "jsonl": _write_jsonl,
}
_SUFFIXES = {".parquet": "parquet", ".json": "alpaca", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
FORMATS = tuple(_FORMATS)
"""The names of the formats."""
