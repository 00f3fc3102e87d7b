"""The simulated teacher over its sample database: how it knows the schema, and its rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tilth.demo.request import end_of
from tilth.demo.rules import WHO, Rules
from tilth.demo.sql.answers import answer
from tilth.demo.sql.database import schema
from tilth.demo.sql.reader import read_question
from tilth.demo.sql.rephrase import rephrase
from tilth.demo.sql.stories import new_question

FOREIGN_SCHEMA = (
    f"{WHO} Of databases I only know my own sample, an invented nursery; I cannot write SQL for the schema "
    "you show."
)
"""The reply to a question over another database."""

FOREIGN_QUESTION = (
    f"{WHO} I can answer, rephrase and invent questions in English over my sample database. I find no such "
    "question in your text."
)
"""The reply where its own schema is shown, and nothing it can read is asked."""

RULES = Rules(read_question, answer, rephrase, new_question, FOREIGN_QUESTION)

_TABLE = re.compile(r"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"`\[]?(\w{1,64})", re.IGNORECASE)


def shown_tables(messages: Sequence[Mapping[str, str]]) -> set[str]:
    """The tables whose SQL the messages hold, in lower case."""
    return {table.lower() for message in messages for table in _TABLE.findall(end_of(message))}


def is_sample(tables: set[str]) -> bool:
    """Whether these are the sample database's tables."""
    return tables == set(schema().tables)
