"""How fast a run grows: what its latest units brought and took, and how much time is left at that."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tilth.engine.budget import Amount, Budget

_WINDOW = 10.0
"""Seconds over which a rate is taken, at the least."""

_UNITS = 20
"""Units over which it is taken, at the least; all since the start of the run, where these are fewer."""

_TOGETHER = 0.1
"""Seconds within which units of a quick run are kept as one: else there were thousands of them."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What a second brings, and costs; all 0 where it cannot be told."""

    rows: float = 0.0
    kept: float = 0.0
    queries: float = 0.0
    tokens: float = 0.0
    nano: float = 0.0

    def seconds_left(self, limit: Budget, spent: Amount, kept: int) -> float | None:
        """Seconds until a limit or the goal, whichever is nearer; None where it cannot be told."""
        ends = [
            max(0, most - had) / rate
            for most, had, rate in (
                (limit.queries, spent.queries, self.queries),
                (limit.tokens, spent.tokens, self.tokens),
                (limit.nano, spent.nano, self.nano),
                (limit.rows, kept, self.kept),
            )
            if most is not None and rate
        ]
        return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class _Ended:
    """Units that ended together: the first `since`, the last `at`."""

    since: float
    at: float
    spent: Amount
    rows: int = 0
    kept: int = 0


class Pace:
    """Keeps what the latest units came to. Written in the runner's loop, read from any thread."""

    def __init__(self, spent: Amount, clock: Callable[[], float] = time.monotonic) -> None:
        """`spent` is what the run has spent when it starts."""
        self._clock = clock
        now = clock()
        self._recent = deque([_Ended(now, now, spent)])
        """The units, behind what opens the time in which they came: the start, or the unit before."""

    def add(self, rows: int, kept: int, spent: Amount) -> None:
        """A unit has ended; the run has spent so much by now."""
        now, last = self._clock(), self._recent[-1]
        if len(self._recent) > _UNITS and now - last.since < _TOGETHER:
            self._recent[-1] = _Ended(last.since, now, spent, last.rows + rows, last.kept + kept)
            return
        self._recent.append(_Ended(now, now, spent, rows, kept))
        while len(self._recent) > _UNITS + 1 and self._recent[1].at < now - _WINDOW:
            self._recent.popleft()

    def rates(self) -> Rates:
        """The rates of now."""
        first, *units = list(self._recent)
        if not units:
            return Rates()
        span = max(self._clock() - first.at, 1e-3)
        spent = units[-1].spent - first.spent
        return Rates(
            sum(unit.rows for unit in units) / span,
            sum(unit.kept for unit in units) / span,
            spent.queries / span,
            spent.tokens / span,
            spent.nano / span,
        )
