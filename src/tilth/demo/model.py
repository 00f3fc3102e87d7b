"""The simulated teacher: finds out what is asked of it, and replies by rule. It is no language model."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from tilth.demo.arithmetic.answers import answer
from tilth.demo.arithmetic.reader import read_question
from tilth.demo.arithmetic.rephrase import rephrase
from tilth.demo.arithmetic.stories import new_question
from tilth.demo.knobs import Knobs
from tilth.demo.request import end_of, marked, request
from tilth.demo.rules import WHO, Rules
from tilth.demo.sql import model as sql

FOREIGN = (
    f"{WHO} I can answer, rephrase and invent short arithmetic word problems in English and, where you show "
    "its schema, questions over my own sample database, and nothing else. I find neither in your text."
)
"""The reply to everything that is no arithmetic problem and shows no database."""

_ANSWERABLE = "<answerable>"
"""The tag of the form in which it is asked whether a question can be answered."""

_NUMERIC = Rules(read_question, answer, rephrase, new_question, FOREIGN)


def reply(knobs: Knobs, messages: Sequence[Mapping[str, str]], temperature: float, sampling_seed: int) -> str:
    """The reply to a conversation, a pure function of its arguments.

    At temperature 0 the sampling seed is unused.
    """
    if _ANSWERABLE in end_of(messages[-1]):
        return _answerable(messages) or FOREIGN
    rules: Rules[Any] = _NUMERIC
    looked_at = [messages]
    if shown := sql.shown_tables(messages):
        if not sql.is_sample(shown):
            return sql.FOREIGN_SCHEMA
        # A corrective turn has no line "Question:", and may well name tables.
        rules, looked_at = sql.RULES, [marked(messages), messages]
    asked = next(filter(None, (request(some, rules.read) for some in looked_at)), None)
    if asked is None:
        return rules.foreign
    purpose, question, reading = asked
    drawn = [purpose, [[message["role"], message["content"]] for message in messages]]
    # The knobs stay out of the draw: a better teacher makes some mistakes of a worse one, and no others.
    rng = random.Random(json.dumps([*drawn, temperature, sampling_seed] if temperature > 0 else drawn))
    if purpose == "rephrase":
        return f"Question: {rules.rephrase(question, knobs.skill, temperature, rng)}"
    if purpose == "new-question":
        return f"Question: {rules.new_question(question, knobs.drift, rng)}"
    return rules.answer(question, reading, knobs.skill, temperature, rng)


def _answerable(messages: Sequence[Mapping[str, str]]) -> str | None:
    """The filled form on a question that it can read, which it can therefore answer; else None."""
    if any(request(messages, rules.read) for rules in (_NUMERIC, sql.RULES)):
        return "<reason>Nothing that it needs is missing.</reason>\n<answerable>yes</answerable>"
    return None
