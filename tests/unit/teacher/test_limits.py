"""The line of calls: bounded, in order, from a slow start, free of sleepers, quiet where that is wanted."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilth.teacher import CallError, Gate
from tilth.teacher.admission import FIRST_WINDOW


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer, so that waits are exact and take no time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready:
            due = (timer.when() for timer in self._scheduled if not timer.cancelled())
            self.now = max(self.now, min(due, default=self.now))
        super()._run_once()


@pytest.fixture(autouse=True)
def usual_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other suites shorten them for their whole session."""
    monkeypatch.setattr("tilth.teacher.limits.FIRST_DELAY", 0.5)
    monkeypatch.setattr("tilth.teacher.limits.LONGEST_DELAY", 60.0)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=Clock) as runner:
        return runner.run(coroutine)


def now() -> float:
    return asyncio.get_running_loop().time()


def gate_of(concurrency: int, **settings: Any) -> Gate:
    return Gate(concurrency, clock=asyncio.get_running_loop().time, **settings)


def limited(seconds: float | None) -> CallError:
    return CallError("busy", kind="rate-limited", status=429, retry_after=seconds)


DOWN = CallError("it is down", kind="server", status=502)


async def call(gate: Gate, seconds: float = 0.02, tokens: float | None = None, worst: float = 1.0) -> float:
    """A call that is answered; when it started."""
    async with gate.slot(worst) as admission:
        started = now()
        await asyncio.sleep(seconds)
        gate.succeeded(admission, tokens)
    return started


async def fail(gate: Gate, error: CallError, seconds: float = 0.0) -> float:
    async with gate.slot() as admission:
        started = now()
        await asyncio.sleep(seconds)
        gate.failed(admission, error)
    return started


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
@settings(max_examples=60, deadline=None)
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
@settings(max_examples=60, deadline=None)
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

    seconds = run(main())
    assert seconds >= 38.0, "40,000 tokens take 40 s, less the first second's"
    assert seconds < 60.0, "though each call might have cost 4,000"


# -- 429 --------------------------------------------------------------------------------------------------


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

    seconds, refused = run(main())
    assert seconds < most_seconds * 600 / rate
    assert refused <= most_refused


@given(
    rate=st.floats(2.0, 2_000.0),
    burst=st.integers(1, 200),
    retry_after=st.floats(0.05, 30.0),
    latency=st.floats(0.0, 3.0),
    concurrency=st.integers(1, 64),
)
@settings(max_examples=40, deadline=None)
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

    seconds, refused = run(main())
    assert seconds < 60
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


# -- failures ---------------------------------------------------------------------------------------------


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


# -- backing off ------------------------------------------------------------------------------------------


def waits(error: CallError, attempts: range) -> list[float]:
    async def main() -> list[float]:
        gate, taken = gate_of(1), []
        for attempt in attempts:
            before = now()
            async with asyncio.timeout(10_000):
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
    assert waits(limited(10**9), range(3)) == pytest.approx([300] * 3)


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
