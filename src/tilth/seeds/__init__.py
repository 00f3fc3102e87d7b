"""What comes in: questions to grow from, validated once and never silently dropped."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from tilth.errors import SeedsError
from tilth.printable import printable
from tilth.seeds.sources import Record, Source, SourceError, kind, open_source

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 20


@runtime_checkable
class TaskLike(Protocol):
    """What seeds need to know of a task: its name. The tasks themselves stand later in the house."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Seed:
    """One question the user starts from.

    Attributes:
        id: Stable name of the seed, unique among its seeds.
        index: Position among the seeds, from 0.
        question: The question, as the user wrote it.
        reference: The user's answer, verbatim, or None to grow without references.
        extra: The record's other columns, for tasks that read more than a question.

    Example:
        >>> seeds = tilth.read_seeds([{"question": "How much is 2 + 3?", "answer": "5"}])
        >>> list(seeds)
        [Seed(id='s0001', index=0, question='How much is 2 + 3?', reference='5', extra={})]
    """

    id: str
    index: int
    question: str
    reference: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seeds:
    """Validated seeds: a frame (seed_id, question, reference, extra), a task and a name to show.

    All columns are strings; `reference` and `extra`, a JSON object, may be null. Order matters: it is part
    of a run's identity.

    Example:
        >>> seeds = tilth.demo.seeds(100)
        >>> len(seeds), seeds.task_name, seeds.has_references
        (100, 'numeric', True)
        >>> seeds.subset(25)
        <Seeds 'demo-seeds': 25 for numeric>
    """

    frame: pl.DataFrame
    task: str | TaskLike
    name: str = "seeds"

    def __len__(self) -> int:
        return self.frame.height

    def __iter__(self) -> Iterator[Seed]:
        for index, (seed_id, question, reference, extra) in enumerate(self.frame.iter_rows()):
            yield Seed(seed_id, index, question, reference, json.loads(extra) if extra else {})

    def __repr__(self) -> str:
        return f"<Seeds {printable(self.name)!r}: {len(self)} for {printable(self.task_name)}>"

    @property
    def task_name(self) -> str:
        """The task's name, whether the task was given by name or whole."""
        return self.task if isinstance(self.task, str) else self.task.name

    @property
    def has_references(self) -> bool:
        """Whether every seed has a reference."""
        return self.frame["reference"].null_count() == 0

    def subset(self, n: int, random_state: int = 0) -> Seeds:
        """The first `n` seeds of an order drawn from `random_state`.

        Subsets of one `random_state` are nested: those of 25 open those of 100.

        Raises:
            ValueError: `n` is not between 1 and the number of seeds.
        """
        if not 1 <= n <= len(self):
            raise ValueError(f"a subset of {n} cannot be drawn from {len(self)} seeds; take 1 to {len(self)}")
        order = list(range(len(self)))
        random.Random(random_state).shuffle(order)
        return replace(self, frame=self.frame[order[:n]])

    def identity(self) -> str:
        """SHA-256, in hex, of content and order: ids, questions, references and extras; not the name."""
        digest = hashlib.sha256()
        for *texts, extra in self.frame.select("seed_id", "question", "reference", "extra").iter_rows():
            row = [*texts, json.loads(extra) if extra else None]  # however its JSON is written
            digest.update(json.dumps(row, sort_keys=True, separators=(",", ":")).encode() + b"\n")
        return digest.hexdigest()


