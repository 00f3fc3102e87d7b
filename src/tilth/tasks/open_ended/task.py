"""The open-ended task: instructions of any kind, compared with a reference by a reply's words, or not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from tilth.arguments import number_of, of_kind
from tilth.tasks.base import Reading, Verdict
from tilth.tasks.prompts import TemplateTask, read_instruction
from tilth.tasks.reasoning import blank_reasoning
from tilth.tasks.references import texts_in

Measure = Literal["exact", "contains", "rouge-l"]

PROMPTS = {
    "answer": (
        "Carry out the instruction below. Reply with nothing but what it asks for.\n\nInstruction: {question}"
    ),
    "rephrase": (
        "Rephrase the instruction below: ask for the same in other words.\n"
        "Keep text, data and examples that it works on word for word, so that the same replies are right.\n"
        'Reply with nothing but the instruction, after "Instruction:". Do not carry it out.\n'
        "\n"
        "Instruction: {question}"
    ),
    "new-question": (
        "Write a new instruction of the same kind as the one below, about another subject.\n"
        "It must say all that is needed to carry it out, with the text or data that it works on, if any.\n"
        'Reply with nothing but the instruction, after "Instruction:". Do not carry it out.\n'
        "\n"
        "Instruction: {question}"
    ),
}
"""Templates by purpose. Each ends with the question."""

IGNORED = frozenset({"articles", "case", "punctuation"})
"""What may be left out of a comparison."""

MAX_COMPARED = 100_000
"""Characters a reply or a reference may have to be compared."""

MAX_REFERENCES = 100
"""Texts a reference may hold."""

MAX_MARKS = 100
"""Accents and other marks that may stand on one letter."""

_USUAL_LENGTH = 4_000
_ARTICLES = frozenset({"a", "an", "the"})
# Scripts that put no spaces between words: Thai to Khmer, kana, Chinese characters.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(
    rf"(?P<unspaced>[{_UNSPACED}])"
    rf"|(?P<number>(?:(?<!\w)-)?[0-9]+(?:[.,:/][0-9]+){{1,20}}|(?<!\w)-[0-9]+)(?!\w)"
    rf"|(?P<word>(?:(?![{_UNSPACED}_])\w)+(?:['’](?:(?![{_UNSPACED}_])\w)+)*)"
    r"|(?P<sign>\S)"
)


@dataclass(frozen=True, kw_only=True)
class OpenEnded(TemplateTask):
    """Instructions of any kind. A reply is compared by its words, or by nothing.

    The answer is the whole reply but for reasoning in `<think>` tags. `measure` says when it is accepted:

    - "exact": its words are those of a reference, in order.
    - "contains": the words of a reference stand in it, one after the other.
    - "rouge-l": its ROUGE-L (Lin, 2004) to a reference is `threshold` or more: the F-measure of the longest
      common subsequence of words. The verdict's score is that figure, for the closest reference.
    - None: never; each row is unverified.

    A reference that is a JSON list of texts holds several, each of them right; any other is one text.

    Words are compared in Unicode's compatibility form (NFKC), white space aside. `ignore` names what else
    does not count: "case"; "punctuation", apostrophes within words too, but not percent signs, a number's
    minus and what stands within a number; "articles" ("a", "an", "the"), which ROUGE-L always counts.
    Symbols such as + and $ count. In scripts without spaces each character is a word. A reference of
    nothing but punctuation or articles is compared with them.

    Words are all that is seen: a reply in other words is rejected, and one that turns the meaning around
    by a word may be accepted. "contains" also accepts a reply that names the reference among others.

    Attributes:
        measure: "exact", "contains", "rouge-l" or None.
        threshold: ROUGE-L from which a reply is accepted, above 0 and up to 1.
        ignore: Which of `IGNORED` do not count.

    Raises:
        ValueError: An attribute is none of these; `prompts` names a purpose that is not in `PROMPTS`, or a
            template lacks `{question}`.

    Example:
        >>> tilth.check("Paris", reference="paris", task=tilth.tasks.OpenEnded()).verdict
        'unverified'
    """

    name: ClassVar[str] = "open-ended"
    version: ClassVar[int] = 1
    templates: ClassVar[Mapping[str, str]] = PROMPTS

    measure: Measure | None = None
    threshold: float = 0.5
    ignore: frozenset[str] = IGNORED

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in ("exact", "contains", "rouge-l", None):
            raise ValueError(
                f'OpenEnded(measure={self.measure!r}): measure is "exact", "contains", "rouge-l" or None'
            )
        if not 0 < number_of(self.threshold, "OpenEnded(threshold)") <= 1:
            raise ValueError(f"OpenEnded(threshold={self.threshold!r}): threshold is above 0 and up to 1")
        of_kind(self.ignore, Iterable, "OpenEnded(ignore)", "a set of texts")
        if not IGNORED.issuperset(self.ignore):
            known = ", ".join(map(repr, sorted(IGNORED)))
            raise ValueError(f"OpenEnded(ignore={self.ignore!r}): ignore is a set of some of {known}")
        object.__setattr__(self, "ignore", frozenset(self.ignore))

    @property
    def comparable(self) -> bool:
        """Whether there is a measure: two replies agree by one, or not at all."""
        return self.measure is not None

    def _reader(self, purpose: str, question: str) -> Callable[[str], str]:
        return read_instruction

    def tells_answer(self, question: str) -> bool:
        """Never: an instruction may show examples with their answers."""
        return False

    def read(self, text: str, question: str | None = None) -> Reading:
        """Reads the whole reply, without its reasoning and the white space around it."""
        bare = blank_reasoning(text)
        answer = bare.strip()
        if not answer:
            if text.strip():
                return Reading(None, reason="nothing but reasoning", cause="empty")
            return Reading(None, reason="empty reply", cause="empty")
        start = len(bare) - len(bare.lstrip())
        return Reading(answer, (start, start + len(answer)))

    def check(self, response: str, reference: str | None, question: str | None = None) -> Verdict:
        """Accepted where the measure says so, rejected where not or where the reply is empty.

        Unverified where there is no measure or no reference, or where one of the two texts is too long.
        """
        reply = self.read(response)
        if reply.answer is None:
            return Verdict("rejected", reason=reply.reason, cause=reply.cause)

        def unverified(cause: str, reason: str) -> Verdict:
            return Verdict("unverified", reply.answer, reason, cause, span=reply.span)

        if self.measure is None:
            return unverified("no-measure", "nothing measures it; OpenEnded(measure=...) does")
        if reference is None:
            return unverified("no-reference", "no reference")
        try:
            score = self._score(reply.answer, texts_in(_short_enough(reference)) or [reference])
        except _NotCompared as error:
            return unverified("not-compared", str(error))
        least = self.threshold if self.measure == "rouge-l" else 1.0
        if score >= least:
            return Verdict("accepted", reply.answer, score=score, span=reply.span)
        reason = {
            "exact": "not the reference",
            "contains": "the reference is not in it",
            "rouge-l": f"ROUGE-L is {score:.2f}, below {self.threshold:g}",
        }[self.measure]
        return Verdict("rejected", reply.answer, reason, "wrong-answer", score, reply.span)

    def check_at_once(
        self, response: str, reference: str | None, question: str | None = None
    ) -> Verdict | None:
        """The verdict on a reply of usual length, but for ROUGE-L, which loads a library first."""
        own = type(self).check is OpenEnded.check  # else a subclass says what is right
        if self.measure == "rouge-l" or not own or len(response) + len(reference or "") > _USUAL_LENGTH:
            return None
        return self.check(response, reference, question)

    def _score(self, answer: str, references: list[str]) -> float:
        """The measure for the closest reference, 0 to 1."""
        if len(references) > MAX_REFERENCES:
            raise _NotCompared(
                f"a reference of {len(references):,} texts; at most {MAX_REFERENCES} are compared"
            )
        ignore = self.ignore - {"articles"} if self.measure == "rouge-l" else self.ignore
        left, best = words(answer, ignore), 0.0
        for reference in references:
            own, right = left, words(reference, ignore)
            if not right:
                own, right = (words(text, ignore & {"case"}) for text in (answer, reference))
            best = max(best, self._closeness(own, right))
        return best

    def _closeness(self, left: list[str], right: list[str]) -> float:
        if self.measure == "exact" or not right:
            return float(left == right)
        if self.measure == "contains":
            return float(f" {' '.join(right)} " in f" {' '.join(left)} ")
        from rapidfuzz.distance import LCSseq

        return 2 * LCSseq.similarity(left, right) / (len(left) + len(right))

    def verdict_options(self) -> dict[str, Any]:
        """The measure, what it ignores, and the threshold where it has one."""
        if self.measure is None:
            return {"measure": None}
        options: dict[str, Any] = {"measure": self.measure, "ignore": sorted(self.ignore)}
        return {**options, "threshold": self.threshold} if self.measure == "rouge-l" else options

    @classmethod
    def restored(cls, identity: Mapping[str, Any], verdict_options: Mapping[str, Any]) -> Self:
        """The task that has this `identity()` and these `verdict_options()`."""
        return cls(
            prompts=identity["prompts"],
            measure=verdict_options.get("measure"),
            threshold=verdict_options.get("threshold", cls.threshold),
            ignore=frozenset(verdict_options.get("ignore", cls.ignore)),
        )


class _NotCompared(Exception):
    """A text that would take too long to compare."""


def words(text: str, ignore: frozenset[str] = IGNORED) -> list[str]:
    """The words of a text in the form in which they are compared."""
    # Sorting marks takes the square of how many stand on one letter.
    if not text.isascii() and _longest_stack(_short_enough(text)) > MAX_MARKS:
        raise _NotCompared(f"a letter with more than {MAX_MARKS} marks")
    text = unicodedata.normalize("NFKC", _short_enough(text))
    if "case" in ignore:
        text = unicodedata.normalize("NFKC", text.casefold())
    _short_enough(text)  # one character may stand for many
    found: list[str] = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if "punctuation" in ignore:
            sign = match.lastgroup == "sign" and word not in "%‰"
            if sign and unicodedata.category(word).startswith("P"):
                continue
            if match.lastgroup == "word":
                word = word.replace("'", "").replace("’", "")
        if "articles" not in ignore or word.lower() not in _ARTICLES:
            found.append(word)
    return found


def _longest_stack(text: str) -> int:
    longest = stack = 0
    for sign in text:
        stack = stack + 1 if unicodedata.combining(sign) else 0
        longest = max(longest, stack)
    return longest


def _short_enough(text: str) -> str:
    if len(text) > MAX_COMPARED:
        raise _NotCompared(f"a text of {len(text):,} characters; at most {MAX_COMPARED:,} are compared")
    return text
