"""Puts a streamed reply together from its server-sent events."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any

from tilth.teacher.http.answers.error_body import error_in, parsed, read_parsed
from tilth.teacher.http.answers.failures import Refusal, refusal_of
from tilth.teacher.http.answers.fields import clean, field, raw_text
from tilth.teacher.http.answers.replies import (
    MALFORMED,
    MAX_REPLY_BYTES,
    TOO_LARGE,
    TOOL_CALL,
    Completion,
    broken_off,
    choice_of,
    finish_reason_of,
    is_first,
    model_of,
    parts_of,
    read_reply,
    reasoning_of,
    salvaged,
    with_reasoning,
)
from tilth.teacher.http.answers.usage import usage_of

_MOST_READ = 20_000
_FAILED = re.compile(
    r"[\[(\s]{0,3}(?:\w{1,20} ){0,4}(?:error|failed|failure|exception|time.?out)\b", re.IGNORECASE
)
_CUT = "broke off its reply: the stream ended with neither a finish reason nor [DONE]"
_GAP = "sent a stream with a piece that cannot be read, so its reply has a gap"


class StreamReader:
    """Reads a stream as it comes in, its deltas of choice 0 alone.

    Attributes:
        text: The reply so far, as `Completion.text`.
        full: Whether the text has reached 8 MB; the rest need not be read.
        done: Whether the endpoint said that the stream is over, or broke it.
    """

    def __init__(self) -> None:
        self.full = False
        self.done = False
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="strict")
        self._pieces: list[str] = []  # of the line that is not yet whole
        self._event = ""
        self._data: list[str] | None = None
        self._stray: list[str] = []
        self._unended = self._held = self._strayed = 0  # characters of the three
        self._opened = self._by_delta = False
        self._reasoning: list[str] = []
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._size = 0
        self._finish_reason: str | None = None
        self._native: Any = None
        self._model: str | None = None
        self._usage: dict[str, Any] = {}
        self._choices = self._events = 0
        self._told_done = self._called_tool = False
        self._refused: Refusal | None = None

    @property
    def text(self) -> str:
        return with_reasoning(clean("".join(self._reasoning)), clean("".join(self._content)))

    def feed(self, chunk: bytes) -> None:
        """Takes the next bytes of the body."""
        try:
            first, *lines = self._decoder.decode(chunk).split("\n")
        except UnicodeDecodeError:
            self._break(Refusal("reset", _GAP, in_doubt=True))
            return
        self._pieces.append(first)
        self._unended += len(first)
        if lines:
            lines = ["".join(self._pieces), *lines]
            self._pieces = [lines.pop()]
            self._unended = len(self._pieces[0])
        if self._unended > MAX_REPLY_BYTES:
            self.full = True
        for line in lines:
            self._take(line.rstrip("\r"))
            if self.done or self.full:
                return

    def finish(self, seconds: float) -> Completion | Refusal:
        """The completion, once the body has ended, or why there is none."""
        line = "".join(self._pieces)
        if not self.done and not self.full:
            self._take(line.rstrip("\r"))
            self._take("")
        written = self.text
        if self.full:
            return self._completion(written or salvaged(line.encode()), TOO_LARGE, seconds)
        if self._refused is not None:
            return self._refused
        if not self._events and self._stray:  # a whole reply, by the name of a stream
            return read_reply("\n".join(self._stray).encode("utf-8", "replace"), seconds)
        usage = usage_of({"usage": self._usage}, len(written))
        billed = usage != (None, None)
        if not self._finish_reason and not self._told_done:
            return Refusal("reset", _CUT, in_doubt=bool(written) or billed)
        if not self._choices and billed:
            return self._completion("", MALFORMED, seconds)
        reason = TOOL_CALL if self._called_tool and not self._content else self._finish_reason
        broken = broken_off(
            reason, self._native, written=bool(written), refused=bool(self._refusal), billed=billed
        )
        return broken or self._completion(written, reason, seconds)

    def _completion(self, written: str, reason: str | None, seconds: float) -> Completion:
        refusal = clean("".join(self._refusal)) or None
        usage = usage_of({"usage": self._usage}, len(written))
        return Completion(written, reason, refusal, self._model, *usage, seconds)

    def _break(self, refusal: Refusal) -> None:
        self._refused, self.done = refusal, True

    def _take(self, line: str) -> None:
        if not line:
            data, self._data = "\n".join(self._data or ()).strip(), None
            event, self._event = self._event, ""
            self._held, self._opened = 0, False
            if data:
                self._end_event(event, data)
        elif line.startswith("data:"):
            self._add_data(line[5:].removeprefix(" "))
        elif line.startswith("event:"):
            self._event = line[6:].strip().lower()
        elif self._data is not None and not self._opened and line.lstrip()[:1] == "{":
            self._add_data(line)  # some servers break the line behind "data:"
        elif self._events and line.lstrip()[:1] == "{" and '"error"' in line[:_MOST_READ]:
            self._end_event("error", line.strip())  # some say bare why they break off
        elif (
            not self._events
            and not line.startswith((":", "id:", "retry:"))
            and self._strayed < MAX_REPLY_BYTES
        ):
            self._strayed += len(line) + 1
            self._stray.append(line)

    def _add_data(self, data: str) -> None:
        if self._data is None:
            self._data = []
        self._data.append(data)
        self._opened = self._opened or bool(data)
        self._held += len(data) + 1
        if self._held > MAX_REPLY_BYTES:
            self.full = True

    def _end_event(self, event: str, data: str) -> None:
        if data.upper() == "[DONE]":
            self.done = self._told_done = True
            return
        held = parsed(data) if data[0] in "{[" else None
        if held is None and "\n" in data:  # some servers leave out the empty line between events
            for line in data.split("\n"):
                if line.strip() and not self.done and not self.full:
                    self._end_event(event, line.strip())
            return
        if held is None and data[0] not in "{[":
            if event != "error" and not _FAILED.match(data):
                return  # a comment, or a sign of life: "OPENROUTER PROCESSING", "ping"
            event = "error"
        self._events += 1
        choice = choice_of(held)
        error = error_in(held, choice)
        if event == "error" or error or field(held, "object") == "error":
            told = {"error": error} if error else data if held is None else held
            billed = usage_of({"usage": field(held, "usage") or self._usage}) != (None, None)
            refusal = refusal_of(
                read_parsed(told), in_doubt=bool(self._size) or billed, begun=self._choices > 0
            )
            self._break(refusal)
        elif held is None:
            self._break(Refusal("reset", _GAP, in_doubt=True))
        else:
            self._read(held, choice)

    def _read(self, held: Any, choice: Any) -> None:
        self._model = self._model or model_of(held)
        usage = field(held, "usage") or field(field(held, "x_groq"), "usage") or field(held, "usageMetadata")
        if isinstance(usage, dict):  # some tell the prompt's tokens first, and the reply's at the end
            self._usage |= {key: value for key, value in usage.items() if value is not None}
        if choice is None or not is_first(choice):
            return
        self._choices += 1
        self._finish_reason = finish_reason_of(choice) or self._finish_reason
        self._native = field(choice, "native_finish_reason") or self._native
        delta = field(choice, "delta")
        if not delta:  # whole messages are sent as pieces, and behind the pieces once more
            delta = (None if self._by_delta else field(choice, "message")) or {
                "content": field(choice, "text")
            }
        else:
            self._by_delta = True
        if isinstance(delta, Mapping):
            thoughts, content = parts_of(delta.get("content"))
            self._add(self._reasoning, reasoning_of(delta) + thoughts)
            self._add(self._content, content)
            self._add(self._refusal, raw_text(delta.get("refusal")))
            self._called_tool = self._called_tool or bool(delta.get("tool_calls"))

    def _add(self, parts: list[str], text: str) -> None:
        if not text:
            return
        room = MAX_REPLY_BYTES - self._size
        encoded = text.encode("utf-8", "surrogatepass")
        if len(encoded) > room:
            text = encoded[:room].decode("utf-8", "ignore")
            self.full = True
        self._size += len(encoded)
        if text:
            parts.append(text)
