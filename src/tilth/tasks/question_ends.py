"""Where a text asks something, and where a question ends though its writer went on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

LONGEST = 20_000
"""Characters of a reply that are looked at."""

_LONGEST_SENTENCE = 400
_LONGEST_ANSWER = 120
_FEW = 8
"""Question marks of a paragraph that are looked at until one asks for more than how one likes it."""
_OPEN_MARKS = " \t\r\n([*_#"

MARK = re.compile(r"[?？؟]")
_BREAK = re.compile(r"\n[ \t]*\n")
_STOP = re.compile(r"[.!?？؟。](?=[\s\"'”’)*_]|\Z)|\n|\Z")
_BEGINS = r"(?:(?<=[?？؟.!\n)\]*_\"”’])|\A)\s{0,4}"
_ORDER = re.compile(
    r"(?:\A|(?<=[.!:;\n])\s)\W{0,6}(?:please[ ])?(?:find|calculate|compute|determine|solve|evaluate"
    r"|simplify|list|show|give|return|count|select|sort|express|convert|estimate|prove|round|identify|choose"
    r"|pick|complete|work out|figure out|tell|explain|add|subtract|multiply|divide|what|which"
    r"|how (?:many|much|long|far|old|often|tall|fast)|berechne|bestimme|calcula|calculer?|trouver?"
    r"|encuentra)\b",
    re.IGNORECASE,
)

# -- what a writer says behind a question --------------------------------------------------------------------

_SOLUTION = (
    r"(?:answer|ans|solution|explanation|reasoning|rationale|working|antwort|lösung|respuesta|solución"
    r"|réponse|risposta|resposta|ответ|решение|答案|解答|答え)"
)
# "The answer is a whole number" and "Answer: in metres" say how to answer.
_NO_FORM = (
    r"(?!\W{0,4}(?:(?:an?[ ](?:whole|integer|positive|negative|single|number|fraction|decimal|natural|real"
    r"|even|odd|prime)|in|as|to|with|using|by|give|given|round\w*|your|only|yes or no|true or false|always"
    r"|unique|not|expected|required)\b|\W*\Z|_))"
)
_LINE = r"^[ \t>*_#(\[-]{0,12}"
_HEADING = r"^[ \t>]{0,4}(?:[*_]{2}|#{1,6})[ \t]{0,4}"
_LABEL = re.compile(
    rf"{_LINE}(?:(?:step[- ]by[- ]step|final|correct|right|sample|the|full|detailed)[ \t]{{1,4}}){{0,3}}"
    rf"{_SOLUTION}(?:[ \t]{{1,4}}key)?[ \t]{{0,4}}[0-9]{{0,3}}[*_ \t]{{0,4}}[:：]"
    rf"|{_HEADING}(?:{_SOLUTION}|step[ \t]{{0,4}}[0-9]{{1,3}}|note|hint)\b[^\n]{{0,60}}$"
    rf"|{_LINE}(?:note|hint|tip|user|human|assistant|system|instruction|response|difficulty|topic|category"
    r"|concept|skills?)[*_ \t]{0,4}[:：]"
    r"|^[ \t]{0,8}(?:-{3,80}|\*{3,80}|_{3,80}|={3,80})[ \t]{0,8}$"
    r"|(?-i:^[ \t]{0,8}(?:SELECT|WITH)\b)|</question>|```",
    re.IGNORECASE | re.MULTILINE,
)
_LETTER = re.compile(
    rf"{_LINE}A[0-9]{{0,3}}[*_ \t]{{0,4}}[:：](?![ \t]{{0,4}}[{{\[])"
    rf"|(?<=[.!?？。)\]\"'”*_])[ \t]{{1,4}}[*_(\[]{{0,3}}A[0-9]{{0,3}}[*_]{{0,2}}[:：]{_NO_FORM}",
    re.IGNORECASE | re.MULTILINE,
)
"""The "A:" that answers a "Q:"."""
_NEXT_LETTER = re.compile(r"(?<![^\W_])(?:B[0-9]{0,3}|A[2-9])[*_]{0,2}[ \t]{0,2}[:：.)\]]", re.IGNORECASE)
_ANSWERED = re.compile(rf"\s*[*_]{{0,3}}{_SOLUTION}[*_ \t]{{0,4}}[:：]", re.IGNORECASE)
_SAID = re.compile(
    rf"[(\[*_ \t]{{0,6}}(?:\b{_SOLUTION}[*_ \t]{{0,4}}"
    rf"(?:[:：=]|\b(?:is|would be|was|are|ist|lautet|est|es|è|é)\b|是){_NO_FORM}"
    rf"|(?<=[(\[])ans(?:wer)?\b{_NO_FORM})"
    r"|[*_ \t]{0,6}#{4}[ \t]{0,4}\S|\\f?box(?:ed)?\s{0,4}\{\s{0,4}[^\s}]"
    r"|[(*_#\[ \t]{0,6}\bstep[ \t]{0,4}[0-9]{1,3}[*_ \t]{0,4}[:：.)]"
    r"|[0-9][0-9.,]{0,30}[ \t]{0,4}[-+*/×÷x·][ \t]{0,4}[$€£]?[0-9][^=\n?？]{0,40}=[ \t]{0,4}[$€£]?-?[0-9]",
    re.IGNORECASE,
)
_SOLVING = re.compile(
    rf"{_BEGINS}[*_(\[]{{0,3}}(?:(?:so|therefore|thus|hence)\b"
    r"|to (?:solve|find|answer|calculate|determine|get|work)\b|let(?:['’]s|[ ]us)\b"
    r"|we (?:can|need|know|have|start|first|must|use|will)\b|in (?:this|that) case\b"
    r"|this (?:answer|question|problem|means|gives|is)\b|the (?:solution|result|total is|correct)\b"
    r"|here(?:['’]s| is)\b|as an ai\b)",
    re.IGNORECASE,
)
SMALL_TALK = re.compile(
    rf"{_BEGINS}(?:i(?:['’]ll| will)? (?:hope|can)|hope (?:this|that|you)|let me know|feel free|good luck"
    r"|(?:is|was) there anything|(?:would|do) you (?:like|want) (?:me|another|more|a|to)|enjoy"
    r"|if you (?:have any|need (?:any|more|another|help)|would like|want (?:another|me|more))"
    r"|please (?:let|feel)|does (?:this|that) (?:help|work)|how (?:is|was|does) (?:that|this)"
    r"|what do you think)\b",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"\W{0,8}(?:[0-9][0-9.,/ ]{0,20}(?:\s?[^\W\d]{1,15}){0,2}|yes|no|true|false)\W{0,8}", re.IGNORECASE
)
_STATED = re.compile(
    r"\s{0,4}(?:there|he|she|they|it|we)[ ](?:\w{1,10}[ ])?(?:is|are|was|were|has|have|had|will|would|needs?"
    r"|gets?|makes?)\b[^.?!？؟\n]{0,80}[0-9][^?？؟\n]{0,80}\s{0,4}",
    re.IGNORECASE,
)


def asked(text: str) -> int | None:
    """Where the first sentence that asks something ends; None where none does.

    It ends with a question mark; in a paragraph that has none, it may tell to do something.
    """
    for start, stop in paragraphs(text):
        for mark in islice(MARK.finditer(text, start, stop), _FEW):
            if not SMALL_TALK.match(text, _sentence_start(text, start, mark.start())):
                return mark.end()
        order = _ORDER.search(text, start, stop)
        if order and (end := _STOP.search(text, order.end(), stop)):
            return end.end()
    return None


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Where each paragraph starts and ends."""
    start = 0
    for found in _BREAK.finditer(text):
        yield start, found.start()
        start = found.end()
    yield start, len(text)


