"""The choice task: questions with options of which one is right, as in ARC (Clark et al., 1803.05457)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

from tilth.arguments import listed
from tilth.seeds import Seed
from tilth.tasks.base import Reading, Verdict, shortened
from tilth.tasks.choice.columns import named_columns, options_in, plain_columns, reach
from tilth.tasks.choice.menu import Menu, menu_of
from tilth.tasks.choice.options import (
    Option,
    alike,
    find,
    given,
    refuse_unfit,
    shuffled,
    style_of,
    upper,
    with_options,
)
from tilth.tasks.choice.picking import EMPTY, NO_ANSWER, pick
from tilth.tasks.choice.written import rephrased, written
from tilth.tasks.prompts import TemplateTask
from tilth.tasks.reasoning import blank_reasoning
from tilth.tasks.run_on import without_run_on

PROMPTS = {
    "answer": (
        "Answer the question below: choose one of its options.\n"
        "Think step by step, one short step per line.\n"
        "End with a last line that gives the option as it stands in the question, its letter first if it has "
        'one: "The answer is ...".\n'
        "\n"
        "Question: {question}"
    ),
    "rephrase": (
        "Rephrase the question below: say the same in other words.\n"
        "Its options stay as they are: they must still fit, and the same one must still be right.\n"
        'Reply with nothing but the rephrased question, without its options, and start with "Question:". '
        "Do not answer it.\n"
        "\n"
        "Question: {question}"
    ),
    "new-question": (
        "Write a new question of the same kind as the one below, with options of its own.\n"
        "Ask for something else, of about the same difficulty. Give as many options as there, laid out as "
        "there, all different; exactly one of them must be right.\n"
        'Reply with nothing but the question and its options, and start with "Question:". '
        "Do not answer it, and do not mark the right option.\n"
        "\n"
        "Question: {question}"
    ),
}
"""Templates by purpose. Each ends with the question, its options included."""

COLUMNS = ("choices", "options")
"""Where options are looked for in a seed's other columns, unless told: there, or one object further in."""

