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


@pytest.mark.parametrize("other", [None, DOWN, CallError("no", kind="bad-request", status=400)])
def test_patience_ends_whatever_kinds_of_failure_there_are_and_begins_anew_with_a_reply(
    other: CallError | None,
) -> None:
    async def main() -> tuple[float, bool]:
        gate = gate_of(8, patience=100.0)
        for number in range(20):
            await fail(gate, limited(3) if number % 2 or other is None else other)
        await call(gate)
        begin = now()
        while not gate.exhausted:
            await asyncio.sleep(1)
            await fail(gate, limited(3) if other is None or gate.failing else other)
        return now() - begin, gate.exhausted

    seconds, exhausted = run(main())
    assert exhausted
    assert 100.0 <= seconds <= 170.0


def test_without_an_end_to_patience_probes_go_on() -> None:
    async def main() -> tuple[bool, bool]:
        gate = gate_of(2, patience=math.inf)
        while now() < 100_000:
            await fail(gate, DOWN)
        return gate.failing, gate.exhausted

    assert run(main()) == (True, False)
