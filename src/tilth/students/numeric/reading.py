"""Reads a question's numbers and the equation that a response works out from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tilth.students.numeric.arithmetic import MAX_SIZE, Expression, Token, parse

_MAX_TEXT = 20_000
_MAX_STEPS = 64
_MAX_CHAIN = 48
_MAX_NUMBERS = 16

NUMBER_WORDS = {
    "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0, "nine": 9.0,
    "ten": 10.0, "eleven": 11.0, "twelve": 12.0, "thirteen": 13.0, "fourteen": 14.0, "fifteen": 15.0,
    "sixteen": 16.0, "seventeen": 17.0, "eighteen": 18.0, "nineteen": 19.0, "twenty": 20.0, "thirty": 30.0,
    "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0,
    "ninety": 90.0, "hundred": 100.0,
}  # fmt: skip
"""Without "one", which is a pronoun more often than a number."""

_CONSTANTS = frozenset(
    [*map(float, range(1, 13)), 24.0, 30.0, 52.0, 60.0, 100.0, 365.0, 1000.0, 0.01, 0.1, 0.25, 0.5, 0.75, 1.5]
)
"""Numbers a response may use that its question does not spell out: half, a dozen, a week, a percentage."""

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,9})?|\d{1,12}(?:\.\d{1,9})?|\.\d{1,9}"
_QUESTION_NUMBER = re.compile(rf"(?P<digits>{_DIGITS})|\b(?P<word>{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
_ANNOTATION = re.compile(r"<<([^<>=]{1,200})=([^<>=]{1,40})>>")
_FINAL = re.compile(
    rf"(?:####|\\boxed\{{|answer\s*(?:is|:|=))[\s*:$€£]{{0,8}}(-?)[\s$€£]{{0,4}}({_DIGITS})", re.IGNORECASE
)
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]{1,60})\}\{([^{}]{1,60})\}")
_MARKUP = re.compile(r"^\s*[-*•]\s+|\*\*|\\[()\[\]]|\\text\{[^{}]{0,60}\}|<<[^<>]{0,240}>>", re.MULTILINE)
_TOKEN = re.compile(
    rf"(?P<number>{_DIGITS})|(?P<times>[×·∙⋅*]|\\times|\\cdot)|(?P<over>[÷/]|\\div)|(?P<plus>\+)|(?P<minus>[-−–])"
    r"|(?P<open>[(\[])|(?P<close>[)\]])|(?P<percent>%)|(?P<equals>[=≈])|(?P<word>[^\W\d_]+)"
    r"|(?P<ignored>[\s$€£_~]+|\\)|(?P<other>.)",
    re.DOTALL,
)
_TIMES = frozenset({"x", "X", "of"})
_ENDS = frozenset({"number", "close", "percent", "word"})
_STARTS = frozenset({"number", "open"})
_SIGNS = {"times": "*", "over": "/", "plus": "+", "minus": "-", "open": "(", "close": ")", "percent": "%"}


@dataclass(frozen=True, slots=True)
class _Step:
    """One worked line: an expression and the value the response gives it, right or wrong."""

    expression: Expression
    value: float


def numbers(question: str) -> list[float]:
    """The numbers of a question in order, digits and words ("1,200", "3.5", "twelve"); the slots."""
    return [_number(match) for match in _QUESTION_NUMBER.finditer(question[:_MAX_TEXT])][:_MAX_NUMBERS]


def mask(question: str) -> str:
    """The question in lower case with each number replaced by its slot: "tom has n0 apples"."""
    places = iter(range(len(question) + 1))
    return _QUESTION_NUMBER.sub(lambda _: f" n{next(places)} ", question[:_MAX_TEXT]).lower()


def equation(question: str, response: str) -> Expression | None:
    """The equation a response works out, over the slots of its question.

    Several steps become one by putting each step where its value is used later. The last step that gives
    the stated final answer counts, else the last step. A wrong sum is no obstacle: what is learnt is the
    expression. None where there is no expression, or it uses a number from nowhere.
    """
    steps = list(_steps(response[:_MAX_TEXT]))
    if not steps:
        return None
    final = _final(response)
    last = max((i for i, step in enumerate(steps) if step.value == final), default=len(steps) - 1)
    return _Composition(numbers(question), steps).compose(last)


def expression_of(text: str) -> Expression | None:
    """The expression that a text opens with, up to an equals sign: "4 * 18 - 14", "(2 + 3) * 5 = 25"."""
    lines = text[:_MAX_TEXT].strip().splitlines()
    chain = next(_segments(f"{lines[0]} ="), None) if lines else None
    return None if chain is None else _prefix(chain[0])


def _number(match: re.Match[str]) -> float:
    digits = match["digits"]
    return float(digits.replace(",", "")) if digits else NUMBER_WORDS[match["word"].lower()]


def _final(response: str) -> float | None:
    found = _FINAL.findall(response[-_MAX_TEXT:])
    return float("".join(found[-1]).replace(",", "")) if found else None


def _steps(response: str) -> Iterator[_Step]:
    count = 0
    for line in _FRACTION.sub(r"(\1)/(\2)", response).splitlines():
        annotated = [f"{left}={right}" for left, right in _ANNOTATION.findall(line)]
        steps = [step for chain in annotated for step in _read_line(chain)]
        for step in steps or _read_line(_MARKUP.sub(" ", line)):
            yield step
            count += 1
            if count == _MAX_STEPS:
                return


def _read_line(text: str) -> Iterator[_Step]:
    """The steps of a line: "… 12 + 5 = 17 …, 2 * (3 + 4) = 2 * 7 = 14"."""
    for chain in _segments(text):
        result = _prefix(chain[-1])
        stated = result.value() if result is not None else None
        if stated is None:
            continue
        worked = next((e for part in chain[:-1] if (e := _suffix(part, stated)) is not None), None)
        if worked is not None:
            yield _Step(worked, stated)


def _segments(text: str) -> Iterator[list[list[str | float]]]:
    """Chains of token lists that stood between equals signs; words that only name units are dropped."""
    chain: list[list[str | float]] = [[]]
    found = [(match.lastgroup, match[0]) for match in _TOKEN.finditer(text) if match.lastgroup != "ignored"]
    for i, (kind, token) in enumerate(found):
        before = found[i - 1][0] if i else None
        after = found[i + 1][0] if i + 1 < len(found) else None
        if kind == "number":
            chain[-1].append(float(token.replace(",", "")))
        elif kind == "over" and after == "word":
            continue
        elif kind in _SIGNS:
            chain[-1].append(_SIGNS[kind])
        elif kind == "equals":
            chain.append([])
        elif kind == "word" and token in _TIMES and before in _ENDS and after in _STARTS:
            chain[-1].append("*")
        elif kind == "word" and (len(token) > 1 or token in "aAI"):
            continue
        else:
            if len(chain) > 1:
                yield chain
            chain = [[]]
    if len(chain) > 1:
        yield chain


def _suffix(tokens: list[str | float], stated: float) -> Expression | None:
    """The longest expression at the end of the tokens that gives `stated`, else the longest."""
    found = [
        e
        for i in range(max(0, len(tokens) - _MAX_CHAIN), len(tokens))
        if (e := parse(tokens[i:])) is not None and e.has_operator
    ]
    right = (e for e in found if (value := e.value()) is not None and abs(value - stated) < 1e-6)
    return next(right, found[0] if found else None)


def _prefix(tokens: list[str | float]) -> Expression | None:
    """The longest expression that starts the tokens: prose follows it."""
    return next((e for i in range(min(len(tokens), _MAX_CHAIN), 0, -1) if (e := parse(tokens[:i]))), None)


class _Composition:
    """Puts steps into steps, and slots where the question's numbers stand, from the last step backwards."""

    def __init__(self, given: Sequence[float], steps: Sequence[_Step]) -> None:
        self.given = given
        self.steps = steps
        self.written: dict[int, tuple[Token, ...] | None] = {}
        self.used_slots: set[int] = set()

    def compose(self, last: int) -> Expression | None:
        tokens = self._write(last)
        return Expression(tokens) if tokens is not None else None

    def _write(self, place: int) -> tuple[Token, ...] | None:
        """A step in terms of slots; each is written once, and only from steps before it."""
        if place not in self.written:
            slots_before = set(self.used_slots)
            self.written[place] = self._expand(place)
            if self.written[place] is None:
                self.used_slots = slots_before
        return self.written[place]

    def _expand(self, place: int) -> tuple[Token, ...] | None:
        tokens: list[Token] = []
        for token in self.steps[place].expression.tokens:
            replaced = self._replace(token, place) if isinstance(token, float) else (token,)
            if replaced is None or len(tokens) + len(replaced) > MAX_SIZE:
                return None
            tokens += replaced
        return tuple(tokens)

    def _replace(self, value: float, place: int) -> tuple[Token, ...] | None:
        """A step not used yet before a number not used yet: a chain goes on with what it has worked out."""
        earlier = [i for i in range(place - 1, -1, -1) if self.steps[i].value == value]
        # Sorting is stable, so that among fresh steps, and among the others, the latest comes first.
        for step in sorted(earlier, key=lambda i: i in self.written):
            fresh = step not in self.written
            if (fresh or value not in self.given) and (tokens := self._write(step)) is not None:
                return tokens
        slots = [i for i, number in enumerate(self.given) if number == value]
        if slots:
            slot = next((i for i in slots if i not in self.used_slots), slots[0])
            self.used_slots.add(slot)
            return (slot,)
        percent = next((i for i, number in enumerate(self.given) if abs(number - 100 * value) < 1e-9), None)
        if value not in _CONSTANTS and percent is not None:
            return (percent, 100.0, "/")
        return (value,) if value in _CONSTANTS else None
