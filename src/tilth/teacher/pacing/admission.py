"""Which call may start now: concurrency, pace, quota and breaker put together, without HTTP or event loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tilth.teacher.pacing.breaker import Breaker
from tilth.teacher.pacing.pace import Bucket, Pace
from tilth.teacher.pacing.quota import Quota
from tilth.teacher.pacing.window import Window

_LEARNING = 0.1
"""Weight of the newest call in what calls usually cost, as a share of their worst case."""

LONGEST_HOLD = 60.0
"""Seconds after which a call is tried though an endpoint's headers leave it no room: they may be wrong."""


@dataclass(slots=True, eq=False)
class Admission:
    """Leave for one call, handed back when the call is over.

    Attributes:
        stretch: Of the pace, in which it is admitted.
        probe: Whether it finds out if a failing endpoint is back.
        tokens: What it was taken to cost, as far as tokens are limited.
        worst: What it may cost.
        out: Whether it is on its way.
        since: When it went out.
        turn: Of the window, in which it went out.
    """

    stretch: int
    probe: bool
    tokens: float
    worst: float
    out: bool = False
    since: float = 0.0
    turn: int = 0


@dataclass(frozen=True, slots=True)
class NotYet:
    """No call may start.

    Attributes:
        reason: "full": as many are in flight as may be; "paced": more would be too many a second; "told": the
            endpoint's headers leave no room for it; "set": the teacher's own rate leaves none; "closed": the
            endpoint asked for quiet; "failing": it only fails, and the next probe is not due.
        seconds: When to ask again; infinite where only the end of a call changes it.
    """

    reason: Literal["full", "paced", "told", "set", "closed", "failing"]
    seconds: float


