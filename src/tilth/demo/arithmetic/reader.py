"""Reads an arithmetic word problem and says which equation it asks for. Its misreadings are its own."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from tilth.demo.arithmetic.expression import Expression, ExpressionError, evaluate
from tilth.demo.arithmetic.schemas import SCHEMAS
from tilth.demo.arithmetic.story import fold
from tilth.demo.arithmetic.text import cues, read_text

LONGEST = 4_000
"""Characters of a question that is read; a longer one counts as foreign text."""

MOST_NUMBERS = 24
"""Numbers in a question that is read; one with more counts as foreign text."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question was taken to ask: its equation, the value of it, and whether it was read as a story."""

    expression: Expression
    value: Fraction
    story: bool


@lru_cache(4096)
def read_question(question: str) -> Reading | None:
    """The equation a question is taken to ask for, or None where it asks for no calculation."""
    if len(question) > LONGEST:
        return None
    text = read_text(question)
    if not 0 < len(text.quantities) <= MOST_NUMBERS or not cues().has(text.asked, "number asked"):
        return None
    known = next((expression for schema in SCHEMAS if (expression := schema(text)) is not None), None)
    expression = known or fold(text)
    if expression is None:
        return None
    try:
        return Reading(expression, evaluate(expression), story=known is None)
    except ExpressionError:
        return None
