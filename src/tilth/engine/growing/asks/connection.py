"""A run's connection to one model: opened when first needed, proven by a preflight and one call alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any

from tilth.engine.growing.asks.booking import BookedCall, PricedModel
from tilth.engine.growing.asks.streaks import Streaks
from tilth.errors import EndpointUnavailable, TeacherError, UnitFailed
from tilth.tasks.base import Prompt
from tilth.teacher import CallError, Completion, Endpoint, Gate, Price, Teacher, Wait

_HOUR, _MINUTE = 3600, 60


class ModelConnection:
    """One model as a run uses it: its endpoint, its gate and its price."""

    def __init__(self, model: Teacher, patience: float, seeds: int) -> None:
        """`seeds` are how many the run grows from: what all of them are refused is refused everywhere."""
        self.model = model
        self.streaks = Streaks()
        self._seeds = seeds
        self.priced = PricedModel.of(model)
        self.gate = Gate(
            model.concurrency,
            requests_per_minute=model.requests_per_minute,
            tokens_per_minute=model.tokens_per_minute,
            patience=patience,
        )
        self._stack = AsyncExitStack()
        self._endpoint: Endpoint | None = None
        self._first = asyncio.Lock()
        self._proven = False
        self._timed_out = self._most_out = 0

    @property
    def answered(self) -> bool:
        """Whether a reply came of it in this sitting."""
        return self._proven

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
        booked: BookedCall,
        sampling_seed: int,
        on_text: Callable[[str], None] | None,
        going: asyncio.Event,
    ) -> Completion:
        """One attempt of a call, once `going` is set, reserved when it is let through and not long before.

        The first is made alone and after a preflight.
        """
        async with nullcontext() if self._proven else self._alone_at_first():
            while True:
                if not going.is_set():
                    await going.wait()
                async with self.gate.place(booked.worst.tokens, booked.ahead(self.gate.window)) as admission:
                    if not going.is_set():  # paused meanwhile: a place is not held
                        continue
                    endpoint = self._endpoint or await self._open()
                    await booked.reserve()
                    await self.gate.go(admission)
                    if not going.is_set():
                        booked.unsent()
                        continue
                    booked.sent()
                    stage, out = self.streaks.stage, self.gate.out
                    try:
                        completion = await endpoint.complete(
                            request,
                            max_tokens=self.model.max_tokens,
                            sampling_seed=sampling_seed,
                            on_text=on_text,
                        )
                    except CallError as error:
                        if error.kind == "timeout":
                            self._timed_out += 1
                            self._most_out = max(self._most_out, out, self.gate.out)
                        self.streaks.failed(booked.address, error.kind, stage)
                        self.gate.failed(admission, error)
                        raise
                    self._proven = True
                    self.streaks.replied(booked.address)
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
            if endpoint.slots is not None:
                self.gate.keep_within(endpoint.slots)
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

    @property
    def notice(self) -> str | None:
        """What to tell of it where calls time out because too many are out at once."""
        if not self._timed_out:
            return None
        calls = "1 call" if self._timed_out == 1 else f"{self._timed_out:,} calls"
        return (
            f"{calls} to {self.model.name} brought no whole reply within timeout={self.model.timeout:g} s; "
            f"each counts as a query; raise timeout=, or lower concurrency= to what the server works on at "
            f"once: up to {self._most_out} were out, {self.gate.window} are let out now"
        )

    async def back_off(self, attempt: int, error: CallError) -> None:
        """Waits after an attempt, counted from 1, with no slot held; raises what no waiting can mend."""
        self.heed(error)
        if error.kind == "bad-request":
            raise UnitFailed(str(error)) from error
        if self.gate.exhausted:
            raise UnitFailed(
                f"nothing but failures for {self.gate.patience:.0f} s: {error}", "no-reply"
            ) from error
        await self.gate.backoff(attempt - 1, error)

    def heed(self, error: CallError) -> None:
        """Raises what ends the run, where this failure does."""
        end = self._end(error)
        if end is not None:
            self.gate.shut(lambda: type(end)(str(end)))
            raise end from error

    def _end(self, error: CallError) -> TeacherError | None:
        """What ends the run, where this failure does."""
        name, patience = self.model.name, self.gate.patience
        if error.kind == "unauthorized":
            return EndpointUnavailable(str(error))
        if error.kind == "not-found":
            return TeacherError(str(error))
        wait = (error.retry_after or 0.0) if error.kind == "rate-limited" else 0.0
        if wait > patience:
            why = f"{name} asks to come back in {_duration(wait)}, at {_moment(wait)}"
            advice = f"That is longer than patience={patience:.0f} seconds; then run again."
        elif self.gate.exhausted and not self.streaks.of_few_calls:
            why, advice = (
                f"{name} gave nothing but failures for {patience:.0f} s",
                "Once it is back, run again.",
            )
        elif error.kind == "bad-request" and self.streaks.refuses_all(self._seeds):
            why = f"{name} refused {self.streaks.refused} calls in a row and answered none between"
            advice = (
                "Change what it refuses (system=, extra_body=, max_tokens=, the length of the prompts) or "
                "ask another model, and run again."
            )
        elif error.kind == "no-completion" and self.streaks.unreadable():
            why = f"{name} answered again and again with what is no chat completion"
            advice = (
                "What may have been billed counts as a query in doubt. Look at base_url, the key and the "
                "account, and run again."
            )
        else:
            return None
        last = str(error).rstrip(". ")
        return EndpointUnavailable(
            f"{why}; the last: {last}{'' if last.endswith('?') else '.'} What is journalled is safe. {advice}"
        )

    async def close(self) -> None:
        """Closes the endpoint."""
        await self._stack.aclose()


def _tokens(completion: Completion) -> int | None:
    prompt, reply = completion.prompt_tokens, completion.completion_tokens
    return None if prompt is None or reply is None else prompt + reply


def _duration(seconds: float) -> str:
    """Hours and minutes, or minutes, or seconds."""
    if seconds >= _HOUR:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds / _MINUTE:.0f} min" if seconds >= 2 * _MINUTE else f"{seconds:.0f} s"


def _moment(seconds: float) -> str:
    """When it is so many seconds later, by this machine's clock."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(time.time() + seconds))
