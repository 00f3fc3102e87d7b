"""What a 429 does to the line of calls: it is quiet until it may go on, and finds the endpoint's rate."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.effort import examples
from tests.unit.teacher.gates import call, fail, gate_of, limited, now, run

from tilth.teacher import Gate
from tilth.teacher.pacing.window import FIRST_WINDOW

pytestmark = pytest.mark.usefixtures("usual_waits")


def test_a_429_stops_all_new_calls_until_its_retry_after() -> None:
    async def main() -> list[float]:
        gate = gate_of(4)
        await fail(gate, limited(7))
        assert gate.closed_for == 7
        return await asyncio.gather(*(call(gate, 0.01) for _ in range(9)))

    assert min(run(main())) == 7.0


def test_while_nothing_passes_each_retry_after_is_tried_by_one_call() -> None:
    async def main() -> list[float]:
        gate, refused = gate_of(64), []

        async def one() -> None:
            while True:
                async with gate.slot() as admission:
                    await asyncio.sleep(0.02)
                    if now() > 60:
                        gate.succeeded(admission)
                        return
                    refused.append(now())
                    gate.failed(admission, limited(5))
                await gate.backoff(0, limited(5))

        await asyncio.gather(*(one() for _ in range(64)))
        return refused

    refused = run(main())
    assert len(refused) <= FIRST_WINDOW + 12
    assert all(after - before >= 5 for before, after in pairwise(refused[FIRST_WINDOW:]))


class Endpoint:
    """An endpoint that takes `rate` calls a second and `burst` at once, as the test server does."""

    def __init__(self, rate: float, burst: int, retry_after: float, latency: float) -> None:
        self.rate, self.burst, self.retry_after, self.latency = rate, burst, retry_after, latency
        self.level, self.at, self.refused, self.starts = float(burst), 0.0, 0, list[float]()

    def takes(self) -> bool:
        self.level = min(self.burst, self.level + (now() - self.at) * self.rate)
        self.at = now()
        self.starts.append(now())
        if self.level < 1:
            self.refused += 1
            return False
        self.level -= 1
        return True


async def drive(
    gate: Gate, count: int, takes: Callable[[], bool], retry_after: float, latency: float
) -> None:
    """`count` calls, each tried until it is answered."""

    async def one() -> None:
        while True:
            async with gate.slot() as admission:
                passes = takes()
                await asyncio.sleep(latency if passes else 0.0)
                if passes:
                    gate.succeeded(admission)
                    return
                gate.failed(admission, limited(retry_after))
            await gate.backoff(0, limited(retry_after))

    async with asyncio.timeout(100_000):
        await asyncio.gather(*(one() for _ in range(count)))


@pytest.mark.parametrize(
    ("rate", "burst", "retry_after", "latency", "most_seconds", "most_refused"),
    [
        (100, 10, 1.0, 0.02, 1.3, 40),
        (1000, 50, 1.0, 0.02, 4.5, 80),
        (20, 5, 2.0, 0.5, 1.5, 60),
        (5, 1, 1.0, 1.0, 1.6, 60),
        (100, 100, 0.2, 0.1, 1.4, 80),
    ],
)
def test_the_rate_of_an_endpoint_is_found_with_few_refusals(
    rate: float, burst: int, retry_after: float, latency: float, most_seconds: float, most_refused: int
) -> None:
    async def main() -> tuple[float, int]:
        gate, endpoint = gate_of(64), Endpoint(rate, burst, retry_after, latency)
        await drive(gate, 600, endpoint.takes, retry_after, latency)
        return now(), endpoint.refused

    clock, refused = run(main())
    assert clock < most_seconds * 600 / rate
    assert refused <= most_refused


@given(
    rate=st.floats(2.0, 2_000.0),
    burst=st.integers(1, 200),
    retry_after=st.floats(0.05, 30.0),
    latency=st.floats(0.0, 3.0),
    concurrency=st.integers(1, 64),
)
@examples(40)
def test_behind_any_limit_all_calls_are_answered_in_the_end(
    rate: float, burst: int, retry_after: float, latency: float, concurrency: int
) -> None:
    async def main() -> Endpoint:
        gate, endpoint = gate_of(concurrency), Endpoint(rate, burst, retry_after, latency)
        await drive(gate, 150, endpoint.takes, retry_after, latency)
        return endpoint

    endpoint = run(main())
    assert len(endpoint.starts) == 150 + endpoint.refused


@pytest.mark.parametrize(
    ("share", "retry_after", "most_seconds"),
    [(0.008, 0.1, 25), (0.02, 0.1, 15), (0.02, 1.0, 20), (0.1, 0.1, 20), (0.1, 1.0, 40), (0.3, 1.0, 90)],
)
def test_refusals_that_are_not_about_the_rate_do_not_bring_it_down(
    share: float, retry_after: float, most_seconds: float
) -> None:
    """Without any, it takes 6.5 seconds."""

    async def main() -> float:
        gate, draw = gate_of(32), random.Random(3)
        await drive(gate, 4_000, lambda: draw.random() >= share, retry_after, 0.05)
        return now()

    assert run(main()) < most_seconds


def test_a_rate_is_found_among_refusals_that_are_not_about_it() -> None:
    """2,000 calls at 100 a second, of which 5 % are refused besides."""

    async def main() -> tuple[float, int]:
        gate, draw, endpoint = gate_of(64), random.Random(3), Endpoint(100, 10, 1.0, 0.02)
        await drive(gate, 2_000, lambda: draw.random() >= 0.05 and endpoint.takes(), 1.0, 0.02)
        return now(), endpoint.refused

    clock, refused = run(main())
    assert clock < 60
    assert refused < 1_000


@pytest.mark.parametrize("retry_after", [1.0, None])
@pytest.mark.parametrize("length", [5, 30, 120])
@pytest.mark.parametrize("rate", [None, 100])
def test_after_a_storm_calls_are_as_many_a_second_as_before_it(
    rate: float | None, length: float, retry_after: float | None
) -> None:
    """For a while all calls are refused, at an endpoint without a limit of its own or with one."""
    endpoint = Endpoint(rate or math.inf, 10, 1.0, 0.05)
    starts, end = 10.0, 10.0 + length
    passed: list[float] = []
    refused = 0

    def takes() -> bool:
        nonlocal refused
        takes = not starts <= now() < end and (rate is None or endpoint.takes())
        passed.append(now()) if takes else None
        refused += not takes
        return takes

    async def main() -> None:
        gate = gate_of(64)
        await drive(gate, 1_000 + 20 * int(rate or 1_280), takes, retry_after, 0.05)

    run(main())
    before = sum(starts - 2 <= at < starts for at in passed) / 2
    after = [sum(end + second <= at < end + second + 1 for at in passed) for second in range(7)]
    probing = 0 if retry_after else 3  # seconds between calls that find out, where nothing was asked for
    assert max(after[: 4 + probing]) >= 0.8 * before, f"{before} a second before, {after} after it"
    assert refused < 64 + 40 + length, "while it lasts, single calls find out when it is over"
