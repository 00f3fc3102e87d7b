"""An endpoint behind an open client of the openai package: the user's own, or Azure's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tilth.teacher.http.endpoint import HttpEndpoint, read_chunks
from tilth.teacher.http.failures import Answer, Refusal
from tilth.teacher.http.replies import MAX_REPLY_BYTES, Completion

if TYPE_CHECKING:
    from httpx2 import Response
    from openai import AsyncOpenAI


class SdkEndpoint(HttpEndpoint):
    """Puts calls through `client`, which stays open."""

    def __init__(self, client: AsyncOpenAI, **settings: Any) -> None:
        super().__init__(**settings)
        self._client = client

    async def _send(
        self, body: Mapping[str, Any], on_text: Callable[[str], None] | None
    ) -> Completion | Refusal | Answer:
        import openai
        from httpx2 import Response
        from openai import AsyncStream

        started = time.perf_counter()
        try:
            # Asking for the bare response skips the parsing into models, which costs more than all the rest.
            response: Response = await self._client.post(  # type: ignore[assignment]
                "/chat/completions", cast_to=Response, body=body, stream=True, stream_cls=AsyncStream[Any]
            )
        except openai.APIStatusError as error:
            return _answer(error.response)
        try:
            return await read_chunks(response.aiter_bytes(), response.headers, on_text, started)
        finally:
            await response.aclose()

    async def _fetch(self, path: str) -> Answer:
        import openai
        from httpx2 import Response

        try:
            return _answer(await self._client.get(path, cast_to=Response))
        except openai.APIStatusError as error:
            return _answer(error.response)


def _answer(response: Response) -> Answer:
    return Answer(response.status_code, response.headers, response.content[:MAX_REPLY_BYTES])
