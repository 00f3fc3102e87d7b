"""Finds the final answer of a numeric question in a text: a number, or a value of more than one."""

from __future__ import annotations

import re

from tilth.tasks.base import Reading
from tilth.tasks.numeric import numbers, values

_LOOK_BACK = 20
_MOST_CLAUSES = 6
_TAIL = 64_000

# Where `_ANSWER` may match: a search that stops at one of these letters only is four times as quick.
_MARKED = re.compile(r"[AaSsRr](?i:nswer|olution|oots)")
_ANSWER = re.compile(
    r"\b(?:answers?|(?P<verbal>solutions?(?: set)?|roots))\b[*_` ]{0,4}(?:\([^()\n]{0,40}\) ?)?"
    r"(?:to [^.:=\n]{0,120}?)?"
    r"(?:\b(?:is|are|was|were)\b|\bequals|\b(?:should|would|will|must) be|(?(verbal)(?!)|[:=]))[*_` ]{0,4}",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:[*_`\s:=~≈(\[]|\\[(\[]|\$(?=[-\u2212\\ ])"
    r"|(?:therefore|thus|then|simply|just|exactly|only|about|around|roughly|approximately)\b,?){0,12}",
    re.IGNORECASE,
)
_OUTER_LEAD = re.compile(
    r"(?:[*_`\s:~≈]|\\[(\[]|\$(?=[-\u2212\\ ({\[A-Za-z])"
    r"|(?:therefore|thus|then|simply|just|exactly|only|about|around|roughly|approximately|both|either)\b,?){0,12}",
    re.IGNORECASE,
)
_MORE_THAN_A_NUMBER = re.compile(
    r"[,;:<>=≤≥≠±∪&(\[{]|\b(?:and|or)\b|\\[a-z{]|[0-9] ?[ap]\.? ?m\b|o['’]clock|\d ?[a-z]+ \d"
)
_CLAUSE = re.compile(
    r"[,;]? (?:because|since|as|which|where|so|when|for|in|on|at|from|but|not|after|if)\b|[,;]? \((?=[a-z])"
    r"|[,;]? [–—-] |, (?:[a-z]{3,}|[a-z]+ [a-z])"
)
_OPENING = re.compile(r"(?<![\^_})\]A-Za-z])[(\[{]|\\\{|(?<![0-9A-Za-z\\)])[A-Za-z] ?(?:[=<>≤≥]|\\[lg]e)")
_PIECE = re.compile(r"\d{1,2} ?: ?\d|\d{1,2} ?[ap]\.? ?m\b|\d[\d.,]* ?[A-Za-z]+,?(?: and)? \d", re.IGNORECASE)
_GOES_ON = re.compile(
    r"\([0-9]|[xyz](?![A-Za-z])| ?="
    r"|[*_` ]{0,4}(?:[+*×÷^!√π]|\\(?:times|cdot|div|sqrt|pi)|[-\u2212/] ?[0-9$(\\])"
)
_PHYSICAL_UNIT = re.compile(r"(?![.):] ?[A-Z])[^0-9=+*×÷^\\√π\n]{0,60}(?:\^?[23²³])?[.!*_` ]{0,4}")
_BETWEEN_BOXES = re.compile(
    r"\}\$?(?:[,;] ?|[,;]? ?(?:and|or|\\text\{ ?(?:and|or) ?\}) ?)\$?(?:[A-Za-z] ?= ?)?\Z"
)
_WORD_OR_MARK = re.compile(r"[A-Za-z]{2,}|#")
_LATEX_COMMAND = re.compile(r"\\(?!boxed|fbox)[A-Za-z]+")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
_WORDS = re.compile(r"[A-Za-z]{3,}")
_LATEX_WORD = re.compile(r"\\(?:text|mathrm|textbf|mathbf|mbox)\s?\{([^{}]{0,80})\}")
_LATEX_NOISE = re.compile(r"\\[()\[\],;:!]|\\(?:left|right|displaystyle|quad)(?![A-Za-z])|\^\{?\\circ\}?|~")
_MATHS = re.compile(r"[0-9√π∞]|\\(?:sqrt|pi|infty|frac|emptyset|log|ln|sin|cos|tan|exp)\b|^\(?[a-z]\)?$")


def find(text: str) -> Reading | None:
    """The final answer of a text, as `Numeric` says; its span holds for the text."""
    for reader in (_after_hashes, _boxed, _after_answer, _bare, _last_number):
        if reading := reader(text):
            return reading
    return None


def _after_hashes(text: str) -> Reading | None:
    end = len(text)
    for _ in range(_LOOK_BACK):
        end = text.rfind("####", 0, end)
        if end < 0:
            return None
        start = end + 4
        stop = text.find("\n", start, start + values.MAX_LENGTH)
        stop = stop if stop >= 0 else min(len(text), start + values.MAX_LENGTH)
        if reading := _value(text, start, stop):
            return reading
    return None


def _boxed(text: str) -> Reading | None:
    end = len(text)
    for _ in range(_LOOK_BACK):
        end = max(text.rfind("\\boxed{", 0, end), text.rfind("\\fbox{", 0, end))
        if end < 0:
            return None
        start = text.index("{", end) + 1
        stop = _closing_brace(text, start)
        if stop is not None and (reading := _value(text, start, stop)):
            return _joined_boxes(text, end, reading)
    return None


def _joined_boxes(text: str, opening: int, last: Reading) -> Reading:
    """All answers of boxes that stand side by side, joined by "and", "or" or a comma."""
    answers, first = [last.answer or ""], last.span or (0, 0)
    for _ in range(_LOOK_BACK):
        link = _BETWEEN_BOXES.search(text, max(0, opening - 40), opening)
        before = text.rfind("\\boxed{", 0, opening)
        if link is None or before < 0 or _closing_brace(text, before + 7) != link.start():
            break
        reading = _value(text, before + 7, link.start())
        if reading is None or reading.span is None:
            break
        answers.insert(0, reading.answer or "")
        opening, first = before, reading.span
    whole = ", ".join(answers)
    if len(answers) < 2 or values.parse(whole) is None:
        return last
    return Reading(whole, (first[0], (last.span or first)[1]))


def _closing_brace(text: str, start: int) -> int | None:
    depth = 1
    for position in range(start, min(len(text), start + values.MAX_LENGTH)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return None


def _after_answer(text: str) -> Reading | None:
    starts = [match.start() for match in _MARKED.finditer(text)][-_LOOK_BACK:]
    for start in reversed(starts):
        if (marker := _ANSWER.match(text, start)) and (reading := _next_value(text, marker.end())):
            return reading
    return None


def _next_value(text: str, start: int) -> Reading | None:
    """The value that stands at `start`, behind a few filler words; on a later line only if alone there."""
    outer, lead = _OUTER_LEAD.match(text, start), _LEAD.match(text, start)
    early, first = outer.end() if outer else start, lead.end() if lead else start
    limit = min(len(text), first + values.MAX_LENGTH)
    if "\n" in text[start:first]:
        stop = text.find("\n", first, limit)
        stop = stop if stop >= 0 else limit
        return _structured(text, early, stop) or _value(text, first, stop)
    if reading := _opened(text, early, limit):
        return reading
    number = numbers.NUMBER.match(text, first)
    if number and not _GOES_ON.match(text, number.end()):
        return _number_reading(number)
    sentence = _SENTENCE_END.search(text, first, limit)
    return _value(text, first, sentence.start() if sentence else limit)


def _opened(text: str, start: int, limit: int) -> Reading | None:
    """The value of more than a number that a sentence opens with."""
    sentence = _SENTENCE_END.search(text, start, limit)
    stop = sentence.start() if sentence else limit
    if not _MORE_THAN_A_NUMBER.search(text, start, stop):
        return None
    ends = [match.start() for match in _CLAUSE.finditer(text, start, stop)][:_MOST_CLAUSES]
    for end in (stop, *reversed(ends)):
        if reading := _structured(text, start, end):
            return reading
    end_of = values.prefix(text, start)
    return _structured(text, start, end_of) if end_of else None


def _structured(text: str, start: int, stop: int) -> Reading | None:
    """What `text[start:stop]` holds where that is a value of more than a number, and nothing else."""
    start, stop = _trimmed(text, start, stop)
    if not _MORE_THAN_A_NUMBER.search(text, start, stop):
        return None
    raw = text[start:stop]
    plain = _tidied(raw + "$" if raw.count("$") % 2 and text.startswith("$", stop) else raw)
    settled = (
        _tidied(plain) == plain and _trimmed(plain, 0, len(plain)) == (0, len(plain)) and "#" not in plain
    )
    return Reading(plain, (start, stop)) if settled and values.parse(plain) else None


def _tidied(raw: str) -> str:
    """A value of more than a number in its normal form: as it stands, without signs of layout."""
    plain = " ".join(values.without_delimiters(_plainly(raw)).split())
    return re.sub(r"(?<=[(\[]) | (?=[)\],;])", "", plain).strip(" .")


def _bare(text: str) -> Reading | None:
    """The value that is the whole text."""
    start, stop = len(text) - len(text.lstrip()), len(text.rstrip())
    if stop - start > values.MAX_LENGTH or "\n" in text[start:stop]:
        return None
    if reading := _structured(text, start, stop):
        return reading
    has_words = _WORD_OR_MARK.search(_LATEX_COMMAND.sub(" ", text))
    return None if has_words or numbers.NUMBER.fullmatch(text, start, stop) else _value(text, start, stop)


def _last_number(text: str) -> Reading | None:
    window = 1_000
    while True:
        start = max(0, len(text) - window)
        # A number at the window's edge may be the rest of a longer one: only a wider window can tell.
        trusted = start + numbers.MAX_LENGTH if start else 0
        for number in reversed(list(numbers.NUMBER.finditer(text, start))):
            if number.start() < trusted:
                break
            if reading := _number_reading(number):
                return _around(text, number) or reading
        if start == 0 or window >= _TAIL:
            return None
        window *= 4


def _number_reading(match: re.Match[str]) -> Reading | None:
    number = numbers.parse(match)
    return Reading(str(number), match.span()) if number else None


def _around(text: str, number: re.Match[str]) -> Reading | None:
    """The value of more than a number whose last part a number is, where its sentence ends with it."""
    low = max(0, number.start() - values.MAX_LENGTH)
    breaks = [match.end() for match in _SENTENCE_END.finditer(text, low, number.start())]
    low = max([low, *breaks])
    for opening in _PIECE.finditer(text, low):
        end = values.prefix(text, opening.start())
        if end is not None and end >= number.end():
            return _structured(text, opening.start(), end)
    sentence = _SENTENCE_END.search(text, number.end(), min(len(text), number.end() + values.MAX_LENGTH))
    stop = sentence.start() if sentence else min(len(text), number.end() + values.MAX_LENGTH)
    if _WORDS.search(text, number.end(), stop):
        return None
    for opening in list(_OPENING.finditer(text, low, number.start()))[:_MOST_CLAUSES]:
        if reading := _structured(text, opening.start(), stop):
            return reading
    return None


def _value(text: str, start: int, stop: int) -> Reading | None:
    """What `text[start:stop]` holds where that is a value and nothing else.

    A value is one of more than a number, as `tilth.tasks.numeric.values` reads them; or, behind the last "=",
    a number, with a unit or without, or an expression.
    """
    if reading := _structured(text, start, stop):
        return reading
    start, stop = _trimmed(text, max(start, text.rfind("=", start, stop) + 1), stop)
    raw = text[start:stop]
    plain = _plainly(raw).strip(" $")
    number = numbers.NUMBER.match(plain)
    if number and _PHYSICAL_UNIT.fullmatch(plain, number.end()) and (parsed := numbers.parse(number)):
        return Reading(str(parsed), (start, stop))
    plain = " ".join(plain.split())
    words = _WORDS.findall(re.sub(r"\\[A-Za-z]+", " ", raw))
    if words or not _MATHS.search(plain) or not values.is_balanced(plain) or not _is_settled(plain):
        return None
    return Reading(plain, (start, stop))


def _is_settled(plain: str) -> bool:
    """Whether an expression reads as itself."""
    whole = (0, len(plain))
    stays = _trimmed(plain, *whole) == whole and _plainly(plain).strip(" $") == plain
    number = numbers.NUMBER.match(plain)
    other = (number and _PHYSICAL_UNIT.fullmatch(plain, number.end())) or _structured(plain, *whole)
    return stays and not other and "#" not in plain and "boxed" not in plain


def _trimmed(text: str, start: int, stop: int) -> tuple[int, int]:
    """The same stretch without the white space and marks around it."""
    while start < stop and text[start] in " \t\r\n*_`~≈:":
        start += 1
    while stop > start and text[stop - 1] in " \t\r\n*_`.$":
        stop -= 1
    return start, stop


def _plainly(raw: str) -> str:
    return _LATEX_NOISE.sub(" ", _LATEX_WORD.sub(r" \1 ", raw))
