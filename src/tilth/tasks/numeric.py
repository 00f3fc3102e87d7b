"""The numeric task: word problems whose answer is a number, as in GSM8K (Cobbe et al., 2110.14168)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from tilth.seeds import Seed
from tilth.tasks import numbers
from tilth.tasks.base import Prompt, Reading, Task, Verdict
from tilth.tasks.prompts import complete_prompts, fill, read_question
from tilth.tasks.reasoning import blank_reasoning

PROMPTS = {
    "answer": (
        "Solve the problem below step by step, one short step per line.\n"
        "Then write the whole calculation as one expression on a line of its own.\n"
        "End with a last line of the form: The answer is N.\n"
        "\n"
        "Question: {question}"
    ),
    "rephrase": (
        "Rephrase the question below: say the same in other words and another order.\n"
        "Keep every quantity, every relation and what is asked, so that its answer stays the same.\n"
        'Reply with nothing but one line that starts with "Question:". Do not solve it.\n'
        "\n"
        "Question: {question}"
    ),
    "new-question": (
        "Write a new question of the same kind as the one below.\n"
        "Give it another story, other numbers and a calculation of its own, of about the same difficulty.\n"
        "It must say all that is needed and have exactly one answer, a number.\n"
        'Reply with nothing but one line that starts with "Question:". Do not solve it.\n'
        "\n"
        "Question: {question}"
    ),
}
"""Templates by purpose. Each ends with the question, on a line of its own."""

_NO_ANSWER = "no final answer"
_LOOK_BACK = 20
_MAX_VALUE = 300
_TAIL = 64_000

_ANSWER = re.compile(
    r"\banswer\b[*_` ]{0,4}(?:\([^()\n]{0,40}\) ?)?(?:to [^.:=\n]{0,120}?)?"
    r"(?:\bis|\bwas|\bequals|\b(?:should|would|will|must) be|:|=)[*_` ]{0,4}",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:[*_`\s:=~≈(\[]|\\[(\[]|\$(?=[-\u2212\\ ])"
    r"|(?:therefore|thus|then|simply|just|exactly|only|about|around|roughly|approximately)\b,?){0,12}",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\([0-9]|[xyz](?![A-Za-z])| ?="
    r"|[*_` ]{0,4}(?:[+*×÷^!√π]|\\(?:times|cdot|div|sqrt|pi)|[-\u2212/] ?[0-9$(\\])"
)
_UNIT = re.compile(r"(?![.):] ?[A-Z])[^0-9=+*×÷^\\√π\n]{0,60}(?:\^?[23²³])?[.!*_` ]{0,4}")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
_WORDS = re.compile(r"[A-Za-z]{3,}")
_LATEX_WORD = re.compile(r"\\(?:text|mathrm|textbf|mathbf|mbox)\s?\{([^{}]{0,80})\}")
_LATEX_NOISE = re.compile(r"\\[()\[\],;:!]|\\(?:left|right|displaystyle|quad)(?![A-Za-z])|\^\{?\\circ\}?|~")
_MATHS = re.compile(r"[0-9√π∞]|\\(?:sqrt|pi|infty|frac|emptyset|log|ln|sin|cos|tan|exp)\b|^\(?[a-z]\)?$")


@dataclass(frozen=True)
class Numeric(Task):
    r"""Questions with one number for an answer.

    An answer is read from, in this order: a line `#### 18` that holds nothing but a value; the last
    `\boxed{18}`; the last "the answer is 18" or "Answer: 18" that a value follows at once; the last number
    of the text. Reasoning in `<think>` tags is not read. Currency and units fall away, a percent sign
    stays. A comma or a space between groups of three digits is a thousands separator, a point is the
    decimal sign, and "2 million" is 2000000.

    Its normal form is an integer ("18"), a decimal ("0.75", also for 3/4), a fraction ("1/3"), one of
    these with "%", or, for what is more than a plain number, the expression as it was written. Numbers are
    compared exactly where both are integers, else to one part in a million; 50% agrees with 50 and
    with 0.5. Expressions are compared by math-verify in a process of its own, for at most 5 seconds.

    Raises:
        ValueError: `prompts` names a purpose that is not in `PROMPTS`, or a template lacks `{question}`.
    """

    name: ClassVar[str] = "numeric"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompts", complete_prompts(PROMPTS, self.prompts, self.name))

    def answer(self, question: str) -> Prompt:
        """Asks for worked steps and a last line "The answer is N."; the reply is handed on whole."""
        return self._prompt("answer", question)

    def rephrase(self, seed: Seed) -> Prompt:
        """Asks for the seed's question in other words."""
        return self._prompt("rephrase", seed.question)

    def write_new_question(self, seed: Seed) -> Prompt:
        """Asks for another question of the seed's kind. The seed's answer is not shown."""
        return self._prompt("new-question", seed.question)

    def _prompt(self, purpose: str, question: str) -> Prompt:
        content = fill(self.prompts[purpose], question)
        read = None if purpose == "answer" else read_question
        return Prompt(({"role": "user", "content": content},), purpose, read)

    def read(self, text: str, question: str | None = None) -> Reading:
        """Reads the final answer, as the class says; spans hold for `text` as given."""
        text = blank_reasoning(text)
        for reader in (_after_hashes, _boxed, _after_answer, _last_number):
            if reading := reader(text):
                return reading
        return Reading(None, reason="empty reply" if not text.strip() else _NO_ANSWER)

    def check(self, response: str, reference: str | None, question: str | None = None) -> Verdict:
        """Accepted where the answers agree, rejected where they do not or the reply has none.

        Unverified where there is no reference, none can be read from it, or the comparison of two
        expressions took too long.
        """
        reply = self.read(response)
        if reply.answer is None:
            return Verdict("rejected", reason=_NO_ANSWER)
        if reference is None:
            return Verdict("unverified", reply.answer, "no reference", span=reply.span)
        expected = self.read(reference).answer
        if expected is None:
            return Verdict("unverified", reply.answer, "no answer in the reference", span=reply.span)
        same, reason = _compare(reply.answer, expected)
        if same:
            return Verdict("accepted", reply.answer, score=1.0, span=reply.span)
        if same is None:
            return Verdict("unverified", reply.answer, reason, span=reply.span)
        reason = f"{_short(reply.answer)} is not {_short(expected)}"
        return Verdict("rejected", reply.answer, reason, score=0.0, span=reply.span)