class Controller:
    """Admits calls to one endpoint.

    At first 4 run at once; `Window` says how many may later, until a 429 ends that. From then on `Pace` says
    how fast they start. A call is admitted, made ready, and then goes out: `ahead` more than may be out are
    admitted, so that no place is empty while calls are made ready.

    Args:
        concurrency: Calls in flight, at most.
        clock: Seconds, rising.
        breaker: What to do about failures.
        requests_per_minute: Calls that may start in a minute, spread evenly.
        tokens_per_minute: Tokens of prompts and replies in a minute, spread evenly.

    Attributes:
        in_flight: Calls that are admitted, and not over.
        out: Those of them that are on their way.
        ahead: Calls that may be made ready beyond those that may be out.
    """

    def __init__(
        self,
        concurrency: int,
        clock: Callable[[], float],
        breaker: Breaker,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        self.breaker = breaker
        self.pace = Pace(clock)
        self.window = Window(concurrency)
        self.in_flight = self.out = self.ahead = 0
        self._clock = clock
        self._set = _Buckets(_known(requests_per_minute, clock()), _known(tokens_per_minute, clock()))
        self._told = _Buckets()
        self._latest = clock()
        self._tokens_out = 0.0
        self._usual = 1.0
        self._stops = 0
        self._any_passed = False

    @property
    def stops(self) -> int:
        """How often in a row the endpoint closed with nothing let through between."""
        return self._stops

    @property
    def may_go(self) -> bool:
        """Whether one more call may be on its way."""
        return self.out < self._places

    @property
    def _places(self) -> int:
        return self.window.most if self.breaker.open else self.window.size

    def decide(self, worst: float) -> Admission | NotYet:
        """Admits a call that may cost `worst` tokens, or says why not yet."""
        if failing := self.breaker.wait():
            return NotYet("failing", failing)
        if closed := self.pace.closed():
            return NotYet("closed", closed)
        if self.in_flight >= self._places + self.ahead:
            return NotYet("full", math.inf)
        now, tokens = self._clock(), worst * self._usual
        told = min(self._told.wait(now, tokens), max(0.0, self._latest + LONGEST_HOLD - now))
        paced, own = self.pace.wait(), self._set.wait(now, tokens)
        if longest := max(paced, own, told):
            return NotYet("paced" if longest == paced else "set" if longest == own else "told", longest)
        self._latest = now
        self.pace.start()
        self._set.take(now, 1.0, tokens)
        self._told.take(now, 1.0, tokens)
        self.in_flight += 1
        self._tokens_out += tokens
        return Admission(self.pace.stretch, self.breaker.start(), tokens, worst)

    def go(self, admission: Admission) -> None:
        """The call is on its way."""
        self.out += 1
        admission.out, admission.since, admission.turn = True, self._clock(), self.window.turn

    def left(self, admission: Admission) -> None:
        """The call is over, whatever became of it. Called once for each admission, after what became."""
        self.in_flight -= 1
        self.out -= admission.out
        self._tokens_out -= admission.tokens
        if admission.probe:
            self.breaker.left()

    def unused(self, admission: Admission) -> None:
        """The call was never made: what it was taken to use comes back."""
        self._set.take(self._clock(), -1.0, -admission.tokens)

    def passed(
        self, admission: Admission, tokens: float | None, quota: Quota | None, *, replied: bool = True
    ) -> None:
        """The call was answered, and cost `tokens`, where known; `replied` is false for a refusal."""
        same_stretch = admission.stretch == self.pace.stretch
        if self.breaker.open:
            self.window.restart()
        elif replied and same_stretch and self.in_flight >= self.window.size:
            used = admission.tokens if tokens is None else tokens
            self.window.passed(admission.turn, self._clock() - admission.since, used)
        if self._stops and same_stretch:  # what was closed is open again
            self.window.open()
        self._any_passed = True
        self._stops = 0
        self.breaker.answered()
        self.pace.passed(admission.stretch)
        if tokens is not None:
            self._set.take(self._clock(), 0.0, tokens - admission.tokens)
            self._usual += _LEARNING * (tokens / max(admission.worst, 1.0) - self._usual)
        self._heed(admission, quota, tokens or 0.0)

    def refused(self, admission: Admission, retry_after: float, quota: Quota | None) -> None:
        """The call was refused for its rate, for `retry_after` seconds."""
        self.breaker.answered()
        self._set.take(self._clock(), 0.0, -admission.tokens)
        if self.pace.refused(admission.stretch, retry_after).kind == "closed":
            if self._any_passed:
                self.window.restart()
            else:
                self.window.close()
            self._stops = 1 if self._any_passed else self._stops + 1
            self._any_passed = False
        self._heed(admission, quota)

    def failed(self, admission: Admission, why: str, retry_after: float, *, timed_out: bool = False) -> None:
        """The call failed otherwise."""
        if timed_out:
            self.window.timed_out(admission.turn, self._clock() - admission.since)
        self.breaker.failed(why, probe=admission.probe, at_least=retry_after)

    def _heed(self, admission: Admission, quota: Quota | None, used: float = 0.0) -> None:
        """Goes by what the endpoint says it still lets through, less what may be on its way there.

        A limit on tokens that a call passed which `used` more is about something else.
        """
        if quota is None:
            return
        now = self._clock()
        if told := quota.requests:
            level = told.remaining - (self.in_flight - 1)
            self._told.requests = Bucket(told.rate, max(1.0, told.most), now, level)
        if (told := quota.tokens) and told.most >= used:
            level = told.remaining - (self._tokens_out - admission.tokens)
            self._told.tokens = Bucket(told.rate, told.most, now, level)


@dataclass
class _Buckets:
    """A rate of requests and one of tokens, where there are such."""

    requests: Bucket | None = None
    tokens: Bucket | None = None

    def wait(self, now: float, tokens: float) -> float:
        requests = self.requests.wait(now) if self.requests else 0.0
        return max(requests, self.tokens.wait(now, tokens) if self.tokens else 0.0)

    def take(self, now: float, requests: float, tokens: float) -> None:
        if self.requests:
            self.requests.take(now, requests)
        if self.tokens:
            self.tokens.take(now, tokens)


def _known(per_minute: float | None, now: float) -> Bucket | None:
    """A bucket for a rate per minute, spread evenly: endpoints count over seconds, too."""
    return None if per_minute is None else Bucket(per_minute / 60, max(1.0, per_minute / 60), now)
