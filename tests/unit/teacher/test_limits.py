"""The line of calls: bounded, in order, from a slow start, and free of sleepers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.effort import examples
from tests.unit.teacher.gates import DOWN, call, fail, gate_of, limited, now, run

from tilth.teacher import CallError
from tilth.teacher.pacing.window import FIRST_WINDOW

pytestmark = pytest.mark.usefixtures("usual_waits")


# -- concurrency and order --------------------------------------------------------------------------------


def test_it_starts_with_four_and_doubles_until_all_slots_are_used() -> None:
    async def main() -> list[float]:
        gate = gate_of(20)
        return await asyncio.gather(*(call(gate, 1.0) for _ in range(60)))

    started = run(main())
    assert [started.count(float(second)) for second in range(5)] == [4, 8, 16, 20, 12]


def test_calls_that_come_one_by_one_do_not_widen_the_start() -> None:
    async def main() -> list[float]:
        gate = gate_of(64)
        for _ in range(30):
            await call(gate)
        begin = now()
        return [s - begin for s in await asyncio.gather(*(call(gate, 1.0) for _ in range(8)))]

    assert run(main()).count(0.0) == FIRST_WINDOW


@given(
    concurrency=st.integers(1, 9),
    lengths=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60),
    cancelled=st.sets(st.integers(0, 59)),
    at=st.floats(0.0, 4.0),
)
@examples(60)
def test_never_more_than_its_slots_first_come_first_served_and_everyone_else_gets_in(
    concurrency: int, lengths: list[float], cancelled: set[int], at: float
) -> None:
    async def main() -> tuple[list[int], int, list[Any], list[float]]:
        gate, order, inside, most = gate_of(concurrency), [], 0, 0

        async def one(number: int) -> None:
            nonlocal inside, most
            async with gate.slot() as admission:
                order.append(number)
                inside += 1
                most = max(most, inside)
                try:
                    await asyncio.sleep(lengths[number])
                finally:
                    inside -= 1
                gate.succeeded(admission)

        tasks = [asyncio.create_task(one(number)) for number in range(len(lengths))]
        await asyncio.sleep(at)
        for number in cancelled & set(range(len(tasks))):
            tasks[number].cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        # every place was given back: the whole width can be used again
        for _ in range(200):
            await call(gate, 0.0)
        again = now()
        started = [s - again for s in await asyncio.gather(*(call(gate, 1.0) for _ in range(concurrency)))]
        return order, most, ends, started

    order, most, ends, again = run(main())
    assert order == sorted(order)
    assert most <= concurrency
    left = {number for number, end in enumerate(ends) if end is not None}
    assert left <= cancelled, "only who was cancelled is missing"
    assert set(order) | left == set(range(len(lengths)))
    assert again.count(0.0) >= min(concurrency, FIRST_WINDOW)


def test_a_call_let_through_and_cancelled_in_the_same_turn_gives_its_place_back() -> None:
    async def main() -> float:
        gate = gate_of(1)
        first = asyncio.create_task(call(gate, 1.0))
        await asyncio.sleep(0)
        second, third = asyncio.create_task(call(gate)), asyncio.create_task(call(gate))
        await asyncio.sleep(0)
        first.add_done_callback(lambda _: second.cancel())
        await asyncio.wait([first, second])
        assert second.cancelled()
        return await third

    assert run(main()) == 1.0


# -- limits per minute ------------------------------------------------------------------------------------


@given(limit=st.floats(1.0, 60_000.0), count=st.integers(2, 80), length=st.floats(0.0, 5.0))
@examples(60)
def test_no_more_calls_start_than_a_known_limit_allows(limit: float, count: int, length: float) -> None:
    async def main() -> list[float]:
        gate = gate_of(64, requests_per_minute=limit)
        return await asyncio.gather(*(call(gate, length) for _ in range(count)))

    started, rate = run(main()), limit / 60
    assert started == sorted(started)
    for first in range(count):
        for last in range(first, count):
            allowed = max(1.0, rate) + rate * (started[last] - started[first])
            assert last - first + 1 <= allowed + 1e-3


def test_a_limit_on_requests_is_used_to_the_full() -> None:
    async def main() -> float:
        gate = gate_of(64, requests_per_minute=600)
        await asyncio.gather(*(call(gate) for _ in range(210)))
        return now()

    assert run(main()) == pytest.approx(20.0, abs=0.5)


def test_tokens_are_paced_by_what_calls_turn_out_to_cost() -> None:
    async def main() -> float:
        gate = gate_of(32, tokens_per_minute=60_000)  # 1,000 a second
        await asyncio.gather(*(call(gate, 0.02, tokens=100, worst=4_000) for _ in range(400)))
        return now()

    clock = run(main())
    assert clock >= 38.0, "40,000 tokens take 40 s, less the first second's"
    assert clock < 60.0, "though each call might have cost 4,000"


# -- backing off ------------------------------------------------------------------------------------------


def waits(error: CallError, attempts: range) -> list[float]:
    async def main() -> list[float]:
        gate, taken = gate_of(1), []
        for attempt in attempts:
            before = now()
            async with asyncio.timeout(100_000):
                await gate.backoff(attempt, error)
            taken.append(now() - before)
        return taken

    return run(main())


def test_backoff_doubles_with_jitter_up_to_a_minute() -> None:
    taken = waits(DOWN, range(40))
    for attempt, seconds in enumerate(taken):
        longest = min(60.0, 0.5 * 2**attempt)
        assert longest / 2 <= seconds <= longest
    assert len(set(taken)) > 30


def test_backoff_is_as_long_as_the_endpoint_asked_for_but_not_absurd() -> None:
    assert waits(limited(20), range(12)) == pytest.approx([20] * 12)
    assert waits(limited(7_200), range(3)) == pytest.approx([7_200] * 3)
    assert waits(limited(10**9), range(3)) == pytest.approx([86_400] * 3)


def test_backing_off_holds_no_slot_and_can_be_cancelled() -> None:
    async def main() -> tuple[float, float]:
        gate = gate_of(1)
        sleeper = asyncio.create_task(gate.backoff(0, limited(100)))
        passed = await call(gate, 0.0)
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper
        return passed, now()

    assert run(main()) == (0.0, 0.0)


def test_a_call_cancelled_while_the_endpoint_is_quiet_leaves_its_place() -> None:
    async def main() -> float:
        gate = gate_of(1)
        await fail(gate, limited(5))
        first, second = asyncio.create_task(call(gate)), asyncio.create_task(call(gate))
        await asyncio.sleep(1)
        first.cancel()
        return await second

    assert run(main()) == 5.0


def test_once_it_is_shut_all_who_wait_and_all_who_come_are_told_at_once() -> None:
    async def main() -> tuple[list[Any], float]:
        gate = gate_of(1)
        await fail(gate, limited(300))
        waiting = [asyncio.create_task(call(gate)) for _ in range(3)]
        asleep = asyncio.create_task(gate.backoff(0, limited(300)))
        await asyncio.sleep(1)
        gate.shut(lambda: RuntimeError("the key is wrong"))
        await asleep
        waiting.append(asyncio.create_task(call(gate)))
        return await asyncio.gather(*waiting, return_exceptions=True), now()

    told, end = run(main())
    assert [str(error) for error in told] == ["the key is wrong"] * 4
    assert end == 1.0
