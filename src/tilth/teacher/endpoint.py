"""An open teacher: puts one request to an endpoint over HTTP and brings back one completion."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tilth.teacher import failures
from tilth.teacher.dialect import Dialect
from tilth.teacher.errors import CallError, TeacherError
from tilth.teacher.preflight import find_problem
from tilth.teacher.redact import Secret, redacted
from tilth.teacher.replies import MAX_REPLY_BYTES, Completion, StreamReader, read_reply, usage_of

if TYPE_CHECKING:
    from httpx2 import Response
    from openai import AsyncOpenAI

_MOST_ADAPTATIONS = 6


class Endpoint(ABC):
    """Where a teacher's requests go, for as long as it is open. Used within one event loop."""

    @abstractmethod
    async def preflight(self) -> None:
        """Checks key, model and host without spending a query; raises `TeacherError`."""

    @abstractmethod
    async def complete(
        self,
        request: Mapping[str, Any],
        *,
        max_tokens: int,
        seed: int,
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Puts `request` once and returns its completion.

        Args:
            request: What `Teacher.request` made.
            max_tokens: Limit on the reply, in tokens.
            seed: The sampling seed to send.
            on_text: Where given, the reply is streamed and this is called with the text so far.

        Raises:
            CallError: No reply came. Nothing is tried again, but for a request that the endpoint refused
                because of one parameter it does not take: that is put again without it, and remembered.
            TeacherError: The call cannot work, however often it is tried.
        """


class HttpEndpoint(Endpoint):
    """An OpenAI-compatible endpoint behind an open client."""

    def __init__(
        self,
        client: AsyncOpenAI,
        *,
        model: str,
        where: str,
        key_from: str,
        secrets: Sequence[str],
        timeout: float,
        completion_limit: bool,
        lists_models: bool,
    ) -> None:
        self._client = client
        self._model = model
        self._where = where
        self._key_from = key_from
        self._secrets = Secret(tuple(secrets))
        self._timeout = timeout
        self._lists_models = lists_models
        self._dialect = Dialect(completion_limit=completion_limit)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._model!r} at {self._where})"

    @property
    def dropped(self) -> frozenset[str]:
        """Parameters the endpoint refused, which are no longer sent."""
        return self._dialect.dropped

    async def preflight(self) -> None:
        problem = await find_problem(
            self._client,
            model=self._model if self._lists_models else None,
            where=self._where,
            key_from=self._key_from,
            secrets=self._secrets.reveal(),
        )
        if problem is not None:
            raise problem

    async def complete(
        self,
        request: Mapping[str, Any],
        *,
        max_tokens: int,
        seed: int,
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        started = time.perf_counter()
        for left in reversed(range(_MOST_ADAPTATIONS)):
            body = self._dialect.body(request, max_tokens=max_tokens, seed=seed, stream=on_text is not None)
            answer = await self._attempt(body, on_text)
            if not isinstance(answer, _Refusal):
                outcome = answer
                break
            if not (left and answer.status in (400, 422) and self._dialect.learn(body, *answer.error)):
                outcome = self._refused(answer, time.perf_counter() - started)
                break
        if isinstance(outcome, CallError | TeacherError):
            raise outcome
        return outcome

    def _refused(self, answer: _Refusal, seconds: float) -> Completion | CallError:
        usage = answer.usage
        if answer.is_final and usage != (None, None):
            # Billed, so it is a query, though it brought nothing.
            return Completion(
                "", "error", redacted(answer.error[0], self._secrets.reveal()), None, *usage, seconds
            )
        return failures.of_status(
            answer.status, answer.headers, answer.body, where=self._where, secrets=self._secrets.reveal()
        )

    async def _attempt(
        self, body: Mapping[str, Any], on_text: Callable[[str], None] | None
    ) -> Completion | _Refusal | CallError | TeacherError:
        # Failures are returned, not raised, so that no traceback leads to the request and its headers.
        import openai

        try:
            async with asyncio.timeout(self._timeout):
                return await self._send(body, on_text)
        except openai.APIStatusError as error:
            return _Refusal(error.response)
        except Exception as error:  # noqa: BLE001 - every failure of a call is told, none passes
            failure = failures.of_exception(error, where=self._where, secrets=self._secrets.reveal())
            if failure is not None:
                return failure
            message = f"the call to {self._where} failed: {type(error).__name__}: {error}"
            return TeacherError(redacted(message, self._secrets.reveal()))

    async def _send(self, body: Mapping[str, Any], on_text: Callable[[str], None] | None) -> Completion:
        from httpx2 import Response
        from openai import AsyncStream

        started = time.perf_counter()
        # Asking for the bare response skips the parsing into models, which costs more than all the rest.
        response: Response = await self._client.post(  # type: ignore[assignment]
            "/chat/completions", cast_to=Response, body=body, stream=True, stream_cls=AsyncStream[Any]
        )
        try:
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                return await _read_stream(response, on_text, started)
            return await _read_whole(response, on_text, started)
        finally:
            await response.aclose()


class _Refusal:
    """An answer other than 200."""

    def __init__(self, response: Response) -> None:
        self.status = response.status_code
        self.headers = {
            name: value for name in ("retry-after", "retry-after-ms") if (value := response.headers.get(name))
        }
        self.body = response.content[:MAX_REPLY_BYTES]
        self.error = failures.error_of(self.body)

    @property
    def is_final(self) -> bool:
        """Whether it is about this request, and not about the key, the path or the load."""
        return 400 <= self.status < 500 and self.status not in (401, 403, 404, 429)

    @property
    def usage(self) -> tuple[int | None, int | None]:
        return usage_of(failures.parsed(self.body))


async def _read_whole(
    response: Response, on_text: Callable[[str], None] | None, started: float
) -> Completion:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_REPLY_BYTES:
            break
    cut = len(body) > MAX_REPLY_BYTES
    completion = read_reply(body[:MAX_REPLY_BYTES], time.perf_counter() - started, cut=cut)
    if on_text is not None:
        on_text(completion.text)
    return completion


async def _read_stream(
    response: Response, on_text: Callable[[str], None] | None, started: float
) -> Completion:
    reader = StreamReader()
    shown = ""
    async for chunk in response.aiter_bytes():
        reader.feed(chunk)
        if on_text is not None and (text := reader.text) != shown:
            on_text(shown := text)
        if reader.full:
            break
    return reader.finish(time.perf_counter() - started)
