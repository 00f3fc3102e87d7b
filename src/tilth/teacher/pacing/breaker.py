"""Stops a run's calls while its endpoint only fails, and finds out with single calls when it is back."""

from __future__ import annotations

import math
from collections.abc import Callable

RUN_OF_FAILURES = 8
"""Failures in a row, with no reply between them, that open a breaker."""


class Breaker:
    """Closed, all calls may start. Open, one at a time, with gaps that double.

    Attributes:
        open: Whether it is open.
        last: The last failure, in words.
    """

    def __init__(
        self, clock: Callable[[], float], *, patience: float, first_gap: float, longest_gap: float
    ) -> None:
        self._clock = clock
        self._patience = patience
        self._first_gap = first_gap
        self._longest_gap = longest_gap
        self.open = False
        self.last = ""
        self._failures = 0
        self._since: float | None = None
        self._gap = 0.0
        self._next = -math.inf
        self._probing = False

    @property
    def exhausted(self) -> bool:
        """Whether there was nothing but failures for as long as its patience lasts."""
        return self._since is not None and self._clock() - self._since >= self._patience

    @property
    def patience_left(self) -> float:
        """Seconds of failures that are still put up with."""
        failing = 0.0 if self._since is None else self._clock() - self._since
        return max(0.0, self._patience - failing)

    def wait(self) -> float:
        """Seconds until a call may start; infinite while a probe is out."""
        if not self.open:
            return 0.0
        return math.inf if self._probing else max(0.0, self._next - self._clock())

    def start(self) -> bool:
        """A call starts; whether it is a probe."""
        self._probing = self.open
        return self.open

    def left(self) -> None:
        """A probe ended with neither a reply nor a failure: the next may start."""
        self._probing = False

    def answered(self) -> None:
        """The endpoint answered, be it with a 429."""
        self.open = self._probing = False
        self._failures = 0
        self._since = None

    def failed(self, why: str, *, probe: bool, at_least: float = 0.0) -> None:
        """A call failed; the endpoint asked for a gap of `at_least` seconds."""
        now = self._clock()
        self.last = why
        self._failures += 1
        if self._since is None:
            self._since = now
        if self.open and not probe:
            return
        if self.open:
            self._probing = False
            self._gap = min(self._longest_gap, 2 * self._gap)
        elif self._failures >= RUN_OF_FAILURES:
            self.open = True
            self._gap = self._first_gap
        else:
            return
        # The last probe comes when patience ends, not long after it.
        self._next = now + min(max(self._gap, at_least), max(self._first_gap, self.patience_left))
