"""Reads a question and its answer from a conversation, as ShareGPT, OpenAI and TRL write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_USER = frozenset({"user", "human", "prompter", "question"})
_ASSISTANT = frozenset({"assistant", "gpt", "bot", "chatgpt", "bard", "bing", "model", "answer"})
_SYSTEM = frozenset({"system", "developer"})
_NAMES = (("role", "content"), ("from", "value"), ("from", "content"), ("role", "value"))


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: who speaks ("user", "assistant", "system" or another's name), and the text, if it is one."""

    role: str
    text: str | None


def turns_of(value: Any) -> list[Turn] | None:
    """The turns of a conversation, also where a table holds it as JSON; None for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("[{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, list | tuple) or not value:
        return None
    turns = []
    for one in value:
        if not isinstance(one, Mapping):
            return None
        names = next((names for names in _NAMES if all(name in one for name in names)), None)
        if names is None or not isinstance(one[names[0]], str):
            return None
        turns.append(Turn(_role(one[names[0]]), _content(one[names[1]])))
    return turns


def _role(name: str) -> str:
    said = name.strip().lower()
    kinds = (("user", _USER), ("assistant", _ASSISTANT), ("system", _SYSTEM))
    return next((role for role, names in kinds if said in names), said)


def _content(value: Any) -> str | None:
    """A turn's text, also where it is a list of parts that are all texts."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list | tuple):
        return None
    texts = [part.get("text") for part in value if isinstance(part, Mapping)]
    whole = len(texts) == len(value) and all(isinstance(text, str) for text in texts)
    return "\n".join(map(str, texts)) if whole else None


def question_in(turns: Sequence[Turn], reasons: list[str], *, alone: bool) -> str | None:
    """What the user asks first; a reason is added where the conversation does not open with that.

    Args:
        turns: The conversation.
        reasons: Where a reason goes.
        alone: Whether its answer stands elsewhere, so that earlier turns would be lost.
    """
    spoken = [turn for turn in turns if turn.role != "system"]
    if not spoken or spoken[0].role != "user":
        who = f"{spoken[0].role!r} speaks first" if spoken else "nobody speaks"
        reasons.append(f"{who} in the conversation; a seed starts from what a user asks")
        return None
    if alone and len(spoken) > 1:
        reasons.append(f"the conversation has {len(spoken)} turns before its answer; a seed is one question")
        return None
    return spoken[0].text or ""


def answer_in(turns: Sequence[Turn], reasons: list[str]) -> str | None:
    """The assistant's first reply; a reason is added where another turn stands in its place."""
    spoken = [turn for turn in turns if turn.role != "system"]
    if spoken and spoken[0].role == "user":
        spoken = spoken[1:]
    if not spoken or spoken[0].role != "assistant":
        who = f"{spoken[0].role!r} speaks" if spoken else "nothing stands"
        reasons.append(
            f"{who} where the assistant's reply belongs; pass answer=None to grow without references"
        )
        return None
    return spoken[0].text or ""


def beyond(turns: Sequence[Turn]) -> tuple[bool, bool]:
    """Whether a conversation has a system prompt, and turns after the first question and answer."""
    spoken = sum(turn.role != "system" for turn in turns)
    return spoken < len(turns), spoken > 2
