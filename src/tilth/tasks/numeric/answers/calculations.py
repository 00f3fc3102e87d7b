"""Numbers that are a part of more: a formula (5 - x, 2 pi), a calculation in words, a relation, a scale."""

from __future__ import annotations

import re

from tilth.tasks.base import Reading

IN_WORDS = Reading(None, reason="a calculation or a bound in words", cause="ambiguous")
"""What is read where a number is a part of one: not its value, which nobody worked out."""

IN_PART = Reading(None, reason="the number is a part of what cannot be read", cause="ambiguous")
"""What is read where signs or letters beside a number make it a part of more."""

_NEAR = 60

_LETTER = r"[abcdeijknpqrtuvwxyz](?![A-Za-z])|[xyz]{2,3}(?![A-Za-z])|[a-z]!"
_NAMED = (
    r"(?:sqrt|cbrt|sin|cos|tan|cot|csc|log|ln|exp|pi|alpha|beta|gamma|theta|lambda|phi|omega|sigma)(?![A-Za-z])"
    r"|sec\(|root(?= ?[0-9(])"
)
# A letter with a space before it is a variable where the formula goes on or ends with it: "5 a day" does not.
_LONE = r"(?:[abeijknqruvwxyz]!?|[xyz]{2,3})(?=[ .,;$]{0,2}(?:\Z|\n|[-+*/^=)}]))"
_BEHIND = r"[a-z](?![A-Za-z-])(?=[ .,;$]{0,2}(?:\Z|\n|[-+*/^=)}(!0-9]))"
_GLUED = r"[-\u2212][a-z](?![A-Za-z-])|/(?![hsd])[a-z](?![A-Za-z])"
_FORMULA_GOES_ON = re.compile(
    rf"{_LETTER}|[CP](?=[0-9_(])|\((?:[0-9]|[a-z](?:[^a-z]|\Z))|(?:\\(?:text|mathrm)\s?\{{)i\}}"
    rf"|{_GLUED}| ?(?:{_NAMED})| {_LONE}| ?[-\u2212\u2013/] ?(?:{_BEHIND}|{_NAMED}|\\?sqrt|√|π|\\pi)"
    r"|(?: ?[/-] ?)?[A-Za-z]+\(| ?\(?(?:in )?base\b| (?:choose|mod|squared|cubed)\b| [Rr] ?[0-9]"
)
_SCALED = re.compile(
    r"\}?\s?\$?\s{0,2}(?:\\(?:text|mathrm|mbox)\s?\{\s?)?"
    r"(?:(?:(?:hundred|thousand|million|billion|trillion)(?:s|ths?)?|tenths?|lakh|crore|bn|mln|mrd|mio"
    r"|mill[oó]n(?:es)?|milh(?:ão|ões)|milion[ei]|million(?:s|en)|milliards?|milliarden?|miliard[io]|tausend|mil|mille"
    r"|тыс(?:яч[аи]?)?|миллион(?:а|ов)?|миллиард(?:а|ов)?|млн|млрд)(?![^\W\d_]|-)|[万萬亿億千百만억천])",
    re.IGNORECASE,
)
_SCALE = Reading(None, reason="the number has a scale behind it that is not read", cause="ambiguous")

_BEFORE = re.compile(
    r"(?:\b(?:half|third|quarter|fifth|sixth|eighth|tenth|root|square|cube|factorial|reciprocal|logarithm"
    r"|percent)s? of|%\s?of"
    r"|\b(?:twice|thrice|double|triple|half|minus|root|out of|1 in)"
    r"|\b(?:more|less|greater|fewer|larger|smaller|higher|lower) than"
    r"|\b(?:sum|product|difference|quotient|average|mean) of [^\n.]{1,30} and)"
    r"(?: the)? ?[*_$\\(}]{0,3}\Z",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[*_$]{0,3} (?:squared\b|cubed\b|to the (?:power\b|\w{3,8} power\b)"
    r"|(?:minus|plus|times|divided by|multiplied by|(?:more|less|fewer|greater) than|mod(?:ulo)?)"
    r" [*_$\\(]{0,3}(?:[0-9]|pi\b|[nxyz]\b)"
    r"|in (?:binary|octal|hex(?:adecimal)?)\b|\((?:in )?(?:binary|octal|hex(?:adecimal)?)\)"
    r"|out of [*_$\\(]{0,3}[0-9]|(?<=\b1 )in [0-9]"
    r"|to [0-9]{1,9}(?![0-9]|[.,][0-9]| (?:decimal|significant|place|digit))"
    r"|and (?:a |one[- ])?(?:half|third|quarter)\b|and [0-9]{1,9}/[0-9])",
    re.IGNORECASE,
)
# What the words of `_BEFORE` end in, which is looked at first: before most numbers stands none of them.
_LAST_WORDS = (
    *("of", "twice", "thrice", "double", "triple", "half", "minus", "root", "than", "and", "the", "in"),
)
_SHARE = re.compile(r"(?<=[%t]) of (?:the )?[*_$\\(]{0,3}[0-9]|(?<=%) ?[0-9(]")


def is_operand(text: str, start: int, end: int) -> bool:
    """Whether the number at `text[start:end]` is a part of a calculation in words, or a bound.

    Example:
        >>> from tilth.tasks.numeric.answers.calculations import is_operand
        >>> is_operand("twice 9", 6, 7), is_operand("9 apples", 0, 1)
        (True, False)
    """
    if _AFTER.match(text, end) or _SHARE.match(text, end):
        return True
    before = text[max(0, start - _NEAR) : start]
    return before.rstrip(" *_$\\(}").lower().endswith(_LAST_WORDS) and bool(_BEFORE.search(before))


def goes_on(text: str, end: int) -> re.Match[str] | None:
    """With what a formula goes on behind the number that ends there: a variable, a function, a base.

    Example:
        >>> from tilth.tasks.numeric.answers.calculations import goes_on
        >>> goes_on("5 - x", 1)[0], goes_on("5 pi cm", 1)[0], goes_on("5 apples", 1)
        (' - x', ' pi', None)
    """
    return _FORMULA_GOES_ON.match(text, end)


def scaled(text: str, end: int) -> Reading | None:
    """Why the number that ends there is not all, where a scale such as 万 or "crore" stands behind it."""
    return _SCALE if _SCALED.match(text, end) else None
