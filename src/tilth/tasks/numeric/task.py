"""The numeric task: word problems whose answer is a number, as in GSM8K (Cobbe et al., 2110.14168)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Self

from tilth.seeds import Seed
from tilth.tasks.base import Reading, Verdict, shortened
from tilth.tasks.numeric import texts
from tilth.tasks.numeric.answers.reading import find, find_reference
from tilth.tasks.numeric.comparison import comparing
from tilth.tasks.numeric.notation import layout, numbers, physical_units, values
from tilth.tasks.prompts import TemplateTask
from tilth.tasks.reasoning import blank_reasoning
from tilth.tasks.run_on import without_run_on

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
_GOES_ON = re.compile(r"\.(?P<places>[0-9]{1,40})\s?(?:\.{2,3}|…|\\(?:l|c)?dots)")
_PLAIN = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, kw_only=True)
class Numeric(TemplateTask):
    r"""Questions with one number for an answer.

    An answer is read from, in this order: a line `#### 18` that holds nothing but a value; the last
    `\boxed{18}`, or last boxes joined by "and" or "or"; a field "answer" of a JSON object, or between tags
    `<answer>18</answer>`; the last "the answer is 18", "Answer: 18" or "the
    solutions are ..." that a value follows at once; a text that is a value and nothing else; the number that
    a text opens with where the rest explains it; the last number of the text, with what it is part of.
    The last statement counts: where it holds no value, or the placeholder of a form ("The answer is N"), no
    earlier number is taken for it. Numbers of steps, lists and refusals are no answers. Where words make the
    number a part of a calculation or a bound ("half of 36", "more than 5"), a row is unverified.
    Reasoning in `<think>` tags is not read, nor what a model writes on after its reply: another question, a
    token of its chat template. A comma or a space between groups of three digits is a thousands separator, a
    point is the decimal sign, and "2 million" is 2000000.

    A value is a number, or more: several answers (2 or -3), a set {1, 2}, an interval [0, 5) or an
    inequality, a point (3, 4), a matrix, named values (x = 3, y = 4), an equation, a time 3:30 pm, a ratio
    3:4, a quotient with its remainder (7 remainder 3), a quantity in several units (5 hours 30 minutes), a
    formula; all also in LaTeX, and formulas as programs write them: 7*sin(pi*x/5) + 1, gcd(12, 18), 77_8.

    Its normal form is an integer ("18"), a decimal ("0.75", also for 3/4), a fraction ("1/3"), one of
    these with "%", or, for what is more than a plain number, the value as it was written. The name in
    "x = 18", and a single number's currency and unit, fall away, but are seen by the check.

    Numbers agree exactly where both are integers, else to one part in a million; 50% agrees with 50 and
    with 0.5. Where reply and reference both have a unit that is known here, they are converted: 5 hours
    agree with 300 minutes, not with 5 minutes; units that cannot be converted leave a row unverified. Several
    answers agree in any order; points, ratios and named values as such. Formulas agree where their values do,
    whatever their variables are, to over a hundred digits: found out in a process of its own, in at most 5
    seconds. A formula of which a part cannot be read leaves a row unverified.

    A reference that is no value ("Evelyn", "(C)", "no solution") is compared as a text with what the reply
    states, letter case and layout aside: equal texts are accepted, another single word is rejected, and
    anything else is unverified. So is a reference in which one number among others would have to be chosen:
    "2 apples and 3 pears".

    The check compares final answers and cannot see how they were reached. Where one side has no unit, or one
    not known here ("apples"), it sees numbers alone: it takes "300" for no answer to "5 hours". It cannot see
    whether 3,5 is a decimal or a list, (3, 4) a point or an interval, 3:30 in the morning or not, nor what
    "x" stands for; a number in words is not read.

    Attributes:
        rounded: Whether an answer also agrees with a decimal of the reference that it rounds to: 100/3 with
            33.3, and 0.6671 with 66.7%. Without it such a reply is rejected, and the reason says so.

    Raises:
        ValueError: `prompts` names a purpose that is not in `PROMPTS`, or a template lacks `{question}`.

    Example:
        >>> tilth.tasks.Numeric().check("So half of them: 1/2.", "0.5").accepted
        True
        >>> tilth.tasks.Numeric(rounded=True).check("The answer is 100/3.", "33.3").accepted
        True
    """

    rounded: bool = field(default=False, kw_only=True)

    name: ClassVar[str] = "numeric"
    version: ClassVar[int] = 1
    templates: ClassVar[Mapping[str, str]] = PROMPTS

    def read(self, text: str, question: str | None = None) -> Reading:
        """Reads the final answer, as the class says; spans hold for `text` as given."""
        if _PLAIN.fullmatch(text):  # as most references are, which are read with every reply
            return Reading(text, (0, len(text)))
        text = _readable(without_run_on(blank_reasoning(text)))
        return find(text) or (
            Reading(None, reason=_NO_ANSWER, cause="no-answer")
            if text.strip()
            else Reading(None, reason="empty reply", cause="empty")
        )

    def fault(self, seed: Seed) -> str | None:
        """A reference must state an answer, or be a short text that can be compared as it stands."""
        reference = seed.reference
        if reference is None or _reference(reference) is not None or texts.stated(blank_reasoning(reference)):
            return None
        return (
            f"the reference {shortened(' '.join(reference.split()))!r} states no answer to compare with; "
            "end it with a line such as '#### 18' or 'The answer is 18.'"
        )

    def verdict_options(self) -> dict[str, Any]:
        """Whether rounded references count, where that is set."""
        return {"rounded": True} if self.rounded else {}

    @classmethod
    def restored(cls, identity: Mapping[str, Any], verdict_options: Mapping[str, Any]) -> Self:
        """The task that has this `identity()` and these `verdict_options()`."""
        return cls(prompts=identity["prompts"], rounded=verdict_options.get("rounded", False))

    def check(self, response: str, reference: str | None, question: str | None = None) -> Verdict:
        """Accepted where the answers agree, rejected where they do not or the reply has none.

        Unverified where there is no reference, or none that can be read; where the reply states several
        answers or a bound; and where it is not found out whether two expressions or texts are the same.
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
        right = None if reference is None else _reference(reference)
        if reference is not None and right is None:
            return self._verdict_on_text(response, reference)
        reply = self.read(response)
        if reply.answer is None and reply.cause == "ambiguous":
            return Verdict("unverified", reason=reply.reason, cause="ambiguous")
        if reply.answer is None:
            return Verdict("rejected", reason=_NO_ANSWER, cause="no-answer")
        if reference is None or right is None:
            return Verdict("unverified", reply.answer, "no reference", "no-reference", span=reply.span)
        same, why = _compare(response, reply, reference, right, same_as)
        if same:
            return Verdict("accepted", reply.answer, score=1.0, span=reply.span)
        if same is None and _is_unsolved(reply.answer, right):
            return Verdict("rejected", reason=_NO_ANSWER, cause="no-answer")
        if same is None:
            return Verdict("unverified", reply.answer, why, "not-compared", span=reply.span)
        if _goes_on(response, reply, right) or _goes_on(reference, right, reply):
            reason = "decimals that go on are not compared"
            return Verdict("unverified", reply.answer, reason, "not-compared", span=reply.span)
        reason = why or f"{shortened(reply.answer)} is not {shortened(right.answer or '')}"
        if _rounds_to(reply, reference, right, same_as):
            if self.rounded:
                return Verdict("accepted", reply.answer, score=1.0, span=reply.span)
            reason += ", but rounds to it"
        return Verdict("rejected", reply.answer, reason, "wrong-answer", 0.0, reply.span)

    def _verdict_on_text(self, response: str, reference: str) -> Verdict:
        """The verdict where the reference is no value: a text is compared with a text."""
        reply = self.read(response)
        said = texts.stated(without_run_on(blank_reasoning(response)))
        wanted = texts.stated(blank_reasoning(reference))
        if reply.answer is None and said is None:
            empty = reply.cause == "empty"
            if empty or wanted is None:
                return Verdict("rejected", reason=_NO_ANSWER, cause="no-answer")
        same, why = texts.same(said, wanted) if said and wanted else (None, None)
        if same:
            return Verdict("accepted", reply.answer or texts.normal(said or ""), score=1.0, span=reply.span)
        if same is None or reply.answer is not None:
            no_text = reply.answer is not None or not (said and wanted)
            why = "no answer in the reference" if no_text else why
            cause = "bad-reference" if no_text else "not-compared"
            return Verdict("unverified", reply.answer, why, cause, span=reply.span)
        one, other = texts.normal(said or ""), texts.normal(wanted or "")
        reason = f"{shortened(one)} is not {shortened(other)}"
        return Verdict("rejected", one, reason, "wrong-answer", 0.0)


