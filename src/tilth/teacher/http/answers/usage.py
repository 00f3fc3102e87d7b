"""Reads how many tokens a reply was billed, in the shapes in which endpoints say it."""

from __future__ import annotations

import math
from typing import Any

from tilth.teacher.http.answers.fields import field

MOST_TOKENS = 100_000_000
"""More than any model takes or gives: beyond it a count is taken for none."""
_LONGEST_NUMBER = 24
_LONGEST_TOKEN = 256
"""Bytes: vocabularies hold runs of spaces of half that length, and nothing longer."""

_CACHED = ("cache_read_input_tokens", "cache_creation_input_tokens")
_PROMPT = ("prompt_tokens", "input_tokens", "promptTokenCount", "promptTokens", "inputTokens")
_REPLY = ("completion_tokens", "output_tokens", "candidatesTokenCount", "completionTokens", "outputTokens")
_TOTAL = ("total_tokens", "totalTokenCount", "totalTokens")
_PLACES = ("usageMetadata", "usage_metadata")


def usage_of(reply: Any, size: int = 0) -> tuple[int | None, int | None]:
    """Prompt and completion tokens of a parsed reply with `size` bytes of text; None for what is missing.

    What cannot be is missing, too: a negative count, one beyond reason, none for a prompt or for a text.
    Where only a total is told, the reply is taken at its bytes, which its tokens do not outnumber.
    """
    usage = field(reply, "usage") or _elsewhere(reply)
    if not isinstance(usage, dict):
        return None, None
    prompt = _first_count(usage, _PROMPT) or None  # a prompt has tokens
    completion = _first_count(usage, _REPLY)
    total = _first_count(usage, _TOTAL)
    if prompt is not None and "input_tokens" in usage:
        prompt += sum(count(usage.get(cached)) or 0 for cached in _CACHED)
    if total is not None:
        prompt, completion = _within(total, prompt, completion, size)
    if completion is not None and completion * _LONGEST_TOKEN < size:
        completion = None
    return prompt, completion


def count(value: Any) -> int | None:
    """`value` as a number of tokens, be it written as a text or a float; None where it is none."""
    if type(value) is int:  # as a rule: this is read with every reply
        return value if 0 <= value <= MOST_TOKENS else None
    if isinstance(value, str):
        if len(value) > _LONGEST_NUMBER:
            return None
        try:
            value = float(value)
        except ValueError:
            return None
    return math.ceil(value) if isinstance(value, float) and 0 <= value <= MOST_TOKENS else None


def _elsewhere(reply: Any) -> Any:
    """The usage of a reply that does not have it in its place."""
    if field(reply, "eval_count") is not None:  # Ollama's own way
        return {"prompt_tokens": field(reply, "prompt_eval_count"), "completion_tokens": reply["eval_count"]}
    return next((told for place in _PLACES if (told := field(reply, place))), None)


def _first_count(usage: dict[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        if (value := usage.get(name)) is not None and (found := count(value)) is not None:
            return found
    return None


def _within(
    total: int, prompt: int | None, completion: int | None, size: int
) -> tuple[int | None, int | None]:
    if prompt is not None:
        # Some endpoints leave reasoning out of completion_tokens but bill it within the total.
        return prompt, max(completion or 0, total - prompt)
    if completion is None:
        completion = min(total - 1, max(1, size))
    return (total - completion if total > completion else None), max(completion, 0)
