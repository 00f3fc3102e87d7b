"""What a run's controls set and show: whether calls may start, and how many are out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tilth.engine.budget import Amount


@dataclass
class Controls:
    """What a run's controls set and its asks obey."""

    going: asyncio.Event = field(default_factory=asyncio.Event)
    """Set unless the run is paused."""
    in_flight: int = 0
    attempts: int = 0


@dataclass
class Attempt:
    """One attempt of a call, which costs `worst` at most: whether an endpoint may have got and billed it."""

    controls: Controls
    worst: Amount
    out: bool = False

    def sent(self) -> None:
        """It goes out."""
        self.out = True
        self.controls.in_flight += 1

    def over(self) -> None:
        """It is no longer out, if it was."""
        if self.out:
            self.out = False
            self.controls.in_flight -= 1