def read_seeds(
    source: Any,
    *,
    question: str = "question",
    answer: str | None = "answer",
    task: str | TaskLike = "numeric",
    id: str | None = None,
    name: str | None = None,
    duplicates: Literal["error", "keep"] = "error",
) -> Seeds:
    """Reads and validates seeds; every record becomes a seed, or all that is wrong is told at once.

    Args:
        source: A path to JSONL, JSON (an array of objects), CSV, TSV or Parquet, in UTF-8; an `hf://` path;
            a Polars frame, lazy or not; any frame that speaks Arrow, such as a PyArrow table, a pandas
            frame or a DuckDB result; a Hugging Face `Dataset`; a list of mappings.
        question: Column of the question. Here and below, where no column has that very name, dots go into
            objects: "question.stem" is `stem` in the column `question`.
        answer: Column of the reference, a text or a number; None to grow without references.
        task: The task, or its name.
        id: Column of ids that stay with the seeds; "s0001", "s0002" ... by position where not given.
        name: The name to show; the file's name where not given.
        duplicates: "error" names the records that repeat an earlier question; "keep" keeps them.

    Returns:
        The seeds in the order of the source. What is not named above goes to each seed's `extra`, as JSON,
        the rest of an object included.

    Raises:
        SeedsError: A `ValueError` whose `problems` list every bad or repeated record with its line or row.
        TypeError: The source is of a kind that cannot be read.

    Example:
        >>> rows = [{"problem": "How much is 2 + 3?", "solution": "2 + 3 = 5"}]
        >>> tilth.read_seeds(rows, question="problem", answer="solution")
        <Seeds 'seeds': 1 for numeric>
        >>> tilth.read_seeds([{"question": "How much?"}, {"question": ""}], answer=None)
        Traceback (most recent call last):
            ...
        tilth.errors.SeedsError: ...
    """
    if duplicates not in ("error", "keep"):
        raise ValueError(f'duplicates must be "error" or "keep", not {duplicates!r}')
    try:
        opened = open_source(source)
    except SourceError as error:
        raise SeedsError(str(source), [str(error)]) from error
    wanted = {"question": question, "answer": answer, "id": id}
    if not opened.records:
        raise SeedsError(opened.name, [f"{opened.name} holds no records; seeds need at least one"])
    if missing := _missing_columns(opened, {key: column for key, column in wanted.items() if column}):
        unread = [f"{opened.name} {r.place}: {r.problem}" for r in opened.records if r.problem]
        raise SeedsError(opened.name, missing + unread)
    paths = {key: _path(opened, column) for key, column in wanted.items() if column}
    rows: list[tuple[str, str, str | None, str | None]] = []
    problems: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for position, record in enumerate(opened.records, start=1):
        row, reasons = _read_record(record, position, paths)
        if not reasons:
            reasons = _repeats(row, record.place, seen, unique_questions=duplicates == "error")
        problems += [f"{opened.name} {record.place}: {reason}" for reason in reasons]
        rows.append(row)
    if problems:
        raise SeedsError(opened.name, problems)
    import polars as pl

    schema = dict.fromkeys(("seed_id", "question", "reference", "extra"), pl.String)
    return Seeds(pl.DataFrame(rows, schema=schema, orient="row"), task, name or opened.name)


def _path(source: Source, name: str) -> tuple[str, ...]:
    """The column of that name, or the way into an object where there is none."""
    return (name,) if name in source.columns or not source.columns else tuple(name.split("."))


def _missing_columns(source: Source, wanted: Mapping[str, str]) -> list[str]:
    """A line for each wanted column that no record has, where there are columns at all."""
    remedy = {
        "question": 'name it with question="..."',
        "answer": 'name it with answer="...", or pass answer=None to grow without references',
        "id": "leave id out to number the seeds",
    }
    lines = []
    for key, column in wanted.items():
        first, *inner = _path(source, column)
        if not source.columns or first in source.columns:
            if not inner:
                continue
            held = dict.fromkeys(name for r in source.records for name in _inside(r.values, [first, *inner]))
            if inner[-1] in held or not held:
                continue  # where some records have it, each that has not is told by its line
            there = f"in {'.'.join([first, *inner[:-1]])!r}: " + _listed(held)
        else:
            there = "columns: " + _listed(source.columns)
        lines.append(f"{source.name}: there is no column {column!r} ({there}); {remedy[key]}")
    return lines


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in list(names)[:_SHOWN])


def _inside(values: Mapping[str, Any], path: Sequence[str]) -> Sequence[str]:
    """The names in the object that holds the last part of a path, where there is one."""
    held = within(values, path[:-1])
    return list(held) if isinstance(held, Mapping) else []


