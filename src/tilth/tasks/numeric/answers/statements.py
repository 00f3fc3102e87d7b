"""Answers that a text announces: behind ####, in a box, after "the answer is".

The last statement counts. Where it holds no value, no earlier one is taken for it.
"""

from __future__ import annotations

import re

from tilth.tasks.base import Reading
from tilth.tasks.numeric.answers.calculations import IN_WORDS, goes_on, is_operand, scaled
from tilth.tasks.numeric.answers.stretches import is_more_than_a_number, of_number, structured, value
from tilth.tasks.numeric.answers.unstated import last_number
from tilth.tasks.numeric.notation import numbers, values

_LOOK_BACK = 20
_MOST_CLAUSES = 6

# Where `_ANSWER` may match: a search that stops at one of these letters only is four times as quick.
_MARKED = re.compile(r"[AaSsRr](?i:nswer|olution|oots|espuesta|esposta|isposta|éponse|ntwort|ntwoord)")
_MARKED_OTHERWISE = re.compile(rf"{_MARKED.pattern}|[Оо]твет|答案|答え|정답")
_OF_OTHERS = (
    r"\b(?:respuesta|resposta|risposta|réponse|antwort|antwoord)"
    r"(?: (?:final|finale|correcta|corretta|correta))?"
    r"[*_` ]{0,4}(?:(?:es|est|é|è|ist|is|lautet|sera|será)\b|:)|\bответ[*_` ]{0,4}(?:равен\b|[:：—-])"
    r"|(?:答案|答え|정답)[*_` ]{0,4}(?:[是为為は은는]|[:：])"
)
_CANNOT = r"(?:can(?: ?not|['’]t)|could(?: not|n['’]t))"
_ANSWER = re.compile(
    r"\b(?:answers?|(?P<verbal>solutions?(?: set)?|roots))\b[*_` ]{0,4}(?:\([^()\n]{0,40}\) ?)?"
    r"(?:to [^.:=\n]{0,120}?)?"
    r"(?:\b(?:is|are|was|were)\b|\bequals|\b(?:should|would|will|must) be"
    rf"|(?={_CANNOT} be (?:determined|found|known|computed|calculated|given|solved|reached|obtained))"
    r"|(?P<colon>(?(verbal)(?!)|[:=])))"
    rf"[*_` ]{{0,4}}|(?:{_OF_OTHERS})[*_` ]{{0,4}}",
    re.IGNORECASE,
)
_FILLER = r"(?:therefore|thus|then|simply|just|exactly|only|about|around|roughly|approximately"
_LEAD = re.compile(rf"(?:[*_`\s:=~≈(\[]|\\[(\[]|\$(?=[-\u2212\\ ])|{_FILLER})\b,?){{0,12}}", re.IGNORECASE)
_OUTER_LEAD = re.compile(
    rf"(?:[*_`\s:~≈]|\\[(\[]|\$(?=[-\u2212\\ ({{\[A-Za-z])|{_FILLER}|both|either)\b,?){{0,12}}", re.IGNORECASE
)
_CLAUSE = re.compile(
    r"[,;]? (?:because|since|as|which|where|so|when|for|in|on|at|from|but|not|after|if)\b|[,;]? \((?=[a-z])"
    r"|[,;]? [–—-] |, (?:[a-z]{3,}|[a-z]+ [a-z])"
)
_GOES_ON = re.compile(
    r" ?=|_\{?[0-9]|[₀-₉²³]|e\^|\.?\\overline"
    r"|[*_` ]{0,4}(?:[+*×÷^!√π]|\\(?:times|cdot|div|theta|(?:sqrt|sin|cos|tan|log|ln|exp|pi)(?![A-Za-z]))"
    r"|[-\u2212/] ?(?:[0-9$(\\]|[A-Za-z]+\()| ?[xX] ?\$?[0-9])"
)
# Three and a half, or 3 and also 1/2.
_MIXED = re.compile(r" and [0-9]{1,9}[/\u2044][0-9]")
# A calculation with units: 60 dollars - 20 dollars. Words that begin a clause are none.
_WORKED = re.compile(
    r"(?:[ -]?(?!(?:because|since|as|so|when|where|if|for|which|and|or|but|after|minus|plus)\b)"
    r"[A-Za-z/%°]{2,15}){1,4} ?(?:[-+*/×÷\u2212]|[xX](?= ?\$?[0-9])|\\(?:times|cdot|div)) ?[$€£]?[0-9]"
)
# A formula between its signs, unless it is one of several, or a price: $5 or $6.
_FORMULA = re.compile(
    r"(?:\$(?P<inline>[^$\n]{1,300})\$(?![0-9$])|\\\((?P<round>[^\n]{1,300}?)\\\))"
    r"(?![ ,;]{0,3}(?:or\b|and\b|[-=<>+*/,]))"
)
_PLAIN_END = re.compile(r"\.?(?:\n|\Z)")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
_FACTORIAL = re.compile(r"[0-9]{1,9}!(?![=!])")
# What a last bracket adds to an answer, and is neither another one nor a base: #### 20 (5 each).
_ASIDE = re.compile(
    r"[ \t]\((?![^()]*\b(?:or|and|base|mod|r|remainder)\b)[^()\n]{1,80}\)[ .*]{0,4}\Z", re.IGNORECASE
)
_BETWEEN_BOXES = re.compile(
    r"\}\$?(?:[,;] ?|[,;]? ?(?:and|or|\\text\{ ?(?:and|or) ?\}) ?)\$?(?:[A-Za-z] ?= ?)?\Z"
)
_PLACEHOLDER = re.compile(
    r"[*_`$\s]{0,6}(?:N(?![A-Za-z0-9_(\\^*+/-])(?! ?[=*+/^-])"
    r"|[<\[{](?:[A-Za-z]{1,20}[ _]){0,5}[A-Za-z]{1,20}[>\]}]|_{3,}|\?{1,3}|\.{3}|…)[*_`$]{0,3}",
)
_NONE = re.compile(
    r"[*_`$\s:\\]{0,6}(?:text\{)?(?:not\b|un(?:known|defined|clear|determined)|none\b|no\b|n/?a\b|dne\b|impossible"
    r"|indeterminate|can(?:not|['’]t)\b|does ?n[o'’]t|do ?n[o'’]t|never\b|nothing\b|i\b|sorry\b|missing\b)",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"[*_`\s]{0,4}(?:\S+ )?(?:correct|right|clear|verified|consistent|reasonable|confirmed|found|given"
    r"|obtained|above|below|shown|valid|wrong|incorrect|simple|easy|the same)\b",
    re.IGNORECASE,
)
_NUMBER_WORD = re.compile(
    r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh"
    r"|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|dozen|half|quarter)\b",
    re.IGNORECASE,
)
_CALL = re.compile(r"[A-Za-z_.]+\(.*\)\Z")
_BOUND = re.compile(
    r"[*_`\s]{0,4}(?:between|(?:less|more|greater|fewer) than"
    r"|(?:under|over|above|below|nearly|almost)(?= \$?[0-9]))\b",
    re.IGNORECASE,
)
# A question on a line of its own, which begins another example; not one that the writer asks himself.
_ASKED = re.compile(
    r"\n[ \t]{0,20}\n(?!(?:but|wait|hmm|is|are|did|does|do|let|could|can|was|however|now|so|or|would)\b)"
    r"[^\n]{25,1000}\?[ \t]*\n",
    re.IGNORECASE,
)
_SEVERAL = Reading(None, reason="more than one answer", cause="ambiguous")
_A_BOUND = Reading(None, reason="a bound is stated, not a value", cause="ambiguous")
_NO_VALUE = Reading(None, reason="no final answer", cause="no-answer")


