"""The options of a question: found in its text, put into it, told apart and shuffled."""

from __future__ import annotations

import ast
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any

MOST = 1_000
"""Options a question may have; more are not read."""

_LONGEST_LIST = 4_000

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROMAN = ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))

_LABEL = r"(?P<label>[A-Za-z]{1,2}|[0-9]{1,4}|[ivxlIVXL]{1,7})"
_LINE = re.compile(
    rf"^[ \t>]*(?:[-*•+][ \t]+)?(?P<bold>[*_]{{0,3}})[(\[]?{_LABEL}"
    r"(?:[)\]][.:]?|(?:(?<![0-9])[.:]|[.:](?![0-9]))[)\]]?|[ \t]+[-–—](?=[ \t]))(?P=bold)?[ \t]*",
    re.MULTILINE,
)
_BULLET = re.compile(r"^[ \t]*[-*•+][ \t]+(?=\S)", re.MULTILINE)
_INLINE = re.compile(rf"(?<![\w(\[])(?P<open>[(\[]?){_LABEL}(?P<close>[)\].:])(?=\s|[A-Z0-9$\"“'‘])[ \t]*")
_HEADER = re.compile(
    r"(?:^|(?<=[\s.?!:]))[*_#]*(?:(?:answer|possible|available|the)[ \t]+)*(?:options|choices|answers)"
    r"[ \t]*:[*_]*[ \t]*",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"\W*(?:all|none|neither|both|any|either|some|two|each|more than one)(?: of)?(?: the| these| those)? ?"
    r"(?:above|(?:other |given |listed )?(?:options|answers|choices|statements)|these|those)"
    r"(?: (?:is|are) (?:correct|right|true|possible|wrong|incorrect|false))?\W*",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        label: "A", "b", "3", "iv"; empty where it has none and is named by its text.
        text: What it says, white space collapsed.
        span: Where the text stands in the question, in characters.
    """

    label: str
    text: str
    span: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        """The normal form of an answer that picks it: "B. wet palms", or the bare text without a label."""
        return f"{self.label}. {self.text}" if self.label and self.text else self.label or self.text


@dataclass(frozen=True, slots=True)
class Found:
    """The options found in a question, in order, and where its stem ends and their block begins."""

    options: tuple[Option, ...]
    stem_end: int
    start: int


Style = Callable[[int], str]
"""Takes a position, from 0, to the label there."""


def upper(place: int) -> str:
    """A to Z, then AA, AB, ..."""
    letters = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        letters = _LETTERS[letter] + letters
    return letters


def _lower(place: int) -> str:
    return upper(place).lower()


def _counted(place: int) -> str:
    return str(place + 1)


def _from_zero(place: int) -> str:
    return str(place)


def _roman(place: int) -> str:
    rest, letters = place + 1, ""
    for value, letter in _ROMAN:
        times, rest = divmod(rest, value)
        letters += letter * times
    return letters


def _small_roman(place: int) -> str:
    return _roman(place).lower()


_STYLES: tuple[Style, ...] = (upper, _lower, _counted, _roman, _small_roman, _from_zero)
_STARTS: Mapping[str, Style] = {style(0): style for style in _STYLES}


def style_of(labels: Sequence[str]) -> Style | None:
    """How these labels count, from the first on; None where they do not."""
    style = _STARTS.get(labels[0]) if labels else None
    if style is None or any(label != style(place) for place, label in enumerate(labels)):
        return None
    return style


@lru_cache(maxsize=1024)
def find(question: str) -> Found | None:
    """The options in a question's text, or None where there are not at least two.

    They are looked for, in this order, as the last lines "- ..."; as lines "A. ..." that count from the
    first label on, also "(a) ..." or "**1)** ..."; as such labels inside a line; and behind "Options:".
    """
    for finder in (_bullets, _lines, _inline, _listed):
        options, start = finder(question)
        if 1 < len(options) <= MOST and all(option.text for option in options):
            stem = question[:start].rstrip()
            for header in _HEADER.finditer(stem, max(0, len(stem) - 60)):
                if header.end() == len(stem):
                    start, stem = header.start(), stem[: header.start()].rstrip()
                    break
            return Found(tuple(options), len(stem), start)
    return None


def _option(question: str, label: str, start: int, end: int) -> Option:
    """The option whose text stands there, white space around it aside."""
    while start < end and question[start].isspace():
        start += 1
    while end > start and question[end - 1].isspace():
        end -= 1
    return Option(label, " ".join(question[start:end].split()), (start, end))


def _runs(marks: Sequence[re.Match[str]]) -> Iterator[list[re.Match[str]]]:
    """Marks that count from a first label on, the last such run first; others may stand between them."""
    for first in range(len(marks) - 1, -1, -1):
        style = _STARTS.get(marks[first]["label"])
        if style is None:
            continue
        run = [marks[first]]
        for mark in marks[first + 1 :]:
            if mark["label"] == style(len(run)):
                run.append(mark)
        if len(run) > 1:
            yield run


def _lines(question: str) -> tuple[list[Option], int]:
    run = next(_runs(list(_LINE.finditer(question))[-MOST:]), None)
    if run is None:
        return [], 0
    ends = [mark.start() for mark in run[1:]]
    broken = any("\n" in question[m.end() : end].strip() for m, end in zip(run, ends, strict=False))
    start = run[-1].end()
    while start < len(question) and question[start].isspace():
        start += 1
    # What follows the last option on further lines is its own only where others go over lines too.
    stop = _AFTER.search(question, start) if broken else None
    line_end = question.find("\n", start)
    ends.append(stop.start() if stop else len(question) if broken or line_end < 0 else line_end)
    options = []
    for mark, end in zip(run, ends, strict=True):
        option = _option(question, mark["label"], mark.end(), end)
        bold = mark["bold"]
        if bold and option.text.endswith(bold) and bold not in option.text[: -len(bold)]:
            option = _option(question, option.label, option.span[0], option.span[1] - len(bold))
        options.append(option)
    return options, run[0].start()


def _inline(question: str) -> tuple[list[Option], int]:
    marks = list(_INLINE.finditer(question))[-MOST:]
    for kind in dict.fromkeys((mark["open"], mark["close"]) for mark in reversed(marks)):
        run = next(_runs([mark for mark in marks if (mark["open"], mark["close"]) == kind]), None)
        if run is None:
            continue
        # "vitamin A. B. subtilis", "Student 1: ...": a point or a colon says less than a bracket does.
        before = question[: run[0].start()].rstrip()
        unclear = len(run) < 3 or before[-1:].isalnum()
        if kind[1] in ".:" and unclear and not _HEADER.search(before[-60:]):
            continue
        line_end = question.find("\n", run[-1].end())
        ends = [mark.start() for mark in run[1:]] + [line_end if line_end >= 0 else len(question)]
        options = []
        for mark, end in zip(run, ends, strict=True):
            text = question[mark.end() : end]
            length = len(text) if mark is run[-1] else len(_without_separator(text))
            options.append(_option(question, mark["label"], mark.end(), mark.end() + length))
        return options, run[0].start()
    return [], 0


def _without_separator(text: str) -> str:
    """The text without the commas and the "and" that lead to the next option."""
    text = text.rstrip(" \t,;/|")
    for word in (" and", " or"):
        text = text.removesuffix(word)
    return text.rstrip(" \t,;/|")


def _bullets(question: str) -> tuple[list[Option], int]:
    end, first = len(question.rstrip()), 0
    options: list[Option] = []
    while end > 0 and len(options) <= MOST:
        start = question.rfind("\n", 0, end) + 1
        bullet = _BULLET.match(question, start, end)
        if bullet is None or _LINE.match(question, start, end):
            break
        options.append(_option(question, "", bullet.end(), end))
        first, end = start, start - 1
    return options[::-1], first


def _listed(question: str) -> tuple[list[Option], int]:
    end = len(question.rstrip(" \t\n."))
    line = question.rfind("\n", max(0, end - _LONGEST_LIST), end) + 1 or max(0, end - _LONGEST_LIST)
    header = next(_HEADER.finditer(question, line, end), None)
    if header is None:
        return [], 0
    start = header.end()
    separator = next((mark for mark in ";|/," if mark in question[start:end]), ",")
    options = []
    for part in question[start:end].split(separator):
        opening = re.match(r"\s*(?:(?:or|and)\s)?", part)
        skip = opening.end() if opening else 0
        options.append(_option(question, "", start + skip, start + len(part)))
        start += len(part) + len(separator)
    return options, header.start()


def with_options(stem: str, options: Sequence[Option]) -> str:
    """The question: the stem, then an option a line, "A. ..." or, without labels, "- ..."."""
    return "\n".join([stem.rstrip(), *(str(o) if o.label else f"- {o.text}" for o in options)])


def _written_out(text: str) -> Any:
    """The value that a text writes out: in JSON, or as Python shows it, which pandas puts into CSV files."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            raise ValueError(f"opens like JSON and is none: {error}") from error


def given(value: Any) -> list[Option]:
    """Options as a record gives them; labels are those of the record, or empty.

    Args:
        value: A list of texts, of which all may open with their labels, "A) 21"; a list of objects with
            `text` and `label`; an object with lists of them; a mapping from label to text; or one of these
            as JSON or as Python shows it, as a CSV file holds it.

    Raises:
        ValueError: It is none of these; the message goes on from the column's name.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        value = _written_out(value)
    pairs: list[tuple[Any, Any]]
    if isinstance(value, Mapping) and isinstance(value.get("text"), list | tuple):
        texts, labels = value["text"], value.get("label") or [""] * len(value["text"])
        if not isinstance(labels, list | tuple) or len(labels) != len(texts):
            raise ValueError(f"has {len(texts)} texts, and not as many labels")
        pairs = list(zip(labels, texts, strict=True))
    elif isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, list | tuple):
        pairs = [
            (item.get("label", ""), item.get("text")) if isinstance(item, Mapping) else ("", item)
            for item in value
        ]
    else:
        raise ValueError("is no list of options")
    options = []
    for number, (label, text) in enumerate(pairs, start=1):
        if isinstance(text, bool) or not isinstance(text, str | int | float) or not str(text).strip():
            raise ValueError(f"has no text for option {number}")
        options.append(Option(" ".join(str(label).split()), " ".join(str(text).split())))
    return _unlabelled(options)


def _unlabelled(options: list[Option]) -> list[Option]:
    """Options whose texts all open with the labels they count by, taken apart."""
    opened = [_LINE.match(option.text) for option in options]
    labels = [mark["label"] if mark else "" for mark in opened]
    if any(option.label for option in options) or style_of(labels) is None:
        return options
    texts = [mark.string[mark.end() :] for mark in opened if mark]
    return [Option(label, text) for label, text in zip(labels, texts, strict=True)] if all(texts) else options


def alike(options: Sequence[Option], *, case: bool) -> tuple[int, int] | None:
    """The places of two options that say the same, upper and lower `case` aside or not; None for none."""
    seen: dict[str, int] = {}
    for place, option in enumerate(options):
        text = option.text.rstrip(" .") or option.text
        first = seen.setdefault(text if case else text.casefold(), place)
        if first != place:
            return first, place
    return None


def refuse_unfit(options: Sequence[Option], *, case: bool = True) -> None:
    """Raises where these cannot be a question's options.

    Raises:
        ValueError: There are less than two, more than `MOST`, or two that say the same.
    """
    if len(options) < 2:
        raise ValueError("fewer than two options")
    if len(options) > MOST:
        raise ValueError(f"{len(options):,} options; at most {MOST:,} are taken")
    if (pair := alike(options, case=case)) is not None:
        first, second = (options[place].label or str(place + 1) for place in pair)
        raise ValueError(f"options {first} and {second} are alike: {options[pair[0]].text!r}")


def shuffled(question: str, key: int | None, rng: random.Random) -> tuple[str, int | None]:
    """The question with its options in an order drawn from `rng`, and the place where the key is then.

    Labels and layout stay. "All of the above" and what stands behind it keep their places; so do all options
    where one names others by their labels ("both A and C"): moved, it would say something else.
    """
    found = find(question)
    if found is None or _named_by_label(found.options):
        return question, key
    free = len(list(takewhile(lambda option: not _ABOVE.fullmatch(option.text), found.options)))
    first = list(range(free))
    rng.shuffle(first)
    order = [*first, *range(free, len(found.options))]
    texts = [found.options[place].text for place in order]
    laid_out = _reordered(question, found, texts)
    again = find(laid_out)
    if again is None or [option.text for option in again.options] != texts:
        options = [Option(option.label, text) for option, text in zip(found.options, texts, strict=True)]
        laid_out = with_options(question[: found.stem_end], options)
    return laid_out, None if key is None else order.index(key)


def _named_by_label(options: Sequence[Option]) -> bool:
    labels = "|".join(re.escape(option.label) for option in options if option.label)
    one = rf"[(\[]?(?:{labels})[)\]]?"
    several = re.compile(
        r"\W*(?:(?i:all|both|either|neither|only|options?|answers?|of)\s+)*"
        rf"{one}(?:\s*(?:,\s*and|,|&|and|or|nor|but not)\s*{one})+(?!\w).{{0,20}}"
    )
    return bool(labels) and any(several.fullmatch(option.text) for option in options)


def _reordered(question: str, found: Found, texts: Sequence[str]) -> str:
    pieces: list[str] = []
    end = 0
    for option, text in zip(found.options, texts, strict=True):
        start, stop = option.span
        pieces += question[end:start], text
        end = stop
    return "".join(pieces) + question[end:]
