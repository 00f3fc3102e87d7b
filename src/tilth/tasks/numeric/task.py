"""The numeric task: word problems whose answer is a number, as in GSM8K (Cobbe et al., 2110.14168)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from tilth.tasks.base import Reading, Verdict, shortened
from tilth.tasks.numeric import comparing, numbers, physical_units
from tilth.tasks.numeric.reading import find
from tilth.tasks.prompts import TemplateTask
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
_USUAL_LENGTH = 8_000
_PLAIN = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, kw_only=True)
class Numeric(TemplateTask):
    r"""Questions with one number for an answer.

    An answer is read from, in this order: a line `#### 18` that holds nothing but a value; the last
    `\boxed{18}`, or last boxes joined by "and" or "or"; the last "the answer is 18", "Answer: 18" or "the
    solutions are ..." that a value follows at once; a text that is a value and nothing else; the last number
    of the text, with what it is part of.
    Reasoning in `<think>` tags is not read. A comma or a space between groups of three digits is a thousands
    separator, a point is the decimal sign, and "2 million" is 2000000.

    A value is a number, or more: several answers (2 or -3), a set {1, 2}, an interval [0, 5) or an
    inequality, a point (3, 4), a matrix, named values (x = 3, y = 4), an equation, a time 3:30 pm, a ratio
    3:4, a quantity in several units (5 hours 30 minutes), an expression; all also in LaTeX.

    Its normal form is an integer ("18"), a decimal ("0.75", also for 3/4), a fraction ("1/3"), one of
    these with "%", or, for what is more than a plain number, the value as it was written. The name in
    "x = 18", and a single number's currency and unit, fall away, but are seen by the check.

    Numbers agree exactly where both are integers, else to one part in a million; 50% agrees with 50 and
    with 0.5. Where reply and reference both have a unit that is known here, they are converted: 5 hours
    agree with 300 minutes, not with 5 minutes; units that cannot be converted leave a row unverified. Several
    answers agree in any order; points, ratios and named values as such. What is not made of plain numbers
    is compared by math-verify, in a process of its own, for at most 5 seconds.

    The check compares final answers and cannot see how they were reached. Where one side has no unit, or one
    not known here ("apples"), it sees numbers alone: it takes "300" for no answer to "5 hours". It cannot see
    whether 3,5 is a decimal or a list, (3, 4) a point or an interval, 3:30 in the morning or not, nor what
    "x" stands for; a number in words is not read.

    Raises:
        ValueError: `prompts` names a purpose that is not in `PROMPTS`, or a template lacks `{question}`.

    Example:
        >>> tilth.tasks.Numeric().check("So half of them: 1/2.", "0.5").accepted
        True
    """

    name: ClassVar[str] = "numeric"
    version: ClassVar[int] = 1
    templates: ClassVar[Mapping[str, str]] = PROMPTS

    def read(self, text: str, question: str | None = None) -> Reading:
        """Reads the final answer, as the class says; spans hold for `text` as given."""
        if _PLAIN.fullmatch(text):  # as most references are, which are read with every reply
            return Reading(text, (0, len(text)))
        text = blank_reasoning(text)
        return find(text) or (
            Reading(None, reason=_NO_ANSWER, cause="no-answer")
            if text.strip()
            else Reading(None, reason="empty reply", cause="empty")
        )

    def check(self, response: str, reference: str | None, question: str | None = None) -> Verdict:
        """Accepted where the answers agree, rejected where they do not or the reply has none.

        Unverified where there is no reference, none can be read from it, or the comparison of two
        expressions took too long.
        """
        return self._verdict(response, reference, comparing.same)

    def check_at_once(
        self, response: str, reference: str | None, question: str | None = None
    ) -> Verdict | None:
        """The verdict on a reply of usual length, unless expressions are to be compared."""
        own = type(self).check is Numeric.check  # else a subclass says what is right
        if not own or len(response) + len(reference or "") > _USUAL_LENGTH:
            return None
        try:
            return self._verdict(response, reference, _at_once)
        except _Later:
            return None

    def _verdict(
        self, response: str, reference: str | None, same_as: Callable[[str, str], comparing.Outcome]
    ) -> Verdict:
        """The verdict; `same_as` compares what is no quantity in units that are known."""
        reply = self.read(response)
        if reply.answer is None:
            return Verdict("rejected", reason=_NO_ANSWER, cause="no-answer")
        if reference is None:
            return Verdict("unverified", reply.answer, "no reference", "no-reference", span=reply.span)
        right = self.read(reference)
        if right.answer is None:
            reason = "no answer in the reference"
            return Verdict("unverified", reply.answer, reason, "bad-reference", span=reply.span)
        same, why = _compare(response, reply, reference, right, same_as)
        if same:
            return Verdict("accepted", reply.answer, score=1.0, span=reply.span)
        if same is None:
            return Verdict("unverified", reply.answer, why, "not-compared", span=reply.span)
        reason = why or f"{shortened(reply.answer)} is not {shortened(right.answer)}"
        return Verdict("rejected", reply.answer, reason, "wrong-answer", 0.0, reply.span)


class _Later(Exception):
    """Answers that take longer to compare than is waited for."""


def _at_once(left: str, right: str) -> comparing.Outcome:
    """Whether two normal forms agree, where it takes next to no time; raises `_Later`."""
    same = comparing.plainly(left, right)
    if same is None:
        raise _Later
    return same, None


def _compare(
    response: str,
    reply: Reading,
    reference: str,
    right: Reading,
    same_as: Callable[[str, str], comparing.Outcome],
) -> comparing.Outcome:
    """Whether two readings agree, in their units; None and a reason where that could not be found out."""
    quantity, wanted = _quantity(response, reply), _quantity(reference, right)
    if quantity and wanted:
        same, reason = physical_units.agree(quantity, wanted)
        return same, reason if same is None else None if same else f"{quantity.text} is not {wanted.text}"
    for one, number in (quantity, right.answer), (wanted, reply.answer):
        if one and number and (plain := numbers.parse_text(number)):
            return physical_units.bare(one, plain), None
    return same_as(reply.answer or "", right.answer or "")


def _quantity(text: str, reading: Reading) -> physical_units.Quantity | None:
    """The number that was read and the unit beside it, where it has one that is known."""
    if reading.span is None or not reading.answer:
        return None
    number = numbers.NUMBER.search(text, *reading.span)
    if number is None:
        return None
    if numbers.parse_text(reading.answer):
        return (
            physical_units.at(text, number.start()) if str(numbers.parse(number)) == reading.answer else None
        )
    whole = physical_units.compound(text, number.start())
    return whole if whole and whole.end >= reading.span[1] - 2 else None
