"""Reads files by what their names say they are: JSON lines, JSON, CSV, Excel or Parquet, packed or not."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tilth.seeds.sources.delimited import read_csv
from tilth.seeds.sources.encodings import utf8_of
from tilth.seeds.sources.records import (
    MOST_BYTES,
    Record,
    Source,
    SourceError,
    kind,
    of_frame,
    of_records,
    record_of,
)
from tilth.seeds.sources.workbook import read_workbook

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".xlsx")
PACKED = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz"}
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):[/\\]")
"""How an address begins once it was taken for a path; what stands in it may be secret, and is not shown."""
_MAGIC = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00"}
_UNREAD = {b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "ZIP", b"7z\xbc\xaf": "7-Zip"}
_POINTER = b"version https://git-lfs.github.com/spec/"
_PAGES = (b"<!doctype html", b"<html")
_INSTEAD = {
    ".xls": "save it as .xlsx or CSV",
    ".ods": "save it as .xlsx or CSV",
    ".zst": "unpack it first",
    ".zip": "unpack it first",
    ".txt": "save one JSON object a line as .jsonl, or a table as .csv",
}


def open_file(path: Path, encoding: str | None = None) -> Source:
    """The records of a file.

    Raises:
        SourceError: It is not there, of no kind that is read, or cannot be read.
    """
    address = _ADDRESS.match(str(path))
    if address and not path.is_file():
        raise SourceError(
            f"{address[1]}://… is an address, and none is read but hf://, as text; download the file and "
            "pass its path"
        )
    suffix = suffix_of(str(path))
    if not path.is_file():
        missing = "is a folder" if path.is_dir() else "does not exist"
        raise SourceError(f"{path} {missing}; pass the path of a seed file")
    if suffix == ".parquet" and path.suffix.lower() == suffix:
        with path.open("rb") as file:
            _refuse_stand_ins(path.name, file.read(1_000))
        return _parquet(path.name, path)
    return read_file(path.name, path.read_bytes(), encoding)


def suffix_of(path: str) -> str:
    """The end of a file's name that says its kind, that of packing aside.

    Raises:
        SourceError: It is of no kind that is read.
    """
    name = PurePosixPath(path.replace("\\", "/"))
    if name.suffix.lower() in PACKED:
        name = name.with_suffix("")
    suffix = name.suffix.lower()
    if suffix not in SUFFIXES:
        remedy = _INSTEAD.get(PurePosixPath(path).suffix.lower())
        raise SourceError(
            f"{path}: seeds are read from files that end in {', '.join(SUFFIXES)}, also packed ("
            f"{', '.join(PACKED)})" + (f"; {remedy}" if remedy else "")
        )
    return suffix


def read_file(name: str, data: bytes, encoding: str | None = None) -> Source:
    """The records of a file's content, by the file's name.

    Raises:
        SourceError: It is of no kind that is read, or cannot be read.
    """
    suffix = suffix_of(name)
    data = _unpacked(name, data, suffix)
    _refuse_stand_ins(name, data[:1_000])
    if suffix == ".parquet":
        return _parquet(name, io.BytesIO(data))
    if suffix == ".xlsx":
        return read_workbook(name, data)
    if suffix in {".csv", ".tsv"}:
        return read_csv(name, data, "\t" if suffix == ".tsv" else ",", encoding)
    data = utf8_of(name, data, encoding)
    if suffix == ".json":
        return of_records(name, _json_array(name, data))
    return of_records(name, _whole_array(data) or _over_lines(data) or list(_json_lines(data)))


def _refuse_stand_ins(name: str, beginning: bytes) -> None:
    """Raises where what was downloaded stands for the file: a pointer of Git LFS, or a web page."""
    if beginning.startswith(_POINTER):
        raise SourceError(
            f"{name} is a pointer of Git LFS and not the file itself; fetch that with git lfs pull, or "
            "download it"
        )
    if beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower().startswith(_PAGES):
        raise SourceError(
            f"{name} holds a web page, such as one that shows a file or asks to log in; download the file"
        )


def _unpacked(name: str, data: bytes, suffix: str) -> bytes:
    """The content, unpacked where it is packed, whatever the name says.

    Raises:
        SourceError: It is damaged, packed in another way, or too large.
    """
    named = PACKED.get(PurePosixPath(name).suffix.lower())
    found = next((packing for packing, magic in _MAGIC.items() if data.startswith(magic)), None)
    if found is None:
        other = next((packing for magic, packing in _UNREAD.items() if data.startswith(magic)), None)
        if other and suffix != ".xlsx":
            raise SourceError(f"{name} is packed ({other}), which is not read here; unpack it first")
        if named:
            raise SourceError(f"{name} is named as a file compressed by {named}, and is none")
        return data
    import bz2
    import gzip
    import lzma
    import zlib

    opening: Any = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}[found]
    try:
        with opening(io.BytesIO(data)) as file:
            content: bytes = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise SourceError(f"{name} cannot be unpacked ({found}): {error}") from error
    if len(content) > MOST_BYTES:
        raise SourceError(f"{name} holds more than {MOST_BYTES:,} bytes; take a part of it")
    return content


def _parquet(name: str, file: Path | io.BytesIO) -> Source:
    import polars as pl

    try:
        frame = pl.read_parquet(file, glob=False) if isinstance(file, Path) else pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{name} is no Parquet file that can be read: {error}") from error
    return of_frame(frame, name)


def _json_lines(data: bytes) -> Iterator[Record]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        place = f"line {number}"
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8").rstrip().removesuffix(","), parse_constant=_refuse)
        except UnicodeDecodeError as error:
            yield Record(place, {}, f"not UTF-8 (byte {error.start + 1} of the line)")
        except (ValueError, RecursionError) as error:
            yield Record(place, {}, f"not JSON: {error}")
        else:
            yield record_of(place, value)


def _whole_array(data: bytes) -> list[Record] | None:
    """The records of an array of objects, which some call JSON lines; None for anything else."""
    if not data.lstrip().startswith(b"["):
        return None
    try:
        value = json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not _is_table(value):
        return None
    return [record_of(f"row {number}", one) for number, one in enumerate(value, start=1)]


def _over_lines(data: bytes) -> list[Record] | None:
    """The records of objects that are written over several lines each; None for anything else."""
    first = data.lstrip().partition(b"\n")[0].strip()
    if not first.startswith(b"{") or first.endswith(b"}"):
        return None
    decoder = json.JSONDecoder(parse_constant=_refuse)
    records: list[Record] = []
    try:
        text = data.decode("utf-8").strip()
        place = line = 0
        while place < len(text):
            value, end = decoder.raw_decode(text, place)
            records.append(record_of(f"line {line + 1}", value))
            while end < len(text) and text[end] in " \t\r\n,":
                end += 1
            line += text.count("\n", place, end)
            place = end
    except (ValueError, RecursionError):
        return None
    return records


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _json_array(name: str, data: bytes) -> list[Record]:
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise SourceError(f"{name} is not UTF-8 (byte {error.start + 1}); save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        if str(error).startswith("Extra data") and data.lstrip().startswith(b"{"):
            return list(_json_lines(data))  # many call JSON lines .json
        raise SourceError(f"{name} is not JSON: {error}") from error
    if not isinstance(value, list):
        inside = [key for key, one in value.items() if _is_table(one)] if isinstance(value, dict) else []
        remedy = (
            f"its {inside[0]!r} holds one: save that alone"
            if inside
            else "for one object per line, name the file .jsonl"
        )
        raise SourceError(f"{name} holds {kind(value)}, not an array of objects; {remedy}")
    return [record_of(f"row {number}", item) for number, item in enumerate(value, start=1)]
