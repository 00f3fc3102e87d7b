"""How a training of a language model went."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Course:
    """How a training went.

    Attributes:
        losses: By step, the mean loss of a learnt token.
        validation: Steps and the validation loss after each, where it was measured.
        seconds: Wall seconds, in all sittings.
        tokens: Tokens of the rows that were learnt from, padding aside.
    """

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    tokens: int = 0

    @property
    def since_best(self) -> int:
        """How many measures of the validation loss came after the lowest."""
        losses = [loss for _, loss in self.validation]
        return len(losses) - 1 - losses.index(min(losses)) if losses else 0
