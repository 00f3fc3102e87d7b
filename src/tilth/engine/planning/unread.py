"""Tells before anything is paid which columns of the seeds a question may need and no prompt holds."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tilth.errors import tell
from tilth.seeds import Seed, Seeds
from tilth.strategies.base import Strategy
from tilth.tasks.base import Task

_LOOKED_AT = 200
"""Seeds that are looked at, from the first on."""

_LEAST_WORDS = 3
"""Words that a column has on average to be worth a word: shorter ones are names, numbers and marks."""

_WORD = re.compile(r"\w+")

# What tells of a record, or of its answer, belongs into no prompt. Known by the last word of the name ...
_LAST = re.compile(
    r"ids?|uuid|idx|index|source|urls?|link|licen[sc]e|split|subset|difficulty|level|category|categories|type|"
    r"kind|topics?|subject|tags?|keywords?|date|time|timestamp|authors?|lang|language|title|dataset|model|"
    r"scores?|rating|version|meta|metadata|statistics|name|domain|"
    r"outputs?|responses?|completions?|targets?|labels?|cot|tests?|sql|proof|steps"
)
# ... or by how one of its words begins.
_ANY = (
    "answer",
    "solution",
    "rationale",
    "explanation",
    "reasoning",
    "gold",
    "canonical",
    "chosen",
    "rejected",
)
_PARTS = re.compile(r"[^\W_]+")


def tell_unread_columns(seeds: Seeds, task: Task, strategies: Iterable[Strategy]) -> None:
    """Warns of columns whose texts stand in no question as the task puts it, and that no strategy reads."""
    needed = frozenset[str]().union(*(strategy.needs for strategy in strategies))
    if unread := [name for name in unread_columns(seeds, task) if name not in needed]:
        named = ", ".join(map(repr, unread[:10]))
        tell(
            f"{seeds.name}: what stands in {named} reaches no prompt; where a question needs it, "
            f"read_seeds(..., context=[{unread[0]!r}]) puts it below the question"
        )


def unread_columns(seeds: Seeds, task: Task) -> list[str]:
    """The columns, other than those that tell of the record or its answer, that reach no prompt."""
    words: dict[str, int] = {}
    held: dict[str, int] = {}
    unread: set[str] = set()
    for seed in _first(seeds):
        if not seed.extra:
            continue
        put = task.put(seed, random.Random(0)).question
        shown = {word.casefold() for word in _WORD.findall(put)}
        for name, value in seed.extra.items():
            if not _may_be_needed(name):
                continue
            said = [word.casefold() for text in _texts(value) for word in _WORD.findall(text)]
            words[name] = words.get(name, 0) + len(said)
            held[name] = held.get(name, 0) + bool(said)
            if not shown.issuperset(said):
                unread.add(name)
    return [name for name in words if name in unread and words[name] >= _LEAST_WORDS * held[name]]


def _may_be_needed(name: str) -> bool:
    parts = _PARTS.findall(name.lower())
    return not parts or not (
        _LAST.fullmatch(parts[-1]) or parts[0] == "test" or any(part.startswith(_ANY) for part in parts)
    )


def _first(seeds: Seeds) -> Iterator[Seed]:
    for seed in seeds:
        if seed.index >= _LOOKED_AT:
            return
        yield seed


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """The texts in a value, those in its lists and objects included."""
    if isinstance(value, str):
        yield value[:10_000]
    elif depth < 4 and isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one, depth + 1)
