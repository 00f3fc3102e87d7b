"""The demo's teacher: a `Teacher` whose endpoint is the simulation's own server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import ClassVar

from tilth.demo.knobs import Knobs
from tilth.demo.process import shared
from tilth.teacher import Endpoint, Price, Teacher


class DemoTeacher(Teacher):
    """Tilth's rule-based simulation of a teacher. It is no language model; what it shows holds of no model.

    Attributes:
        simulated: Always True.
        skill: How rare its injected mistakes are, as `tilth.demo.RATES` says.
        drift: Share of its new questions that are stories of its own.
    """

    simulated: ClassVar[bool] = True

    def __init__(self, skill: float = 1.0, drift: float = 0.3) -> None:
        knobs = Knobs(skill, drift)
        # A key of its own, so that the user's real one is never sent here.
        super().__init__(
            knobs.name,
            api_key="simulation-without-key",
            price=Price(Decimal(0), Decimal(0), source="simulation"),
        )
        self.skill, self.drift = knobs.skill, knobs.drift

    def __repr__(self) -> str:
        return f"tilth.demo.teacher(skill={self.skill:g}, drift={self.drift:g})  # rule-based simulation"

    def open(self) -> AbstractAsyncContextManager[Endpoint]:
        """Starts the simulation's server, or joins the one that this process already has, and opens it."""
        return self._open_simulation()

    @asynccontextmanager
    async def _open_simulation(self) -> AsyncIterator[Endpoint]:
        server = await asyncio.to_thread(shared)
        async with self._open_at(server.base_url) as endpoint:
            yield endpoint
