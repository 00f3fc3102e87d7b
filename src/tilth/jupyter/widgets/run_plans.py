"""The runs a workbench could make: their recipes, their files, and what they would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.engine.recipe import Recipe
from tilth.jupyter.widgets import traits
from tilth.jupyter.widgets.confirmation import costly

if TYPE_CHECKING:
    from tilth.engine.budget import Budget
    from tilth.seeds import Seeds
    from tilth.strategies.base import Strategy
    from tilth.strategies.check import Check
    from tilth.teacher import Teacher


@dataclass(frozen=True)
class RunPlans:
    """The runs that one workbench could make, by what all of them have in common.

    Attributes:
        configured: Strategies with options of their own, by name.
        first: The strategy chosen at first, whose run lies at `path`; others lie beside it.
        path: The file that was named, absolute; None where files are named after their runs.
    """

    seeds: Seeds
    teacher: Teacher
    writer: Teacher | None
    configured: Mapping[str, Strategy]
    checks: Sequence[Check]
    random_state: int
    first: str
    path: Path | None

    def recipe(self, name: str) -> Recipe:
        """What decides the rows of this strategy's run."""
        return Recipe.resolve(
            self.seeds,
            self.configured.get(name, name),
            teacher=self.teacher,
            writer=self.writer,
            checks=self.checks,
            random_state=self.random_state,
        )

    def path_of(self, name: str, recipe: Recipe | None = None) -> Path:
        """The file of this strategy's run."""
        # Absolute, for the notebook may change its folder while a run is at work.
        if self.path is None:
            return (recipe or self.recipe(name)).default_path.absolute()
        if name == self.first:
            return self.path
        return self.path.with_name(f"{self.path.stem}-{name}.tilth")

    def planned(self, name: str, budget: Budget) -> dict[str, Any]:
        """The `plan` trait."""
        return traits.planned(self.recipe(name), budget)

    def unagreed(self, name: str, budget: Budget) -> list[Teacher]:
        """The models that may cost money without a limit in dollars: the user is asked first."""
        return costly(self.recipe(name).models.values()) if budget.usd is None else []
