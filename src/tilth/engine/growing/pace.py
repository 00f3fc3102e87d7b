"""How fast a run grows: what its units brought and took within the last seconds, and what is left at that."""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

from tilth.engine.budget import Budget

_WINDOW = 10.0
"""Seconds over which a rate is taken."""


class Rates(NamedTuple):
    """What a second brings: rows, kept rows and queries; all 0 where it cannot be told."""

    rows: float = 0.0
    kept: float = 0.0
    queries: float = 0.0

    def seconds_left(self, limit: Budget, queries: int, kept: int) -> float | None:
        """Seconds until the query limit or the goal, whichever is nearer; None where it cannot be told."""
        ends = [
            max(0, most - had) / rate
            for most, had, rate in ((limit.queries, queries, self.queries), (limit.rows, kept, self.kept))
            if most is not None and rate
        ]
        return min(ends, default=None)


class Pace:
    """Keeps what the latest units came to. Written in the runner's loop, read from any thread."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int, int, int]] = deque()

    def add(self, rows: int, kept: int, queries: int) -> None:
        """A unit has ended."""
        now = time.monotonic()
        self._recent.append((now, rows, kept, queries))
        while self._recent[0][0] < now - _WINDOW:
            self._recent.popleft()

    def rates(self) -> Rates:
        """The rates of now; the first unit only opens the time in which the others came."""
        now = time.monotonic()
        recent = [unit for unit in list(self._recent) if unit[0] > now - _WINDOW]
        if len(recent) < 2:
            return Rates()
        span = max(now - recent[0][0], 1e-3)
        _, *amounts = zip(*recent[1:], strict=True)
        return Rates(*(sum(each) / span for each in amounts))