def after_hashes(text: str) -> Reading | None:
    """What stands behind the last #### that is no heading; no answer where that is no value."""
    end = len(text)
    for _ in range(_LOOK_BACK):
        end = text.rfind("####", 0, end)
        if end < 0:
            return None
        start, stop = end + 4, _line_end(text, end + 4)
        aside = _ASIDE.search(text, start, stop)
        if reading := value(text, start, stop) or (aside and value(text, start, aside.start())):
            return _alone(text, text.rfind("####", 0, end) + 4, end, reading)
        line = text[start:stop].strip(" #*_`.$")
        follows = text[stop : stop + 2_000].strip()
        if not line and not follows:
            return _NO_VALUE
        if not follows and (reading := _sole_number(text, start, stop)):
            return reading
        if _PLACEHOLDER.fullmatch(line) or _CALL.match(line) or (line and not follows):
            return None if _NUMBER_WORD.search(line) or _ANSWER.search(line) else _NO_VALUE
    return None


def _alone(text: str, earlier: int, later: int, reading: Reading) -> Reading:
    """The reading of the statement at `later`, unless a question stands between it and an earlier one."""
    if earlier >= 4 and text.find("?", earlier, later) >= 0 and _ASKED.search(text, earlier, later):
        return _SEVERAL
    return reading


def boxed(text: str) -> Reading | None:
    r"""What the last \boxed{} holds; no answer where that is no value and no answer is stated after it."""
    opening = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if opening < 0:
        return None
    start = text.index("{", opening) + 1
    stop = _closing_brace(text, start)
    if stop is not None and (reading := value(text, start, stop)):
        before = text.rfind("\\boxed{", 0, opening)
        joined = scaled(text, stop) or _joined_boxes(text, opening, reading)
        return _alone(text, before + 4, opening, joined)
    last = stop if stop is not None else _line_end(text, start)
    if reading := _sole_number(text, start, last):
        return reading
    later = after_answer(text[last:])
    if later and later.answer is not None and later.span:
        return Reading(later.answer, (later.span[0] + last, later.span[1] + last))
    return _NO_VALUE


