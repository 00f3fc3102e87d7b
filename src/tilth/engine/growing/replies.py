"""Whether a reply can be used at all, and reading it as its prompt says."""

from __future__ import annotations

from tilth.engine.file.writes import StoredReply
from tilth.errors import Unreadable
from tilth.strategies.base import Reply
from tilth.tasks.base import Prompt
from tilth.tasks.reasoning import strip_reasoning


def unusable(finish_reason: str | None, refusal: str | None, text: str) -> str | None:
    """Why a reply cannot be used at all, in a few words, or None."""
    if refusal is not None:
        return "refused by the model"
    if finish_reason == "content_filter":
        return "stopped by a content filter"
    if finish_reason == "error":
        return "answered with an error"
    if finish_reason == "malformed":
        return "malformed reply"
    if finish_reason in ("length", "too-large"):
        return "cut off at the reply limit"
    if not text.strip():
        return "empty reply"
    return None


def read(prompt: Prompt, stored: StoredReply) -> Reply:
    """The reply as the prompt says it is read; raises `Unreadable` where it cannot be."""
    problem = unusable(stored.finish_reason, stored.refusal, stored.text)
    if prompt.read is None:
        return Reply(stored.text, problem)
    if problem:
        raise Unreadable(f"{prompt.purpose}: {problem}")
    return Reply(prompt.read(strip_reasoning(stored.text)), None)
