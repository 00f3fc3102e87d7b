"""Answers that nothing announces: a text that is a value, or opens with it; the last number of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tilth.tasks.base import Reading
from tilth.tasks.numeric.answers.calculations import IN_PART, IN_WORDS, goes_on, is_operand
from tilth.tasks.numeric.answers.stretches import is_with_unit, of_number, structured, value
from tilth.tasks.numeric.notation import formulas, numbers, values

_TAIL = 64_000
_MOST_CLAUSES = 6
_LONGEST_HEAD = 200

_LABEL = re.compile(
    r"\s*(?:(?:(?:A|Ans|Antwort|Antwoord|Respuesta|Réponse|Resposta|Risposta|Svar|Ответ)\s?[:：]"
    r"|(?:答案|答え?|정답|답)\s?[:：是为は])(?!\s?[0-9]+\s?:)\s*)?"
)
_OPENING = re.compile(r"(?<![\^_})\]A-Za-z])[(\[{]|\\\{|(?<![0-9A-Za-z\\)/])[A-Za-z] ?(?:[=<>≤≥]|\\[lg]e)")
_PIECE = re.compile(r"\d{1,2} ?: ?\d|\d{1,2} ?[ap]\.? ?m\b|\d[\d.,]* ?[A-Za-z]+,?(?: and)? \d", re.IGNORECASE)
_WORD_OR_MARK = re.compile(r"[A-Za-z]{2,}|#|[^\W\d_A-Za-z]{2,}")
_WORDS = re.compile(r"[A-Za-z]{3,}")
_LATEX_UNIT = re.compile(r"(?:\\[,;]|[ ~]){0,3}\\(?:text|mathrm|mbox)\s?\{ ?[A-Za-z]")
_LATEX_COMMAND = re.compile(r"\\(?!boxed|fbox)[A-Za-z]+")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
_LISTED = re.compile(
    r"^[ \t>*_#-]{0,12}\(?(?P<number>[0-9]{1,3})(?:[.):]|\\\.)[*_]{0,3}(?=[ \t]+\S)", re.MULTILINE
)
_COUNTED = frozenset(
    (
        *("step", "part", "equation", "eq", "problem", "question", "example", "exercise", "case", "method"),
        *("figure", "not", "isn't", "isn’t", "wasn't", "wasn’t"),
    )
)
_FUNCTIONS = ("sqrt", "cbrt", "sin", "cos", "tan", "log", "ln", "exp", "mod", "choose")
_SIGNS_BEFORE = ("√", "∛", "^", "_", "{", "+", "-", "*", "/")
_WITHIN = re.compile(
    r"(?:(?<![A-Za-z])(?:pi|[a-z])[-+*/]|[√∛^_]"
    r"|[\^_]\{|\b(?:sqrt|cbrt|sin|cos|tan|log|ln|exp|mod|choose) ?|[A-Za-z_]\([^()\n]{0,40})\Z"
)
# Signs with which a formula goes on; letters and functions are told by `goes_on`.
_GOES_ON = re.compile(r"[*+](?:pi\b|[a-z](?![A-Za-z]))|_\{?[0-9]|[₀-₉²³]|\^|\*\*[0-9(]|√|\\sqrt")
_UNIT = re.compile(r"[0-9][ \t]?(?:square |cubic )?[A-Za-z]{1,12}(?:/[A-Za-z]{1,8})?\^\{?\Z")
_TOKEN_END = re.compile(r"[.,;:!?)\]*$]*\Z")
_REFUSAL = re.compile(
    r"\b(?:I(?:['’]m| am) (?:sorry|unable|not able|not sure)"
    r"|I (?:can(?:not|['’]t| not)|could(?: not|n['’]t)) (?:\w{1,12} ){0,2}"
    r"(?:solve|answer|help|assist|provide|determine|say|tell|find|calculate|compute|give|do)"
    r"|I do(?: not|n['’]t) (?:know|have enough)|(?:not enough|insufficient) information"
    r"|cannot be (?:determined|solved|answered))\b",
    re.IGNORECASE,
)
_SIGNS_OF_REFUSAL = ("I ", "I'", "I’", "nformation", "annot be")
_RESOLVED = re.compile(r"=|\b(?:but|however|so|thus|therefore|hence)\b", re.IGNORECASE)
_EXPLAINED = re.compile(
    r"^[ \t>*_#]{0,8}(?:(?:short |brief |full )?(?:explanation|reasoning|steps|step-by-step|working"
    r"|work|check|proof|verification|justification|breakdown|calculations?|rationale|details|notes?)"
    r"(?: (?:is|are|behind)[^:\n]{0,40})?[*_ ]{0,3}:"
    r"|how (?:I|we|to)\b[^\n]{0,60}:|here(?:['’]s| is) (?:how|why)\b"
    r"|let(?:['’]s| me| us) (?:check|verify|explain)\b"
    r"|(?:this is )?because\b)",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNS_OF_REASON = ("because", "since", ", as ", "given that", ")")
_REASON = re.compile(
    r"(?:,? (?:because|since|given that)|, as)\b(?=[^\n]*\d)"
    r"|\s\((?=[^()\n]{0,80}(?:[x×*+=/]|[a-z]{3})[^()\n]{0,80}\)[.!]?\s*\Z)",
    re.IGNORECASE,
)
# A line at the beginning that is a number and nothing else, with an empty one behind it.
_ALONE = re.compile(r"\s{0,20}(?P<said>[*_$]{0,3}[-\u2212]?[0-9][0-9.,]{0,30}%?[*_.$]{0,4})[ \t]*\n[ \t]*\n")
_TWO = Reading(None, reason="one number stands first, and another last", cause="ambiguous")
_ASIDE = re.compile(
    r"[ \t]*[*_#>(\[]{0,4}(?:confidence|certainty|difficulty|(?:word|character|token) count"
    r"|time (?:taken|spent))(?: level| score)?[*_ ]{0,4}[:=]",
    re.IGNORECASE,
)
_LEADS_ON = re.compile(r"[?:]\s*\Z|\b(?:let|given|if|suppose|find|first|need|want)\b", re.IGNORECASE)


def bare(text: str) -> Reading | None:
    """The value that is the whole text."""
    label = _LABEL.match(text)
    start, stop = label.end() if label else 0, len(text.rstrip())
    if stop - start > values.MAX_LENGTH or "\n" in text[start:stop]:
        return None
    if reading := structured(text, start, stop):
        return reading
    if numbers.NUMBER.fullmatch(text, start, stop):
        return None
    number = numbers.NUMBER.match(text, start)
    if number and is_with_unit(text.rstrip(), number):
        return of_number(number)
    if number and _LATEX_UNIT.match(text, number.end()):
        return value(text, start, stop)
    has_words = _WORD_OR_MARK.search(_LATEX_COMMAND.sub(" ", text))
    if has_words and not formulas.has_function(text[start:stop].rstrip(".")):
        return None
    return value(text, start, stop)


def opening(text: str) -> Reading | None:
    """The one number of what a text opens with, where all the rest only explains it."""
    mark = _EXPLAINED.search(text, 0, _LONGEST_HEAD * 4) if "\n" in text else None
    head = text[: mark.start()] if mark else ""
    if not head.strip() or len(head.strip()) > _LONGEST_HEAD or _LEADS_ON.search(head):
        return None
    return sole(head)


def last(text: str) -> Reading | None:
    """The last number of a text, unless the text opens with another that stands alone and is explained."""
    reading = last_number(text)
    first = _ALONE.match(text)
    if reading is None or reading.answer is None or first is None or not _WORDS.search(text, first.end()):
        return reading
    early = value(text, *first.span("said"))
    return reading if early is None or early.answer == reading.answer else _TWO


def before_because(text: str) -> Reading | None:
    """The one number that a last sentence gives a reason for: "She has 10 left because she gave away 6."."""
    low = max(0, len(text) - _LONGEST_HEAD)
    if not any(word in text[low:] for word in _SIGNS_OF_REASON):
        return None
    reasons = list(_REASON.finditer(text, low))
    if not reasons or _SENTENCE_END.search(text, reasons[-1].end(), len(text.rstrip()) - 1):
        return None
    stop = reasons[-1].start()
    starts = [end.end() for end in _SENTENCE_END.finditer(text, low, stop)]
    start = starts[-1] if starts else low
    if (low and not starts) or not _is_sole(text, start, stop):
        return None
    return last_number(text[:stop], start)


def _is_sole(text: str, start: int, stop: int) -> bool:
    return len(list(numbers.NUMBER.finditer(text, start, stop))) == 1


def sole(text: str) -> Reading | None:
    """The number of a text that has one, with what it is part of; or its last one, worked out: 2 * 9 = 18."""
    reading = last_number(text)
    if reading is None or reading.span is None:
        return None
    line = max(text.rfind("\n", 0, reading.span[0]), text.rfind(". ", 0, reading.span[0])) + 1
    if any(number.start() < reading.span[0] for number in numbers.NUMBER.finditer(text, line)):
        worked_out = re.search(r"=\s*[^\s0-9=]{0,3}\s?\Z", text[line : reading.span[0]])
        return reading if worked_out else None
    return reading


def last_number(text: str, first: int = 0) -> Reading | None:
    """The last number from `first` on, with what it is part of; not that of a step, a list or a refusal."""
    listed: frozenset[int] | None = None
    window = 1_000
    while True:
        start = max(first, len(text) - window)
        # A number at the window's edge may be the rest of a longer one: only a wider window can tell.
        trusted = start + numbers.MAX_LENGTH if start > first else first
        for number in reversed(list(numbers.NUMBER.finditer(text, start))):
            if number.start() < trusted:
                break
            if _is_counted(text, number.start()) or _is_of_a_unit(text, number.start()):
                continue
            if _is_aside(text, number.start()):
                continue
            if _opens_line(text, number):
                listed = frozenset(_list_numbers(text)) if listed is None else listed
                if number.start() in listed:
                    continue
            if reading := of_number(number):
                if _is_refused(text, first, number.start()):
                    return None
                if is_operand(text, *number.span()):
                    return IN_WORDS
                if whole := _around(text, number):
                    return whole
                return IN_PART if _is_behind_comma(text, number.start()) else _within(text, number, reading)
        if start == first or window >= _TAIL:
            return None
        window *= 4


def _is_counted(text: str, place: int) -> bool:
    """Whether the number at `place` is that of a step, an example, ..., or one that it is not."""
    before = text[max(0, place - 16) : place].rstrip(" \t#(}").replace("{", " ")
    return before.rpartition(" ")[2].rpartition("\n")[2].strip("*_.").casefold() in _COUNTED


def _is_aside(text: str, place: int) -> bool:
    """Whether the number at `place` says how sure or how long the reply is: "Confidence: 95%"."""
    low = max(0, place - 40)
    line = text.rfind("\n", low, place) + 1
    return bool(_ASIDE.match(text, max(line, low), place)) if line or not low else False


def _is_of_a_unit(text: str, place: int) -> bool:
    """Whether the number at `place` is the power of a unit: 12 cm^2."""
    return text[place - 1 : place] in ("^", "{") and bool(_UNIT.search(text, max(0, place - 40), place))


def _is_behind_comma(text: str, place: int) -> bool:
    """Whether digits and a comma stand right before: 12,50 is a decimal for many, or two numbers."""
    return text[place - 1 : place] == "," and text[max(0, place - 2) : place - 1].isdigit()


def _opens_line(text: str, number: re.Match[str]) -> bool:
    """Whether a number may be one of a list: at a line's start, with a mark behind it."""
    if text[number.end() : number.end() + 1] not in (".", ")", ":", "\\"):
        return False
    low = max(0, number.start() - 16)
    line = max(text.rfind("\n", low, number.start()) + 1, low)
    return not text[line : number.start()].strip(" \t>*_#-(")


