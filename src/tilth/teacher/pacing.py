"""How fast calls may start: by a limit that is known, or by one learnt from the calls an endpoint refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

_SLACK = 1e-6
"""Share of an amount by which floating point may fall short of it."""

_LEARNT_BURST = 0.03
"""Seconds' worth of calls that may start at once: a timer is never late by more."""

_PROVEN = 3
"""Calls that pass since the last refusal before the next one is put down to the pace alone."""

_STRIKES = 2
"""Refusals with fewer between them that are put down to it all the same."""

_FILLING = 8
"""Calls that are held back after such a refusal."""

_BEST_KNOWN = 0.97
"""Share of a measured rate to go on with."""

_SHORT_PAUSE = 4.0
"""Seconds of Retry-After from which on a burst that passed is no longer taken for what always passes."""

_QUICK, _SLOW = 40, 1000
"""Calls held back by the pace and let through until it has risen e-fold."""

_SHORT_STRETCH, _ERRATIC_AFTER, _ERRATIC_UNTIL = 100, 4, 16
"""A measured rate holds for more calls than this. So many shorter stretches in a row, and refusals are not
about the rate; so many, and it is measured once more."""


class Bucket:
    """Lets `rate` pass a second in the long run, and at most `burst` at once. Starts full, unless told.

    What is asked for above `burst` passes once the bucket is full, and is owed afterwards.
    """

    def __init__(self, rate: float, burst: float, now: float, level: float | None = None) -> None:
        self.rate = rate
        self.burst = burst
        self.level = burst if level is None else level
        self._at = now

    def wait(self, now: float, amount: float = 1.0) -> float:
        """Seconds until `amount` may pass; 0.0 for at once."""
        self._fill(now)
        lacking = min(amount, self.burst) - self.level
        return 0.0 if lacking <= _SLACK * max(1.0, amount) else lacking / self.rate

    def take(self, now: float, amount: float = 1.0) -> None:
        """Counts what passes; a negative amount was taken too much and comes back."""
        self._fill(now)
        self.level = min(self.burst, self.level - amount)

    def _fill(self, now: float) -> None:
        if now > self._at:
            self.level = min(self.burst, self.level + (now - self._at) * self.rate)
            self._at = now


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a call refused for its rate means.

    Attributes:
        kind: "flood": it started before the last refusal was known, and tells nothing new; "overshoot": the
            pace was a little too high; "closed": nothing passes for a while.
        seconds: How long no call starts.
    """

    kind: Literal["flood", "overshoot", "closed"]
    seconds: float


class Pace:
    """The rate at which an endpoint lets calls pass, learnt from 429s; None until the first.

    Behind a token bucket, the bucket is empty at every refusal: between two of them exactly the rate passes.
    The first refusal tells less, for a burst of unknown size passed before it: no call starts until the
    endpoint's Retry-After, then the pace rises quickly from a cautious guess until a refusal shows its
    bound. From then on it stays just below what was measured, and tries for more ever so slowly.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._bucket: Bucket | None = None
        self._closed_until = -math.inf
        self._stretch = 0
        self._since: float | None = None
        self._passed = 0
        self._proven = 0
        self._strikes = 0
        self._short_stretches = 0
        self._seeking = True
        self._held_back = False

    @property
    def rate(self) -> float | None:
        """Calls a second."""
        return None if self._bucket is None else self._bucket.rate

    @property
    def stretch(self) -> int:
        """Number of the stretch between two refusals that is going on; a call is to remember its own."""
        return self._stretch

    def closed(self) -> float:
        """Seconds until a call may start at all."""
        return max(0.0, self._closed_until - self._clock())

    def wait(self) -> float:
        """Seconds until a call may start."""
        closed = self.closed()
        if closed or self._bucket is None:
            return closed
        wait = self._bucket.wait(self._clock())
        self._held_back = self._held_back or wait > 0
        return wait

    def start(self) -> None:
        """A call starts."""
        now = self._clock()
        if self._since is None and self._bucket is not None:
            self._since = now
        if self._bucket is not None:
            self._bucket.take(now)

    def passed(self, stretch: int) -> None:
        """A call that started in `stretch` was let through."""
        if self._since is None:
            if self._bucket is None:  # the very first, which went alone: now calls begin in earnest
                self._since = self._clock()
            return
        self._passed += 1
        if stretch != self._stretch:
            return
        self._proven += 1
        if self._bucket is not None and self._held_back:
            self._held_back = False
            self._bucket.rate *= 1 + 1 / (_QUICK if self._seeking or self._erratic else _SLOW)

    def refused(self, stretch: int, retry_after: float) -> Refusal:
        """A call that started in `stretch` was refused for its rate, for `retry_after` seconds."""
        if stretch != self._stretch:
            return Refusal("flood", self.closed())
        now = self._clock()
        self._strikes = 0 if self._proven >= _PROVEN else self._strikes + 1
        if self._bucket is not None and self._strikes <= _STRIKES:
            old = self._bucket.rate
            rate = old / 2 if self._strikes else self._overshot(old, now)
            # Long enough for the endpoint's bucket to fill a little, too short for it to run over.
            slowest = min(rate, max(self._measured(now), 0.5 * rate))
            refusal = Refusal("overshoot", min(retry_after, 2**self._strikes * _FILLING / slowest))
            self._seeking = False
            self._since = now
        else:
            guess = self._guess(now, retry_after)
            rate = guess if self._bucket is None else min(guess, self._bucket.rate)
            refusal = Refusal("closed", retry_after)
            self._seeking = True
            self._strikes = 0
            self._since = None
        # Slower than one call each Retry-After would be slower than the endpoint asks for.
        rate = max(rate, 1 / retry_after)
        if math.isfinite(rate):
            self._bucket = Bucket(rate, max(1.0, rate * _LEARNT_BURST), now, level=0.0)
        self._stretch += 1
        self._passed = self._proven = 0
        self._closed_until = max(self._closed_until, now + refusal.seconds)
        return refusal

    @property
    def _erratic(self) -> bool:
        """Whether refusals come too soon after one another to be about the pace."""
        return self._short_stretches >= _ERRATIC_AFTER

    def _overshot(self, rate: float, now: float) -> float:
        if self._seeking:
            self._short_stretches = 0
            return math.sqrt(rate * min(rate, self._measured(now)))
        self._short_stretches = self._short_stretches + 1 if self._passed < _SHORT_STRETCH else 0
        if self._short_stretches > _ERRATIC_UNTIL:
            self._short_stretches = _ERRATIC_AFTER - 1
        if self._erratic:
            return 0.9 * rate
        return _BEST_KNOWN * min(rate, max(self._measured(now), 0.5 * rate))

    def _measured(self, now: float) -> float:
        elapsed = 0.0 if self._since is None else now - self._since
        return self._passed / max(elapsed, 1e-3)

    def _guess(self, now: float, pause: float) -> float:
        """A rate between what passed while calls started and what passed with the pause to come."""
        if not self._passed:
            return math.inf
        active = self._measured(now)
        whole = self._passed / (self._passed / active + pause)
        trust = 1 / (1 + pause / _SHORT_PAUSE)
        between: float = active**trust * whole ** (1 - trust)
        return max(between, min(active, self._passed / max(pause, 1e-3)))