def within(values: Any, path: Sequence[str]) -> Any:
    """The value in nested objects that a path of names leads to, or None."""
    for name in path:
        if not isinstance(values, Mapping):
            return None
        values = values.get(name)
    return values


def _read_record(
    record: Record, position: int, paths: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, str, str | None, str | None], list[str]]:
    """The record as a row of the frame, and what is wrong with it."""
    if record.problem:
        return ("", "", None, None), [record.problem]
    reasons: list[str] = []
    asked = _text(record, paths["question"], reasons, numbers=False)
    reference, seed_id = None, f"s{position:04d}"
    if "answer" in paths:
        remedy = "; pass answer=None to grow without references"
        reference = _text(record, paths["answer"], reasons, remedy=remedy)
    if "id" in paths:
        seed_id = _text(record, paths["id"], reasons) or ""
    others: Mapping[str, Any] = {str(key): value for key, value in record.values.items()}
    for path in paths.values():
        others = _without(others, path)
    return (seed_id, asked or "", reference, _extra(others, reasons)), reasons


def _without(values: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    """The values without the one a path leads to, and without objects that this empties."""
    first, *inner = path
    rest = {key: value for key, value in values.items() if key != first}
    if inner and isinstance(values.get(first), Mapping) and (left := _without(values[first], inner)):
        return {key: left if key == first else value for key, value in values.items()}
    return rest


def _text(
    record: Record, path: Sequence[str], reasons: list[str], *, numbers: bool = True, remedy: str = ""
) -> str | None:
    """The text at the path, as it stands; a reason is added where there is none."""
    column, there = ".".join(path), True
    value: Any = record.values
    for depth, name in enumerate(path):
        if value is not None and not isinstance(value, Mapping):
            reasons.append(f"{'.'.join(path[:depth])!r} is {kind(value)}, not an object with {name!r}")
            return None
        there = value is not None and name in value
        value = value[name] if value is not None and there else None
    if isinstance(value, str):
        if not value.strip():
            reasons.append(f"{column!r} is empty{remedy}")
        elif not _is_unicode(value):
            reasons.append(f"{column!r} holds half a surrogate pair, which is no text")
        else:
            return value
    elif value is None or _is_nan(value):
        reasons.append(f"{column!r} is {'null' if there else 'missing'}{remedy}")
    elif numbers and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if (text := _number_text(value)) is not None:
            return text
        reasons.append(f"{column!r} is no finite number{remedy}")
    else:
        reasons.append(f"{column!r} is {kind(value)}, not text")
    return None


def _number_text(value: float | Decimal) -> str | None:
    """The number as text, whole ones without a decimal point; None where it is not finite."""
    try:
        if not math.isfinite(value):
            return None
    except OverflowError:
        return None
    return str(int(value) if value == int(value) and abs(float(value)) < 2**53 else value)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _extra(values: Mapping[str, Any], reasons: list[str]) -> str | None:
    """Other columns as a JSON object: no nulls, and as text what JSON has no type for, such as a date.

    A bare NaN is a null: that is how pandas marks a missing value.
    """
    kept = {key: value for key, value in values.items() if value is not None and not _is_nan(value)}
    try:
        return json.dumps(kept, default=str, allow_nan=False) if kept else None
    except (ValueError, RecursionError) as error:
        reasons.append(f"the other columns cannot be kept as JSON: {error}; leave them out")
        return None


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _repeats(
    row: tuple[str, str, str | None, str | None],
    place: str,
    seen: dict[tuple[str, str], str],
    *,
    unique_questions: bool,
) -> list[str]:
    """Which earlier record has this row's id or, white space aside, its question."""
    seed_id, question = row[0], " ".join(row[1].split())
    reasons = []
    if (first := seen.setdefault(("id", seed_id), place)) != place:
        reasons.append(f"id {seed_id!r} is already that of {first}; ids must be unique")
    first = seen.setdefault(("question", question), place)
    if unique_questions and first != place:
        reasons.append(f'repeats the question of {first}; remove it, or pass duplicates="keep"')
    return reasons