def _list_numbers(text: str) -> Iterator[int]:
    """Where the numbers of lists stand: 1 at a line's start, and what follows on it."""
    before = 0
    for mark in _LISTED.finditer(text, max(0, len(text) - _TAIL)):
        number = int(mark["number"])
        if number in (1, before + 1):
            before = number
            yield mark.start("number")


def _is_refused(text: str, first: int, place: int) -> bool:
    """Whether the number at `place` stands behind words that there is no answer, and no working follows."""
    low = max(first, place - 400)
    before = text[low:place]
    if not any(sign in before for sign in _SIGNS_OF_REFUSAL):
        return False
    refusals = list(_REFUSAL.finditer(text, low, place))
    return bool(refusals) and not _RESOLVED.search(text, refusals[-1].end())


def _within(text: str, number: re.Match[str], reading: Reading) -> Reading | None:
    """The number, or the formula it is part of, as 7 is of √7; None where that is an unknown function."""
    near = text[max(0, number.start() - 48) : number.start()]
    suspect = "(" in near or near.endswith(_SIGNS_BEFORE) or near.rstrip().endswith(_FUNCTIONS)
    before = _WITHIN.search(text, number.start() - len(near), number.start()) if suspect else None
    behind = _GOES_ON.match(text, number.end()) or goes_on(text, number.end())
    if before is None and behind is None:
        return reading
    low = before.start() if before else number.start()
    while low > 0 and number.start() - low < 80 and not text[low - 1].isspace() and text[low - 1] not in "=$":
        low -= 1
    stop = behind.end() if behind else number.end()
    while stop < len(text) and stop - number.end() < 80 and not text[stop].isspace() and text[stop] != "$":
        stop += 1
    for end in (stop, low + len(_TOKEN_END.sub("", text[low:stop]))):
        if end > low and (whole := value(text, low, end)) and formulas.parse(whole.answer or ""):
            return whole
    return IN_PART if behind else None


def _around(text: str, number: re.Match[str]) -> Reading | None:
    """The value of more than a number whose last part a number is, where its sentence ends with it."""
    low = max(0, number.start() - values.MAX_LENGTH)
    breaks = [match.end() for match in _SENTENCE_END.finditer(text, low, number.start())]
    low = max([low, *breaks])
    for piece in _PIECE.finditer(text, low):
        end = values.prefix(text, piece.start())
        if end is not None and end >= number.end():
            return structured(text, piece.start(), end)
    sentence = _SENTENCE_END.search(text, number.end(), min(len(text), number.end() + values.MAX_LENGTH))
    stop = sentence.start() if sentence else min(len(text), number.end() + values.MAX_LENGTH)
    if _WORDS.search(text, number.end(), stop):
        return None
    for start in list(_OPENING.finditer(text, low, number.start()))[:_MOST_CLAUSES]:
        if reading := structured(text, start.start(), stop):
            return reading
    return None
