"""How many calls run at once, and how long to wait after one that failed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tilth.teacher.errors import CallError

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
LONGEST_RETRY_AFTER = 300.0


class Gate:
    """Lets at most `concurrency` calls run at once, first come, first served.

    A 429 that says how long to wait stops all new calls until then. Used within one event loop.
    """

    def __init__(self, concurrency: int) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency={concurrency}; at least one call must be let through")
        self.concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)
        self._open_at = 0.0
        self._random = random.Random()

    @property
    def closed_for(self) -> float:
        """Seconds until new calls may start again; 0.0 where nothing holds them back."""
        return max(0.0, self._open_at - asyncio.get_running_loop().time())

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for a free slot and holds it."""
        async with self._slots:
            # Waiting inside the slot keeps the order of arrival; nobody else could start either.
            while wait := self.closed_for:  # noqa: ASYNC110 - it ends by the clock, not by an event
                await asyncio.sleep(wait)
            yield

    async def backoff(self, attempt: int, error: CallError) -> None:
        """Waits before attempt `attempt + 1` (counted from 0), holding no slot.

        Doubles from half a second to a minute, with jitter; never shorter than the endpoint asked for,
        up to five minutes.
        """
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(attempt, 16))
        delay *= self._random.uniform(0.5, 1.0)
        if error.retry_after is not None:
            # Jitter on top, so that those told the same time do not all return in the same instant.
            delay = min(LONGEST_RETRY_AFTER, error.retry_after) + self._random.uniform(0.0, FIRST_DELAY)
        await asyncio.sleep(delay)

    def succeeded(self) -> None:
        """A call was answered."""

    def failed(self, error: CallError) -> None:
        """A call was not answered; call it before `backoff`."""
        if error.kind == "rate-limited" and error.retry_after is not None:
            until = asyncio.get_running_loop().time() + min(LONGEST_RETRY_AFTER, error.retry_after)
            self._open_at = max(self._open_at, until)
