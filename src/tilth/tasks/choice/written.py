"""Reads the questions with options that a writer sends back."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from tilth.errors import Unreadable
from tilth.tasks.choice.options import Option, find, refuse_unfit, shuffled, style_of, upper, with_options
from tilth.tasks.questions import read_question, without_fences

_GIVEN_AWAY = re.compile(
    r"^[ \t>*_#]*(?:the[ \t]+)?(?:correct|right)?[ \t]*(?:answer|option)(?:[ \t]+key)?[ \t*_]*(?::|is\b).*",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_MARKED = re.compile(r"\s*(?:[(\[](?:correct|right)(?: (?:answer|option))?[)\]]|[✓✔✅])\W*\Z", re.IGNORECASE)
_EMPTY_HEADER = re.compile(r"\s*[*_]*\b(?:options|choices)[ \t]*:[*_ \t]*\Z", re.IGNORECASE)


def written(reply: str, model: str, fixed: Sequence[str] | None, *, reorder: bool) -> str:
    """The new question of a reply, laid out as every question is.

    Args:
        reply: What the writer sent.
        model: The question it was shown, whose labels are taken over.
        fixed: The options that every question has; None takes those of the reply.
        reorder: Whether they are shuffled.

    Raises:
        Unreadable: There is no question, less than two options, or two that differ in case alone.
    """
    question = _GIVEN_AWAY.sub("", _question_of(reply, model)).strip()
    found = find(question)
    stem = question[: found.stem_end] if found else _EMPTY_HEADER.sub("", question)
    if fixed is not None:
        texts = [" ".join(text.split()) for text in fixed]
    elif found is None:
        raise Unreadable("fewer than two options", "bad-options")
    else:
        texts = [_MARKED.sub("", option.text) for option in found.options]
    if not stem:
        raise Unreadable("no question found", "no-question")
    shown = find(model)
    style = style_of([option.label for option in shown.options]) if shown else upper
    options = [Option(style(place) if style else "", text) for place, text in enumerate(texts)]
    try:
        refuse_unfit(options, case=False)
    except ValueError as error:
        raise Unreadable(str(error), "bad-options") from error
    question = with_options(stem, options)
    again = find(question)
    if again is None or list(map(str, again.options)) != list(map(str, options)):
        raise Unreadable("its options cannot be told from its question", "bad-options")
    if not reorder:
        return question
    # No unit's rng reaches a reader: the reply itself decides, so that a replay gives the same order.
    drawn_from = question.encode("utf-8", "surrogatepass")  # half a character is no error of the writer's
    return shuffled(question, None, random.Random(drawn_from))[0]


def _question_of(reply: str, model: str) -> str:
    """The question and options of a reply, whether it opens with "Question:" or not.

    Raises:
        Unreadable: It holds no question.
    """
    try:
        question = read_question(reply, model, options=True)
    except Unreadable:
        question = ""
    whole = without_fences(reply).strip()
    found = find(whole)
    # Without that opening only one paragraph was read, and the options may be another.
    if "\n" not in question and not find(question) and found and "?" in whole[: found.stem_end]:
        start = whole.rfind("\n\n", 0, found.stem_end) + 1
        return read_question("Question: " + whole[start:].strip(), options=True)
    return question or read_question(reply, model, options=True)


def rephrased(reply: str, question: str) -> str:
    """The stem of a reply, with the options of the question it rephrases.

    Raises:
        Unreadable: The reply holds no question, or other options.
    """
    found = find(question)
    stem = read_question(reply, question, options=True)
    if found is None:
        return stem
    repeated = find(stem)
    if repeated is not None:
        if list(map(_plain, repeated.options)) == list(map(_plain, found.options)):
            stem = stem[: repeated.stem_end]
        elif find(question[: found.stem_end]) is None:  # else they may be the stem's own: "A) ... B) ..."
            raise Unreadable("the options were changed", "bad-options")
    stem = _EMPTY_HEADER.sub("", stem).strip()
    if not stem:
        raise Unreadable("no question found", "no-question")
    return stem + question[found.stem_end :]


def _plain(option: Option) -> str:
    return option.text.rstrip(" .").casefold()
