"""The simulated model's name, and the knobs it carries: "tilth-demo-simulation-skill1-drift0.3"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tilth.arguments import number_of

BASE_NAME = "tilth-demo-simulation"
_NAME = re.compile(rf"{BASE_NAME}(?:-skill(\d+(?:\.\d+)?))?(?:-drift(\d+(?:\.\d+)?))?")


@dataclass(frozen=True, slots=True)
class Knobs:
    """How well the simulation works, and how far its new questions stray.

    Attributes:
        skill: From 0.1 to 10; every injected mistake becomes 1/skill times as likely (`tilth.demo.RATES`).
        drift: The share, 0 to 1, of new questions that are stories of its own; the rest change the seed.
    """

    skill: float = 1.0
    drift: float = 0.3

    def __post_init__(self) -> None:
        for name in ("skill", "drift"):
            number_of(getattr(self, name), name)
        if not 0.1 <= self.skill <= 10:
            raise ValueError(f"skill={self.skill} must be from 0.1 to 10")
        if not 0 <= self.drift <= 1:
            raise ValueError(f"drift={self.drift} must be from 0 to 1")

    @property
    def name(self) -> str:
        """The model name that carries these knobs."""
        return f"{BASE_NAME}-skill{_text(self.skill)}-drift{_text(self.drift)}"

    @classmethod
    def of(cls, name: str) -> Knobs | None:
        """The knobs of a model name, or None where it names no such model."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        given = {
            key: float(value) for key, value in zip(("skill", "drift"), match.groups(), strict=True) if value
        }
        try:
            return cls(**given)
        except ValueError:
            return None


def _text(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
