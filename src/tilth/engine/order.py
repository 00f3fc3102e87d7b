"""The order of units, which all strategies of a replicate share."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

from tilth.engine.strategy import Unit
from tilth.seeds import Seed


def drawn(*parts: object) -> int:
    """A 64-bit number drawn from its parts, the same in every process and version of Python."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class SeedPasses:
    """Passes over the seeds: pass p is a permutation drawn from (random_state, p).

    A unit's number is p x seeds + position.
    """

    def __init__(self, seeds: tuple[Seed, ...], random_state: int) -> None:
        self._seeds = seeds
        self._random_state = random_state
        self._permutation: tuple[int, list[int]] | None = None

    def _order(self, passing: int) -> list[int]:
        if self._permutation is None or self._permutation[0] != passing:
            order = list(range(len(self._seeds)))
            random.Random(drawn(self._random_state, "pass", passing)).shuffle(order)
            self._permutation = (passing, order)
        return self._permutation[1]

    def unit(self, number: int, *, round: int = 0, data: Mapping[str, Any] | None = None) -> Unit:
        """The unit of that number."""
        passing, position = divmod(number, len(self._seeds))
        seed = self._seeds[self._order(passing)[position]]
        rng = random.Random(drawn(self._random_state, "unit", number))
        return Unit(number, (seed,), passing, round, rng, data or {})

    def units(self) -> Iterator[Unit]:
        """Every seed once in the order of pass 0, then of pass 1, without end."""
        number = 0
        while True:
            yield self.unit(number)
            number += 1
