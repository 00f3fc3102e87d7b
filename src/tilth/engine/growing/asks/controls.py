"""What a run's controls set and show: whether calls may start, and how many are out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass
class Controls:
    """What a run's controls set and its asks obey."""

    going: asyncio.Event = field(default_factory=asyncio.Event)
    """Set unless the run is paused."""
    stopping: bool = False
    """Whether nothing new begins: what only fails is not tried again."""
    in_flight: int = 0
    attempts: int = 0
