"""What runs inside a measured kernel: runs at work, and a heart that beats on the cell's loop."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import tilth

URL = "TILTH_KERNELS_URL"
"""Names the endpoint's address in the kernel's environment."""
BEAT = 0.005
"""Seconds between two beats of the heart."""
MEANWHILE = "all of a run of 400 calls"
BUDGET = 200
"""Queries of a run that is interrupted."""
PATIENCE = 120.0
"""Seconds after which what should come has failed to."""


def options(base_url: str | None = None, path: str = "run.tilth") -> dict[str, Any]:
    """What every run here is made of, whichever process makes it."""
    free = tilth.Price(0, 0)  # else a press asks first, whether it may spend
    teacher = tilth.Teacher("test-model", base_url=base_url or os.environ[URL], concurrency=8, price=free)
    questions = [{"question": f"How many are {i} and {i}?", "answer": str(2 * i)} for i in range(50)]
    return {
        "seeds": tilth.read_seeds(questions, name="counted"),
        "strategy": "new-question",
        "teacher": teacher,
        "path": path,
    }


def started() -> tilth.Run:
    """A run at work in the background."""
    return tilth.start(**options(), budget=BUDGET)


async def grown() -> tilth.Run:
    """A run that is awaited."""
    return await tilth.generate(**options(), budget=BUDGET)


def grown_sync() -> tilth.Run:
    """A run that blocks its cell."""
    return tilth.generate_sync(**options(), budget=BUDGET)


class Heart:
    """Beats on the running loop; what holds the loop shows as a gap between two beats."""

    def __init__(self) -> None:
        self.gaps: dict[str, list[float]] = {}
        self._beats: list[float] = []
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            self._beats.append(time.perf_counter())
            await asyncio.sleep(BEAT)

    def begin(self) -> None:
        """Forgets all beats but the last."""
        del self._beats[:-1]

    async def end(self, name: str) -> None:
        """Notes the longest gap since `begin`, after the next beat."""
        count = len(self._beats)
        async with asyncio.timeout(PATIENCE):
            while len(self._beats) == count:  # noqa: ASYNC110 - the beat itself is what is measured
                await asyncio.sleep(0)
        gap = max(b - a for a, b in pairwise(self._beats))
        self.gaps.setdefault(name, []).append(gap * 1e3)

    @asynccontextmanager
    async def during(self, name: str) -> AsyncIterator[None]:
        """Measures what is done inside."""
        await asyncio.sleep(4 * BEAT)
        self.begin()
        yield
        await self.end(name)


async def measured(rounds: int) -> dict[str, list[float]]:
    """The longest gap in ms of each action, in each round; the first round also imports what is used.

    Under `MEANWHILE` stands for how many ms a run of 400 calls was awaited while all this was done.
    """
    heart = Heart()
    for number in range(rounds):
        async with heart.during("nothing"):
            await asyncio.sleep(0.3)
        async with heart.during("await tilth.generate, 300 calls"):
            await tilth.generate(**options(path=f"awaited-{number}.tilth"), budget=300)
        began = time.perf_counter()
        going = asyncio.create_task(tilth.generate(**options(path=f"going-{number}.tilth"), budget=400))
        async with heart.during("tilth.start"):
            run = tilth.start(**options(path=f"started-{number}.tilth"), budget=600)
        async with heart.during("tilth.start, joining"):
            tilth.start(**options(path=f"started-{number}.tilth"), budget=600)
        async with heart.during("run.pause"):
            run.pause()
        async with heart.during("run.resume"):
            run.resume()
        async with heart.during("run.progress"):
            assert run.progress.status in {"running", "paused"}
        while not run.progress.rows:  # noqa: ASYNC110 - the loop must stay free
            await asyncio.sleep(BEAT)
        async with heart.during("run.rows"):
            assert run.rows.height
        async with heart.during("tilth.Workbench()"):
            widget = tilth.Workbench()
        widget.close()
        async with heart.during("run.stop, and its end awaited"):
            run.stop()
            await run
        assert not going.done(), "all of it was done while a run was awaited"
        await going
        heart.gaps.setdefault(MEANWHILE, []).append((time.perf_counter() - began) * 1e3)
    return heart.gaps