class _Later(Exception):
    """Answers that take longer to compare than is waited for."""


def _at_once(left: str, right: str) -> comparing.Outcome:
    """Whether two normal forms agree, where it takes next to no time; raises `_Later`."""
    same = comparing.plainly(left, right)
    if same is None:
        raise _Later
    return same, None


def _reference(text: str) -> Reading | None:
    """What a reference is read to; None where it is no value."""
    if _PLAIN.fullmatch(text):  # as most are
        return Reading(text, (0, len(text)))
    return find_reference(_readable(blank_reasoning(text)))


def _readable(text: str) -> str:
    """The text with digits of other scripts as 0 to 9; positions hold."""
    return text if text.isascii() else text.translate(numbers.WESTERN)


def _is_unsolved(answer: str, right: Reading) -> bool:
    """Whether a reply ends in an equation, 21x + 6 = 17x + 10, of which no side is the number wanted."""
    wanted = numbers.parse_text(right.answer or "")
    value = values.parse(answer)
    if wanted is None or value is None or value.kind != "equation":
        return False
    sides = [numbers.parse_text(side.strip()) for side in layout.cleaned(answer).split("=")]
    return not any(side and numbers.agree(side, wanted) for side in sides)


def _goes_on(text: str, reading: Reading, other: Reading) -> bool:
    """Whether a decimal goes on, 0.333..., and the other answer may be what it goes on to."""
    one, two = numbers.parse_text(reading.answer or ""), numbers.parse_text(other.answer or "")
    if one is None or two is None or reading.span is None:
        return False
    places = _GOES_ON.search(text, reading.span[0], reading.span[1] + 8)
    return places is not None and abs(one.value - two.value) <= Fraction(1, 10 ** len(places["places"]))


def _rounds_to(
    reply: Reading,
    reference: str,
    right: Reading,
    same_as: Callable[[str, str], comparing.Outcome],
) -> bool:
    """Whether the answer rounds to the decimal that the reference printed."""
    printed = numbers.NUMBER.search(reference, *right.span) if right.span else None
    if printed is None or "." not in printed[0] or not numbers.parse_text(right.answer or ""):
        return False
    if number := numbers.parse_text(reply.answer or ""):
        return numbers.rounds_to(number.value, printed[0])
    if same_as is _at_once:
        raise _Later
    from tilth.tasks.numeric.comparison.expressions import rounds_to

    return rounds_to(reply.answer or "", printed[0])


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
    if number[0] == reading.answer:  # as most are
        return physical_units.at(text, number.start())
    if numbers.parse_text(reading.answer):
        return (
            physical_units.at(text, number.start()) if str(numbers.parse(number)) == reading.answer else None
        )
    whole = physical_units.compound(text, number.start())
    return whole if whole and whole.end >= reading.span[1] - 2 else None
