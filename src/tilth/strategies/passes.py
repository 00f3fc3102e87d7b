"""The order of units, which all strategies of a replicate share."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from tilth.seeds import Seed
from tilth.strategies.base import Unit


def drawn(*parts: object) -> int:
    """A 64-bit number drawn from its parts, the same in every process and version of Python."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _interleaved(first: list[int], second: list[int]) -> list[int]:
    """Both in their order, spread evenly: any beginning holds its share of `first`, at least rounded down."""
    keyed = [
        ((place + 0.5) / len(group), which, seed)
        for which, group in enumerate((first, second))
        for place, seed in enumerate(group)
    ]
    return [seed for *_, seed in sorted(keyed)]


class SeedPasses:
    """Passes over the seeds: pass p is a permutation drawn from (random_state, p).

    A unit's number is p x seeds + position. With `nested_sizes`, any beginning of a pass holds the first
    `size` seeds in proportion, at least rounded down: so a study on fewer seeds is contained, unit by unit,
    in the study on all of them at the same ratio. `put` words a seed as its unit puts it (`Task.put`); None
    where all are put as they are.
    """

    def __init__(
        self,
        seeds: tuple[Seed, ...],
        random_state: int,
        nested_sizes: tuple[int, ...] = (),
        put: Callable[[Seed, random.Random], Seed] | None = None,
    ) -> None:
        self._seeds = seeds
        self._random_state = random_state
        self._put = put
        self._edges = sorted({0, *nested_sizes, len(seeds)})
        self._permutation: tuple[int, list[int]] | None = None

    def _order(self, passing: int) -> list[int]:
        if self._permutation is None or self._permutation[0] != passing:
            rng = random.Random(drawn(self._random_state, "pass", passing))
            order: list[int] = []
            for low, high in pairwise(self._edges):
                group = list(range(low, high))
                rng.shuffle(group)
                order = _interleaved(order, group)
            self._permutation = (passing, order)
        return self._permutation[1]

    def seed_of(self, number: int) -> int:
        """The index of the seed that a unit grows."""
        passing, position = divmod(number, len(self._seeds))
        return self._order(passing)[position]

    def unit(self, number: int, *, round: int = 0, data: Mapping[str, Any] | None = None) -> Unit:
        """The unit of that number."""
        passing, seed = number // len(self._seeds), self._seeds[self.seed_of(number)]
        if self._put is not None:
            seed = self._put(seed, random.Random(drawn(self._random_state, "put", number)))
        return Unit(number, (seed,), passing, round, drawn(self._random_state, "unit", number), data or {})

    def units(self) -> Iterator[Unit]:
        """Every seed once in the order of pass 0, then of pass 1, without end."""
        number = 0
        while True:
            yield self.unit(number)
            number += 1
