"""A question as the simulated teacher sees it: words, sentences, and numbers with what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache

from tilth.demo.data import load

_WORD = re.compile(r"\$?(?:\d+(?:,\d{3})*(?:\.\d+)?|(?<![\d.])\.\d+)%?|[^\W\d_]+(?:['’][^\W\d_]+)?|[.?!,;:]")
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL_NUMBERS = {word: value for value, word in enumerate(_SMALL.split(" "))}
_TENS = {word: 10 * value for value, word in enumerate(_ROUND.split(" "), 2)}
_LONGEST_NUMBER = 15


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a sign or a number of a text, with its place in characters."""

    word: str
    start: int
    end: int
    number: Fraction | None = None
    money: bool = False
    percent: bool = False


@dataclass(slots=True)
class Quantity:
    """A number of the question and the words around it, each run of words spaced on both sides.

    `left` and `right` reach to the next number, `before` and `after` to the sentence's edge.
    """

    slot: int
    value: Fraction
    sentence: int
    money: bool
    percent: bool
    left: str
    right: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its words, spaced on both sides, and whether it asks."""

    words: str
    asks: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Text:
    """What was read: sentences, quantities in order of appearance, all words, and names in lower case."""

    sentences: tuple[Sentence, ...]
    quantities: tuple[Quantity, ...]
    words: str
    names: tuple[str, ...]

    @property
    def asked(self) -> str:
        """The words of the sentences that ask, or of the last one."""
        asking = "".join(sentence.words for sentence in self.sentences if sentence.asks)
        return asking or (self.sentences[-1].words if self.sentences else " ")


def tokens(text: str) -> list[Token]:
    """Words, signs and numbers; spelled numbers too, but not "one" and "the two"."""
    found: list[Token] = []
    for match in _WORD.finditer(text):
        word, start, end = match.group().lower().replace("’", "'"), match.start(), match.end()
        if word[-1] in "0123456789%":
            digits = word.strip("$%").replace(",", "")
            if len(digits) <= _LONGEST_NUMBER:
                found.append(Token("#", start, end, Fraction(digits), word[0] == "$", word[-1] == "%"))
            continue
        last = found[-1] if found else None
        if last is not None and last.number is not None:
            if word in ("percent", "percentage"):
                found[-1] = replace(last, percent=True)
                continue
            grown = None if text[last.start].isdigit() or last.money else _grown(last.number, word)
            if grown is not None:
                found[-1] = replace(last, number=grown, end=end)
                continue
        value = _SMALL_NUMBERS.get(word, _TENS.get(word))
        pronoun = word in ("one", "zero") or (last is not None and last.word == "the")
        if value is not None and not pronoun:
            found.append(Token("#", start, end, Fraction(value)))
        else:
            found.append(Token(word, start, end))
    return found


def _grown(number: Fraction, word: str) -> Fraction | None:
    """A spelled number that the next word goes on: "twenty five", "two hundred"."""
    if word == "hundred":
        return number * 100
    if number in _TENS.values() and 0 < _SMALL_NUMBERS.get(word, 0) < 10:
        return number + _SMALL_NUMBERS[word]
    return None


@lru_cache(4096)
def read_text(text: str) -> Text:
    """Splits a text into sentences and quantities."""
    sentences: list[list[Token]] = [[]]
    for token in tokens(text):
        sentences[-1].append(token)
        if token.word in (".", "?", "!"):
            sentences.append([])
    sentences = [words for words in sentences if any(token.word[0] not in ".?!,;:" for token in words)]
    quantities: list[Quantity] = []
    for index, words in enumerate(sentences):
        numbered = [
            (place, token, token.number) for place, token in enumerate(words) if token.number is not None
        ]
        places = [place for place, _, _ in numbered]
        for order, (place, token, number) in enumerate(numbered):
            previous = places[order - 1] + 1 if order else 0
            following = places[order + 1] if order + 1 < len(places) else len(words)
            quantities.append(
                Quantity(
                    slot=len(quantities),
                    value=number,
                    sentence=index,
                    money=token.money,
                    percent=token.percent,
                    left=_spaced(words[previous:place]),
                    right=_spaced(words[place + 1 : following]),
                    before=_spaced(words[:place]),
                    after=_spaced(words[place + 1 :]),
                )
            )
    read = tuple(
        Sentence(_spaced(words), words[-1].word == "?", words[0].start, words[-1].end) for words in sentences
    )
    names = dict.fromkeys(
        token.word.removesuffix("'s")
        for words in sentences
        for token in words
        if text[token.start].isupper() and not cues().has(f" {token.word} ", "no name")
    )
    return Text(read, tuple(quantities), "".join(sentence.words for sentence in read), tuple(names))


def _spaced(words: list[Token]) -> str:
    return f" {' '.join(token.word for token in words)} " if words else " "


class Cues:
    """Named lists of phrases from `cues.json`, asked of spaced words."""

    def __init__(self, phrases: Mapping[str, list[str]]) -> None:
        self._patterns = {}
        for name, entries in phrases.items():
            # "*" stands for any one word, and a phrase ends where a word ends.
            ordered = sorted(entries, key=len, reverse=True)
            body = "|".join(re.escape(entry).replace(r"\*", r"\S+") for entry in ordered)
            self._patterns[name] = re.compile(rf"(?<= )(?:{body})(?= )")

    def has(self, words: str, name: str) -> bool:
        """Whether a phrase of that list stands anywhere in the words."""
        return self._patterns[name].search(words) is not None

    def opens(self, words: str, name: str, within: int = 0) -> bool:
        """Whether one stands at their beginning, after at most `within` other words and before any break."""
        match = self._patterns[name].search(words)
        return match is not None and self._near(words[: match.start()], within)

    def closes(self, words: str, name: str, within: int = 0) -> bool:
        """Whether one stands at their end, before at most `within` other words and after any break."""
        return any(self._near(words[match.end() :], within) for match in self._patterns[name].finditer(words))

    def _near(self, between: str, within: int) -> bool:
        return len(between.split()) <= within and not self.has(between, "break")

    def last(self, words: str, name: str) -> int:
        """Where the last one begins, or -1."""
        return max((match.start() for match in self._patterns[name].finditer(words)), default=-1)


@cache
def cues() -> Cues:
    """The teacher's cues."""
    return Cues(load("cues.json"))
