"""How near a run is to its goal in kept rows: those it has, and those that units at work may still bring."""

from __future__ import annotations

from collections.abc import Mapping


class KeptRows:
    """Counts kept rows in the order of admission, so that a run stops where one done unit by unit would.

    Attributes:
        had: Kept rows of the units that were passed so far and have ended.
        due: The most rows that units at work declare to bring.
    """

    def __init__(self) -> None:
        self.had = self.due = 0
        self._earlier: dict[int, int] = {}

    def recall(self, earlier: Mapping[int, int]) -> None:
        """Kept rows by unit that the file holds."""
        self._earlier = dict(earlier)

    def passed(self, unit: int) -> None:
        """A unit that ended before is passed."""
        self.had += self._earlier.pop(unit, 0)

    def reach(self, goal: int | None) -> bool:
        """Whether the goal is met."""
        return goal is not None and self.had >= goal

    def may_reach(self, goal: int | None) -> bool:
        """Whether the goal is met if units at work bring all that they may."""
        return goal is not None and self.had + self.due >= goal
