"""What is believed of an arm before it is measured: what its rows are made of, and how alike arms are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tilth.strategies.base import INGREDIENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tilth.strategies.base import Ingredient, Strategy

_UNKNOWN: Mapping[Ingredient, float] = dict.fromkeys(INGREDIENTS, 1 / len(INGREDIENTS))


@dataclass(frozen=True)
class Arm:
    """A choice whose curve is forecast: a strategy, or one with another teacher, writer or check.

    Attributes:
        name: How the evidence calls it.
        ingredients: What its rows are made of from ratio 1 on, in shares.
        begins_as: The name of the arm that it is up to ratio 1; None: it is itself from the start.

    Example:
        >>> from tilth.advice.curves.arms import Arm
        >>> Arm("answers", {"answers": 1.0}).answers_only, Arm("answers").answers_only
        (True, False)
    """

    name: str
    ingredients: Mapping[Ingredient, float] = field(default_factory=lambda: _UNKNOWN)
    begins_as: str | None = None

    @classmethod
    def of(cls, strategy: Strategy | type[Strategy] | None, name: str, begins_as: str | None = None) -> Arm:
        """The arm of a strategy; one of which nothing is known is taken as a bit of everything."""
        known = {} if strategy is None else strategy.ingredients
        return cls(name, known or _UNKNOWN, begins_as)

    @property
    def answers_only(self) -> bool:
        """Whether it brings no question that is not there after ratio 1."""
        return self.ingredients.get("answers", 0.0) == 1.0


def directions(arms: Sequence[Arm]) -> NDArray[np.float64]:
    """What arms' rows are made of, each of length 1 (arms, ingredients): the products of two are cosines."""
    shares = np.array([[arm.ingredients.get(one, 0.0) for one in INGREDIENTS] for arm in arms])
    found: NDArray[np.float64] = shares / np.sqrt((shares**2).sum(axis=1, keepdims=True))
    return found
