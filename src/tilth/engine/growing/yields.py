"""How many units bring nothing that is kept, and the word that is due where nearly all do."""

from __future__ import annotations

from collections import Counter

from tilth.tasks.causes import OTHER

_FIRST = 10
"""Units after which the yield is told."""

_LEAST = 0.1
"""Share of units with a kept row above which nothing is told."""


class Yield:
    """Counts the units of this sitting. Written in the runner's loop, read from any thread."""

    def __init__(self) -> None:
        self._units = self._fruitful = 0
        self._causes: Counter[str] = Counter()
        self._latest: dict[str, str] = {}

    def add(self, kept: int, cause: str | None, reason: str | None) -> None:
        """A unit has ended with so many kept rows; `cause` and `reason` say why with none."""
        self._units += 1
        if kept:
            self._fruitful += 1
            return
        self._causes[cause or OTHER] += 1
        self._latest[cause or OTHER] = reason or "no row"

    @property
    def notice(self) -> str | None:
        """What to tell the user, or None."""
        units, fruitful = self._units, self._fruitful
        if units < _FIRST or fruitful > _LEAST * units:
            return None
        [(cause, times)] = self._causes.most_common(1)
        return (
            f"{units - fruitful:,} of the first {units:,} units gave no row that is kept, {times:,} of them: "
            f"{cause} (the latest: {self._latest[cause]}); look at their replies before the budget is spent; "
            "going on"
        )
