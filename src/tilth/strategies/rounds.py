"""What a strategy that works in rounds is told before one begins, and how it decides what comes next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tilth.strategies.base import UnitResult


class Decide(Protocol):
    """Does work that is no model call, once, and journals what comes of it."""

    async def __call__(self, key: str, fn: Callable[[], Awaitable[Any]]) -> Any:
        """The JSON result of `fn`, run once and journalled under `key`; a resume reads it."""
        ...


@dataclass(frozen=True, slots=True)
class RoundStart:
    """Where a run stands when a round is about to begin.

    What depends on the limits, on what is spent, or on work of some seconds belongs inside `decide`: when the
    run goes on later, with other limits, or is grown again from its file, what was decided stands.

    Attributes:
        number: The round's, from 0.
        results: How the units of all earlier rounds ended.
        random_state: What the run's draws come from.
        decide: Journals a decision.
        queries: The run's limit in queries; None where it has none.
        usd: Its limit in US dollars; None where it has none.
        spent_queries: Queries spent so far.
        spent_usd: US dollars spent so far; None where a price is unknown.
    """

    number: int
    results: Sequence[UnitResult]
    random_state: int
    decide: Decide
    queries: int | None = None
    usd: float | None = None
    spent_queries: int = 0
    spent_usd: float | None = None
