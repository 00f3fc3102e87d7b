"""Says a question over the sample database in other words, and changes one of its values."""

from __future__ import annotations

import random

from tilth.demo.arithmetic.rephrase import eagerness, faithful, strays, substitute
from tilth.demo.data import load
from tilth.demo.sql.database import schema
from tilth.demo.sql.lexicon import Mention, mentions
from tilth.demo.sql.reader import read_question

_TABLE = "sql_rephrases.json"


def rephrase(question: str, skill: float, temperature: float, rng: random.Random) -> str:
    """The question in other words; mostly, but not always, asking for the same (`tilth.demo.RATES`)."""
    return faithful(question, lambda: _rewrite(question, skill, temperature, rng), _sql, rng)


def _sql(question: str) -> str | None:
    reading = read_question(question)
    return None if reading is None else reading.sql


def _rewrite(question: str, skill: float, temperature: float, rng: random.Random) -> str:
    said = substitute(question, _TABLE, eagerness(temperature), rng)
    if strays(skill, temperature, rng):
        said = _distorted(said, rng)
    table = load(_TABLE)
    if said.startswith(tuple(table["imperatives"])):
        said = f"{said.rstrip('?.')}."
    opener: str = rng.choice(table["openers"])
    return opener + said


def _distorted(question: str, rng: random.Random) -> str:
    """An unfaithful rewrite: a number or a value changes."""
    found = [mention for mention in mentions(question) if mention.kind in ("number", "value")]
    if not found:
        return question
    mention = rng.choice(found)
    return swapped(question, mention, other(question, mention, rng))


def other(question: str, mention: Mention, rng: random.Random) -> str:
    """What may stand in the place of a number or a value: another of its kind, written as it was."""
    written = question[mention.start : mention.end]
    if mention.column is None:
        number = float(mention.said)
        if 1900 <= number < 2036:
            return str(int(number) + rng.choice((-4, -3, -2, -1, 1, 2, 3, 4)))
        if number < 10:
            return str(rng.choice([n for n in range(2, 10) if n != number]))
        step = 5 if number < 100 else 50
        return str(max(step, round(number * rng.randint(50, 180) / 100 / step) * step))
    value = rng.choice([value for value in schema().values[mention.column] if value != mention.said])
    plural = written.lower() == f"{mention.said.lower()}s"
    return f"{value.lower()}s" if plural else value


def swapped(question: str, mention: Mention, new: str) -> str:
    """The question with something else in the place of a mention."""
    return question[: mention.start] + new + question[mention.end :]
