"""Finds out what a conversation asks of the simulated teacher, and about which question."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Literal, TypeVar

from tilth.demo.data import load

Purpose = Literal["answer", "rephrase", "new-question"]

Read = TypeVar("Read")
"""What a question is read to."""

_MARKER = re.compile(r"^[ \t>*_#]*(?:question|problem)[ \t*_]*:[ \t*_]*", re.IGNORECASE | re.MULTILINE)
_NEXT_PART = re.compile(r"\n[ \t]*\n|^[ \t>*_#]*(?:answer|solution)[ \t*_]*:", re.IGNORECASE | re.MULTILINE)
_LONGEST = 100_000


def request(
    messages: Sequence[Mapping[str, str]], read: Callable[[str], Read | None]
) -> tuple[Purpose, str, Read] | None:
    """What is asked, of which question, and its reading: by the last user message that holds one."""
    for message in reversed(messages):
        if message["role"] != "user":
            continue
        instruction, question = _split(end_of(message), read)
        reading = read(question)
        if reading is not None:
            return _purpose(instruction), question, reading
    return None


def marked(messages: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The messages with a line "Question:"."""
    return [message for message in messages if _MARKER.search(end_of(message))]


def end_of(message: Mapping[str, str]) -> str:
    """As much of a message as is looked at."""
    return message["content"][-_LONGEST:]


def _split(content: str, read: Callable[[str], object | None]) -> tuple[str, str]:
    """Instruction and question: what follows the last line "Question:", else the last paragraph that asks."""
    markers = list(_MARKER.finditer(content))
    if markers:
        marker = markers[-1]
        question = content[marker.end() :].strip()
        following = _NEXT_PART.search(question)
        end = following.start() if following else len(question)
        return content[: marker.start()] + question[end:], " ".join(question[:end].split())
    paragraphs = [part.strip() for part in re.split(r"\n[ \t]*\n|\n(?=[^\n]*\?)", content) if part.strip()]
    asking = [place for place, part in enumerate(paragraphs) if read(" ".join(part.split())) is not None]
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
