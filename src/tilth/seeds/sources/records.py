"""What every source is taken to: plain records that know their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

MOST_BYTES = 2**30
"""Bytes that a source may have once it is unpacked, or is fetched from the hub."""


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
    """Records to check, the name to show, and the columns where the source declares them.

    Attributes:
        notices: What was assumed on the way, such as an encoding, a sentence each.
        broken: Why the source could not be read to its end, or None.
    """

    name: str
    records: Sequence[Record]
    columns: tuple[str, ...]
    notices: tuple[str, ...] = ()
    broken: str | None = None


def of_records(name: str, records: Sequence[Record], notices: tuple[str, ...] = ()) -> Source:
    """A source whose columns are those of its records."""
    columns: dict[str, None] = {}
    for record in records:
        columns.update(dict.fromkeys(record.values))
    return Source(name, records, tuple(columns), notices)


def of_frame(frame: pl.DataFrame, name: str) -> Source:
    """A source whose records are the rows of a frame."""
    records = [
        Record(f"row {number}", row) for number, row in enumerate(frame.iter_rows(named=True), start=1)
    ]
    return Source(name, records, tuple(frame.columns))


def record_of(place: str, value: Any) -> Record:
    """A record of what JSON or a list holds: an object, or a pair of question and answer."""
    if isinstance(value, Mapping):
        return Record(place, value)
    if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], str):
        return Record(place, {"question": value[0], "answer": value[1]})
    return Record(place, {}, f"{kind(value)}, not an object with columns or a pair [question, answer]")


def kind(value: Any) -> str:
    """What a value is, in the words of JSON."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "a number"
    return names.get(type(value), type(value).__name__)
