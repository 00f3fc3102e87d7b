"""The gate: bounded, in order of arrival, free of sleepers, and closed while an endpoint asks for quiet."""

from __future__ import annotations

import asyncio

import pytest

from tilth.teacher import CallError, Gate


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer, so that waits are exact and take no time."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def time(self):
        return self.now

    def _run_once(self):
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0].when())
        super()._run_once()


def run(coroutine):
    with asyncio.Runner(loop_factory=Clock) as runner:
        return runner.run(coroutine)


def limited(seconds):
    return CallError("busy", kind="rate-limited", status=429, retry_after=seconds)


def test_no_more_than_its_slots_and_first_come_first_served():
    async def main():
        gate, order, inside, most = Gate(3), [], 0, 0

        async def call(number):
            nonlocal inside, most
            async with gate.slot():
                order.append(number)
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(number % 4)
                inside -= 1

        await asyncio.gather(*(call(number) for number in range(40)))
        return order, most

    order, most = run(main())
    assert order == sorted(order)
    assert most == 3


def test_a_429_stops_all_new_calls_until_its_retry_after():
    async def main():
        gate, started = Gate(4), []
        gate.failed(limited(7))
        assert gate.closed_for == 7

        async def call():
            async with gate.slot():
                started.append(asyncio.get_running_loop().time())

        await asyncio.gather(*(call() for _ in range(9)))
        return started

    assert run(main()) == [7.0] * 9


@pytest.mark.parametrize("kind", ["server", "timeout", "connection"])
def test_other_failures_stop_nobody_else(kind):
    async def main():
        gate = Gate(1)
        gate.failed(CallError("x", kind=kind, retry_after=5))
        return gate.closed_for

    assert run(main()) == 0


def waits(error, attempts):
    async def main():
        gate, loop, taken = Gate(1), asyncio.get_running_loop(), []
        for attempt in attempts:
            before = loop.time()
            async with asyncio.timeout(10_000):
                await gate.backoff(attempt, error)
            taken.append(loop.time() - before)
            async with gate.slot():
                pass
        return taken

    return run(main())


def test_backoff_doubles_with_jitter_up_to_a_minute():
    taken = waits(CallError("x", kind="server"), range(40))
    for attempt, seconds in enumerate(taken):
        longest = min(60.0, 0.5 * 2**attempt)
        assert longest / 2 <= seconds <= longest
    assert len(set(taken)) > 30


def test_backoff_is_never_shorter_than_the_endpoint_asked_for_nor_absurd():
    assert all(20 <= seconds <= 20.5 for seconds in waits(limited(20), range(12)))
    assert all(300 <= seconds <= 300.5 for seconds in waits(limited(10**9), range(3)))


def test_backing_off_holds_no_slot_and_can_be_cancelled():
    async def main():
        gate = Gate(1)
        sleeper = asyncio.create_task(gate.backoff(0, limited(100)))
        async with gate.slot():
            passed = asyncio.get_running_loop().time()
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper
        return passed, asyncio.get_running_loop().time()

    assert run(main()) == (0.0, 0.0)


def test_a_call_cancelled_while_waiting_leaves_its_place():
    async def main():
        gate = Gate(1)
        gate.failed(limited(5))

        async def call():
            async with gate.slot():
                return asyncio.get_running_loop().time()

        first, second = asyncio.create_task(call()), asyncio.create_task(call())
        await asyncio.sleep(1)
        first.cancel()
        return await second

    assert run(main()) == 5.0
