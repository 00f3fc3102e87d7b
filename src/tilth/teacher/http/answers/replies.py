"""Reads what an endpoint sent back, however bad, into a completion, or into why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tilth.teacher.http.answers.error_body import error_in, is_page, read_error, read_parsed
from tilth.teacher.http.answers.failures import Refusal, refusal_of
from tilth.teacher.http.answers.fields import clean, field, name, raw_text, text
from tilth.teacher.http.answers.usage import usage_of
from tilth.teacher.pacing.quota import Quota

MAX_REPLY_BYTES = 8_000_000
MALFORMED = "malformed"
TOO_LARGE = "too-large"
TOOL_CALL = "tool_calls"
_CONTENT = re.compile(rb'"content"\s*:\s*"')
_STRING = re.compile(rb'(?:[^"\\]+|\\(?:u[0-9a-fA-F]{4}|[^u]))*')
_SHOWN = 200
_TEXTS = ("text", "output_text", None)
_FINISH_REASONS = {
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "safety": "content_filter",
    "sensitive": "content_filter",
    "prohibited_content": "content_filter",
    "blocklist": "content_filter",
    "recitation": "content_filter",
    "function_call": TOOL_CALL,
    "tool_use": TOOL_CALL,
}
"""Other APIs' words, which gateways pass on, in those of chat completions."""
_NO_REASON = ("null", "none")
_FIRST = (0, "0")
BROKEN_OFF = frozenset(
    {"error", "network_error", "connection_error", "upstream_error", "abort", "aborted", "timeout"}
)
"""Finish reasons with which a reply is none, whatever came of it."""
_UNFINISHED = frozenset(
    {"insufficient_system_resource", "cancelled", "canceled", "failed", "other", "unknown"}
)
"""Finish reasons with which a reply without text is none."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One reply, as the endpoint gave it.

    Attributes:
        text: The reply, at most 8 MB; "" where there was none. Reasoning that the endpoint sent apart
            stands in front, in `<think>` tags.
        finish_reason: "stop", "length", "content_filter", "tool_calls" ... as the endpoint said, or None;
            "malformed" where a completion holds nothing that can be read, "too-large" where it passed 8 MB.
        refusal: The model's refusal, where it came apart from the text.
        model: The model that answered, as the endpoint names it; of a path, the file's name.
        prompt_tokens: Tokens billed for the prompt, or None where the endpoint did not say.
        completion_tokens: Tokens billed for the reply, reasoning included, or None.
        seconds: From sending to the end of the reply.
        quota: What the endpoint said of its rates, or None.
    """

    text: str
    finish_reason: str | None
    refusal: str | None
    model: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    quota: Quota | None = None


def read_reply(body: bytes | bytearray, seconds: float, *, cut: bool = False) -> Completion | Refusal:
    """The completion that `body`, of a 200, holds in JSON, or why there is none. Never raises.

    `cut` says that the body was longer than what is here; the text in it is then saved as far as it goes.
    """
    if cut:
        return Completion(salvaged(body), TOO_LARGE, None, None, None, None, seconds)
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return _unread(bytes(body))
    return completion_of(reply, seconds)


def completion_of(reply: Any, seconds: float) -> Completion | Refusal:
    """The completion in a parsed chat completion, or why there is none. Never raises, whatever its shape."""
    choice = choice_of(reply)
    message = field(choice, "message")
    if message is None and isinstance(choice, Mapping):  # as legacy completions, or as a stream's pieces
        message = field(choice, "delta") or {"content": field(choice, "text")}
    error = error_in(reply, choice)
    if error or not isinstance(message, Mapping):
        return _without_message(reply, choice, error, seconds)
    thoughts, content = parts_of(message.get("content"))
    content, thoughts = clean(content), clean(reasoning_of(message) + thoughts)
    prompt_tokens, completion_tokens = usage_of(reply, len(content) + len(thoughts))
    finish_reason = finish_reason_of(choice)
    if not content and (message.get("tool_calls") or message.get("function_call")):
        finish_reason = TOOL_CALL
    refusal = text(message.get("refusal")) or None
    broken = broken_off(
        finish_reason,
        field(choice, "native_finish_reason"),
        written=bool(content or thoughts),
        refused=refusal is not None,
        billed=prompt_tokens is not None or completion_tokens is not None,
    )
    if broken is not None:
        return broken
    return Completion(
        text=with_reasoning(thoughts, content),
        finish_reason=finish_reason,
        refusal=refusal,
        model=model_of(reply),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        seconds=seconds,
    )


def broken_off(
    finish_reason: str | None, native: Any, *, written: bool, refused: bool, billed: bool
) -> Refusal | None:
    """Why a reply that came in the right form is none: what made it broke off. None where it is one."""
    for reason in (finish_reason, native if isinstance(native, str) else None):
        plain = (reason or "").lower()
        if plain in BROKEN_OFF or (plain in _UNFINISHED and not written and not refused):
            said = f'answered 200 with a reply that broke off ("{name(reason)}")'
            return Refusal("server", said, in_doubt=written or billed)
    if written or refused or billed or finish_reason:
        return None
    return Refusal(
        "server", "answered 200 with a reply that says nothing: no text, no finish reason, no usage"
    )


