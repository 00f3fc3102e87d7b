"""Finds the final answer of a numeric question in a text: a number, or a value of more than one."""

from __future__ import annotations

from tilth.tasks.base import Reading
from tilth.tasks.numeric import statements, unstated

_STATED = (statements.after_hashes, statements.boxed, statements.after_answer, unstated.bare)


def find(text: str) -> Reading | None:
    """The final answer of a reply, as `Numeric` says; its span holds for the text."""
    for reader in (*_STATED, unstated.opening, unstated.before_because, unstated.last_number):
        if reading := reader(text):
            return reading if reading.answer is not None else None
    return None


def find_reference(text: str) -> Reading | None:
    """The answer of a reference: as in a reply, but of several numbers only one that is worked out counts."""
    for reader in (*_STATED, unstated.sole):
        if reading := reader(text):
            return reading if reading.answer is not None else None
    return None
