"""A run's connection to one model: opened when first needed, proven by a preflight and one call alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any

from tilth.engine.budget import Amount
from tilth.engine.growing.booking import PricedModel
from tilth.errors import EndpointUnavailable, TeacherError
from tilth.tasks.base import Prompt
from tilth.teacher import CallError, Completion, Endpoint, Gate, Price, Teacher, Wait


class ModelConnection:
    """One model as a run uses it: its endpoint, its gate and its price."""

    def __init__(self, model: Teacher, patience: float) -> None:
        self.model = model
        self.priced = PricedModel.of(model)
        self.gate = Gate(
            model.concurrency,
            requests_per_minute=model.requests_per_minute,
            tokens_per_minute=model.tokens_per_minute,
            patience=patience,
        )
        self._patience = patience
        self._stack = AsyncExitStack()
        self._endpoint: Endpoint | None = None
        self._first = asyncio.Lock()
        self._proven = False

    @property
    def price(self) -> Price | None:
        """What its tokens cost, or None for unknown."""
        return self.priced.price

    def request(self, prompt: Prompt) -> dict[str, Any]:
        """What is sent, and what a digest covers."""
        return self.model.request(prompt)

    async def complete(
        self,
        request: Mapping[str, Any],
        worst: Amount,
        sampling_seed: int,
        on_text: Callable[[str], None] | None,
        going: asyncio.Event,
        sent: Callable[[], None],
    ) -> Completion:
        """One attempt that costs at most `worst`, once `going` is set; `sent` is called as it goes out.

        The first is made alone and after a preflight.
        """
        async with nullcontext() if self._proven else self._alone_at_first():
            while True:
                if not going.is_set():
                    await going.wait()
                async with self.gate.slot(worst.tokens) as admission:
                    if not going.is_set():  # paused meanwhile: a slot is not held
                        continue
                    endpoint = self._endpoint or await self._open()
                    sent()
                    try:
                        completion = await endpoint.complete(
                            request,
                            max_tokens=self.model.max_tokens,
                            sampling_seed=sampling_seed,
                            on_text=on_text,
                        )
                    except CallError as error:
                        self.gate.failed(admission, error)
                        raise
                    self._proven = True
                    self.gate.succeeded(admission, _tokens(completion), completion.quota)
                    return completion

    @asynccontextmanager
    async def _alone_at_first(self) -> AsyncIterator[None]:
        """Alone, unless a call came back while this one waited for its turn."""
        async with AsyncExitStack() as alone:
            await alone.enter_async_context(self._first)
            if self._proven:
                await alone.aclose()
            yield

    async def _open(self) -> Endpoint:
        if self._endpoint is None:
            endpoint = await self._stack.enter_async_context(self.model.open())
            await endpoint.preflight()
            self._endpoint = endpoint
        return self._endpoint

    @property
    def waiting(self) -> Wait | None:
        """What calls to this model wait for, where replies stay away for more than a moment."""
        wait = self.gate.waiting
        if wait is None or not self.gate.failing:
            return wait
        why = f"{self.model.name} gives nothing but failures, so one call at a time is tried; the last: "
        return Wait(why + wait.why, wait.seconds)

    async def back_off(self, attempt: int, error: CallError) -> None:
        """Waits after an attempt, counted from 1, with no slot held; raises what no waiting can mend."""
        end = self._end(error)
        if end is not None:
            self.gate.shut(lambda: type(end)(str(end)))
            raise end from error
        await self.gate.backoff(attempt - 1, error)

    def _end(self, error: CallError) -> TeacherError | None:
        if error.kind == "unauthorized":
            return EndpointUnavailable(str(error))
        if error.kind == "not-found":
            return TeacherError(str(error))
        if self.gate.exhausted:
            return EndpointUnavailable(
                f"{self.model.name} gave nothing but failures for {self._patience:.0f} s; "
                f"the last: {error}. What is journalled is safe; run again to go on."
            )
        return None

    async def close(self) -> None:
        """Closes the endpoint."""
        await self._stack.aclose()


def _tokens(completion: Completion) -> int | None:
    prompt, reply = completion.prompt_tokens, completion.completion_tokens
    return None if prompt is None or reply is None else prompt + reply
