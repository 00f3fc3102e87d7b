"""The demo's question sets: their kinds, their splits, how large they are, and how they are cut."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Literal, Protocol, TypeVar

Kind = Literal["same", "held-out", "hand-written"]
Split = Literal["validation", "test"]
DemoTask = Literal["numeric", "sql"]

SIZES: dict[Split, int] = {"validation": 200, "test": 400}
"""Questions of the kinds that a grammar makes; the hand-written ones are as many as were written."""


class _Asks(Protocol):
    @property
    def question(self) -> str: ...


_Problem = TypeVar("_Problem", bound=_Asks)


def distinct(problems: Iterable[_Problem], taken: Collection[str]) -> Iterator[_Problem]:
    """Each of them whose question is neither taken nor stood before."""
    seen = set(taken)
    for problem in problems:
        if problem.question not in seen:
            seen.add(problem.question)
            yield problem


def cut(problems: Iterator[_Problem], split: Split) -> tuple[_Problem, ...]:
    """A split of an endless stream, whose first problems are for validation."""
    first = tuple(islice(problems, SIZES["validation"]))
    return first if split == "validation" else tuple(islice(problems, SIZES["test"]))
