"""Compares a training file with the same rows written anew: which lines differ, and in what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.export.selecting import TABLES

if TYPE_CHECKING:
    import polars as pl

_TOLD = 100
"""Lines that are told; a file can differ in every one."""

_SHOWN = 60
"""Characters of a value that are shown, from a little before the first that differs."""

_CURATED = {"verdict_reason": "reason", "judge_score": "score"}
"""What a run's columns are called in a curated frame, whose own `reason` and `score` are the steps'."""

_ASIDE = ("weight", "margin")
"""Fields beside the turns that are a user's or a step's."""

_FIELDS = {"output": "response", "instruction": "question", "input": "context"}
_SPEAKERS = {"system": "system prompt", "user": "question", "human": "question"}


@dataclass
class Differences:
    """How a file differs from its rows.

    Attributes:
        same: Lines that say what their row says.
        wrong: What differs, each opening with its line.
        own: Columns that are none of the run's.
        lacking: The run's columns that a table lacks.
    """

    same: int = 0
    wrong: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    _more: int = 0

    def add(self, said: str) -> None:
        """Tells a difference, as long as there are not too many."""
        if len(self.wrong) < _TOLD:
            self.wrong.append(said)
        else:
            self._more += 1

    def end(self) -> Differences:
        """Tells how many were not told."""
        if self._more:
            self.wrong.append(f": and {self._more:,} more lines")
        return self


def compared(
    file: Path, again: Path, format: str, lines: Sequence[int], row_ids: Sequence[str | None]
) -> Differences:
    """Compares a file with its rows written anew.

    Args:
        file: The file.
        again: The rows that its run has, written anew in the same format.
        format: The format's name.
        lines: For each row of `again`, its place in the file, from 0.
        row_ids: The ids of all rows of the file.
    """
    found = Differences()
    try:
        if format in ("parquet", "csv", "datasets"):
            _frames(found, _frame(file, format), _frame(again, format), lines, row_ids)
        else:
            _texts(found, _records(file, format), _records(again, format), lines, row_ids, format)
    except Exception as error:
        if not isinstance(error, ValueError | RecursionError | OSError) and not _of_polars(error):
            raise
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        found.add(f": it cannot be read as {format!r}: {said[:200]}")
    return found.end()


def _of_polars(error: Exception) -> bool:
    return type(error).__module__.startswith("polars")


# -- a line at a time ----------------------------------------------------------------------------------------


def _records(file: Path, format: str) -> Iterator[Any]:
    if format == "alpaca":
        every = json.loads(file.read_bytes())
        if not isinstance(every, list):
            raise ValueError("it is no JSON array")
        yield from every
        return
    with file.open("rb") as opened:
        for place, line in enumerate(opened):
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"line {place + 1} is no JSON") from error


def _texts(
    found: Differences,
    records: Iterator[Any],
    expected: Iterator[Any],
    lines: Sequence[int],
    row_ids: Sequence[str | None],
    format: str,
) -> None:
    own: dict[str, None] = {}
    lacking: dict[str, None] = {}
    wanted = iter(zip(lines, expected, strict=True))
    line, row = next(wanted, (-1, None))
    count = 0
    for place, record in enumerate(records):
        count += 1
        if place != line or row is None:
            continue
        differing = _differing(record, row, format, own, lacking)
        if differing is None:
            found.same += 1
        else:
            found.add(f" line {place + 1}, row {row_ids[place]}: {differing}")
        line, row = next(wanted, (-1, None))
    _tell_count(found, count, len(row_ids))
    found.own, found.lacking = list(own), list(lacking)


def _differing(
    record: Any,
    expected: Mapping[str, Any],
    format: str,
    own: dict[str, None],
    lacking: dict[str, None],
) -> str | None:
    """The first thing in which a record differs from its run's row, in words; None where nothing does."""
    if not isinstance(record, dict):
        return "it is no JSON object"
    table = format in TABLES
    wanted = _as_curated(expected, record) if table else dict(expected)
    for name in record:
        if name not in wanted and (table or name in _ASIDE):
            own[name] = None
        elif name not in wanted and not (name == "system" and record[name] == ""):
            return f"the field {name!r} is none of the run's"
    for name, value in wanted.items():
        if name not in record:
            if not table:
                return f"the field {name!r} is missing"
            lacking[name] = None
        elif record[name] != value:
            if name == "reasoning" and not value:  # a column of the user's own stands in for none
                own[name] = None
                continue
            return _in_words(name, record[name], value)
    return None


def _as_curated(expected: Mapping[str, Any], there: Any) -> dict[str, Any]:
    """The run's values under the names that they have in a frame that was curated."""
    renamed = {to: name for name, to in _CURATED.items() if name in there}
    taken = {to for name, to in _CURATED.items() if "keep" in there or name in there}
    return {
        renamed.get(name, name): value
        for name, value in expected.items()
        if name in renamed or name not in taken
    }


def _in_words(name: str, there: Any, wanted: Any) -> str:
    if isinstance(there, list) and isinstance(wanted, list) and all(isinstance(one, dict) for one in there):
        if len(there) != len(wanted):
            return f"{name!r} has {len(there)} turns, and the run's has {len(wanted)}"
        for turn, own in zip(there, wanted, strict=True):
            if turn != own:
                said = next((one for one in ("content", "value") if one in own), "content")
                if {**turn, said: None} != {**own, said: None}:
                    return f"{name!r} has a turn with other fields than the run's"
                speaker = _SPEAKERS.get(str(own.get("role", own.get("from"))), "response")
                return _told(speaker, turn.get(said), own[said])
    return _told(_FIELDS.get(name, name), there, wanted)


def _told(what: str, there: Any, wanted: Any) -> str:
    if isinstance(there, str) and isinstance(wanted, str):
        same = next(
            (place for place, (a, b) in enumerate(zip(there, wanted, strict=False)) if a != b),
            min(len(there), len(wanted)),
        )
        start = max(0, same - 20)
        there, wanted = there[start:], wanted[start:]
    return f"the {what} is not the run's: {_shown(there)} stands there, and {_shown(wanted)} in the run"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _tell_count(found: Differences, count: int, named: int) -> None:
    if count != named:
        found.add(f" holds {count:,} rows, and the manifest names {named:,}")


# -- whole columns -------------------------------------------------------------------------------------------


def _frame(file: Path, format: str) -> pl.DataFrame:
    import polars as pl

    return pl.read_csv(file, infer_schema=False) if format == "csv" else pl.read_parquet(file)


def _frames(
    found: Differences,
    there: pl.DataFrame,
    again: pl.DataFrame,
    lines: Sequence[int],
    row_ids: Sequence[str | None],
) -> None:
    import polars as pl

    _tell_count(found, there.height, len(row_ids))
    within = [place for place, line in enumerate(lines) if line < there.height]
    there_at = [lines[place] for place in within]
    of_runs, again = there[there_at], again[within]
    wanted = _as_curated({name: name for name in again.columns}, there.columns)
    found.own = [name for name in there.columns if name not in wanted]
    found.lacking = [name for name in wanted if name not in there.columns]
    differs = pl.Series([False] * again.height, dtype=pl.Boolean)
    for name, source in wanted.items():
        if name in found.lacking:
            continue
        expected, column = again[source], of_runs[name]
        if column.dtype != expected.dtype:
            column = column.cast(expected.dtype)
        other = column.ne_missing(expected)
        for place in other.arg_true().head(_TOLD):
            told = _in_words(name, column[place], expected[place])
            line = there_at[place]
            found.add(f" line {line + 1}, row {row_ids[line]}: {told}")
        differs |= other
    found.same += again.height - int(differs.sum())
