"""Finds the final answer of a numeric question in a text: a number, or a value of more than one."""

from __future__ import annotations

import re

from tilth.tasks.base import Reading
from tilth.tasks.numeric.answers import fields, statements, unstated
from tilth.tasks.second_thoughts import retraction

_STATED = (
    statements.after_hashes,
    statements.boxed,
    fields.in_field,
    statements.after_answer,
    unstated.bare,
)

_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?)"
)
_DATE = re.compile(
    rf"\b{_MONTH}\s[0-9]{{1,4}}(?:st|nd|rd|th)?\b|\b[0-9]{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}\b",
    re.IGNORECASE,
)

_BACK = Reading(None, reason="the answer is taken back", cause="ambiguous")
_OF_A_DATE = Reading(None, reason="the last number is that of a date", cause="ambiguous")


def find(text: str) -> Reading | None:
    """The final answer of a reply, as `Numeric` says; or why it states none. Its span holds for the text."""
    for reader in _STATED:
        if reading := reader(text):
            return _unless_taken_back(text, reading)
    for reader in (unstated.opening, unstated.before_because, unstated.last):
        if reading := reader(text):
            return _OF_A_DATE if reading.answer and _is_date(text, reading) else reading
    return None


def _unless_taken_back(text: str, reading: Reading) -> Reading:
    """What was stated, unless words behind it take it back: then what they state in its place."""
    back = retraction(text, reading.span[1]) if reading.span else None
    if back is None:
        return reading
    for reader in _STATED:
        later = reader(text[back:])
        if later and later.answer is not None and later.span:
            start, end = later.span
            return Reading(later.answer, (start + back, end + back))
    return _BACK


def find_reference(text: str) -> Reading | None:
    """The answer of a reference: as in a reply, but of several numbers only one that is worked out counts."""
    for reader in (*_STATED, unstated.sole):
        if reading := reader(text):
            return None if reading.answer is None or _is_date(text, reading) else reading
    return None


def _is_date(text: str, reading: Reading) -> bool:
    """Whether a month stands beside what was read."""
    start, end = reading.span or (0, 0)
    return text[start:end].isdigit() and bool(_DATE.search(text[max(0, start - 14) : end + 16]))
