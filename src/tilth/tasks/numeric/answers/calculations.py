"""Numbers that words make a part of a calculation or a bound: half of 36, 20 minus 2, more than 5."""

from __future__ import annotations

import re

from tilth.tasks.base import Reading

IN_WORDS = Reading(None, reason="a calculation or a bound in words", cause="ambiguous")
"""What is read where a number is a part of one: not its value, which nobody worked out."""

_NEAR = 60

_BEFORE = re.compile(
    r"(?:\b(?:half|third|quarter|fifth|sixth|eighth|tenth|root|square|cube|factorial|reciprocal|logarithm"
    r"|percent)s? of|%\s?of"
    r"|\b(?:twice|thrice|double|triple|half|minus|root)"
    r"|\b(?:more|less|greater|fewer|larger|smaller|higher|lower) than"
    r"|\b(?:sum|product|difference|quotient|average|mean) of [^\n.]{1,30} and)"
    r"(?: the)? ?[*_$\\(]{0,3}\Z",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[*_$]{0,3} (?:squared\b|cubed\b|to the (?:power\b|\w{3,8} power\b)"
    r"|(?:minus|plus|times|divided by|multiplied by|(?:more|less|fewer|greater) than|mod(?:ulo)?)"
    r" [*_$\\(]{0,3}[0-9]"
    r"|in (?:binary|octal|hex(?:adecimal)?)\b|\((?:in )?(?:binary|octal|hex(?:adecimal)?)\))",
    re.IGNORECASE,
)
# What the words of `_BEFORE` end in, which is looked at first: before most numbers stands none of them.
_LAST_WORDS = ("of", "twice", "thrice", "double", "triple", "half", "minus", "root", "than", "and", "the")
_SHARE = re.compile(r"(?<=[%t]) of (?:the )?[*_$\\(]{0,3}[0-9]")


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
    return before.rstrip(" *_$\\(").lower().endswith(_LAST_WORDS) and bool(_BEFORE.search(before))
