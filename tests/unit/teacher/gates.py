"""A gate on a clock that jumps, and the calls that pass through it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from tilth.teacher import CallError, Gate


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer, so that waits are exact and take no time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready:
            due = (timer.when() for timer in self._scheduled if not timer.cancelled())
            self.now = max(self.now, min(due, default=self.now))
        super()._run_once()


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Runs a coroutine on the clock."""
    with asyncio.Runner(loop_factory=Clock) as runner:
        return runner.run(coroutine)


def now() -> float:
    """Seconds on the clock of whoever runs."""
    return asyncio.get_running_loop().time()


def gate_of(concurrency: int, **settings: Any) -> Gate:
    """A gate of that many slots, on the clock."""
    return Gate(concurrency, clock=asyncio.get_running_loop().time, **settings)


def limited(seconds: float | None) -> CallError:
    """A 429 that asks for a wait."""
    return CallError("busy", kind="rate-limited", status=429, retry_after=seconds)


DOWN = CallError("it is down", kind="server", status=502)


async def call(gate: Gate, seconds: float = 0.02, tokens: float | None = None, worst: float = 1.0) -> float:
    """A call that is answered; when it started."""
    async with gate.slot(worst) as admission:
        started = now()
        await asyncio.sleep(seconds)
        gate.succeeded(admission, tokens)
    return started


async def fail(gate: Gate, error: CallError, seconds: float = 0.0) -> float:
    """A call that fails; when it started."""
    async with gate.slot() as admission:
        started = now()
        await asyncio.sleep(seconds)
        gate.failed(admission, error)
    return started
