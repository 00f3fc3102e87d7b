"""Which of a unit's journalled calls were not asked again yet, and the asks that wait until they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextvars import Token
from typing import Any

from tilth.engine.file.writes import Address
from tilth.engine.runner import Threads, at_work
from tilth.errors import StrategyNotDeterministic

QUIET_SECONDS = 10.0
"""How long nothing of a unit may stir, threads aside, before what it has not asked again is given up.

Only a branch that waits outside of asks and threads (a timer, a socket) must stir sooner.
"""

_LOOKS = 20
"""In how many looks that time passes: a loop that is held up in between has one of them late, not all."""


class Claims:
    """Lets the asks of a unit that an earlier process began claim what they asked then.

    Asks of one unit may come in another order than last time (gathering, racing, threads). One that nobody
    journalled waits until all journalled ones are claimed: nothing is paid twice. Where every ask that is
    out waits so, no thread of the strategy is at work and nothing stirs, nothing can claim the rest any
    more: the strategy asks for other things than it did, and nothing is paid for them.
    """

    def __init__(self, unit: int) -> None:
        self._unit = unit
        self._unclaimed: set[Address] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._look: asyncio.TimerHandle | None = None
        self._threads: Threads = set()
        self._token: Token[Threads | None] | None = None
        self.out = 0
        """Asks that have come and not ended."""

    def expect(self, addresses: Iterable[Address]) -> None:
        """What was journalled. Called in the unit's own task, whose threads are counted from here on."""
        self._unclaimed = set(addresses)
        self._token = at_work.set(self._threads)

    def close(self) -> None:
        """The unit asks no more. Called in its own task."""
        if self._look is not None:
            self._look.cancel()
        if self._token is not None:
            at_work.reset(self._token)
            self._token = None

    def claim(self, address: Address) -> bool:
        """Takes a journalled call as asked again; whether it was waited for."""
        if address not in self._unclaimed:
            return False
        self._unclaimed.discard(address)
        if not self._unclaimed:
            self._go_on()
        return True

    def give_up(self) -> None:
        """Waits for none any more: what follows from a reply that is asked anew may be asked otherwise."""
        self._unclaimed.clear()
        self._go_on()

    async def turn(self, address: Address) -> None:
        """Waits until the ask at this address may go on; raises `StrategyNotDeterministic`."""
        if not self._unclaimed or self.claim(address):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._watch()
        await future

    def ended(self) -> None:
        """An ask ended: those that wait may be all that is left."""
        self.out -= 1
        if self._waiting:
            self._watch()

    def _go_on(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    def _watch(self) -> None:
        """Looks from now on whether nothing stirs: an ask that comes or ends begins it anew."""
        if self._look is not None:
            self._look.cancel()
        self._look_in_a_while(_LOOKS)

    def _look_in_a_while(self, looks: int) -> None:
        loop = asyncio.get_running_loop()
        self._look = loop.call_later(QUIET_SECONDS / _LOOKS, self._decide, looks - 1)

    def _decide(self, looks: int) -> None:
        self._look = None
        waiting = [future for future in self._waiting if not future.done()]
        if not waiting or len(waiting) < self.out:
            return
        if self._threads:
            self._look_in_a_while(_LOOKS)
        elif looks:
            self._look_in_a_while(looks)
        else:
            self._accuse(waiting)

    def _accuse(self, waiting: Iterable[asyncio.Future[Any]]) -> None:
        for future in waiting:
            future.set_exception(
                StrategyNotDeterministic(
                    f"unit {self._unit} asks for other things than its journal holds "
                    f"({len(self._unclaimed)} calls unclaimed); nothing was paid. Take "
                    "randomness from unit.rng only, raise the strategy's "
                    "version, or choose another path."
                )
            )