def _compare(answer: str, expected: str) -> tuple[bool | None, str | None]:
    """Whether two normal forms agree; None and a reason where that could not be found out."""
    if answer == expected:
        return True, None
    left, right = numbers.parse_text(answer), numbers.parse_text(expected)
    if left and right:
        return numbers.agree(left, right), None
    from tilth.tasks.expressions import equivalent

    return equivalent(answer, expected)


def _after_hashes(text: str) -> Reading | None:
    end = len(text)
    for _ in range(_LOOK_BACK):
        end = text.rfind("####", 0, end)
        if end < 0:
            return None
        start = end + 4
        stop = text.find("\n", start, start + _MAX_VALUE)
        stop = stop if stop >= 0 else min(len(text), start + _MAX_VALUE)
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
            return reading
    return None


def _closing_brace(text: str, start: int) -> int | None:
    depth = 1
    for position in range(start, min(len(text), start + _MAX_VALUE)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return None


def _after_answer(text: str) -> Reading | None:
    starts = [match.start() for match in re.finditer("answer", text, re.IGNORECASE)][-_LOOK_BACK:]
    for start in reversed(starts):
        if (marker := _ANSWER.match(text, start)) and (reading := _next_value(text, marker.end())):
            return reading
    return None


def _next_value(text: str, start: int) -> Reading | None:
    """The value that stands at `start`, behind a few filler words; on a later line only if alone there."""
    lead = _LEAD.match(text, start)
    first = lead.end() if lead else start
    limit = min(len(text), first + _MAX_VALUE)
    if "\n" in text[start:first]:
        stop = text.find("\n", first, limit)
        return _value(text, first, stop if stop >= 0 else limit)
    number = numbers.NUMBER.match(text, first)
    if number and not _GOES_ON.match(text, number.end()):
        return _number_reading(number)
    sentence = _SENTENCE_END.search(text, first, limit)
    return _value(text, first, sentence.start() if sentence else limit)


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
                return reading
        if start == 0 or window >= _TAIL:
            return None
        window *= 4


def _number_reading(match: re.Match[str]) -> Reading | None:
    number = numbers.parse(match)
    return Reading(str(number), match.span()) if number else None


def _value(text: str, start: int, stop: int) -> Reading | None:
    """What `text[start:stop]` holds where that is a value and nothing else, behind the last "=".

    A value is a number, with a unit or without, or an expression.
    """
    start = max(start, text.rfind("=", start, stop) + 1)
    while start < stop and text[start] in " \t\r\n*_`~≈:":
        start += 1
    while stop > start and text[stop - 1] in " \t\r\n*_`.$":
        stop -= 1
    raw = text[start:stop]
    plain = _LATEX_NOISE.sub(" ", _LATEX_WORD.sub(r" \1 ", raw)).strip(" $")
    number = numbers.NUMBER.match(plain)
    if number and _UNIT.fullmatch(plain, number.end()) and (parsed := numbers.parse(number)):
        return Reading(str(parsed), (start, stop))
    words = _WORDS.findall(re.sub(r"\\[A-Za-z]+", " ", raw))
    if plain and not words and _MATHS.search(plain) and _is_balanced(plain):
        return Reading(plain, (start, stop))
    return None


def _is_balanced(text: str) -> bool:
    """Whether as many brackets open as close; an interval's may differ in kind."""
    return text.count("(") + text.count("[") == text.count(")") + text.count("]")


def _short(answer: str) -> str:
    return answer if len(answer) <= 60 else answer[:57] + "..."
