"""Reads what an endpoint sent back, however bad, into a completion."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tilth.teacher.pacing.quota import Quota

MAX_REPLY_BYTES = 8_000_000
MALFORMED = "malformed"
TOO_LARGE = "too-large"
_MOST_TOKENS = 2**53
_CONTENT = re.compile(rb'"content"\s*:\s*"')
_STRING = re.compile(rb'(?:[^"\\]+|\\(?:u[0-9a-fA-F]{4}|[^u]))*')


@dataclass(frozen=True, slots=True)
class Completion:
    """One reply, as the endpoint gave it.

    Attributes:
        text: The reply, at most 8 MB; "" where there was none. Reasoning that the endpoint sent apart
            stands in front, in `<think>` tags.
        finish_reason: "stop", "length", "content_filter" ... as the endpoint said, or None;
            "malformed" where the reply could not be read, "too-large" where it passed 8 MB.
        refusal: The model's refusal, where it came apart from the text.
        model: The model that answered, as the endpoint names it.
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


def read_reply(body: bytes | bytearray, seconds: float, *, cut: bool = False) -> Completion:
    """The completion that `body` holds, a chat completion in JSON. Never raises.

    `cut` says that the body was longer than what is here; the text in it is then saved as far as it goes.
    """
    if cut:
        return Completion(_salvaged(body), TOO_LARGE, None, None, None, None, seconds)
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return Completion("", MALFORMED, None, None, None, None, seconds)
    return completion_of(reply, seconds)


def completion_of(reply: Any, seconds: float) -> Completion:
    """The completion in a parsed chat completion. Never raises, whatever its shape."""
    prompt_tokens, completion_tokens = usage_of(reply)
    choice = _first(_get(reply, "choices"))
    message = _get(choice, "message")
    if not isinstance(message, Mapping):
        return Completion(
            "", MALFORMED, None, _name(_get(reply, "model")), prompt_tokens, completion_tokens, seconds
        )
    thoughts, content = _parts(message.get("content"))
    return Completion(
        text=_with_reasoning(_reasoning(message) + thoughts, content),
        finish_reason=_name(_get(choice, "finish_reason")),
        refusal=_text(message.get("refusal")) or None,
        model=_name(_get(reply, "model")),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        seconds=seconds,
    )


def usage_of(reply: Any) -> tuple[int | None, int | None]:
    """Prompt and completion tokens of a parsed reply; None for what is missing or absurd."""
    usage = _get(reply, "usage")
    prompt = _count(_get(usage, "prompt_tokens"))
    completion = _count(_get(usage, "completion_tokens"))
    total = _count(_get(usage, "total_tokens"))
    if prompt is not None and completion is not None and total is not None:
        # Some endpoints leave reasoning out of completion_tokens but bill it within the total.
        completion = max(completion, total - prompt)
    return prompt, completion


