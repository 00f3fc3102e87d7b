"""Finds in a question what a query may hold as a value: numbers, words seen as values before, and names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tilth.students.numeric.reading import NUMBER_WORDS
from tilth.students.sql.sketching import Literal, Sketch

_TOKEN = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+(?:['’-][^\W\d_]+)*|[^\w\s]")
_LONGEST = 4_000
_MOST = 24
"""Values of a question that are looked at."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a question.

    Attributes:
        text: What a query would hold: "Fern" for "ferns" where "Fern" was seen, "1200" for "1,200".
        is_text: Whether SQL quotes it.
        sign: What stands for it where the question is looked at without its values.
    """

    text: str
    is_text: bool
    sign: str


@dataclass(frozen=True, slots=True)
class Masked:
    """A question's words, in lower case, with signs for its values, and the values with their places."""

    words: tuple[str, ...]
    values: tuple[Value, ...]
    places: tuple[int, ...]


class Vocabulary:
    """The texts that queries held in training, each with the columns it was compared with."""

    def __init__(self, sketches: Iterable[Sketch]) -> None:
        columns: dict[str, set[str]] = defaultdict(set)
        for one in sketches:
            for literal in one.literals:
                if literal.is_text:
                    columns[literal.text].add(literal.role.partition(" ")[0])
        self._known: Mapping[tuple[str, ...], tuple[str, str]] = {
            words: (text, f"value:{'+'.join(sorted(held))}")
            for text, held in sorted(columns.items())
            if (words := tuple(token.lower() for token in _TOKEN.findall(text)))
        }
        self._longest = max(map(len, self._known), default=0)

    def mask(self, question: str) -> Masked:
        """Sets a question's values apart, the longest that begins first."""
        tokens = _TOKEN.findall(question[:_LONGEST])
        words: list[str] = []
        values: list[Value] = []
        places: list[int] = []
        place = 0
        while place < len(tokens):
            value, length = self._value(tokens, place) if len(values) < _MOST else (None, 1)
            if value is not None:
                values.append(value)
                places.append(len(words))
            words.append(tokens[place].lower() if value is None else value.sign)
            place += length
        return Masked(tuple(words), tuple(values), tuple(places))

    def _value(self, tokens: list[str], place: int) -> tuple[Value | None, int]:
        token = tokens[place]
        if token[0].isdigit():
            return Value(token.replace(",", ""), is_text=False, sign="number"), 1
        for length in range(min(self._longest, len(tokens) - place), 0, -1):
            *before, last = (word.lower() for word in tokens[place : place + length])
            known = self._known.get((*before, last)) or self._known.get((*before, last.removesuffix("s")))
            if known is not None:
                return Value(known[0], is_text=True, sign=known[1]), length
        if token.lower() in NUMBER_WORDS:
            return Value(f"{NUMBER_WORDS[token.lower()]:g}", is_text=False, sign="number"), 1
        if place and token[0].isupper() and tokens[place - 1] not in (".", "?", "!", ":"):
            length = 1
            while place + length < len(tokens) and tokens[place + length][0].isupper():
                length += 1
            return Value(" ".join(tokens[place : place + length]), is_text=True, sign="name"), length
        return None, 1


def matches(value: Value, literal: Literal) -> bool:
    """Whether the question's value is the query's."""
    if value.is_text != literal.is_text:
        return False
    if value.is_text:
        return value.text.lower() == literal.text.lower()
    try:
        return float(value.text) == float(literal.text)
    except ValueError:
        return False
