"""An open teacher: puts one request to an endpoint over HTTP and brings back one completion."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tilth.errors import TeacherError
from tilth.teacher.call_error import CallError
from tilth.teacher.http import redirects
from tilth.teacher.http.answers import failures
from tilth.teacher.http.answers.error_body import parsed, read_error
from tilth.teacher.http.answers.failures import Answer, Refusal
from tilth.teacher.http.answers.replies import MAX_REPLY_BYTES, Completion, read_reply
from tilth.teacher.http.answers.slots import are_told, properties_of, read_slots
from tilth.teacher.http.answers.streams import StreamReader
from tilth.teacher.http.answers.usage import usage_of
from tilth.teacher.http.answers.waits import header_wait
from tilth.teacher.http.dialect import Dialect
from tilth.teacher.http.preflight import find_problem
from tilth.teacher.http.proxies import Proxy
from tilth.teacher.http.redact import Secret, redacted
from tilth.teacher.pacing.quota import quota_of

_MOST_ADAPTATIONS = 6
_SLOTS_SECONDS = 5.0
_SHOWN_EVERY = 0.02
_EVENTS = (b"data:", b"event:", b": ")
"""How a stream begins, under whatever content type it comes."""


class Endpoint(ABC):
    """Where a teacher's requests go, for as long as it is open. Used within one event loop.

    Attributes:
        slots: How many calls the server works on at once, where it tells so in the preflight.
    """

    slots: int | None = None

    @abstractmethod
    async def preflight(self) -> None:
        """Tries key, model and host without spending a query; raises `TeacherError`."""

    @abstractmethod
    async def complete(
        self,
        request: Mapping[str, Any],
        *,
        max_tokens: int,
        sampling_seed: int,
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Puts `request` once and returns its completion.

        Args:
            request: What `Teacher.request` made.
            max_tokens: Limit on the reply, in tokens.
            sampling_seed: The sampling seed to send.
            on_text: Where given, the reply is streamed and this is called with the text so far.

        Raises:
            CallError: No reply came. Nothing is tried again, but for a request that the endpoint refused
                because of one parameter it does not take: that is put again without it, and remembered.
            TeacherError: The call cannot work, however often it is tried.
        """


