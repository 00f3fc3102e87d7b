"""The queue in which a run's calls wait for their endpoint, and how long one that failed stays out of it."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass

from tilth.teacher.call_error import CallError
from tilth.teacher.pacing.admission import Admission, Controller, NotYet
from tilth.teacher.pacing.breaker import Breaker
from tilth.teacher.pacing.quota import Quota

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
LONGEST_PROBE = 5.0
"""Seconds at most between calls that find out whether an endpoint that refuses all calls is open again."""
SHORTEST_RETRY_AFTER = 0.01
LONGEST_RETRY_AFTER = 300.0
"""Seconds at most that a failure which is not about the rate keeps calls from starting."""
LONGEST_QUIET = 86_400.0
"""Seconds at most that a refusal for the rate does: a day."""
CALM = 2.0
"""Seconds without a reply, or of quiet that was asked for, that are worth a word: single refusals are not."""

_HELD_BY = {
    "told": "the endpoint's rate-limit headers leave no room for another call now",
    "set": "requests_per_minute= or tokens_per_minute= of the teacher leave no room for another call now",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """What calls wait for.

    Attributes:
        why: The last failure, in words.
        seconds: Until the next call may start; None where one is out, and its end decides.
    """

    why: str
    seconds: float | None


class Gate:
    """Lets calls through to one endpoint, first come, first served. Used within one event loop.

    At most `concurrency` run at once, from a slow start of 4; after 429s they start at the rate the endpoint
    was seen to take; while it only fails, they are tried one at a time. See `Controller`.

    Args:
        concurrency: Calls in flight, at most.
        requests_per_minute: Calls that may start in a minute, where that is known.
        tokens_per_minute: Tokens of prompts and replies in a minute, where that is known.
        patience: Seconds of nothing but failures after which `exhausted` is true.
        clock: Seconds, rising as the event loop's own.

    Attributes:
        turned: Called when the endpoint begins to give nothing but failures, and when it is back.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        patience: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency={concurrency}; at least one call must be let through")
        self.patience = patience
        self._breaker = Breaker(clock, patience=patience, first_gap=FIRST_DELAY, longest_gap=LONGEST_DELAY)
        self._controller = Controller(
            concurrency,
            clock,
            self._breaker,
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
        )
        self._queue: deque[tuple[asyncio.Future[Admission], float]] = deque()
        self._ready: deque[tuple[asyncio.Future[None], Admission]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._random = random.Random()
        self._refusal: Callable[[], Exception] | None = None
        self._shut = asyncio.Event()
        self._clock = clock
        self._troubled_since: float | None = None
        self._quiet_until = -math.inf
        self._held: tuple[NotYet, float] | None = None
        self._resting: list[float] = []
        self._last = ""
        self.turned: Callable[[], None] = lambda: None

    @property
    def closed_for(self) -> float:
        """Seconds until new calls may start again; 0.0 where the endpoint did not ask for quiet."""
        return self._controller.pace.closed()

    @property
    def rate(self) -> float | None:
        """Calls a second that the endpoint was seen to take; None while it refused none."""
        return self._controller.pace.rate

    @property
    def window(self) -> int:
        """Calls that may be out now."""
        return self._controller.window.size

    @property
    def out(self) -> int:
        """Calls that are out now."""
        return self._controller.out

    @property
    def failing(self) -> bool:
        """Whether the endpoint only fails, so that calls are tried one at a time."""
        return self._breaker.open

    @property
    def waiting(self) -> Wait | None:
        """What calls wait for, where replies stay away for more than a moment."""
        now = self._clock()
        if self.failing:
            seconds = self._breaker.wait()
            return Wait(self._breaker.last, seconds if math.isfinite(seconds) else None)
        if now < self._quiet_until:
            return Wait(self._last, self._quiet_until - now)
        if self._held is not None and self._queue:
            decision, until = self._held
            if decision.seconds >= CALM and until > now:
                return Wait(_HELD_BY[decision.reason], until - now)
        if self._troubled_since is not None and now - self._troubled_since >= CALM:
            return Wait(self._last, self.closed_for or self._rest_left(now))
        return None

    @property
    def exhausted(self) -> bool:
        """Whether it gave nothing but failures, of whatever kind, for as long as patience lasts."""
        return self._troubled_since is not None and self._clock() - self._troubled_since >= self.patience

    def keep_within(self, calls: int) -> None:
        """No more than `calls` in flight from now on: the endpoint has no room for more."""
        self._controller.window.keep_within(max(1, calls))

    def slot(self, tokens: float = 1.0) -> AbstractAsyncContextManager[Admission]:
        """Waits until a call that costs at most `tokens` may start, and holds its place until it is over."""
        return _Slot(self, tokens, ahead=None)

    def place(self, tokens: float, ahead: int) -> AbstractAsyncContextManager[Admission]:
        """Waits as `slot` does until a call may be made ready, which then `go`es.

        Up to `ahead` calls are made ready beyond those that may be out.
        """
        return _Slot(self, tokens, ahead=ahead)

    async def go(self, admission: Admission) -> None:
        """Waits until a call that is ready may go out."""
        if not self._ready and self._controller.may_go:
            self._controller.go(admission)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready.append((turn, admission))
        await turn

    def succeeded(
        self, admission: Admission, tokens: float | None = None, quota: Quota | None = None
    ) -> None:
        """The call was answered. Told within its slot, as `failed` is."""
        failing, self._troubled_since = self.failing, None
        self._controller.passed(admission, tokens, quota)
        if failing:
            self.turned()

    def failed(self, admission: Admission, error: CallError) -> None:
        """The call brought no reply."""
        failing, now, self._last = self.failing, self._clock(), str(error)
        if self._troubled_since is None:
            self._troubled_since = now
        if error.kind == "bad-request":
            self._controller.passed(admission, None, error.quota, replied=False)
        elif error.kind == "rate-limited":
            # a call in doubt may be paid for, so it is no cheap way to find out whether the rate is up
            longest = LONGEST_DELAY if error.in_doubt else LONGEST_PROBE
            pause = self._delay(self._controller.stops, error, longest)
            self._controller.refused(admission, pause, error.quota)
            if self.closed_for >= CALM:
                self._quiet_until = now + self.closed_for
        else:
            asked = min(LONGEST_RETRY_AFTER, error.retry_after or 0.0)
            self._controller.failed(admission, str(error), asked, timed_out=error.kind == "timeout")
        if self.failing != failing:
            self.turned()

    async def backoff(self, attempt: int, error: CallError) -> None:
        """Waits before attempt `attempt + 1` (counted from 0), holding no slot.

        Doubles from half a second to a minute, with jitter; never shorter than the endpoint asked for. Where
        the endpoint only fails, there is no wait here: the queue waits as a whole.
        """
        if error.kind == "rate-limited":
            await self._rest(self._delay(attempt, error, LONGEST_DELAY))
        elif not self.failing:
            patience_left = math.inf
            if self._troubled_since is not None:
                patience_left = max(0.0, self._troubled_since + self.patience - self._clock())
            await self._rest(min(self._delay(attempt, error, LONGEST_DELAY), patience_left))

    def shut(self, refusal: Callable[[], Exception]) -> None:
        """Lets nobody through any more: all who wait here, and all who come, get what `refusal` makes."""
        self._refusal = refusal
        self._shut.set()
        while self._queue:
            place, _ = self._queue.popleft()
            if not place.done():
                place.set_exception(refusal())
        while self._ready:
            turn, _ = self._ready.popleft()
            if not turn.done():
                turn.set_exception(refusal())

    def _rest_left(self, now: float) -> float | None:
        """Seconds until the first of the calls that rest is tried again; None where one is out."""
        if self._controller.in_flight or not self._resting:
            return None
        return max(0.0, min(self._resting) - now)

    async def _rest(self, seconds: float) -> None:
        until = self._clock() + seconds
        self._resting.append(until)
        try:
            await self._sleep(seconds)
        finally:
            self._resting.remove(until)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._shut.wait()

    def _delay(self, attempt: int, error: CallError, most: float) -> float:
        if error.retry_after is not None:
            return min(LONGEST_QUIET, max(SHORTEST_RETRY_AFTER, error.retry_after))
        longest: float = min(most, FIRST_DELAY * 2 ** min(attempt, 16))
        return longest * self._random.uniform(0.5, 1.0)

    def leave(self, admission: Admission) -> None:
        """The call is over, whatever became of it: the next may go."""
        self._controller.left(admission)
        self._send_out()
        self._let_through()

    async def admit(self, tokens: float, ahead: int) -> Admission:
        """Waits until a call that costs at most `tokens` may start. It is to `leave` in any case."""
        if self._refusal is not None:
            raise self._refusal()
        self._controller.ahead = ahead
        if not self._queue:
            decision = self._controller.decide(tokens)
            if isinstance(decision, Admission):
                self._held = None
                return decision
        place: asyncio.Future[Admission] = asyncio.get_running_loop().create_future()
        self._queue.append((place, tokens))
        self._let_through()
        try:
            return await place
        except asyncio.CancelledError:
            # it may have been let through, and cancelled before it could go
            if not place.cancelled() and place.exception() is None:
                self._controller.unused(place.result())
                self._controller.left(place.result())
            self._let_through()
            raise

    def _send_out(self) -> None:
        """Has those go that are ready, in order, as far as they may be out."""
        while self._ready and (self._ready[0][0].cancelled() or self._controller.may_go):
            turn, admission = self._ready.popleft()
            if not turn.cancelled():
                self._controller.go(admission)
                turn.set_result(None)

    def _let_through(self) -> None:
        """Lets those through who may go now, in order, and comes back when the next may."""
        while self._queue:
            place, tokens = self._queue[0]
            if place.cancelled():
                self._queue.popleft()
                continue
            decision = self._controller.decide(tokens)
            if not isinstance(decision, Admission):
                self._come_back(decision)
                return
            self._held = None
            self._queue.popleft()
            place.set_result(decision)

    def _come_back(self, decision: NotYet) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        seconds = decision.seconds
        if decision.reason not in _HELD_BY:
            self._held = None
        elif self._held is None or self._held[0].reason != decision.reason:
            self._held = decision, self._clock() + seconds
        if math.isfinite(seconds):
            self._timer = asyncio.get_running_loop().call_later(max(seconds, 1e-4), self._let_through)


class _Slot(AbstractAsyncContextManager[Admission]):
    """A place, from the call's admission to its end; it goes at once where nothing is made ready `ahead`."""

    __slots__ = ("_admission", "_ahead", "_gate", "_tokens")

    def __init__(self, gate: Gate, tokens: float, ahead: int | None) -> None:
        self._gate = gate
        self._tokens = tokens
        self._ahead = ahead

    async def __aenter__(self) -> Admission:
        self._admission = await self._gate.admit(self._tokens, self._ahead or 0)
        if self._ahead is None:
            await self._gate.go(self._admission)  # it waits for nothing: as many are admitted as may be out
        return self._admission

    async def __aexit__(self, *_: object) -> None:
        self._gate.leave(self._admission)
