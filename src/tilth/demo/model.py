"""The simulated teacher: finds out what is asked of it, and replies by rule. It is no language model."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

from tilth.demo.answers import answer
from tilth.demo.data import load
from tilth.demo.knobs import Knobs
from tilth.demo.reader import read_question
from tilth.demo.rephrase import rephrase
from tilth.demo.stories import new_question

FOREIGN = (
    "I am the rule-based simulation that comes with Tilth, not a language model. I can answer, rephrase and "
    "invent short arithmetic word problems in English, and nothing else. I find no such problem in your text."
)
"""The reply to everything that is no arithmetic problem."""

Purpose = Literal["answer", "rephrase", "new-question"]

_MARKER = re.compile(r"^[ \t>*_#]*(?:question|problem)[ \t*_]*:[ \t*_]*", re.IGNORECASE | re.MULTILINE)
_NEXT_PART = re.compile(r"\n[ \t]*\n|^[ \t>*_#]*(?:answer|solution)[ \t*_]*:", re.IGNORECASE | re.MULTILINE)
_LONGEST = 100_000


def reply(knobs: Knobs, messages: Sequence[Mapping[str, str]], temperature: float, seed: int) -> str:
    """The reply to a conversation, a pure function of its arguments; at temperature 0 the seed is unused."""
    request = _request(messages)
    if request is None:
        return FOREIGN
    purpose, question = request
    reading = read_question(question)
    if reading is None:
        return FOREIGN
    drawn = [purpose, [[message["role"], message["content"]] for message in messages]]
    # The knobs stay out of the draw: a better teacher makes some mistakes of a worse one, and no others.
    rng = random.Random(json.dumps([*drawn, temperature, seed] if temperature > 0 else drawn))
    if purpose == "rephrase":
        return f"Question: {rephrase(question, knobs.skill, temperature, rng)}"
    if purpose == "new-question":
        return f"Question: {new_question(question, knobs.drift, rng)}"
    return answer(question, reading, knobs.skill, temperature, rng)


def _request(messages: Sequence[Mapping[str, str]]) -> tuple[Purpose, str] | None:
    """What is asked, and of which question: by the last user message that holds one."""
    for message in reversed(messages):
        if message["role"] != "user":
            continue
        instruction, question = _split(message["content"][-_LONGEST:])
        if read_question(question) is not None:
            return _purpose(instruction), question
    return None


def _split(content: str) -> tuple[str, str]:
    """Instruction and question: what follows the last line "Question:", else the last paragraph that asks."""
    markers = list(_MARKER.finditer(content))
    if markers:
        marker = markers[-1]
        question = content[marker.end() :].strip()
        following = _NEXT_PART.search(question)
        end = following.start() if following else len(question)
        return content[: marker.start()] + question[end:], " ".join(question[:end].split())
    paragraphs = [part.strip() for part in re.split(r"\n[ \t]*\n|\n(?=[^\n]*\?)", content) if part.strip()]
    asking = [place for place, part in enumerate(paragraphs) if read_question(" ".join(part.split()))]
    if not asking:
        return content, " ".join(content.split())
    place = asking[-1]
    return "\n".join([*paragraphs[:place], *paragraphs[place + 1 :]]), " ".join(paragraphs[place].split())


def _purpose(instruction: str) -> Purpose:
    said = f" {' '.join(re.findall(r'[a-z]+', instruction.lower()))} "
    for purpose, phrases in _purposes():
        if any(f" {phrase} " in said for phrase in phrases):
            return purpose
    return "answer"


@cache
def _purposes() -> list[tuple[Purpose, list[str]]]:
    return list(load("purposes.json").items())
