"""How a language model is tuned: named sets of hyperparameters, each with where it comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Device = Literal["cpu", "cuda", "mps"]
"""Where a training can run."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """How a training goes.

    Attributes:
        rank: Of the LoRA matrices; their product is scaled by `alpha` / `rank`.
        alpha: See `rank`.
        learning_rate: At its peak, after the warm-up; it falls to 0 along a cosine.
        warmup: Share of the steps over which it rises.
        batch_size: Rows a step learns from.
        micro_batch_size: Rows that are in memory at once; a step adds up the gradients of several.
        steps: How many, where that is fixed; then the price of a training is known before.
        epochs: How often each row is seen: exactly where `steps` is None, else at most.
        max_length: Tokens of a row; longer ones are left out and counted as skipped.
        checkpointing: Whether what a layer computed is computed again for its gradients: half the memory
            or less, a third more time.
    """

    rank: int
    alpha: int
    learning_rate: float
    warmup: float
    batch_size: int
    micro_batch_size: int
    steps: int | None
    epochs: int
    max_length: int
    checkpointing: bool = False

    def steps_for(self, rows: int) -> int:
        """The steps of a training on that many rows."""
        every = -(-rows * self.epochs // self.batch_size)
        return max(1, every if self.steps is None else min(self.steps, every))

    def rate(self, done: int, steps: int) -> float:
        """The learning rate of the step after `done` of `steps`."""
        rising = (done + 1) / max(1.0, self.warmup * steps)
        falling = 0.5 * (1 + math.cos(math.pi * min(1.0, done / steps)))
        return self.learning_rate * min(rising, falling)


PRESETS = {
    "laptop": Hyperparameters(
        rank=16,
        alpha=32,
        learning_rate=1e-3,
        warmup=0.05,
        batch_size=8,
        micro_batch_size=4,
        steps=150,
        epochs=30,
        max_length=512,
    ),
    "one-gpu": Hyperparameters(
        rank=16,
        alpha=32,
        learning_rate=2e-4,
        warmup=0.03,
        batch_size=32,
        micro_batch_size=8,
        steps=None,
        epochs=3,
        max_length=1024,
        checkpointing=True,
    ),
    "chan2024": Hyperparameters(
        rank=16,
        alpha=32,
        learning_rate=4e-5,
        warmup=0.03,
        batch_size=128,
        micro_batch_size=4,
        steps=None,
        epochs=3,
        max_length=1536,
        checkpointing=True,
    ),
}
"""laptop: measured on two cores (tests/bench/LM_STUDY.md). one-gpu: usual values for LoRA on 0.5 to 8 billion
parameters. chan2024: the schedule of Chan et al., arXiv 2409.19759, which tunes all weights; here LoRA's."""

EXPRESSION_STEPS = 100
"""Steps of the laptop preset where rows are as short as an expression."""
