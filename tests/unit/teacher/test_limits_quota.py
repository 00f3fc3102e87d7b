"""What endpoints say of their limits in headers: read as sent, and heeded."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.tasks.base import Prompt
from tilth.teacher import CallError, Teacher
from tilth.teacher.pacing.admission import Admission, Controller, NotYet
from tilth.teacher.pacing.breaker import Breaker
from tilth.teacher.pacing.quota import Allowance, Quota, quota_of, seconds_of

REPLY = {"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}]}
HEADERS = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "58",
    "x-ratelimit-reset-requests": "2s",
    "x-ratelimit-limit-tokens": "40000",
    "x-ratelimit-remaining-tokens": "39000",
    "x-ratelimit-reset-tokens": "1m0.5s",
}
QUOTA = Quota(Allowance(60, 58, 1.0), Allowance(40_000, 39_000, 1000 / 60.5))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m0s", 360), ("17ms", 0.017), ("1h2m3.5s", 3723.5), ("1d", 86_400), ("2", 2), (" 1s ", 1)],
)
def test_times_as_endpoints_write_them(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@given(st.text(alphabet="0123456789.hmsd -+einfa", max_size=12))
def test_no_header_breaks_the_reading(text: str) -> None:
    seconds = seconds_of(text)
    assert seconds is None or 0 <= seconds < float("inf")
    quota_of(dict.fromkeys(HEADERS, text))


def test_a_quota_is_read_from_its_headers() -> None:
    assert quota_of(HEADERS) == QUOTA
    assert quota_of({}) is None
    unused = HEADERS | {"x-ratelimit-remaining-requests": "60", "x-ratelimit-reset-tokens": "soon"}
    assert quota_of(unused) is None, "what is whole, or has no time, tells no rate"


@pytest.mark.parametrize(
    "reset", ["9" * 400, "9" * 400 + "s", "1e300", "400d", "1e-300", "inf", "nan", "-5", "1e9"]
)
def test_a_time_beyond_reason_holds_nobody(reset: str) -> None:
    empty = HEADERS | {f"x-ratelimit-{what}": "0" for what in ("remaining-requests", "remaining-tokens")}
    assert (
        quota_of(empty | dict.fromkeys(["x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"], reset))
        is None
    )


def test_what_headers_leave_no_room_for_is_tried_after_a_while_all_the_same() -> None:
    clock = Time()
    control = controller(clock)
    first = control.decide(1.0)
    assert isinstance(first, Admission)
    control.passed(first, None, Quota(Allowance(most=100, remaining=0, rate=1e-3), None))
    control.left(first)
    assert control.decide(1.0) == NotYet("told", 60.0)
    clock.now = 60.0
    assert isinstance(control.decide(1.0), Admission)


@contextmanager
def endpoint(status: int) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps(REPLY if status == 200 else {"error": {"message": "slow down"}}).encode()
            self.send_response(status)
            for name, value in HEADERS.items() | {("Content-Length", str(len(body)))}:
                self.send_header(name.title(), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("status", [200, 429])
def test_replies_and_refusals_bring_the_quota_along(
    status: int, connect: Callable[..., Teacher], ask: Callable[[str], Prompt]
) -> None:
    async def main(teacher: Teacher) -> Quota | None:
        async with teacher.open() as opened:
            try:
                return (await opened.complete(teacher.request(ask("?")), max_tokens=5, sampling_seed=1)).quota
            except CallError as error:
                return error.quota

    with endpoint(status) as url:
        assert asyncio.run(main(connect(url, api_key="k"))) == QUOTA


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def controller(clock: Time) -> Controller:
    return Controller(50, clock, Breaker(clock, patience=float("inf"), first_gap=0.5, longest_gap=60.0))


def started(control: Controller, most: int, worst: float = 1.0) -> int:
    """How many of `most` calls start now and pass at once, without word of a quota."""
    for count in range(most):
        decision = control.decide(worst)
        if not isinstance(decision, Admission):
            return count
        control.passed(decision, None, None)
        control.left(decision)
    return most


def test_no_more_requests_start_than_the_endpoint_says_remain() -> None:
    clock = Time()
    control = controller(clock)
    first = control.decide(1.0)
    assert isinstance(first, Admission)
    control.passed(first, None, Quota(Allowance(most=60, remaining=3, rate=2.0), None))
    control.left(first)
    assert started(control, 50) == 3
    clock.now = 5.0
    assert started(control, 50) == 10


def test_calls_on_their_way_count_against_what_remains() -> None:
    control = controller(Time())
    calls = [control.decide(1.0) for _ in range(3)]
    first = calls[0]
    assert isinstance(first, Admission)
    control.passed(first, None, Quota(Allowance(most=60, remaining=3, rate=2.0), None))
    control.left(first)
    assert started(control, 50) == 1


def test_tokens_that_remain_are_not_passed() -> None:
    clock = Time()
    control = controller(clock)
    first = control.decide(100.0)
    assert isinstance(first, Admission)
    control.passed(first, 100, Quota(None, Allowance(most=10_000, remaining=450, rate=100.0)))
    control.left(first)
    assert started(control, 50, 100.0) == 4
    clock.now = 2.0
    assert started(control, 50, 100.0) == 2
