"""What a run and a study have in common: work on the runner that anybody may wait for."""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, Self, TypeVar

from tilth.arguments import number_of
from tilth.engine.events import Changed, Events, Subscription
from tilth.engine.runner import refuse_to_hold_up

_WAKE = 0.2
"""Seconds after which one who waits is woken. In a kernel an interrupt comes no sooner: ipykernel hands it on
when its loop wakes (its issue 881), and a lock that is waited for may not notice it."""

Work = TypeVar("Work", bound="Background")


class Background(ABC):
    """Work that goes on by itself once it was begun.

    Attributes:
        error: What it failed of, or None.
        events: Where it tells what happens.
    """

    def __init__(self, status: str) -> None:
        self.error: BaseException | None = None
        self.events = Events()
        self._status = status
        self._future: concurrent.futures.Future[None] | None = None

    @property
    def status(self) -> str:
        """Where it stands: one word."""
        return self._status

    @abstractmethod
    def abort(self) -> None:
        """Cancels calls in flight and flushes the journal. Returns at once."""

    def subscribe(self) -> Subscription:
        """A mailbox of its events."""
        return self.events.subscribe()

    def wait(self, timeout: float | None = None) -> Self:
        """Blocks until it has ended, at most `timeout` seconds. Raises what it failed of.

        Raises:
            EndpointUnavailable: An endpoint gave nothing but failures, or refused the key.
            TeacherError: A model cannot be used; what an endpoint says to every call stands in the message.
            Overspent: A server's usage passed what had been reserved for a call.
            StrategyError: The strategy broke its contract, or raised.
            StrategyNotDeterministic: A strategy run again asks for other things than the file holds.
            JournalError: The file cannot be written any more.
            CannotWait: This is the thread that the work goes on in.
        """
        if timeout is not None:
            number_of(timeout, "timeout")
        if self._future is not None and not self._future.done():
            refuse_to_hold_up("wait")
        if self._future is not None:
            end = math.inf if timeout is None else time.monotonic() + timeout
            while not self._future.done() and (left := end - time.monotonic()) > 0:
                concurrent.futures.wait([self._future], min(left, _WAKE))
            self._raise()
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._awaited().__await__()

    async def _awaited(self) -> Self:
        if self._future is not None:
            future = asyncio.wrap_future(self._future)
            try:
                while not future.done():
                    await asyncio.wait([future], timeout=_WAKE)
                future.result()
            except asyncio.CancelledError:
                self.abort()
                await asyncio.shield(future)
                raise
            self._raise()
        return self

    def _raise(self) -> None:
        if self._future is not None and self._future.done() and not self._future.cancelled():
            self._future.result()
            if self.error is not None:
                raise self.error

    def _set(self, status: str) -> None:
        if status != self._status:
            self._status = status
            self.events.publish(Changed(self.status))


def wait_for(work: Work) -> Work:
    """Blocks until its end, and raises what it failed of. Ctrl-C aborts it."""
    try:
        return work.wait()
    except KeyboardInterrupt:
        work.abort()
        work.wait()
        raise


async def begun(start: Callable[[], Work]) -> Work:
    """What `start` begins, called in a thread. Cancelled meanwhile, that is aborted and its end awaited."""
    starting = asyncio.ensure_future(asyncio.to_thread(start))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(Exception):  # it was cancelled; what else befell it stands in its error
            work = await starting
            work.abort()
            await work
        raise


async def beside(work: Callable[[], None]) -> None:
    """Runs what blocks in a thread; here, where the interpreter exits and starts no thread any more."""
    try:
        await asyncio.to_thread(work)
    except RuntimeError:
        work()
