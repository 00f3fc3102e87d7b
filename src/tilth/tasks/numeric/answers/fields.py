"""Answers that stand in a field: of a JSON object, or between tags."""

from __future__ import annotations

import json
import re
from typing import Any

from tilth.tasks.base import Reading
from tilth.tasks.numeric.answers.stretches import value
from tilth.tasks.numeric.notation import values

_TAGS = re.compile(
    r"<(?P<tag>(?:final[_ -]?)?(?:answer|result))>"
    rf"(?P<said>[^<]{{1,{values.MAX_LENGTH}}})</(?P=tag)>",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"\s*(?:```(?:json)?\s*)?(?=\{)", re.IGNORECASE)
_NAMES = ("final_answer", "final answer", "finalanswer", "answer", "result")
_LONGEST = 64_000
"""Characters of an object that is read."""

_DECODER = json.JSONDecoder(strict=False, parse_float=str, parse_int=str)
"""Numbers stay as they were written."""


def in_field(text: str) -> Reading | None:
    """The value between the last tags, or of the field of an object; None where there is none."""
    if tags := list(_TAGS.finditer(text)):
        return value(text, *tags[-1].span("said"))
    opening = _OBJECT.match(text)
    if opening is None or len(text) > _LONGEST:
        return None
    try:
        found, end = _DECODER.raw_decode(text, opening.end())
    except (ValueError, RecursionError):
        return None
    said = _said({str(name).lower(): one for name, one in found.items()})
    reading = value(said, 0, len(said)) if said else None
    return reading and Reading(reading.answer, (opening.end(), end))


def _said(fields: dict[str, Any]) -> str:
    """What the object says for an answer: a text, a number or a list of these."""
    one = next((fields[name] for name in _NAMES if fields.get(name) is not None), "")
    parts = one if isinstance(one, list) else [one]
    if len(parts) > values.MAX_LENGTH or not all(isinstance(part, str) for part in parts):
        return ""
    return ", ".join(parts)[: values.MAX_LENGTH]
