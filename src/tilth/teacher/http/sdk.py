"""An endpoint behind an open client of the openai package: the user's own, or Azure's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tilth.teacher.http.answers.failures import Answer, Refusal
from tilth.teacher.http.answers.replies import Completion
from tilth.teacher.http.endpoint import HttpEndpoint, read_chunks, read_some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx2 import Response
    from openai import AsyncOpenAI

_reading: ContextVar[bool] = ContextVar("reading", default=False)
"""Whether a call of ours is out: an HTTP client may be somebody else's as well."""


class _Answered(Exception):
    """Carries an answer past the openai package, which would read all of its body, and follow redirects."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


async def take_answer(response: Response) -> None:
    """As a hook of the HTTP client, takes each answer to a call of ours that is no 2xx."""
    if _reading.get() and not 200 <= response.status_code < 300:
        body = await read_some(response.aiter_bytes())
        raise _Answered(Answer(response.status_code, response.headers, body))


class SdkEndpoint(HttpEndpoint):
    """Puts calls through `client`, which stays open. Its HTTP client has `take_answer` as a hook."""

    def __init__(self, client: AsyncOpenAI, **settings: Any) -> None:
        super().__init__(**settings)
        self._client = client

    async def _send(
        self, body: Mapping[str, Any], on_text: Callable[[str], None] | None, moved: str | None
    ) -> Completion | Refusal | Answer:
        from httpx2 import Response
        from openai import AsyncStream

        started = time.perf_counter()
        try:
            with _ours():
                # The bare response skips the parsing into models, which costs more than all the rest.
                response: Response = await self._client.post(  # type: ignore[assignment]
                    moved or "/chat/completions",
                    cast_to=Response,
                    body=body,
                    stream=True,
                    stream_cls=AsyncStream[Any],
                )
        except _Answered as answered:
            return answered.answer
        try:
            return await read_chunks(response.aiter_bytes(), response.headers, on_text, started)
        finally:
            await response.aclose()

    async def _fetch(self, path: str, moved: str | None) -> Answer:
        from httpx2 import Response
        from openai import AsyncStream

        try:
            with _ours():
                response: Response = await self._client.get(  # type: ignore[assignment]
                    moved or path, cast_to=Response, stream=True, stream_cls=AsyncStream[Any]
                )
        except _Answered as answered:
            return answered.answer
        try:
            body = await read_some(response.aiter_bytes())
            return Answer(response.status_code, response.headers, body)
        finally:
            await response.aclose()


@contextmanager
def _ours() -> Iterator[None]:
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)
