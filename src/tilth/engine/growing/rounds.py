"""What comes between the rounds of a run: what the units of earlier ones gave, and what follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tilth.engine.budget import NANO, Amount, Hold
from tilth.engine.file.writes import PREPARING
from tilth.engine.growing.asks.asking import AskContext, UnitAsk
from tilth.engine.recipe import Recipe
from tilth.errors import StrategyError, TilthError
from tilth.strategies.base import UnitResult
from tilth.strategies.rounds import RoundStart


class RoundStarts:
    """Asks the strategy before each round what it makes of the earlier ones."""

    def __init__(self, context: AskContext, recipe: Recipe) -> None:
        self._context = context
        self._recipe = recipe
        self._asks: UnitAsk | None = None
        self._deciding: asyncio.Task[Any] | None = None
        self._number = 0
        self._stopped = False

    @property
    def notice(self) -> str | None:
        """That the strategy is at it, where that takes a while."""
        if self._deciding is None or not self._number:
            return None
        return f"{self._recipe.strategy.title}: what follows round {self._number} is being decided"

    def stop(self) -> None:
        """What is not decided yet stays undecided."""
        self._stopped = True
        if self._deciding is not None:
            self._deciding.cancel()

    async def state(self, number: int, state: Any, results: Sequence[UnitResult]) -> Any:
        """The state that a round begins with; the one given where it was stopped before.

        Raises:
            StrategyError: The strategy raised something of its own.
        """
        recipe, strategy = self._recipe, self._recipe.strategy
        start = await self._start(number, results)
        self._number = number
        self._deciding = asyncio.ensure_future(strategy.before_round(recipe.seeds, start, state, recipe.task))
        try:
            return await self._deciding
        except asyncio.CancelledError:
            if self._stopped and self._deciding.cancelled():
                return state
            raise
        except TilthError:
            raise
        except Exception as error:
            raise StrategyError(
                f"strategy {strategy.name!r} raised {type(error).__name__} before round {number}: {error}"
            ) from error
        finally:
            self._deciding.cancel()
            self._deciding = None

    async def _start(self, number: int, results: Sequence[UnitResult]) -> RoundStart:
        if self._asks is None:
            self._asks = UnitAsk(self._context, PREPARING, Hold(Amount()), None)
            if PREPARING in self._context.journalled.touched:
                await self._asks.recall()
        ledger = self._context.booking.ledger
        spent = ledger.counted
        prices = [connection.priced.price for connection in self._context.connections.values()]
        return RoundStart(
            number,
            results,
            self._recipe.random_state,
            self._asks.decide,
            ledger.limit.queries,
            ledger.limit.usd,
            spent.queries,
            None if None in prices else spent.nano / NANO,
        )

    async def results(self, number: int) -> Sequence[UnitResult]:
        """How the units of all rounds before this one ended; read only where a strategy works in rounds."""
        if number == 0:
            return ()
        found: list[UnitResult] = await self._context.journal.write(
            lambda _: self._context.journalled.results(number)
        )
        return found
