"""Whether a reply can be used at all, and reading it as its prompt says."""

from __future__ import annotations

from tilth.engine.file.writes import StoredReply
from tilth.errors import Unreadable
from tilth.strategies.base import Reply
from tilth.tasks.base import Prompt
from tilth.tasks.causes import Why
from tilth.tasks.reasoning import strip_reasoning


def unusable(finish_reason: str | None, refusal: str | None, text: str) -> Why | None:
    """Why a reply cannot be used at all, or None."""
    if refusal is not None:
        return Why("refused", "refused by the model")
    if finish_reason == "content_filter":
        return Why("filtered", "stopped by a content filter")
    if finish_reason == "error":
        return Why("error", "answered with an error")
    if finish_reason == "malformed":
        return Why("malformed", "malformed reply")
    if finish_reason in ("length", "too-large"):
        return Why("cut-off", "cut off at the reply limit")
    if not text.strip():
        return Why("empty", "empty reply")
    return None


def read(prompt: Prompt, stored: StoredReply) -> Reply:
    """The reply as the prompt says it is read; raises `Unreadable` where it cannot be."""
    why = unusable(stored.finish_reason, stored.refusal, stored.text)
    if prompt.read is None:
        return reply_of(stored.text, why)
    if why:
        raise Unreadable(f"{prompt.purpose}: {why.reason}", why.cause)
    return Reply(prompt.read(strip_reasoning(stored.text)))


def reply_of(text: str, why: Why | None) -> Reply:
    """A reply as a strategy sees it, with why it cannot be used, if so."""
    return Reply(text, why.reason, why.cause) if why else Reply(text)
