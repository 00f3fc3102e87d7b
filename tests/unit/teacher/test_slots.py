"""How many calls go out at once: what a server tells, or what its calls show, and no more than it takes."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.unit.teacher.gates import fail, gate_of, now, run

from tilth.teacher import CallError, Teacher

pytestmark = pytest.mark.usefixtures("usual_waits")


@contextmanager
def endpoint(answers: Mapping[str, Any], server: str) -> Iterator[tuple[str, list[str]]]:
    """A server that answers GETs by path, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = server, ""

        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps(answers.get(self.path, {"error": {"message": "not here"}})).encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", asked
    finally:
        running.shutdown()
        running.server_close()


LIST = {"data": [{"id": "test-model", "owned_by": "someone"}]}
LLAMA = {"data": [{"id": "test-model", "owned_by": "llamacpp"}]}


@pytest.mark.parametrize(
    ("base", "server", "models", "properties", "slots"),
    [
        ("/v1", "llama.cpp", LIST, {"/props": {"total_slots": 4}}, 4),
        ("/v1", "", LLAMA, {"/props": {"total_slots": 1}}, 1),
        ("/local/v1", "", LLAMA, {"/local/props": {"total_slots": 2}}, 2),
        ("/v1", "", LLAMA, {"/props": {"total_slots": 0}}, None),
        ("/v1", "", LLAMA, {"/props": {"total_slots": "many"}}, None),
        ("/v1", "", LLAMA, {"/props": [4]}, None),
        ("/v1", "", LLAMA, {}, None),
        ("/v1", "nginx", LIST, {"/props": {"total_slots": 4}}, None),
    ],
)
def test_a_llama_cpp_server_tells_its_slots(
    connect: Callable[..., Teacher], base: str, server: str, models: Any, properties: Any, slots: int | None
) -> None:
    async def main(teacher: Teacher) -> int | None:
        async with teacher.open() as opened:
            await opened.preflight()
            return opened.slots

    with endpoint({f"{base}/models": models, **properties}, server) as (url, asked):
        assert asyncio.run(main(connect(url + base, api_key="k"))) == slots
    asks = models is LLAMA or server == "llama.cpp"
    assert len(asked) == 1 + asks, "others are not asked"


async def serve(
    concurrency: int, slots: int, count: int, patience: float, spread: float = 0.3
) -> tuple[float, int, int]:
    """So many calls of about a second at a server of so many slots: seconds, calls lost, the window then."""
    gate, places, draw, lost = gate_of(concurrency), asyncio.Semaphore(slots), random.Random(1), 0

    async def one() -> None:
        nonlocal lost
        while True:
            error = CallError("took too long", kind="timeout", in_doubt=True)
            async with gate.slot(1_000.0) as admission:
                try:
                    async with asyncio.timeout(patience), places:
                        length = max(0.1, draw.gauss(1.0, spread))
                        await asyncio.sleep(length)
                except TimeoutError:
                    lost += 1
                    gate.failed(admission, error)
                else:
                    gate.succeeded(admission, 50 + int(200 * length))
                    return
            await gate.backoff(0, error)

    await asyncio.gather(*(one() for _ in range(count)))
    return now(), lost, gate.window


@pytest.mark.parametrize("slots", [4, 6, 8])
def test_a_server_with_few_slots_loses_next_to_no_call_to_time_outs(slots: int) -> None:
    seconds, lost, _ = run(serve(32, slots, 300, patience=6))
    assert lost <= 6
    assert seconds < 1.2 * 300 / slots


@pytest.mark.parametrize("slots", [1, 2])
def test_a_server_of_fewer_slots_than_calls_at_first_loses_few(slots: int) -> None:
    seconds, lost, _ = run(serve(32, slots, 100, patience=4))
    assert lost <= 12
    assert seconds < 1.5 * 100 / slots


@pytest.mark.parametrize("concurrency", [5, 32, 64, 200])
@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_a_server_with_room_for_all_is_used_to_the_full(concurrency: int, spread: float) -> None:
    seconds, lost, window = run(serve(concurrency, 1_000, 40 * concurrency, patience=60, spread=spread))
    assert lost == 0
    assert window >= 0.9 * concurrency
    assert seconds < 1.3 * 40 + 5


def test_a_time_out_halves_what_may_be_out_once_for_all_that_were_out_with_it() -> None:
    async def main() -> list[int]:
        gate, error = gate_of(16), CallError("took too long", kind="timeout", in_doubt=True)
        windows = []
        for _ in range(3):
            await asyncio.gather(*(fail(gate, error, 1.0) for _ in range(gate.window)))
            windows.append(gate.window)
        return windows

    assert run(main()) == [2, 1, 1]


def test_what_a_server_tells_of_its_slots_is_not_passed() -> None:
    async def main() -> int:
        gate, out, most = gate_of(32), 0, 0
        gate.keep_within(2)

        async def one() -> None:
            nonlocal out, most
            async with gate.slot() as admission:
                out += 1
                most = max(most, out)
                await asyncio.sleep(1.0)
                out -= 1
                gate.succeeded(admission)

        await asyncio.gather(*(one() for _ in range(100)))
        return most

    assert run(main()) == 2
