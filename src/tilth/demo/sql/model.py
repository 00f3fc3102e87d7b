"""The simulated teacher over its sample database: what is asked where a schema is shown, and the reply."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

from tilth.demo.knobs import Knobs
from tilth.demo.request import Purpose, marked, request
from tilth.demo.sql.answers import answer
from tilth.demo.sql.database import facts
from tilth.demo.sql.reader import read_question
from tilth.demo.sql.rephrase import rephrase
from tilth.demo.sql.stories import new_question

FOREIGN_SCHEMA = (
    "I am the rule-based simulation that comes with Tilth, not a language model. Of databases I only know my "
    "own sample, an invented nursery; I cannot write SQL for the schema you show."
)
"""The reply to a question over another database."""

FOREIGN_QUESTION = (
    "I am the rule-based simulation that comes with Tilth, not a language model. I can answer, rephrase and "
    "invent questions in English over my sample database. I find no such question in your text."
)
"""The reply where its own schema is shown, and nothing it can read is asked."""

_TABLE = re.compile(r"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"`\[]?(\w{1,64})", re.IGNORECASE)
_LONGEST = 100_000


def shows_schema(messages: Sequence[Mapping[str, str]]) -> bool:
    """Whether a message holds the SQL of a table."""
    return any(_TABLE.search(message["content"][-_LONGEST:]) for message in messages)


def reply(
    knobs: Knobs,
    messages: Sequence[Mapping[str, str]],
    temperature: float,
    drawing: Callable[[Purpose], random.Random],
) -> str:
    """The reply to a conversation that shows a schema; its draws come from `drawing`, by what is asked."""
    shown = {
        table.lower() for message in messages for table in _TABLE.findall(message["content"][-_LONGEST:])
    }
    if shown != set(facts().tables):
        return FOREIGN_SCHEMA
    # A corrective turn has no line "Question:", and may well name tables.
    found = request(marked(messages), _reads) or request(messages, _reads)
    reading = read_question(found[1]) if found is not None else None
    if found is None or reading is None:
        return FOREIGN_QUESTION
    purpose, question = found
    rng = drawing(purpose)
    if purpose == "rephrase":
        return f"Question: {rephrase(question, knobs.skill, temperature, rng)}"
    if purpose == "new-question":
        return f"Question: {new_question(question, knobs.drift, rng)}"
    return answer(question, reading, knobs.skill, temperature, rng)


def _reads(text: str) -> bool:
    return read_question(text) is not None
