"""The simulated teacher: finds out what is asked of it, and replies by rule. It is no language model."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence

from tilth.demo.answers import answer
from tilth.demo.knobs import Knobs
from tilth.demo.reader import read_question
from tilth.demo.rephrase import rephrase
from tilth.demo.request import Purpose, request
from tilth.demo.sql import model as sql
from tilth.demo.stories import new_question

FOREIGN = (
    "I am the rule-based simulation that comes with Tilth, not a language model. I can answer, rephrase and "
    "invent short arithmetic word problems in English and, where you show its schema, questions over my own "
    "sample database, and nothing else. I find neither in your text."
)
"""The reply to everything that is no arithmetic problem and shows no database."""


def reply(knobs: Knobs, messages: Sequence[Mapping[str, str]], temperature: float, seed: int) -> str:
    """The reply to a conversation, a pure function of its arguments; at temperature 0 the seed is unused."""

    def drawing(purpose: Purpose) -> random.Random:
        drawn = [purpose, [[message["role"], message["content"]] for message in messages]]
        # The knobs stay out of the draw: a better teacher makes some mistakes of a worse one, and no others.
        return random.Random(json.dumps([*drawn, temperature, seed] if temperature > 0 else drawn))

    if sql.shows_schema(messages):
        return sql.reply(knobs, messages, temperature, drawing)
    found = request(messages, lambda text: read_question(text) is not None)
    if found is None:
        return FOREIGN
    purpose, question = found
    reading = read_question(question)
    if reading is None:
        return FOREIGN
    rng = drawing(purpose)
    if purpose == "rephrase":
        return f"Question: {rephrase(question, knobs.skill, temperature, rng)}"
    if purpose == "new-question":
        return f"Question: {new_question(question, knobs.drift, rng)}"
    return answer(question, reading, knobs.skill, temperature, rng)
