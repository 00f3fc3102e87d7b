"""Answers that stand in a field: of a JSON object, or between tags."""

from __future__ import annotations

import re

from tilth.tasks.base import Reading
from tilth.tasks.numeric import values
from tilth.tasks.numeric.stretches import value

_NAME = r"(?:final[_ -]?)?(?:answer|result)"
_TAGS = re.compile(rf"<(?P<tag>{_NAME})>(?P<said>[^<]{{1,{values.MAX_LENGTH}}})</(?P=tag)>", re.IGNORECASE)
_OBJECT = re.compile(r"\s*(?:```(?:json)?\s*)?\{")
_MEMBER = re.compile(
    rf'"{_NAME}"\s{{0,20}}:\s{{0,20}}(?:"(?P<text>[^"\\\n]{{1,{values.MAX_LENGTH}}})"'
    r"|(?P<number>-?[0-9][0-9.eE+-]{0,100}))(?=\s{0,20}[,}])",
    re.IGNORECASE,
)


def in_field(text: str) -> Reading | None:
    """The value of the last field named "answer" or "result"; None where there is none that holds a value."""
    if tags := list(_TAGS.finditer(text)):
        return value(text, *tags[-1].span("said"))
    if _OBJECT.match(text) and (members := list(_MEMBER.finditer(text))):
        return value(text, *members[-1].span("text" if members[-1]["text"] else "number"))
    return None
