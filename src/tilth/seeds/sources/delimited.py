"""Reads CSV as spreadsheets write it: with commas, semicolons, tabs or bars, and with Excel's first line."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from tilth.seeds.sources.encodings import text_of_table
from tilth.seeds.sources.records import Record, Source, SourceError

_SEPARATORS = (",", ";", "\t", "|")
_LOOKED_AT = 50
"""Records by which a separator is chosen."""

_EXCEL = re.compile(r'\A"?sep=(?P<separator>[^\r\n"])"?[ \t]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_LARGEST_CELL = 2**31 - 1


def read_csv(name: str, data: bytes, usual: str, encoding: str | None) -> Source:
    """The records of a file that separates its cells by `usual`, unless its lines say otherwise.

    Raises:
        SourceError: It is empty, in no encoding that is known, or names columns twice.
    """
    text, notices = text_of_table(name, data, encoding)
    told = _EXCEL.match(text)
    skipped = 0
    if told:
        separator, text, skipped = told["separator"], text[told.end() :], 1
    else:
        separator = _separator(text, usual)
    limit = csv.field_size_limit(_LARGEST_CELL)
    try:
        return _read(name, text, separator, skipped, notices)
    finally:
        csv.field_size_limit(limit)


def _read(name: str, text: str, separator: str, skipped: int, notices: tuple[str, ...]) -> Source:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[Record] = []
    header: list[str] | None = None
    end, broken = 0, None
    while True:
        place = f"line {end + 1 + skipped}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if "unexpected end" in str(error):
                broken = f"{name} {place}: not CSV: a quote that opens here is never closed"
                break
            records.append(Record(place, {}, f"not CSV: {error}"))
            end = reader.line_num
            continue
        end = reader.line_num
        if cells is None:
            break
        if not any(cell.strip() for cell in cells):  # spreadsheets write rows that were emptied as ",,"
            continue
        if header is None:
            header = _named(name, place, cells)
        else:
            records.append(_record(place, header, cells))
    if header is None:
        if broken:
            raise SourceError(broken)
        raise SourceError(f"{name} is empty; its first line must name the columns")
    return Source(name, records, tuple(header), notices, broken)


def _named(name: str, place: str, cells: list[str]) -> list[str]:
    """The names of the columns; spreadsheets may add empty ones at the end."""
    header = [cell.strip() for cell in cells]
    while len(header) > 1 and not header[-1]:
        header.pop()
    if repeated := sorted(column for column, count in Counter(header).items() if count > 1):
        raise SourceError(f"{name} {place}: columns named twice: {', '.join(map(repr, repeated[:20]))}")
    return header


def _record(place: str, header: list[str], cells: list[str]) -> Record:
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(header):
        return Record(place, {}, f"{len(cells)} cells under {len(header)} columns")
    return Record(place, dict(zip(header, cells, strict=True)))


def _separator(text: str, usual: str) -> str:
    """What separates cells: by it, the most records have as many as the first, which has two or more."""
    best, most = usual, 0.0
    for separator in dict.fromkeys((usual, *_SEPARATORS)):
        first, *others = _looked_at(text, separator) or [[]]
        if len(first) < 2:
            continue
        fitting = sum(len(cells) == len(first) for cells in others) / len(others) if others else 1.0
        if 1 + fitting > most:
            best, most = separator, 1 + fitting
    return best


def _looked_at(text: str, separator: str) -> list[list[str]]:
    def lines() -> Iterator[str]:
        yield from io.StringIO(text, newline="")

    found: list[list[str]] = []
    reader = csv.reader(lines(), delimiter=separator)
    try:
        for cells in reader:
            if cells:
                found.append(cells)
            if len(found) > _LOOKED_AT:
                break
    except csv.Error:  # a record that goes on and on; what came before it is enough
        pass
    return found