def choice_of(reply: Any) -> Any:
    """The choice of index 0, wherever it stands; the first where none has an index."""
    choices = field(reply, "choices")
    if not isinstance(choices, list) or not choices:
        return None
    first = choices[0]
    if len(choices) == 1 or is_first(first):
        return first
    return next((choice for choice in choices if field(choice, "index") in _FIRST), first)


def is_first(choice: Any) -> bool:
    """Whether it is the choice that counts: index 0, or none."""
    index = field(choice, "index")
    return index is None or index in _FIRST


def finish_reason_of(choice: Any) -> str | None:
    """Why the choice ended, in the words of chat completions."""
    reason = name(field(choice, "finish_reason"))
    if reason is None or reason.lower() in _NO_REASON:
        return None
    return _FINISH_REASONS.get(reason.lower(), reason)


def model_of(reply: Any) -> str | None:
    """The model's name; of a path on the server's disk, which is nobody's business, the file's name."""
    model = name(field(reply, "model"))
    if model and (model.startswith(("/", "~/", "\\")) or model[1:3] in (":\\", ":/")):
        return re.split(r"[/\\]", model.rstrip("/\\"))[-1] or None
    return model


def parts_of(content: Any) -> tuple[str, str]:
    """Thoughts and text of a message's content, which some endpoints send as a list of parts."""
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list):
        return "", raw_text(content)
    parts = [{"text": part} if isinstance(part, str) else part for part in content]
    parts = [part for part in parts if isinstance(part, Mapping)]
    thoughts = (part.get("thinking") for part in parts if part.get("type") == "thinking")
    return (
        "".join(_joined(thought) for thought in thoughts),
        "".join(raw_text(part.get("text")) for part in parts if part.get("type") in _TEXTS),
    )


def reasoning_of(message: Mapping[str, Any]) -> str:
    """Reasoning that was sent apart from the text, under whatever name."""
    return (
        raw_text(message.get("reasoning_content"))
        or raw_text(message.get("reasoning"))
        or raw_text(message.get("thinking"))
        or _detailed(message.get("reasoning_details"))
    )


def with_reasoning(reasoning: str, content: str) -> str:
    """Reasoning, in tags, and text; once, where a server sends the reasoning within the text, too."""
    thought, closing, _ = content.partition("</think>")
    if not reasoning or (closing and "".join(reasoning.split()) in "".join(thought.split())):
        return content
    return f"<think>{reasoning}</think>\n{content}"


def salvaged(body: bytes | bytearray) -> str:
    """The text of the reply that a cut body begins with."""
    body = body[:MAX_REPLY_BYTES]
    start = _CONTENT.search(body)
    if start is None:
        return ""
    string = _STRING.match(body, start.end())
    raw = string.group() if string else b""
    try:
        found = json.loads('"' + raw.decode("utf-8", "ignore") + '"', strict=False)
    except ValueError:
        return ""
    return text(found)


def _without_message(reply: Any, choice: Any, error: Any, seconds: float) -> Completion | Refusal:
    """What a reply amounts to that tells an error, or has no message where one should be."""
    usage = usage_of(reply)
    billed = usage != (None, None)
    if error:
        message = field(choice, "message")
        written = isinstance(message, Mapping) and bool(
            "".join(parts_of(message.get("content"))) or reasoning_of(message)
        )
        return refusal_of(read_parsed({"error": error}), in_doubt=billed or written, begun=written)
    if isinstance(field(reply, "choices"), list) and (billed or choice is not None):
        return Completion("", MALFORMED, None, model_of(reply), *usage, seconds)
    if reply:
        told = read_parsed(reply)
        if told.said or told.status:
            return refusal_of(told, in_doubt=billed)
    keys = type(reply).__name__
    if isinstance(reply, Mapping):
        keys = ", ".join(str(key) for key in list(reply)[:8])
    said = f"answered 200 with no chat completion, but JSON of another kind ({keys or 'empty'})"
    holds = any(reply.values()) if isinstance(reply, Mapping) else bool(reply)
    return Refusal("no-completion", said, in_doubt=billed or holds)


def _unread(body: bytes) -> Refusal:
    """What a 200 amounts to whose body is no JSON."""
    start = body[:20_000].decode("utf-8-sig", "replace").strip()
    if not start:
        return Refusal("server", "answered 200 with nothing in it")
    if is_page(start):
        return refusal_of(read_error(body), in_doubt=False)
    if start[0] in "{[":
        said = "answered 200 with JSON that cannot be read, broken or cut short"
        return Refusal("reset", said, in_doubt=True)
    return Refusal(
        "no-completion", f"answered 200 with text, not with a completion: {start[:_SHOWN]}", in_doubt=True
    )


def _detailed(details: Any) -> str:
    """Reasoning that is told in parts, as OpenRouter and MiniMax do."""
    return _joined(details) if isinstance(details, list) else ""


def _joined(value: Any) -> str:
    items: Iterable[Any] = value if isinstance(value, list) else (value,)
    return "".join(raw_text(field(item, "text") if isinstance(item, Mapping) else item) for item in items)
