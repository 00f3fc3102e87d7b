"""What the simulated teacher notices in a question over its database: tables, columns, values, cues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Literal

from tilth.demo.arithmetic.text import Token, tokens
from tilth.demo.data import load
from tilth.demo.sql.database import Column, schema

Kind = Literal["table", "column", "value", "number", "implied", "compared", "known", "cue"]

_ALSO_WORDS = frozenset({"May", "March", "Hop", "Holly", "Ivy", "Sage", "Mint", "Rowan"})
"""Values that are words or names as well: only a capital inside a sentence makes them values."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A phrase that means something.

    Attributes:
        kind: What it is; of an "implied" or "compared" one, `said` is the direction, ">" or "<".
        said: The table, the cue's name, or the value as the database holds it.
        column: The column it names, or whose value it is.
        first: Place of its first word among the question's words.
        last: Place behind its last word.
        start: Where it begins in the question, in characters.
        end: Where it ends.
    """

    kind: Kind
    said: str
    column: Column | None
    first: int
    last: int
    start: int
    end: int

    def cue(self, *names: str) -> bool:
        """Whether it is a cue of one of these names."""
        return self.kind == "cue" and self.said in names

    def apart(self, other: Mention) -> int:
        """The words between it and another mention."""
        return max(other.first - self.last, self.first - other.last)


_Meaning = tuple[Kind, str, Column | None]


def mentions(question: str) -> list[Mention]:
    """What a question mentions, in order; where phrases overlap, the longest that begins first."""
    words = tokens(question)
    found: list[Mention] = []
    place = 0
    while place < len(words):
        mention = _number(words[place], place) or _longest(question, words, place)
        if mention is None:
            place += 1
        else:
            found.append(mention)
            place = mention.last
    return found


def _number(token: Token, place: int) -> Mention | None:
    if token.number is None:
        return None
    said = f"{float(token.number):g}" if token.number.denominator > 1 else f"{token.number.numerator}"
    return Mention("number", said, None, place, place + 1, token.start, token.end)


def _longest(question: str, words: list[Token], place: int) -> Mention | None:
    for phrase, meaning in _phrases().get(words[place].word, ()):
        last = place + len(phrase)
        if tuple(token.word for token in words[place:last]) != phrase:
            continue
        start, end = words[place].start, words[last - 1].end
        kind, said, column = meaning
        opens = place == 0 or words[place - 1].word in (".", "?", "!")
        if said in _ALSO_WORDS and (opens or not question[start].isupper()):
            continue
        return Mention(kind, said, column, place, last, start, end)
    return None


@cache
def _phrases() -> dict[str, list[tuple[tuple[str, ...], _Meaning]]]:
    """Phrases as words, by their first word, the longest first."""
    listed: dict[str, list[tuple[tuple[str, ...], _Meaning]]] = {}
    for phrase, meaning in chain(_values(), _cues()):
        words = tuple(token.word for token in tokens(phrase))
        listed.setdefault(words[0], []).append((words, meaning))
    for entries in listed.values():
        entries.sort(key=lambda entry: -len(entry[0]))  # stable: a value goes before a cue of its length
    return listed


def _values() -> Iterator[tuple[str, _Meaning]]:
    for column, values in schema().values.items():
        for value in values:
            meaning: _Meaning = ("value", value, column)
            yield value, meaning
            if column.name == "category":
                yield f"{value}s", meaning
    for named, phrases in load("sql_cues.json")["values"].items():
        dotted, _, value = named.partition("=")
        for phrase in phrases:
            yield phrase, ("value", value, Column.of(dotted))


def _cues() -> Iterator[tuple[str, _Meaning]]:
    tables = load("sql_cues.json")
    for table, phrases in tables["tables"].items():
        for phrase in phrases:
            yield phrase, ("table", table, None)
    for dotted, phrases in tables["columns"].items():
        for phrase in phrases:
            yield phrase, ("column", dotted, Column.of(dotted))
    kinds: tuple[Kind, ...] = ("implied", "compared")
    for kind in kinds:
        for named, phrases in tables[kind].items():
            for phrase in phrases:
                yield phrase, (kind, named[-1], Column.of(named[:-1]))
    for named, phrases in tables["known"].items():
        dotted, _, value = named.partition("=")
        for phrase in phrases:
            yield phrase, ("known", value, Column.of(dotted))
    for name, phrases in tables["cues"].items():
        for phrase in phrases:
            yield phrase, ("cue", name, None)
