"""How fast calls may start: by a rate that is known, or by one learnt from the calls an endpoint refused."""

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

_CALM = 400
"""Calls that pass since the last refusal until the pace rises twice as fast, then ever faster."""

_LONG_STRETCH = 100
"""Calls that pass at a pace that holds, at the least."""

_CLEARLY_LESS = 0.8
"""Share of a measured rate that is tried when that rate was refused."""

_HARDLY_MORE = 1.05
"""Times one call each Retry-After: as much as an endpoint asked for."""

_CONTRADICTIONS = 3
"""Refusals at no more than a rate that had passed, from which on refusals are not about the rate."""

_MOST_STRAYS = 0.4
"""Share of calls above which that is not believed."""

_CUTS = 8
"""Refusals beyond the usual share that are put down to the pace after all."""

_NEWEST = 1 / 64
"""Weight of the newest call in the share of calls that are refused."""


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
            pace was a little too high; "stray": it was not about the pace; "closed": nothing passes for a
            while.
        seconds: How long no call starts.
    """

    kind: Literal["flood", "overshoot", "stray", "closed"]
    seconds: float


class Pace:
    """The rate at which an endpoint lets calls pass, learnt from 429s; None until the first.

    Behind a token bucket, the bucket is empty at every refusal: between two of them exactly the rate passes.
    The first refusal tells less, for a burst of unknown size passed before it: no call starts until the
    endpoint's Retry-After, then the pace rises quickly from a cautious guess until a refusal shows its
    bound. From then on it stays just below what was measured, and tries for more ever so slowly.

    Two kinds of refusals tell nothing of the rate. Where nothing passes any more, it is a storm: single
    calls find out when it is over, and the pace is then what it was before. Where a measured pace is
    refused again and again, refusals come as they like: the pace rises, and nobody waits but the calls that
    were refused, as long as no greater share of calls is refused for it.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._bucket: Bucket | None = None
        self._closed_until = -math.inf
        self._stretch = 0
        self._since: float | None = None
        self._started = self._passed = self._proven = 0
        self._strikes = 0
        self._seeking = True
        self._from_empty = False
        self._held_back = False
        self._before: float | None = None
        self._unclear: int | None = None
        self._doubts = _Doubts()
        self._share = 0.0
        self._strays: _Strays | None = None

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
        self._started += 1
        if self._bucket is None:
            return
        now = self._clock()
        if self._since is None:
            self._since = now
        self._bucket.take(now)

    def passed(self, stretch: int) -> None:
        """A call that started in `stretch` was let through."""
        self._share -= _NEWEST * self._share
        if stretch == self._unclear:  # it was no storm, then: the pace was too high
            self._unclear = None
            if self._bucket is not None:
                self._bucket.rate /= 2
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
            self._bucket.rate *= 1 + 1 / self._calls_to_rise()

    def refused(self, stretch: int, retry_after: float) -> Refusal:
        """A call that started in `stretch` was refused for its rate, for `retry_after` seconds."""
        self._share += _NEWEST * (1 - self._share)
        self._doubts.refused += 1
        if stretch != self._stretch:
            return Refusal("flood", self.closed())
        now = self._clock()
        if self._strays is not None and self._bucket is not None:
            if self._is_stray(self._strays, self._bucket):
                return Refusal("stray", 0.0)
            return self._measure_strays(now, self._bucket.rate, retry_after)
        if not self._passed:
            return self._turn(now, self._rate_of_a_storm(), retry_after, Refusal("closed", retry_after))
        self._before = self.rate
        if self._bucket is None:
            return self._begin_anew(now, self._guess(now, retry_after), retry_after)
        rate = self._bucket.rate
        if self._contradicts(rate, now, retry_after):
            return self._turn(now, self._tried(rate), retry_after, Refusal("stray", 0.0))
        self._strikes = 0 if self._proven >= _PROVEN else self._strikes + 1
        if self._strikes > _STRIKES:
            return self._begin_anew(now, min(rate, self._guess(now, retry_after)), retry_after)
        new = rate / 2 if self._strikes else self._overshot(rate, now)
        # Long enough for the endpoint's bucket to fill a little, too short for it to run over.
        slowest = min(new, max(self._measured(now), 0.5 * new))
        pause = min(retry_after, 2**self._strikes * _FILLING / slowest)
        self._seeking = False
        return self._turn(now, new, retry_after, Refusal("overshoot", pause))

    def _begin_anew(self, now: float, guess: float, retry_after: float) -> Refusal:
        self._seeking, self._strikes, self._doubts = True, 0, _Doubts()
        return self._turn(now, guess, retry_after, Refusal("closed", retry_after))

    def _turn(self, now: float, rate: float | None, retry_after: float, refusal: Refusal) -> Refusal:
        """Begins another stretch, at another rate."""
        if rate is not None:
            # Slower than one call each Retry-After would be slower than the endpoint asks for.
            rate = max(rate, 1 / retry_after)
        if rate is None or not math.isfinite(rate):
            self._bucket = None
        else:
            self._bucket = Bucket(rate, max(1.0, rate * _LEARNT_BURST), now, level=0.0)
        self._from_empty = refusal.kind != "closed"
        self._since = now if self._from_empty else None
        self._stretch += 1
        self._started = self._passed = self._proven = 0
        self._closed_until = max(self._closed_until, now + refusal.seconds)
        return refusal

    def _rate_of_a_storm(self) -> float | None:
        """The rate to go on with where nothing has passed since the last refusal."""
        if self._started > 1:  # others are out, and may pass yet
            self._unclear = self._stretch
            return self.rate
        return self._before

    def _contradicts(self, rate: float, now: float, retry_after: float) -> bool:
        """Whether a refusal tells nothing of the rate: the pace was no more than passes, or was asked for."""
        doubts, passed_at_least = self._doubts, self._proven_rate(now)
        if self._seeking or self._passed >= _LONG_STRETCH:
            self._doubts = _Doubts(bound=passed_at_least)
            return False
        doubts.highest = max(doubts.highest, rate)
        doubts.passed += self._passed
        if rate > max(doubts.bound, _HARDLY_MORE / retry_after):
            doubts.bound = max(doubts.bound, passed_at_least)
            return False
        doubts.contradictions += 1
        if doubts.contradictions >= _CONTRADICTIONS and doubts.share > _MOST_STRAYS:
            self._doubts = _Doubts()
            return False
        return True

    def _proven_rate(self, now: float) -> float:
        """What an endpoint lets pass a second, at the least, if its bucket was empty at the last refusal."""
        if not self._from_empty or self._since is None:
            return 0.0
        return max(0, self._proven - 1) / max(now - self._since, 1e-3)

    def _tried(self, rate: float) -> float:
        """The pace after a refusal that contradicts what had passed: clearly less, or the old one at last."""
        doubts = self._doubts
        if doubts.contradictions < _CONTRADICTIONS:
            return min(rate, _CLEARLY_LESS * doubts.bound) if doubts.bound else rate
        self._strays, self._doubts = _Strays(doubts.share), _Doubts()
        return doubts.highest

    def _is_stray(self, strays: _Strays, bucket: Bucket) -> bool:
        """Whether a refusal is one more that is not about the pace, while such are expected."""
        if self._share > 1.5 * strays.share + 0.07:
            bucket.rate *= 0.9
            strays.cuts += 1
        return strays.cuts <= _CUTS

    def _measure_strays(self, now: float, rate: float, retry_after: float) -> Refusal:
        """Puts refusals down to the pace again; one more at what passed now, and they are not, after all."""
        if self._passed >= _FILLING:
            rate = min(rate, self._measured(now))
        self._strays = None
        self._doubts = _Doubts(bound=rate, contradictions=_CONTRADICTIONS - 1, highest=rate)
        pause = min(retry_after, _FILLING / rate)
        return self._turn(now, _BEST_KNOWN * rate, retry_after, Refusal("overshoot", pause))

    def _calls_to_rise(self) -> float:
        """Calls held back and let through until the rate has risen e-fold."""
        if self._seeking or self._strays is not None:
            return _QUICK
        return max(_QUICK, _SLOW / (1 + (self._proven / _CALM) ** 2))

    def _overshot(self, rate: float, now: float) -> float:
        if self._seeking:
            return math.sqrt(rate * min(rate, self._measured(now)))
        return _BEST_KNOWN * min(rate, max(self._measured(now), 0.5 * rate))

    def _measured(self, now: float) -> float:
        elapsed = 0.0 if self._since is None else now - self._since
        return self._passed / max(elapsed, 1e-3)

    def _guess(self, now: float, pause: float) -> float:
        """A rate between what passed while calls started and what passed with the pause to come."""
        active = self._measured(now)
        whole = self._passed / (self._passed / active + pause)
        trust = 1 / (1 + pause / _SHORT_PAUSE)
        between: float = active**trust * whole ** (1 - trust)
        return max(between, min(active, self._passed / max(pause, 1e-3)))


@dataclass
class _Doubts:
    """What happened since a pace last held.

    Attributes:
        bound: What the endpoint was seen to let pass a second, at the least.
        contradictions: Refusals at no more than that.
        refused: All refusals.
        passed: All calls that passed.
        highest: The highest pace.
    """

    bound: float = 0.0
    contradictions: int = 0
    refused: int = 0
    passed: int = 0
    highest: float = 0.0

    @property
    def share(self) -> float:
        """Share of calls that were refused."""
        return self.refused / max(1, self.refused + self.passed)


@dataclass
class _Strays:
    """Refusals that are not about the pace: the share of calls that is refused, and how often it was more."""

    share: float
    cuts: int = 0
