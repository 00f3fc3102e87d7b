"""Whether a reply can be used at all, and reading it as its prompt says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields

from tilth.engine.file.writes import StoredReply
from tilth.errors import Unreadable
from tilth.strategies.base import Reply
from tilth.tasks.base import Prompt
from tilth.tasks.causes import Why
from tilth.tasks.reasoning import strip_reasoning

_ROUND = 1024
_SMALLEST_CONTEXT = 2048
_FEW = 20
"""A reply of a prompt's twentieth, cut off: no server's own limit is as small."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came with a reply's text.

    Attributes:
        finish_reason: Why it ended, as the endpoint or its reading said.
        refusal: The model's refusal, where it came apart from the text; of an error, what was said.
        max_tokens: The limit that was asked for.
        prompt_tokens: As the endpoint counted them; None where it did not.
        completion_tokens: As the endpoint counted them; None where it did not.
    """

    finish_reason: str | None
    refusal: str | None
    max_tokens: int
    prompt_tokens: int | None
    completion_tokens: int | None

    @classmethod
    def of(cls, stored: StoredReply) -> Told:
        """What came with a journalled reply."""
        usage = stored.usage
        tokens = (None, None) if usage.estimated else (usage.prompt_tokens, usage.completion_tokens)
        return cls(stored.finish_reason, stored.refusal, stored.max_tokens, *tokens)


TOLD = tuple(field.name for field in fields(Told))


def unusable(text: str, told: Told) -> Why | None:
    """Why a reply cannot be used at all, or None."""
    reason = told.finish_reason
    if reason == "error":
        return Why(
            "error", f"answered with an error: {told.refusal}" if told.refusal else "answered with an error"
        )
    if told.refusal is not None:
        return Why("refused", "refused by the model")
    if reason == "content_filter":
        return Why("filtered", "stopped by a content filter")
    if reason == "malformed":
        return Why("malformed", "malformed reply")
    if reason == "too-large":
        return Why("cut-off", "cut off at 8 MB")
    if reason == "length":
        return _cut_off(text, told)
    return None if strip_reasoning(text).strip() else _empty(text, told)


def doubtful(text: str, told: Told) -> Why | None:
    """What speaks against a reply that can be used: it ends just where a usual context does."""
    prompt, reply = told.prompt_tokens, told.completion_tokens
    if not text.strip() or prompt is None or reply is None or reply >= told.max_tokens:
        return None
    return _full(prompt, reply) if _is_usual_context(prompt + reply) else None


def _cut_off(text: str, told: Told) -> Why:
    prompt, reply = told.prompt_tokens, told.completion_tokens
    short = reply is not None and reply < told.max_tokens
    if prompt is not None and reply is not None and short and _fills(prompt, reply):
        return _full(prompt, reply)
    where = "at the reply limit"
    if text.strip() and not strip_reasoning(text).strip():
        where = "while still thinking"
    if short:
        own = f"the server has a limit of its own, below max_tokens={told.max_tokens}"
        return Why("cut-off", f"cut off {where}, after {reply} tokens: {own}")
    return Why("cut-off", f"cut off {where}; raise max_tokens")


def _empty(text: str, told: Told) -> Why:
    prompt, reply = told.prompt_tokens, told.completion_tokens
    if text.strip():
        if reply is not None and reply >= told.max_tokens:
            return Why("cut-off", "cut off while still thinking; raise max_tokens")
        return Why("empty", "nothing but reasoning, with no text behind it")
    if told.finish_reason == "tool_calls":
        return Why("empty", "a tool call instead of text")
    if prompt is not None and reply == 0 and prompt >= _SMALLEST_CONTEXT:
        return _full(prompt, 0)
    return Why("empty", "empty reply")


def _fills(prompt: int, reply: int) -> bool:
    """Whether a reply that was cut off short of its limit was so by the context rather than by a limit."""
    return (prompt + reply) % _ROUND == 0 or reply * _FEW <= prompt


def _full(prompt: int, reply: int) -> Why:
    return Why(
        "context-full",
        f"the model's context seems full: prompt and reply are {prompt + reply} tokens; "
        "give the server a larger one, or shorter prompts",
    )


def _is_usual_context(tokens: int) -> bool:
    """Whether contexts of that size are usual: 4096, 6144, 131072 ..."""
    return tokens > 0 and tokens % _SMALLEST_CONTEXT == 0


def read(prompt: Prompt, stored: StoredReply) -> Reply:
    """The reply as the prompt says it is read; raises `Unreadable` where it cannot be."""
    told = Told.of(stored)
    why = unusable(stored.text, told)
    if prompt.read is None:
        return reply_of(stored.text, told)
    if why:
        if why.cause in ("cut-off", "context-full") and prompt.read_cut_off is not None:
            with suppress(Unreadable):
                return Reply(prompt.read_cut_off(strip_reasoning(stored.text)))
        raise Unreadable(f"{prompt.purpose}: {why.reason}", why.cause)
    return Reply(prompt.read(strip_reasoning(stored.text)))


def reply_of(text: str, told: Told) -> Reply:
    """A reply as a strategy sees it, with why it cannot be used, or is in doubt, if so."""
    why = unusable(text, told)
    if why:
        # of a reply, not of a unit without a row: those are counted by their reasons
        billed = told.completion_tokens if why.cause == "empty" else None
        return Reply(
            text, why.reason + (f", though {billed} tokens were billed" if billed else ""), why.cause
        )
    doubt = doubtful(text, told)
    return Reply(text, doubt=doubt) if doubt else Reply(text)