def end_of(text: str, *, options: bool = False) -> int:
    """Where a question ends in the text that begins with it.

    Before the label of an answer or a note, a rule across the page, a query or a block; and once it has asked
    something, before an "A:" that no "B:" follows, an answer's statement, a step, a calculation, what sets
    about the solution, and small talk. `options` says that bare values may be its options.
    """
    first = len(text) - len(text.lstrip())
    label = next((found.start() for found in _LABEL.finditer(text) if found.start() > first), len(text))
    if _ANSWERED.match(text):
        label = first
    ends = [len(text), label]
    place = asked(text)
    if place is not None:
        if said := _SAID.search(text, place):
            ends.append(_sentence_start(text, place, said.start()))
        if talk := SMALL_TALK.search(text, place):
            ends.append(talk.start())
        ends.append(_solving_start(text, place))
    end = min(ends)
    if place is not None and place < end:
        letter = _answer_letter(text, place, end)
        end = end if letter is None else letter.start()
    if place is not None and place < end and not options:
        end = _answer_start(text, place, end)
    return end if end == len(text) else len(text[:end].rstrip(_OPEN_MARKS))


def tells_answer(question: str) -> bool:
    """Whether a question states an answer behind what it asks.

    Example:
        >>> from tilth.tasks.question_ends import tells_answer
        >>> tells_answer("How many nuts? Answer: 12"), tells_answer("How many nuts? Answer: in words.")
        (True, False)
    """
    question = question[:LONGEST]
    place = asked(question)
    if place is None:
        return False
    letter = _answer_letter(question, place, len(question))
    stated = letter is not None and any(map(str.isalnum, question[letter.end() :]))
    return stated or _SAID.search(question, place) is not None


def _answer_letter(text: str, place: int, end: int) -> re.Match[str] | None:
    """The "A:" of an answer that stands between `place` and `end`; that of a first option is none."""
    letter = _LETTER.search(text, place, end)
    return None if letter is None or _NEXT_LETTER.search(text, letter.end(), end) else letter


def _answer_start(text: str, place: int, end: int) -> int:
    """Where an answer begins that is all there is behind a question: "12", "yes", or a line "She has 12."."""
    rest = text[place:end]
    if not rest.strip() or len(rest) > _LONGEST_ANSWER:
        return end
    if _BARE.fullmatch(rest.strip()):
        return place
    line = text.find("\n", place, end)
    told = line >= 0 and any(map(str.isdigit, text[:place])) and _STATED.fullmatch(text, line, end)
    return line if told else end


def _sentence_start(text: str, low: int, place: int) -> int:
    """Where the sentence begins in which `place` lies, not before `low` nor far before it."""
    low = max(low, place - _LONGEST_SENTENCE)
    while (stop := max(text.rfind(sign, low, place) for sign in ".!?？\n")) >= low:
        if text[stop] != "." or text[stop + 1 : stop + 2].isspace():
            return stop + 1
        place = stop
    return low


def _solving_start(text: str, place: int) -> int:
    """Where a sentence begins that sets about the solution, and asks nothing itself."""
    for opener in _SOLVING.finditer(text, place):
        stop = _STOP.search(text, opener.end(), opener.end() + _LONGEST_SENTENCE)
        if stop is None or not MARK.match(stop[0]):
            return opener.start()
    return len(text)