_NO_OPTIONS = "no options in the question"
_INTEGER = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, kw_only=True)
class Choice(TemplateTask):
    r"""Questions with options, of which one is the answer.

    Options come from a column of the seeds (see `tilth.tasks.choice.options.given` for its shapes), or from
    several, and are put into the question, a line each, "A. dry palms"; or they stand in the question
    already, as lines, inside a line or as a list, and stay there as they are. Everything later reads them
    back from the question.

    An answer is read from the last clear statement of a reply: `#### B`; `\boxed{B}`; "The answer is b) wet
    palms", "Antwort: B", "I choose B"; "B is correct"; a line that is an option and nothing else. Failing
    these, from behind the last line's colon ("I am sure: B"), from its first words ("B, because ..."), from
    a sentence that ends with "is B", from a last one that opens with "so" or "therefore" and names one
    option, or from the one option that is named at all and not rejected, by its label or in a sentence that
    takes up what the question asks; one named by the way leaves it open. An option is named by its label or
    by its whole text; case, punctuation, quotes and articles count only where options differ by them alone.
    Numbers, quantities and formulas are also read however they are written ("10 newtons" for "10 N", or 10
    where all options are newtons), in their own form: 0.5 is not 1/2.
    "A or B" is no answer. A number that is one option's label and another's text leaves open which is meant,
    save in a reference, where it is the label.
    An option that the reply denies ("B ist falsch", "no es B"), asks about ("Is it B?"), calls right if
    things were otherwise, or lays in the mouths of others ("students choose B") is none that it picks.
    Reasoning in `<think>` tags is not read, nor what a model writes on after its answer.

    The normal form of an answer is the option as it stands: "B. wet palms", or its text where it has no
    label. So a row can be read without its question, and says whether a label or a text was mistaken.
    References take the same forms, and may be numbers (see `counts_from`).

    The check compares options. It cannot see why one was chosen: a lucky guess is accepted, one in four
    with four options; nor whether the options of a written question are wrong or right, more than one is, or
    the reference is wrong. It does not take a paraphrase for the option it means.

    Attributes:
        options: The column that holds the options, with dots to go into objects ("question.choices"); or
            the columns that hold one each, such as ("opa", "opb"), where the seeds have them all; or else
            the options of every seed, such as ("positive", "negative"). Where None, the columns "choices"
            and "options" are looked for, then the question itself, then columns that count options: A, B,
            ...; option_a, ...; choice1, ...; ending0, ...
        shuffle: Whether each unit puts the options in another order, the reference carried along. "All of
            the above" stays behind the others; options that name others ("both A and C") are not moved.
            Options that a writer makes up are shuffled too.
        counts_from: What the first option's number is in references that are numbers, 0 or 1, unless
            numbers are the options' own labels or texts.
        lettered: Whether options without labels of their own get letters; False puts them as "- positive"
            and they are answered by their text.

    Raises:
        ValueError: `prompts` is wrong as for every task, or `options` gives less than two options.

    Example:
        >>> task = tilth.tasks.Choice()
        >>> question = "How many legs has a cat?\nA. two\nB. four"
        >>> task.check("It has four legs, so B.", "B", question).accepted
        True
    """

    name: ClassVar[str] = "choice"
    version: ClassVar[int] = 1
    templates: ClassVar[Mapping[str, str]] = PROMPTS

    options: str | Sequence[str] | None = None
    shuffle: bool = False
    counts_from: Literal[0, 1] | None = None
    lettered: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.options is not None and not isinstance(self.options, str):
            fixed = listed(self.options, "options", "columns, or of options")
            object.__setattr__(self, "options", fixed)
            texts = [Option("", str(text)) for text in fixed]
            if len(texts) < 2 or alike(texts, case=True):
                raise ValueError(f"options={list(fixed)!r}: give at least two, all different")
        if self.counts_from not in (None, 0, 1):
            raise ValueError(f"counts_from={self.counts_from!r}: the first option's number is 0 or 1")

    def identity(self) -> dict[str, Any]:
        """What of this task decides what is asked."""
        options = list(self.options) if isinstance(self.options, tuple) else self.options
        own = {"options": options, "shuffle": self.shuffle, "lettered": self.lettered}
        return {**super().identity(), **own, "counts_from": self.counts_from}

    @classmethod
    def restored(cls, identity: Mapping[str, Any], verdict_options: Mapping[str, Any]) -> Self:
        """The task of this identity."""
        fields = ("prompts", "options", "shuffle", "lettered", "counts_from")
        return cls(**{name: identity[name] for name in fields})

    def _reader(self, purpose: str, question: str) -> Callable[[str], str]:
        """Reads a rephrased stem with the options as they were, or a new question with options of its own.

        A writer sees the options it must fit, but never rewrites them: a reply that repeats them otherwise is
        unreadable. So is a new question with less than two options, or with two alike; what gives its answer
        away is taken out.
        """
        if purpose == "rephrase":
            return lambda reply: rephrased(reply, question)
        fixed = self.options if isinstance(self.options, tuple) else None
        shown = find(question)
        if fixed and shown and {option.text for option in shown.options} != set(map(_collapsed, fixed)):
            fixed = None  # they name columns
        return lambda reply: written(reply, question, fixed, reorder=self.shuffle)

    def key(self, question: str) -> str:
        """That of the question, and those of its options, whatever their order and labels."""
        found = find(question)
        if found is None:
            return super().key(question)
        options = sorted(super(Choice, self).key(option.text) for option in found.options)
        return "\n".join([super().key(question[: found.stem_end]), *options])

    def read(self, text: str, question: str | None = None) -> Reading:
        """Reads the option picked, as the class says; spans hold for `text` as given.

        Without a question only a label can be read.
        """
        menu = menu_of(question)
        if menu is None:
            return Reading(None, reason=_NO_OPTIONS, cause="no-options")
        picked = pick(without_run_on(blank_reasoning(text)), menu)
        if picked.place is None:
            cause, reason = picked.why or NO_ANSWER
            return Reading(None, reason=reason, cause=cause)
        return Reading(str(menu.options[picked.place]), picked.span)

    def check(self, response: str, reference: str | None, question: str | None = None) -> Verdict:
        """Accepted where both name the same option, rejected where not or where the reply names none.

        Unverified where there is no reference, or no option can be read from it or from the question; where
        the reply may mean the reference's option and does not say so; without a question, also where the
        reply gives no label.
        """
        menu = menu_of(question)
        if menu is None:
            return Verdict("unverified", reason=_NO_OPTIONS, cause="no-options")
        picked = pick(without_run_on(blank_reasoning(response)), menu)
        if picked.place is None:
            if question is None:
                reason = "no label, and no question to compare texts with"
                return Verdict("unverified", reason=reason, cause="no-options")
            cause, reason = NO_ANSWER if picked.why in (None, EMPTY) else picked.why
            expected = self._key(reference, menu) if reference is not None and picked.among else None
            unclear = expected is not None and expected in picked.among
            return Verdict("unverified" if unclear else "rejected", reason=reason, cause=cause)
        answer, span = str(menu.options[picked.place]), picked.span
        if reference is None:
            return Verdict("unverified", answer, "no reference", "no-reference", span=span)
        expected = self._key(reference, menu)
        if expected is None:
            return Verdict("unverified", answer, "no option in the reference", "bad-reference", span=span)
        if picked.place == expected:
            return Verdict("accepted", answer, score=1.0, span=span)
        reason = f"{menu.brief(picked.place)} is not {menu.brief(expected)}"
        return Verdict("rejected", answer, reason, "wrong-answer", 0.0, span)

    def _key(self, reference: str, menu: Menu) -> int | None:
        """The place of the option that a reference names."""
        bare = reference.strip()
        if bare in menu.normal:
            return menu.normal[bare]
        if self.counts_from is not None and _INTEGER.fullmatch(bare):
            place = int(bare) - self.counts_from
            return place if 0 <= place < len(menu.options) else None
        # A reference gives a label wherever it can be one, even where another option says the same.
        if any(option.label == bare for option in menu.options):
            return menu.labelled(bare)
        return pick(blank_reasoning(reference), menu).place

    def fault(self, seed: Seed) -> str | None:
        """Why the seed cannot be put: it has no options, two alike, a reference that names none, ..."""
        try:
            question, key = self._put(seed)
        except ValueError as error:
            return str(error)
        menu = menu_of(question)
        if seed.reference is None or key is not None or menu is None:
            return None
        first, last = menu.brief(0), menu.brief(len(menu.options) - 1)
        remedy = "give its label, its text or its number"
        if self.counts_from is None and _INTEGER.fullmatch(seed.reference.strip()):
            remedy = "where it is a number, say with Choice(counts_from=0) or 1 what the first option's is"
        return f"the reference {shortened(seed.reference)!r} names no option ({first} to {last}); {remedy}"

    def put(self, seed: Seed, rng: random.Random) -> Seed:
        """The seed with its options in its question, shuffled if so set, and its reference as one of them."""
        try:
            question, key = self._put(seed)
        except ValueError:
            return seed
        if self.shuffle:
            question, key = shuffled(question, key, rng)
        menu = menu_of(question)
        if menu is None or key is None:
            return replace(seed, question=question)
        return replace(seed, question=question, reference=str(menu.options[key]))

    def _put(self, seed: Seed) -> tuple[str, int | None]:
        """The question with its options, and the place of the one that the reference names.

        Raises:
            ValueError: It has no options, or they cannot be told apart or read back.
        """
        column, value = self._column(seed)
        columns = () if value is not None else self._columns(seed)
        if value is None and not columns:
            if isinstance(self.options, str):
                raise ValueError(f"there is no {column!r} to take options from")
            question, own = seed.question, find(seed.question)
            if own is None:
                raise ValueError(
                    'no options were found; name their column with Choice(options="..."), several columns '
                    'with Choice(options=("A", "B", ...)), or write them into the question, a line each: '
                    '"A. ..."'
                )
            options, labels = list(own.options), {}
        else:
            try:
                options = given(options_in(columns, seed.extra) if columns else value)
            except ValueError as error:
                if columns:
                    raise ValueError(
                        f"{error}; give each option a column, and none between them empty"
                    ) from error
                raise ValueError(f"{column!r} {error}; give a list of texts") from error
            labels = {option.label: place for place, option in enumerate(options) if option.label}
            labels |= {name: place for place, name in enumerate(columns[: len(options)])}
            question = self._laid_out(seed.question, options)
        refuse_unfit(options)
        menu = menu_of(question)
        if menu is None or [o.text for o in menu.options] != [o.text for o in options]:
            raise ValueError(
                "the options cannot be read back from the question once they stand in it; "
                "leave out what looks like other options there"
            )
        if seed.reference is None:
            return question, None
        own_label = labels.get(seed.reference.strip())
        return question, self._key(seed.reference, menu) if own_label is None else own_label

    def _column(self, seed: Seed) -> tuple[str, Any]:
        """The name and value of the one column that holds the options; None where there is none."""
        if isinstance(self.options, tuple):
            return "options", None if named_columns(self.options, seed.extra) else self.options
        if isinstance(self.options, str):
            return self.options, reach(seed.extra, self.options)
        inner = [f"{name}." for name, value in seed.extra.items() if isinstance(value, Mapping)]
        for name in (prefix + column for prefix in ("", *inner) for column in COLUMNS):
            value = reach(seed.extra, name)
            if isinstance(value, list | Mapping) or (
                isinstance(value, str) and value.lstrip()[:1] in ("[", "{")
            ):
                return name, value
        return COLUMNS[0], None

    def _columns(self, seed: Seed) -> tuple[str, ...]:
        """The columns that hold an option each."""
        if isinstance(self.options, tuple):
            return named_columns(self.options, seed.extra)
        if self.options is not None or find(seed.question) is not None:
            return ()
        return plain_columns(seed.extra)

    def _laid_out(self, question: str, options: Sequence[Option]) -> str:
        """The question with these options: as it is, where they stand in it; else a line for each."""
        own = find(question)
        if own and [option.text for option in own.options] == [option.text for option in options]:
            return question
        labels = [option.label for option in options]
        if style_of(labels) is None:
            labels = [upper(place) if self.lettered else "" for place in range(len(options))]
        return with_options(
            question, [Option(label, option.text) for label, option in zip(labels, options, strict=True)]
        )


def _collapsed(text: Any) -> str:
    return " ".join(str(text).split())
