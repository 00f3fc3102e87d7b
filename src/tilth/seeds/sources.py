"""Where seeds are read from: a path, a frame or a list, taken to plain records that know their place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")


class SourceError(ValueError):
    """The source as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a source.

    Attributes:
        place: Where it stands, for messages: "line 7" or "row 7", from 1.
        values: Its columns; empty where `problem` is set.
        problem: Why it could not be read, or None.
    """

    place: str
    values: Mapping[str, Any]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Records to check, the name to show, and the columns where the source declares them."""

    name: str
    records: Sequence[Record]
    columns: tuple[str, ...]


def open_source(source: Any) -> Source:
    """Reads any of the sources `tilth.read_seeds` names.

    Raises:
        SourceError: The source cannot be read as a whole.
        TypeError: It is none of the kinds that can be.
    """
    if isinstance(source, PurePath) or (isinstance(source, str) and not source.startswith("hf://")):
        return _open_path(Path(source))
    if isinstance(source, str):
        return _open_hugging_face(source)
    if isinstance(source, Mapping):
        raise TypeError(
            "seeds are read from one table, not from a mapping; "
            'pass one split (dataset["train"]), a list of records or a frame'
        )
    if isinstance(source, Sequence) and not isinstance(source, bytes | bytearray):
        return _from_list(source)
    return _from_table(source)


def _open_path(path: Path) -> Source:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SourceError(f"{path}: seeds are read from files that end in {', '.join(SUFFIXES)}")
    if not path.is_file():
        missing = "is a folder" if path.is_dir() else "does not exist"
        raise SourceError(f"{path} {missing}; pass the path of a seed file")
    if suffix in {".jsonl", ".ndjson"}:
        return _source(path.name, list(_json_lines(path.read_bytes())))
    if suffix == ".json":
        return _source(path.name, _json_array(path))
    if suffix == ".parquet":
        import polars as pl

        try:
            return _from_frame(pl.read_parquet(path, glob=False), path.name)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise SourceError(f"{path} is no Parquet file that can be read: {error}") from error
    return _csv(path, "\t" if suffix == ".tsv" else ",")


def _open_hugging_face(url: str) -> Source:
    import polars as pl

    path = url.partition("?")[0]
    try:
        if path.endswith((".jsonl", ".ndjson")):
            frame = pl.scan_ndjson(url).collect()
        elif path.endswith(".csv"):
            frame = pl.scan_csv(url).collect()
        else:
            frame = pl.scan_parquet(url).collect()
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(
            f"{url} could not be read: {reason}; check the path and the network, "
            "or download the file and pass its path"
        ) from error
    return _from_frame(frame, url)


def _json_lines(data: bytes) -> Iterator[Record]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        place = f"line {number}"
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8"), parse_constant=_refuse)
        except UnicodeDecodeError as error:
            yield Record(place, {}, f"not UTF-8 (byte {error.start + 1} of the line)")
        except (ValueError, RecursionError) as error:
            yield Record(place, {}, f"not JSON: {error}")
        else:
            yield _record(place, value)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def _json_array(path: Path) -> list[Record]:
    try:
        value = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start + 1}); save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON: {error}") from error
    if not isinstance(value, list):
        raise SourceError(
            f"{path} holds {kind(value)}, not an array of objects; "
            "for one object per line, name the file .jsonl"
        )
    return [_record(f"row {number}", item) for number, item in enumerate(value, start=1)]


def _csv(path: Path, separator: str) -> Source:
    import csv
    import io

    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SourceError(f"{path.name} line {line}: not UTF-8; save the file as UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[Record] = []
    header: list[str] | None = None
    end = 0
    limit = csv.field_size_limit(2**31 - 1)
    try:
        for cells in reader:
            place, end = f"line {end + 1}", reader.line_num
            if not cells:
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                continue
            if len(cells) != len(header):
                records.append(Record(place, {}, f"{len(cells)} cells under {len(header)} columns"))
            else:
                records.append(Record(place, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        records.append(Record(f"line {reader.line_num}", {}, f"not CSV: {error}"))
    finally:
        csv.field_size_limit(limit)
    if header is None:
        raise SourceError(f"{path} is empty; its first line must name the columns")
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise SourceError(f"{path.name} line 1: columns named twice: {', '.join(map(repr, repeated))}")
    return Source(path.name, records, tuple(header))


def _from_list(rows: Sequence[Any]) -> Source:
    return _source("seeds", [_record(f"row {number}", row) for number, row in enumerate(rows, start=1)])


def _from_table(table: Any) -> Source:
    import polars as pl

    if isinstance(table, pl.LazyFrame):
        return _from_frame(table.collect(), "seeds")
    if isinstance(table, pl.DataFrame):
        return _from_frame(table, "seeds")
    if _is_hugging_face(table):
        return _from_frame(pl.DataFrame(table.with_format("arrow")[:]), "seeds")
    if hasattr(table, "__arrow_c_stream__"):
        return _from_frame(pl.DataFrame(table), "seeds")
    raise TypeError(
        f"seeds cannot be read from {type(table).__name__}; pass a path (JSONL, JSON, CSV, Parquet, hf://), "
        "a list of records, or a frame that speaks Arrow (Polars, PyArrow, pandas, DuckDB, Hugging Face)"
    )


def _is_hugging_face(table: Any) -> bool:
    return type(table).__module__.partition(".")[0] == "datasets" and hasattr(table, "with_format")


def _from_frame(frame: pl.DataFrame, name: str) -> Source:
    records = [
        Record(f"row {number}", row) for number, row in enumerate(frame.iter_rows(named=True), start=1)
    ]
    return Source(name, records, tuple(frame.columns))


def _source(name: str, records: Sequence[Record]) -> Source:
    columns: dict[str, None] = {}
    for record in records:
        columns.update(dict.fromkeys(record.values))
    return Source(name, records, tuple(columns))


def _record(place: str, value: Any) -> Record:
    if not isinstance(value, Mapping):
        return Record(place, {}, f"{kind(value)}, not an object with columns")
    return Record(place, value)


def kind(value: Any) -> str:
    """What a value is, in the words of JSON."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "a number"
    return names.get(type(value), type(value).__name__)
