"""Reads an Excel workbook: the first sheet that holds something, cells with the values they show."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from typing import Any

from tilth.seeds.sources.records import MOST_BYTES, Record, Source, SourceError


def read_workbook(name: str, data: bytes) -> Source:
    """The records of a workbook; its first row names the columns.

    Raises:
        SourceError: It is no workbook, too large, or openpyxl is not installed.
    """
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise SourceError(
            f"{name}: reading Excel needs openpyxl, which is not installed; run pip install 'tilth[excel]', "
            "or save the sheet as CSV UTF-8"
        ) from error
    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size <= MOST_BYTES:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = [(sheet.title, rows) for sheet in book.worksheets if (rows := _rows(sheet))]
    except Exception as error:  # what a damaged workbook raises is no set of errors that is named anywhere
        raise SourceError(f"{name} is no Excel workbook (.xlsx) that can be read: {error}") from error
    if size > MOST_BYTES:
        raise SourceError(f"{name} holds {size:,} bytes; at most {MOST_BYTES:,} are read")
    if not sheets:
        raise SourceError(f"{name} is empty; its first row must name the columns")
    (title, rows), *others = sheets
    notices = []
    if others:
        left = ", ".join(repr(other) for other, _ in others[:5])
        notices.append(f"the sheet {title!r} is read, and no other ({left}); save another one on its own")
    return _source(name, rows, tuple(notices))


def _rows(sheet: Any) -> list[tuple[int, tuple[Any, ...]]]:
    """Rows that hold something, with their numbers."""
    return [
        (number, cells)
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1)
        if any(cell is not None for cell in cells)
    ]


def _source(name: str, rows: list[tuple[int, tuple[Any, ...]]], notices: tuple[str, ...]) -> Source:
    (first, cells), *others = rows
    named = {place: str(cell).strip() for place, cell in enumerate(cells) if cell is not None}
    if repeated := sorted(column for column, count in Counter(named.values()).items() if count > 1):
        raise SourceError(f"{name} row {first}: columns named twice: {', '.join(map(repr, repeated[:20]))}")
    records = []
    for number, row in others:
        beside = [place for place, cell in enumerate(row) if cell is not None and place not in named]
        if beside:
            records.append(Record(f"row {number}", {}, f"cell {beside[0] + 1} stands under no column"))
        else:
            values = {column: row[place] if place < len(row) else None for place, column in named.items()}
            records.append(Record(f"row {number}", values))
    return Source(name, records, tuple(named.values()), notices)
