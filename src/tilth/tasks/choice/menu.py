"""A question's options as a reply is searched for them: their labels, and their texts word by word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from tilth.tasks.base import shortened
from tilth.tasks.choice.languages import SEEKS_WRONG
from tilth.tasks.choice.options import Option, find, upper
from tilth.tasks.choice.quantities import Quantities

Word = tuple[str, int, int]
"""A word as it is compared, and where it starts and ends."""

_NUMBER = r"(?<![\w)\]}])[-\u2212][0-9]+(?:[.,][0-9]+)*|[0-9]+(?:[.,][0-9]+)*|[^\W_]+"
_WORD = re.compile(_NUMBER + r"|[^\w\s]|_")
_WORD_OR_SIGN = re.compile(_NUMBER + r"|[^\w\s.,;:!?\"'`*()\[\]{}\\\-–—“”‘’«»…|]")
ARTICLES = frozenset(("a", "an", "the"))
_STRICTEST = 3
_ROOT = re.compile(
    r"\b(?!(?:which|what|who|whom|whose|when|where|why|how|many|much|do|does|did|is|are|was|were|be|been|will"
    r"|would|can|could|should|has|have|had|of|these|those|following|and|or|to|by|for|with|at|as|its?|that"
    r"|this|an?|the)\b)[^\W_]{1,4}"
)
_SEEKS_WRONG = re.compile(SEEKS_WRONG, re.IGNORECASE)
_OTHER_INITIALS = frozenset("atfsl123456")
"""Of articles, and of "first", "second", ..., "last"."""


class Menu:
    """Options to look for in a reply.

    Words are compared without case, punctuation, quotes and articles; where that leaves two options alike,
    or one empty, with as much of these as tells them apart.

    Attributes:
        options: The options, in the question's order.
        normal: The normal form of each, and its place.
        seeks_wrong: Whether the question asks which is wrong, or is not so.
        quantities: The options by what they say, where they are numbers or formulas.
        reach: Characters of a text within which an option's words stand.
    """

    def __init__(self, options: Sequence[Option], stem: str = "") -> None:
        self.options = tuple(options)
        self.quantities = Quantities([option.text for option in options])
        sentences = [part for part in re.split(r"[.!?\n]", stem[-1_000:]) if part.strip()]
        asked = sentences[-1] if sentences else ""
        self.seeks_wrong = _SEEKS_WRONG.search(asked) is not None
        self._asked = set[str]() if self.seeks_wrong else _roots(asked)
        self.normal = {str(option): place for place, option in enumerate(options)}
        self.reach = 2 * max(len(option.text) for option in options) + 40
        self._labels = {option.label: place for place, option in enumerate(options) if option.label}
        self._folded = {label.casefold(): place for label, place in self._labels.items()}
        self._level = 0
        while len(set(texts := self._texts())) < len(texts) or not all(texts):
            if self._level == _STRICTEST:
                break
            self._level += 1
        self._by_first: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for place, words in enumerate(texts):
            if words:
                self._by_first.setdefault(words[0], []).append((words, place))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))
        self._initials = {word[0].casefold() for word in (*self._folded, *self._by_first)} | _OTHER_INITIALS

    def _texts(self) -> list[tuple[str, ...]]:
        return [tuple(word for word, *_ in self.words(option.text.rstrip(" ."))) for option in self.options]

    def words(self, text: str, start: int = 0, end: int | None = None) -> list[Word]:
        """The words of a part of the text."""
        end = len(text) if end is None else end
        matches = (_WORD if self._level >= 2 else _WORD_OR_SIGN).finditer(text, start, end)
        if self._level == _STRICTEST:
            return [(match[0], *match.span()) for match in matches]
        skipped = ARTICLES if self._level == 0 else frozenset[str]()
        fold = str.casefold if text.isascii() else _folded
        return [(word, *match.span()) for match in matches if (word := fold(match[0])) not in skipped]

    def may_start(self, letter: str) -> bool:
        """Whether an option may be named by words that open with this letter: most are ruled out by it."""
        return not letter.isalnum() or not letter.isascii() or letter.casefold() in self._initials

    def starting(self, words: Sequence[Word], at: int = 0) -> tuple[int, int] | None:
        """The option whose whole text stands at word number `at`, the longest, and where it ends."""
        if at >= len(words):
            return None
        for entry, place in self._by_first.get(words[at][0], ()):
            stretch = words[at : at + len(entry)]
            if len(stretch) == len(entry) and all(w == s[0] for w, s in zip(entry, stretch, strict=True)):
                return place, stretch[-1][2]
        return None

    def ending(self, words: Sequence[Word]) -> tuple[int, int, int] | None:
        """The option whose whole text these words end with, the longest, and where it starts and ends."""
        for at in range(len(words)):
            found = self.starting(words, at)
            if found and found[1] == words[-1][2]:
                return found[0], words[at][1], found[1]
        return None

    def labelled(self, label: str) -> int | None:
        """The place of the option of that label, case aside."""
        return self._labels.get(label, self._folded.get(label.casefold()))

    def counts_like(self, label: str) -> bool:
        """Whether the options are labelled as by this label: by letters, or by numbers."""
        return any(len(own) < 3 and own.isdigit() == label.isdigit() for own in self._labels)

    def echoes(self, sentence: str) -> bool:
        """Whether a sentence says nothing else, or half of what the question asks, unless that is negated."""
        said = _roots(sentence)
        return not said or (bool(self._asked) and 2 * len(self._asked & said) >= len(self._asked))

    def brief(self, place: int) -> str:
        """How a reason names the option: by its label, or by its text."""
        option = self.options[place]
        return shortened(option.label or option.text)


def _roots(text: str) -> set[str]:
    """How the words of a text begin that carry its sense: "take" of "takes" and "taken"."""
    return set(_ROOT.findall(text.casefold()))


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold().replace("\u2212", "-")


@lru_cache(maxsize=1024)
def menu_of(question: str | None) -> Menu | None:
    """The options of a question, or None where it has none.

    Without a question they are bare letters and digits: a label can be read then, a text cannot.
    """
    if question is None:
        labels = [upper(place) for place in range(26)] + [str(number) for number in range(1, 10)]
        return Menu([Option(label, "") for label in labels])
    found = find(question)
    return Menu(found.options, question[: found.stem_end]) if found else None