class HttpEndpoint(Endpoint):
    """An OpenAI-compatible endpoint; a subclass puts the bytes on the wire.

    Args:
        model: The model's name there.
        where: Its address, without secrets.
        key_from: Where the key is from, for messages.
        secrets: What no message may show.
        timeout: Seconds for a whole call.
        max_completion_tokens: Whether it is known to want `max_completion_tokens`.
        lists_models: Whether `/models` says which models it has.
        proxy: What it is called through, or None.
    """

    def __init__(
        self,
        *,
        model: str,
        where: str,
        key_from: str,
        secrets: Sequence[str],
        timeout: float,
        max_completion_tokens: bool,
        lists_models: bool,
        proxy: Proxy | None = None,
    ) -> None:
        self._model = model
        self._address = where
        self._where = f"{where} through {proxy}" if proxy else where
        self._unheard = "; is the server running, and is base_url right?"
        if proxy:
            self._unheard = f"; does that proxy work? Unset {proxy.source}, or name the host in NO_PROXY"
        self._key_from = key_from
        self._secrets = Secret(tuple(secrets))
        self._timeout = timeout
        self._lists_models = lists_models
        self._dialect = Dialect(max_completion_tokens=max_completion_tokens)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._model!r} at {self._where})"

    @abstractmethod
    async def _send(
        self, body: Mapping[str, Any], on_text: Callable[[str], None] | None, moved: str | None
    ) -> Completion | Refusal | Answer:
        """Posts `body` to the chat completions, or where they have `moved`; follows no redirect.

        Returns what came of a 200, or the answer that is none.
        """

    @abstractmethod
    async def _fetch(self, path: str, moved: str | None) -> Answer:
        """Gets `path`, which follows the base URL, or where it has `moved`; follows no redirect."""

    @property
    def dropped(self) -> frozenset[str]:
        """Parameters the endpoint refused, which are no longer sent."""
        return self._dialect.dropped

    async def preflight(self) -> None:
        got: list[Answer] = []

        async def get(path: str) -> Answer:
            got.append(await self._get(path))
            return got[-1]

        problem = await find_problem(
            get,
            model=self._model if self._lists_models else None,
            where=self._where,
            unheard=self._unheard,
            key_from=self._key_from,
            secrets=self._secrets.reveal(),
        )
        if problem is not None:
            raise problem
        if got and are_told(got[0]):
            # to know them is worth one question; not to know them stops nothing
            with suppress(Exception):
                async with asyncio.timeout(_SLOTS_SECONDS):
                    self.slots = read_slots(await self._fetch("", properties_of(self._address)))

    async def complete(
        self,
        request: Mapping[str, Any],
        *,
        max_tokens: int,
        sampling_seed: int,
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        started = time.perf_counter()
        for left in reversed(range(_MOST_ADAPTATIONS)):
            body = self._dialect.body(
                request, max_tokens=max_tokens, sampling_seed=sampling_seed, stream=on_text is not None
            )
            answer = await self._attempt(body, on_text)
            if not isinstance(answer, Answer):
                outcome = answer
                break
            if not (left and answer.status in (400, 422) and self._learns(body, answer)):
                outcome = self._refused(answer, time.perf_counter() - started)
                break
        if isinstance(outcome, CallError | TeacherError):
            raise outcome
        return outcome

    def _learns(self, body: Mapping[str, Any], answer: Answer) -> bool:
        told = read_error(answer.body)
        return self._dialect.learn(body, told.said, told.code, told.param)

    def _refused(self, answer: Answer, seconds: float) -> Completion | CallError:
        secrets = self._secrets.reveal()
        usage = usage_of(parsed(answer.body))
        # about this request, and not about the key, the path or the load
        is_final = 400 <= answer.status < 500 and answer.status not in (401, 403, 404, 429)
        if is_final and usage != (None, None):
            # Billed, so it is a query, though it brought nothing.
            said = redacted(read_error(answer.body).said, secrets)
            return Completion("", "error", said, None, *usage, seconds)
        return failures.of_status(
            answer.status, answer.headers, answer.body, where=self._where, secrets=secrets
        )

    async def _post(
        self, body: Mapping[str, Any], on_text: Callable[[str], None] | None
    ) -> Completion | Refusal | Answer:
        outcome = await self._send(body, on_text, None)
        for _ in range(redirects.MOST):
            moved = self._moved("/chat/completions", outcome)
            if moved is None:
                break
            outcome = await self._send(body, on_text, moved)
        return outcome

    async def _get(self, path: str) -> Answer:
        answer = await self._fetch(path, None)
        for _ in range(redirects.MOST):
            moved = self._moved(path, answer)
            if moved is None:
                break
            answer = await self._fetch(path, moved)
        return answer

    def _moved(self, path: str, outcome: Any) -> str | None:
        if not isinstance(outcome, Answer) or not 300 <= outcome.status < 400:
            return None
        return redirects.followed(self._address + path, outcome.status, outcome.headers.get("location"))

    async def _attempt(
        self, body: Mapping[str, Any], on_text: Callable[[str], None] | None
    ) -> Completion | Answer | CallError | TeacherError:
        # Failures are returned, not raised, so that no traceback leads to the request and its headers.
        try:
            async with asyncio.timeout(self._timeout):
                outcome = await self._post(body, on_text)
        except Exception as error:  # noqa: BLE001 - every failure of a call is told, none passes
            failure = failures.of_exception(error, where=self._where, secrets=self._secrets.reveal())
            if failure is not None:
                return failure
            message = f"the call to {self._where} failed: {type(error).__name__}: {error}"
            return TeacherError(redacted(message, self._secrets.reveal()))
        if not isinstance(outcome, Refusal):
            return outcome
        return failures.of_refusal(outcome, where=self._where, secrets=self._secrets.reveal())


async def read_chunks(
    chunks: AsyncIterator[bytes],
    headers: Mapping[str, str],
    on_text: Callable[[str], None] | None,
    started: float,
) -> Completion | Refusal:
    """What the body of a 200 holds as it comes in, streamed or whole, read no further than 8 MB."""
    if headers.get("content-type", "").lower().startswith("text/event-stream"):
        outcome = await _read_stream(chunks, on_text, started)
    else:
        body = await read_some(chunks)
        outcome = _read_whole(body, time.perf_counter() - started)
        if on_text is not None and isinstance(outcome, Completion):
            on_text(outcome.text)
    quota = quota_of(headers)
    if isinstance(outcome, Refusal):
        wait = header_wait(headers) if outcome.retry_after is None else outcome.retry_after
        return replace(outcome, retry_after=wait, quota=quota)
    return outcome if quota is None else replace(outcome, quota=quota)


def _read_whole(body: bytes, seconds: float) -> Completion | Refusal:
    if body.startswith(_EVENTS):
        reader = StreamReader()
        reader.feed(body)
        return reader.finish(seconds)
    return read_reply(body[:MAX_REPLY_BYTES], seconds, cut=len(body) > MAX_REPLY_BYTES)


async def read_some(chunks: AsyncIterator[bytes]) -> bytes:
    """A body, of which no more is read once it passes 8 MB."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_REPLY_BYTES:
            break
    return bytes(body)


async def _read_stream(
    chunks: AsyncIterator[bytes], on_text: Callable[[str], None] | None, started: float
) -> Completion | Refusal:
    reader = StreamReader()
    shown, due = "", 0.0
    async for chunk in chunks:
        reader.feed(chunk)
        if reader.full or reader.done:
            break
        # the text is put together anew each time: not with every piece, where they come thick and fast
        if on_text is not None and time.perf_counter() >= due and (text := reader.text) != shown:
            on_text(shown := text)
            due = time.perf_counter() + _SHOWN_EVERY
    if on_text is not None and (text := reader.text) != shown:
        on_text(text)
    return reader.finish(time.perf_counter() - started)
