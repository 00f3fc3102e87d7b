"""Which unit may start, and when: the limits, the goal, the calls that may be out and the user decide."""

from __future__ import annotations

import asyncio

from tilth.engine.budget import Amount, Budget, DoesNotFit, Hold
from tilth.engine.growing.asks.booking import Booking
from tilth.engine.growing.goal import KeptRows

_UNITS_PER_CALL = 4
"""Units at work for each call that may be out: those that have their replies are checked and written."""


class Admission:
    """Lets units in strictly one after the other, and knows when no more may come.

    A unit is at work from its admission to its end, and asks until it has its last reply. Used in the
    runner's loop.

    Attributes:
        kept: The rows that count for a goal.
        wanted: The worst case of the unit for which there was no room at the end.
        short_of: The limit that the next unit would pass; None while it fits.
        failure: What the first unit that failed failed of. The others finish: their calls are reserved, and
            what they return is paid for.
    """

    def __init__(self, booking: Booking, calls: int) -> None:
        self._booking = booking
        self._calls = calls
        self._at_work: dict[int, int] = {}
        """The most rows that each may bring."""
        self._asking: set[int] = set()
        self._turned = asyncio.Event()
        self._widened = False
        self.kept = KeptRows()
        self.short_of: str | None = None
        self.wanted = Amount()
        self.failure: BaseException | None = None

    def goal_met(self) -> bool:
        """Whether there is a goal in kept rows, and it is met."""
        return self.kept.reach(self._booking.ledger.limit.rows)

    def closed(self) -> bool:
        """Whether no more units may start."""
        return self.failure is not None or self.stopping or self.short_of is not None or self.goal_met()

    # -- what the user says -------------------------------------------------------------------------------

    def stop(self) -> None:
        """No new unit starts; started ones finish, also where the run is paused."""
        self._booking.controls.stopping = True
        self.resume()

    @property
    def stopping(self) -> bool:
        """Whether the user stopped it."""
        return self._booking.controls.stopping

    def resume(self) -> None:
        """Lets calls start again."""
        self._booking.controls.going.set()
        self._turned.set()

    def limit(self, budget: Budget) -> None:
        """Sets other limits."""
        self._widened = self._widened or self.short_of is not None or self.goal_met()
        self._booking.ledger.limit = budget
        self.short_of = None
        self._turned.set()

    def take_widened(self) -> bool:
        """Whether other limits came, since this was last asked, after no unit would fit the earlier ones."""
        widened, self._widened = self._widened, False
        return widened

    # -- units --------------------------------------------------------------------------------------------

    async def admit(self, unit: int, rows: int, worst: Amount) -> Hold | None:
        """Reserves a unit's worst case once there is room for it; None where no more units may start.

        A unit is needed for a goal where all that units at work may bring would still miss it. So none is
        admitted that a run of one unit after the other would not admit.

        Args:
            unit: Its number.
            rows: The most rows it may bring.
            worst: The most it may cost.
        """
        while not self.closed():
            self._turned.clear()
            needed = not self.kept.may_reach(self._booking.ledger.limit.rows)
            if needed and self._booking.controls.going.is_set() and self._has_room(worst):
                try:
                    hold = self._booking.ledger.hold(worst)
                except DoesNotFit as limit:
                    if not self._at_work:
                        self.short_of, self.wanted = str(limit), worst
                        break
                else:
                    self._at_work[unit] = rows
                    self._asking.add(unit)
                    self.kept.due += rows
                    return hold
            await self._turned.wait()
        return None

    def answered(self, unit: int) -> None:
        """Makes room for the next unit: this one asks for nothing more."""
        if self._calls > 1 and unit in self._asking:  # else they come strictly one by one
            self._asking.remove(unit)
            self._turned.set()

    def ended(self, unit: int, failure: BaseException | None) -> None:
        """A unit is at work no more."""
        self.kept.due -= self._at_work.pop(unit)
        self._asking.discard(unit)
        self.failure = self.failure or failure
        self._turned.set()

    async def all_ended(self) -> None:
        """Waits until no unit is at work."""
        while self._at_work:
            self._turned.clear()
            await self._turned.wait()

    def _has_room(self, worst: Amount) -> bool:
        """Whether another unit may be at work; ahead of its slot only while the budget is far from its end.

        Near it, a call that is in doubt needs the room to be made again.
        """
        calls, asking = self._calls, len(self._asking)
        if len(self._at_work) >= _UNITS_PER_CALL * calls:
            return False
        if asking < calls:
            return True
        ahead = asking < calls + self._booking.lookahead.beyond(calls)
        return ahead and self._booking.ledger.shortage(worst.times(calls)) is None