def _sole_number(text: str, start: int, stop: int) -> Reading | None:
    """The only number of a stretch that has words beside it."""
    found = list(numbers.NUMBER.finditer(text, start, stop))
    if len(found) != 1 or _GOES_ON.match(text, found[0].end(), stop) or goes_on(text, found[0].end()):
        return None
    return last_number(text[:stop], start)


def _joined_boxes(text: str, opening: int, last: Reading) -> Reading:
    """All answers of boxes that stand side by side, joined by "and", "or" or a comma."""
    answers, first = [last.answer or ""], last.span or (0, 0)
    for _ in range(_LOOK_BACK):
        link = _BETWEEN_BOXES.search(text, max(0, opening - 40), opening)
        before = text.rfind("\\boxed{", 0, opening)
        if link is None or before < 0 or _closing_brace(text, before + 7) != link.start():
            break
        reading = value(text, before + 7, link.start())
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


def _line_end(text: str, start: int) -> int:
    stop = text.find("\n", start, start + values.MAX_LENGTH)
    return stop if stop >= 0 else min(len(text), start + values.MAX_LENGTH)


def after_answer(text: str) -> Reading | None:
    """What follows the last "the answer is" or "Answer:"; no answer where that says that there is none."""
    marked = _MARKED if text.isascii() else _MARKED_OTHERWISE
    starts = [match.start() for match in marked.finditer(text)][-_LOOK_BACK:]
    for start in reversed(starts):
        marker = _ANSWER.match(text, start)
        if marker is None:
            continue
        place = marker.end()
        placeholder = _PLACEHOLDER.match(text, place)
        if placeholder and (reading := _next_value(text, placeholder.end())):
            return reading
        if _BOUND.match(text, place):
            return _A_BOUND
        if not placeholder and (reading := _next_value(text, place)):
            before = max((earlier for earlier in starts if earlier < start), default=0)
            return _alone(text, before, start, reading)
        denied = placeholder or _NONE.match(text, place)
        if denied or (marker["colon"] and not _REFERS.match(text, place)):
            if reading := last_number(text, place):
                return reading
            if denied or not _NUMBER_WORD.search(text, place, place + values.MAX_LENGTH):
                return _NO_VALUE
    return None


def _next_value(text: str, start: int) -> Reading | None:
    """The value that stands at `start`, behind a few filler words; on a later line only if alone there."""
    outer, lead = _OUTER_LEAD.match(text, start), _LEAD.match(text, start)
    early, first = outer.end() if outer else start, lead.end() if lead else start
    limit = min(len(text), first + values.MAX_LENGTH)
    if "\n" in text[start:first]:
        stop = text.find("\n", first, limit)
        stop = stop if stop >= 0 else limit
        return structured(text, early, stop) or value(text, first, stop)
    if factorial := _FACTORIAL.match(text, first):
        return Reading(factorial[0], factorial.span())
    if text.startswith("<", first) and (closing := text.find(">", first, first + 60)) >= 0:
        return value(text, first, closing + 1)
    number = numbers.NUMBER.match(text, first)
    if number and _WORKED.match(text, number.end()) and not goes_on(text, number.end()):
        return _worked_out(text, first, limit)
    if number and _MIXED.match(text, number.end()):
        return IN_WORDS
    alone = number and early == first and number[0].isdigit() and _PLAIN_END.match(text, number.end())
    if not alone and (reading := _opened(text, early, limit) or _between_signs(text, early)):
        return reading
    if number and not _GOES_ON.match(text, number.end()) and not goes_on(text, number.end()):
        return IN_WORDS if is_operand(text, *number.span()) else of_number(number)
    sentence = _SENTENCE_END.search(text, first, limit)
    return value(text, first, sentence.start() if sentence else limit)


def _worked_out(text: str, start: int, limit: int) -> Reading:
    """What a calculation with units comes to, if it says so: 60 dollars - 20 dollars = 40 dollars."""
    sentence = _SENTENCE_END.search(text, start, limit)
    stop = sentence.start() if sentence else limit
    equals = text.rfind("=", start, stop)
    return (value(text, equals + 1, stop) if equals >= 0 else None) or IN_WORDS


def _between_signs(text: str, start: int) -> Reading | None:
    formula = _FORMULA.search(text, start, start + values.MAX_LENGTH)
    if formula is None or text[start : formula.start()].strip("*_` :~"):
        return None
    return value(text, *formula.span("inline" if formula["inline"] else "round"))


def _opened(text: str, start: int, limit: int) -> Reading | None:
    """The value of more than a number that a sentence opens with."""
    sentence = _SENTENCE_END.search(text, start, limit)
    stop = sentence.start() if sentence else limit
    if not is_more_than_a_number(text, start, stop):
        return None
    ends = [match.start() for match in _CLAUSE.finditer(text, start, stop)][:_MOST_CLAUSES]
    for end in (stop, *reversed(ends)):
        if reading := structured(text, start, end):
            return reading
    end_of = values.prefix(text, start)
    return structured(text, start, end_of) if end_of else None
