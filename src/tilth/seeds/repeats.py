"""Which records repeat an earlier one: its id, or all that makes its question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tilth.seeds.seed import TaskLike
from tilth.seeds.sources import Record

# Options in one column or several, and the database that a question is about.
_MAKES_QUESTION = re.compile(
    r"(?:choices?|options?|opt|endings?|alternatives?|candidates?|distractors?|incorrect_answers?)"
    r"(?:[ _-]?(?:[a-z]|\d{1,2}))?|op[a-h]|[a-h]|(?:db|database)(?:[ _-]?(?:id|name))?",
    re.IGNORECASE,
)


class Repeats:
    """The ids and questions of records so far.

    A question is what it says with its context, white space aside, its options, and its database: one stem
    with other options is another question. Columns that the task takes options from are among them.
    """

    def __init__(self, task: str | TaskLike, *, unique_questions: bool) -> None:
        options = getattr(task, "options", None)
        named = [options] if isinstance(options, str) else options if isinstance(options, tuple) else ()
        self._named = {str(name).partition(".")[0] for name in named}
        self._unique = unique_questions
        self._ids: dict[str, str] = {}
        self._questions: dict[tuple[str, str], str] = {}

    def of(self, row: tuple[str, str, str | None, str | None], record: Record) -> list[str]:
        """Which earlier record has this row's id or its question."""
        seed_id, question, _, extra = row
        reasons = []
        if (first := self._ids.setdefault(seed_id, record.place)) != record.place:
            reasons.append(f"id {seed_id!r} is already that of {first}; ids must be unique")
        beside = dict(self._beside(json.loads(extra))) if extra else {}
        key = (" ".join(question.split()), json.dumps(beside, sort_keys=True) if beside else "")
        first = self._questions.setdefault(key, record.place)
        if self._unique and first != record.place:
            reasons.append(f'repeats the question of {first}; remove it, or pass duplicates="keep"')
        return reasons

    def _beside(self, values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
        """What makes the question beside its text: there, or one object further in."""
        for name, value in values.items():
            if name in self._named or _MAKES_QUESTION.fullmatch(name):
                yield above + name, value
            elif isinstance(value, Mapping) and not above:
                yield from self._beside(value, f"{name}.")
