"""A run's line to one model: opened when first needed, proven by a preflight and one call alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tilth.engine.budget import Amount
from tilth.engine.records import Usage
from tilth.tasks.base import Prompt
from tilth.teacher import CallError, Completion, Endpoint, Gate, Price, Teacher, TeacherError

PROMPT_SLACK = 64
"""Tokens added to a prompt's UTF-8 bytes for what the chat format adds around it."""


class EndpointUnavailable(TeacherError):
    """An endpoint gave nothing but failures for longer than a run's patience."""


class Line:
    """One model as a run uses it: its endpoint, its gate, its price and how long it has been failing."""

    def __init__(self, model: Teacher, patience: float) -> None:
        self.model = model
        self.price: Price | None = model.price()
        self.gate = Gate(model.concurrency)
        self._patience = patience
        self._stack = AsyncExitStack()
        self._endpoint: Endpoint | None = None
        self._first = asyncio.Lock()
        self._proven = False
        self._failing_since: float | None = None

    def request(self, prompt: Prompt) -> dict[str, Any]:
        """What is sent, and what a digest covers."""
        return self.model.request(prompt)

    def worst(self, request: Mapping[str, Any]) -> Amount:
        """The most a request can cost: its bytes and the whole reply limit."""
        size = sum(len(m["content"].encode("utf-8", "replace")) for m in request["messages"])
        return self.worst_of(size)

    def worst_of(self, size: int) -> Amount:
        """The most a prompt of `size` bytes can cost."""
        prompt, completion = size + PROMPT_SLACK, self.model.max_tokens
        nano = self.price.nano_dollars(prompt, completion) if self.price else 0
        return Amount(1, prompt + completion, nano)

    def usage(self, completion: Completion, request: Mapping[str, Any]) -> Usage:
        """What a completion cost by the server's word; where it says nothing, the worst case, estimated."""
        prompt, reply = completion.prompt_tokens, completion.completion_tokens
        estimated = prompt is None or reply is None
        if prompt is None:
            prompt = self.worst(request).tokens - self.model.max_tokens
        if reply is None:
            reply = self.model.max_tokens
        nano = self.price.nano_dollars(prompt, reply) if self.price else 0
        return Usage(prompt, reply, nano, estimated)

    async def complete(
        self,
        request: Mapping[str, Any],
        seed: int,
        on_text: Callable[[str], None] | None,
        going: asyncio.Event,
        sent: Callable[[], None],
    ) -> Completion:
        """One attempt, once `going` is set; `sent` is called as it goes out.

        The first is made alone and after a preflight.
        """
        async with self._alone_at_first(), self.gate.slot():
            await going.wait()
            endpoint = await self._open()
            sent()
            try:
                completion = await endpoint.complete(
                    request, max_tokens=self.model.max_tokens, seed=seed, on_text=on_text
                )
            except CallError as error:
                self.gate.failed(error)
                raise
        self.gate.succeeded()
        self._proven = True
        self._failing_since = None
        return completion

    @asynccontextmanager
    async def _alone_at_first(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as alone:
            if not self._is_proven():
                await alone.enter_async_context(self._first)
                if self._is_proven():
                    await alone.aclose()
            yield

    def _is_proven(self) -> bool:
        """Whether a call came back, perhaps while others waited for it."""
        return self._proven

    async def _open(self) -> Endpoint:
        if self._endpoint is None:
            endpoint = await self._stack.enter_async_context(self.model.open())
            await endpoint.preflight()
            self._endpoint = endpoint
        return self._endpoint

    async def back_off(self, attempt: int, error: CallError) -> None:
        """Waits after an attempt, counted from 1, with no slot held; raises what no waiting can mend."""
        if error.kind in ("unauthorized", "not-found"):
            raise TeacherError(str(error)) from error
        if error.kind != "rate-limited":
            since = self._failing_since = self._failing_since or time.monotonic()
            if time.monotonic() - since > self._patience:
                raise EndpointUnavailable(
                    f"{self.model.name} gave nothing but failures for {self._patience:.0f} s; "
                    f"the last: {error}. What is journalled is safe; run again to go on."
                ) from error
        await self.gate.backoff(attempt - 1, error)

    async def close(self) -> None:
        """Closes the endpoint."""
        await self._stack.aclose()
