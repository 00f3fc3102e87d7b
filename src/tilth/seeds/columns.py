"""Which columns of a source hold what: those that were named, or those of a layout that many use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilth.seeds.context import KNOWN
from tilth.seeds.conversations import turns_of
from tilth.seeds.sources import Source
from tilth.seeds.values import Path, within

_SHOWN = 20
_CONVERSATIONS = ("messages", "conversations", "conversation")
_LAYOUTS = (("instruction", "output"), ("instruction", "response"), ("prompt", "completion"))
"""Columns of question and answer in files as Alpaca's, Dolly's and TRL's."""

_REMEDIES = {
    "question": 'name it with question="..."',
    "answer": 'name it with answer="...", or pass answer=None to grow without references',
    "id": "leave id out to number the seeds",
    "context": "context names columns that belong to the question; () puts none",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a record what stands.

    Attributes:
        context: What belongs to the question; `context_named` says whether the user named it.
    """

    question: Path
    answer: Path | None
    id: Path | None
    context: tuple[Path, ...]
    context_named: bool

    @property
    def taken(self) -> list[Path]:
        """What does not go to a seed's extra."""
        return [path for path in (self.question, self.answer, self.id) if path is not None]


def columns_of(
    source: Source, question: str, answer: str | None, id: str | None, context: str | Sequence[str] | None
) -> tuple[Columns, list[str]]:
    """The columns that were named, and a line for each that no record has."""
    there = frozenset(source.columns)
    question, answer = _laid_out(source, there, question, answer)
    named = [context] if isinstance(context, str) else list(context or ())
    wanted: dict[str, list[str | None]] = {
        "question": [question],
        "answer": [answer],
        "id": [id],
        "context": [*named],
    }
    missing = [
        line
        for key, names in wanted.items()
        for name in names
        if name and (line := _missing(source, there, key, name))
    ]
    asked, replied, known = (_path(there, name) if name else None for name in (question, answer, id))
    assert asked is not None  # noqa: S101 - a name is never empty
    firsts = {path[0] for path in (asked, replied, known) if path}
    found = named if context is not None else [name for name in KNOWN if name in there and name not in firsts]
    paths = tuple(_path(there, name) for name in found)
    return Columns(asked, replied, known, paths, context is not None), missing


def _laid_out(
    source: Source, there: frozenset[str], question: str, answer: str | None
) -> tuple[str, str | None]:
    """The names of question and answer, taken from a known layout where the usual names are not there."""
    has_answer = answer is None or answer != "answer" or answer in there
    if question == "question" and there and question not in there:
        talks = next((name for name in _CONVERSATIONS if name in there), None)
        if talks is not None:
            question = talks
        else:
            for asked, replied in _LAYOUTS:
                if asked in there and (has_answer or replied in there):
                    return asked, answer if has_answer else replied
    if not has_answer and _is_conversation(source, _path(there, question)):
        return question, question
    return question, answer


def _is_conversation(source: Source, path: Path) -> bool:
    values = (within(record.values, path) for record in source.records[:100])
    first = next((value for value in values if value), None)
    return turns_of(first) is not None


def _path(there: frozenset[str], name: str) -> Path:
    """The column of that name, or the way into objects and lists where there is none."""
    return (name,) if name in there or not there else tuple(name.split("."))


def _missing(source: Source, there: frozenset[str], key: str, column: str) -> str | None:
    """What to say where no record has the column; None where one has, or where there are no columns."""
    first, *inner = _path(there, column)
    if not there or first in there:
        if not inner:
            return None
        path = [first, *inner]
        held = dict.fromkeys(name for record in source.records for name in _inside(record.values, path))
        if inner[-1] in held or not held:
            return None  # where some records have it, each that has not is told by its line
        where = f"in {'.'.join(path[:-1])!r}: " + _listed(held)
    else:
        where = "columns: " + _listed(source.columns)
    return f"{source.name}: there is no column {column!r} ({where}); {_REMEDIES[key]}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in list(names)[:_SHOWN])


def _inside(values: Mapping[str, Any], path: Sequence[str]) -> Sequence[str]:
    """The names in the object, or places in the list, that holds the last part of a path."""
    held = within(values, path[:-1])
    if isinstance(held, list | tuple):
        return [str(place) for place in range(len(held))]
    return list(held) if isinstance(held, Mapping) else []
