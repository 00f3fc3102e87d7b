"""An endpoint that only fails: one call at a time, rarely, until it is back or patience ends."""

from __future__ import annotations

import asyncio
import math
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.teacher.gates import DOWN, call, fail, gate_of, limited, now, run

from tilth.teacher import CallError

pytestmark = pytest.mark.usefixtures("usual_waits")


@pytest.mark.parametrize("kind", ["server", "timeout", "connection"])
def test_other_failures_stop_nobody_else(kind: Any) -> None:
    async def main() -> tuple[float, float]:
        gate = gate_of(1)
        await fail(gate, CallError("x", kind=kind, retry_after=5))
        return gate.closed_for, await call(gate)

    assert run(main()) == (0.0, 0.0)


def test_a_run_of_failures_leaves_one_call_at_a_time_with_growing_gaps_until_the_first_success() -> None:
    async def main() -> tuple[list[float], int, list[float]]:
        gate, probes, most, inside = gate_of(16), [], 0, 0
        await asyncio.gather(*(fail(gate, DOWN) for _ in range(8)))
        assert gate.failing

        async def one() -> float:
            nonlocal inside, most
            while True:
                async with gate.slot() as admission:
                    inside, started = inside + 1, now()
                    if gate.failing:
                        most = max(most, inside)
                    await asyncio.sleep(0.25)
                    inside -= 1
                    if started > 60:
                        gate.succeeded(admission)
                        return started
                    probes.append(started)
                    gate.failed(admission, DOWN)
                await gate.backoff(3, DOWN)

        ends = await asyncio.gather(*(one() for _ in range(16)))
        assert not gate.failing
        return probes, most, ends

    probes, most, ends = run(main())
    gaps = [after - before - 0.25 for before, after in pairwise(probes)]
    assert gaps == pytest.approx([2.0**power for power in range(len(gaps))])
    assert most == 1
    assert max(ends) - min(ends) < 3, "all go on after the first success"


def test_a_probe_that_is_cancelled_leaves_its_turn_to_the_next() -> None:
    async def main() -> float:
        gate = gate_of(4)
        await asyncio.gather(*(fail(gate, DOWN) for _ in range(8)))
        probe, following = asyncio.create_task(call(gate, 100)), asyncio.create_task(call(gate))
        await asyncio.sleep(3)
        assert not following.done()
        probe.cancel()
        return await following

    assert run(main()) == 3.0


def test_patience_ends_with_a_last_probe_and_not_long_after() -> None:
    async def main() -> tuple[float, float]:
        gate = gate_of(8, patience=100.0)
        while not gate.exhausted:
            last = await fail(gate, DOWN)
            await gate.backoff(0, DOWN)
        return last, now()

    last, end = run(main())
    assert 100.0 <= last <= 101.0
    assert end <= 101.0


def test_a_429_is_an_answer_and_uses_up_no_patience() -> None:
    async def main() -> bool:
        gate = gate_of(8, patience=10.0)
        for _ in range(100):
            await fail(gate, limited(3))
        return gate.exhausted

    assert not run(main())


def test_without_an_end_to_patience_probes_go_on() -> None:
    async def main() -> tuple[bool, bool]:
        gate = gate_of(2, patience=math.inf)
        while now() < 100_000:
            await fail(gate, DOWN)
        return gate.failing, gate.exhausted

    assert run(main()) == (True, False)