class StreamReader:
    """Puts a streamed reply together from its server-sent events.

    Attributes:
        text: The reply so far, as `Completion.text`.
        full: Whether the text has reached 8 MB; the rest need not be read.
        done: Whether the endpoint said that the stream is over.
    """

    def __init__(self) -> None:
        self.full = False
        self.done = False
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="strict")
        self._line = ""
        self._data: list[str] = []
        self._reasoning: list[str] = []
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._size = 0
        self._finish_reason: str | None = None
        self._model: str | None = None
        self._usage: tuple[int | None, int | None] = (None, None)
        self._choices = 0
        self._broken = False

    @property
    def text(self) -> str:
        return _with_reasoning(_clean("".join(self._reasoning)), _clean("".join(self._content)))

    def feed(self, chunk: bytes) -> None:
        """Takes the next bytes of the body."""
        try:
            lines = (self._line + self._decoder.decode(chunk)).split("\n")
        except UnicodeDecodeError:
            self._broken = self.done = True
            return
        self._line = lines.pop()
        if len(self._line) > MAX_REPLY_BYTES:
            self.full = True
        for line in lines:
            self._take(line.rstrip("\r"))
            if self.done or self.full:
                return

    def finish(self, seconds: float) -> Completion:
        """The completion, once the body has ended."""
        if not self.done and not self.full:
            self._take(self._line.rstrip("\r"))
            self._take("")
        reason, text = self._finish_reason, self.text
        if self.full:
            reason, text = TOO_LARGE, text or _salvaged(self._line.encode())
        elif self._broken or not self._choices:
            # A reply with a piece missing from its middle is no reply.
            reason, text = MALFORMED, ""
        refusal = _clean("".join(self._refusal)) or None
        return Completion(text, reason, refusal, self._model, *self._usage, seconds)

    def _take(self, line: str) -> None:
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        elif not line and self._data:
            data, self._data = "\n".join(self._data), []
            self._event(data)

    def _event(self, data: str) -> None:
        if data.strip() == "[DONE]":
            self.done = True
            return
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            self._broken = True
            return
        if _get(event, "error"):
            self._broken = self.done = True
            return
        self._model = _name(_get(event, "model")) or self._model
        prompt, completion = usage_of(event)
        self._usage = (
            self._usage[0] if prompt is None else prompt,
            self._usage[1] if completion is None else completion,
        )
        choice = _first(_get(event, "choices"))
        self._choices += choice is not None
        self._finish_reason = _name(_get(choice, "finish_reason")) or self._finish_reason
        delta = _get(choice, "delta")
        if isinstance(delta, Mapping):
            thoughts, content = _parts(delta.get("content"))
            self._add(self._reasoning, _reasoning(delta) + thoughts)
            self._add(self._content, content)
            self._add(self._refusal, _text(delta.get("refusal")))

    def _add(self, parts: list[str], text: str) -> None:
        room = MAX_REPLY_BYTES - self._size
        size = len(text.encode("utf-8", "replace"))
        if size > room:
            text = text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
            self.full = True
        self._size += size
        if text:
            parts.append(text)


def _salvaged(body: bytes | bytearray) -> str:
    """The text of the reply that a cut body begins with."""
    body = body[:MAX_REPLY_BYTES]
    start = _CONTENT.search(body)
    if start is None:
        return ""
    string = _STRING.match(body, start.end())
    raw = string.group() if string else b""
    try:
        text = json.loads('"' + raw.decode("utf-8", "ignore") + '"', strict=False)
    except ValueError:
        return ""
    return _clean(text)


def _get(value: Any, key: str) -> Any:
    # what JSON gives is a dict, and is found to be one far sooner
    return value.get(key) if isinstance(value, (dict, Mapping)) else None


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _text(value: Any) -> str:
    return _clean(value) if isinstance(value, str) else ""


def _name(value: Any) -> str | None:
    return _clean(value)[:200] if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS
    return value if usable else None


def _parts(content: Any) -> tuple[str, str]:
    """Thoughts and text of a message's content, which some endpoints send as a list of parts."""
    if not isinstance(content, list):
        return "", _text(content)
    parts = [part for part in content if isinstance(part, Mapping)]
    thoughts = (part.get("thinking") for part in parts if part.get("type") == "thinking")
    return (
        "".join(_joined(thought) for thought in thoughts),
        "".join(_text(part.get("text")) for part in parts if part.get("type") == "text"),
    )


def _joined(value: Any) -> str:
    items: Iterable[Any] = value if isinstance(value, list) else (value,)
    return "".join(_text(_get(item, "text") if isinstance(item, Mapping) else item) for item in items)


def _reasoning(message: Mapping[str, Any]) -> str:
    return _text(message.get("reasoning_content")) or _text(message.get("reasoning"))


def _with_reasoning(reasoning: str, content: str) -> str:
    if not reasoning:
        return content
    return f"<think>{reasoning}</think>\n{content}"


def _clean(text: str) -> str:
    """`text` with what UTF-8 cannot hold (lone surrogates, which JSON can) replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
