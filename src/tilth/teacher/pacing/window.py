"""How many calls may be in flight: more while more bring more, fewer where they only wait for each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

FIRST_WINDOW = 4
"""Calls in flight to start with."""

_MEMORY = 32
"""Calls over which a size's figures are taken, or twice as many as are in flight, where these are more."""

_CLEARLY_MORE = 1.5
"""Times the rate of half as many calls with which twice as many are tried at once."""

_MORE = 1.3
"""Times that rate with which they are tried later: the first to pass had not waited for as many others."""

_SHARE = 0.6
"""Calls of a size that must have passed before it is judged, as a share of it: others began before."""

_NO_MORE = 1.2
"""Times that rate below which it goes back to half as many."""

_HARMLESS = 1.0
"""Seconds of a call below which it does no harm where they wait for each other: no time-out is near."""

_ROOM = 2.5
"""Times the seconds of a call that a time-out, once there was one, leaves room for before more are tried."""

_HOLD = 64
"""Calls that pass before more are tried again than were of any use; each time in vain doubles it."""

_LONGEST_HOLD = 4096

_QUICK = 0.25
"""Share of a time-out below which calls are quick, so that one that timed out says nothing of the others."""


@dataclass
class _Figures:
    """What calls came to with so many in flight: how many, and the means of the latest."""

    count: int = 0
    seconds: float = 0.0
    tokens: float = 0.0

    def add(self, seconds: float, tokens: float, memory: int) -> None:
        self.count += 1
        weight = 1 / min(self.count, memory)
        self.seconds += weight * (seconds - self.seconds)
        self.tokens += weight * (tokens - self.tokens)

    def rate(self, calls: int) -> float:
        """Tokens a second that so many bring together."""
        return calls * self.tokens / max(self.seconds, 1e-9)


class Window:
    """Doubles as long as twice the calls bring clearly more, about each time that all in flight have passed.

    A server with few slots takes longer for each call, the more there are. Then it goes back to the half, and
    tries again after a while, each time a longer one. A time-out halves it, too.

    Attributes:
        size: Calls that may be in flight.
        most: What it never passes.
        turn: Counts its changes; a call is to remember what it was as the call went out.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = min(FIRST_WINDOW, most)
        self.turn = self._halved = 0
        self._figures: dict[int, _Figures] = {}
        self._bound = most
        self._hold = _HOLD
        self._held = 0
        self._too_long = math.inf

    def keep_within(self, most: int) -> None:
        """No more than `most` from now on."""
        self.most = min(self.most, most)
        self._turn(min(self.size, self.most))

    def restart(self) -> None:
        """Goes on as at the start."""
        self._turn(min(FIRST_WINDOW, self.most, self._bound))

    def close(self) -> None:
        """Leaves one call at a time."""
        self._turn(1)

    def open(self) -> None:
        """Lets no fewer go than at the start."""
        self._turn(max(self.size, min(FIRST_WINDOW, self.most, self._bound)))

    def passed(self, turn: int, seconds: float, tokens: float) -> None:
        """A call of a turn passed while all places were taken: it took so long and brought so many tokens."""
        figures = self._figures.setdefault(self.size, _Figures())
        if turn == self.turn:  # those that went out among fewer did not wait for as many others
            figures.add(seconds, tokens, max(_MEMORY, 2 * self.size))
        if self.size >= self._bound < self.most:
            self._held += 1
            if self._held >= self._hold:
                self._bound = self.most
        if figures.count < _SHARE * self.size:
            return
        gain = math.inf if figures.seconds < _HARMLESS else self._gain(figures)
        settled = figures.count >= 2 * self.size
        if settled and gain < _NO_MORE:
            self._hold_at(self._below())
        elif gain >= (_MORE if settled else _CLEARLY_MORE) and _ROOM * figures.seconds < self._too_long:
            self._turn(max(self.size, min(2 * self.size, self._bound, self.most)))

    def timed_out(self, turn: int, seconds: float) -> None:
        """A call of a turn had no whole reply within so many seconds."""
        figures = self._figures.get(self.size)
        if turn < self._halved or (figures and figures.count and figures.seconds < _QUICK * seconds):
            return
        self._too_long = seconds
        self._hold_at(max(1, self.size // 2))
        self._halved = self.turn

    def _hold_at(self, size: int) -> None:
        self._held, self._hold = 0, min(2 * self._hold, _LONGEST_HOLD)
        self._bound = size
        self._turn(size)
        # what was measured before at fewer calls is old: a server that got slow must not bring it ever lower
        self._figures = {size: self._figures[size]} if size in self._figures else {}

    def _turn(self, size: int) -> None:
        if size > self.size:
            self._figures.pop(size, None)
        self.turn += size != self.size
        self.size = size

    def _gain(self, figures: _Figures) -> float:
        """Times the rate of half as many calls; infinite where it is not known."""
        below = self._below()
        if not below or self._figures[below].count < _SHARE * below or not self._figures[below].tokens:
            return math.inf
        gain = figures.rate(self.size) / self._figures[below].rate(below)
        doublings: float = math.log2(self.size / below)
        return float(gain ** (1 / doublings))

    def _below(self) -> int:
        """The next smaller size that was measured; 0 where none was."""
        return max((size for size in self._figures if size < self.size), default=0)
