"""How many calls are reserved before there is a slot for them, so that no slot waits for the journal."""

from __future__ import annotations

_NEWEST = 0.1
"""Weight of the newest call in what calls usually take."""

_STEPS = 2
"""Commits that a call may wait for until it can go out: one that is under way, and its own."""


class Lookahead:
    """Counts how many slots come free while a call is made ready: calls x seconds to commit / seconds a call.

    That is none where calls take seconds, and at most half of them where they are as quick as a commit. A
    killed process leaves what was reserved in doubt, so it is no more than that.
    """

    def __init__(self) -> None:
        self._commit = self._call = 0.0

    def committed(self, seconds: float) -> None:
        """A reservation took so long to be durable."""
        self._commit += _NEWEST * (seconds - self._commit)

    def called(self, seconds: float) -> None:
        """A call took so long."""
        self._call += _NEWEST * (seconds - self._call) if self._call else seconds

    def beyond(self, calls: int) -> int:
        """How many to make ready beyond the `calls` that may be in flight."""
        share = _STEPS * self._commit / self._call if self._call else 0.0
        return int(calls * min(0.5, share))
