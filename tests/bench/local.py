"""Measures what our client adds to the time of a llama.cpp server, by the server's own timings.

    python -m tests.bench.local [MODEL] [--calls 32] [--repeats 5] [--tokens 96]

runs it on the small model installed, or the one named (about ten minutes on two cores), and writes
tests/bench/LOCAL.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import http.client
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tilth
from tilth.teacher.http import direct, endpoint
from tilth.teacher.local import LocalTeacher

HERE = Path(__file__).resolve().parent
GOAL = 0.02
ABOUT = (
    "Answer augmentation through `tilth.generate_sync`, every reply journalled, checked and made a row, from "
    "the call until the file is closed, preflight included; and the same requests, one after the other on a "
    "connection that is kept, by a bare `http.client`. The server runs already, has answered all of them "
    "once, and keeps no prompts. It reports for each call what reading the prompt and writing the reply "
    "took; what a turn takes beyond the sum of that is what HTTP, the chat template and the client add. A "
    "figure is the median of the turns, with the range of all of them; the clients take turns."
)

Body = Mapping[str, Any]


class Ledger:
    """What was asked, and what the server said it took, in milliseconds."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.server_ms = 0.0

    def took(self, reply: bytes) -> None:
        timings = json.loads(reply)["timings"]
        self.server_ms += timings["prompt_ms"] + timings["predicted_ms"]


@contextmanager
def watched() -> Iterator[Ledger]:
    """What our client asks and hears while this lasts."""
    ledger = Ledger()
    send, read = direct.DirectEndpoint._send, endpoint._read_whole

    async def noting_send(self: Any, body: Body, *rest: Any) -> Any:
        ledger.bodies.append(body)
        return await send(self, body, *rest)

    def noting_read(body: bytes, seconds: float) -> Any:
        ledger.took(body)
        return read(body, seconds)

    direct.DirectEndpoint._send = noting_send  # type: ignore[method-assign]
    endpoint._read_whole = noting_read
    try:
        yield ledger
    finally:
        direct.DirectEndpoint._send = send  # type: ignore[method-assign]
        endpoint._read_whole = read


def by_tilth(teacher: LocalTeacher, calls: int) -> tuple[float, float, list[Body]]:
    """Seconds, the server's own seconds, and what was asked."""
    with watched() as ledger, tempfile.TemporaryDirectory() as folder:
        seeds = tilth.demo.seeds(calls)
        started = time.perf_counter()
        run = tilth.generate_sync(
            seeds, "answer-augmentation", calls, teacher=teacher, path=Path(folder) / "run.tilth"
        )
        seconds = time.perf_counter() - started
        assert run.progress.queries == calls
    return seconds, ledger.server_ms / 1000, ledger.bodies


def by_hand(teacher: LocalTeacher, bodies: list[Body]) -> tuple[float, float]:
    """The same by a bare client: seconds, and the server's own."""
    running, ledger = teacher.server.running(), Ledger()
    address = urlsplit(running.base_url)
    headers = {"Authorization": f"Bearer {running.key}", "Content-Type": "application/json"}

    def ask(several: list[Body]) -> None:
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        for body in several:
            connection.request("POST", f"{address.path}/chat/completions", json.dumps(body), headers)
            ledger.took(connection.getresponse().read())
        connection.close()

    slots = teacher.concurrency
    started = time.perf_counter()
    with ThreadPoolExecutor(slots) as pool:
        list(pool.map(ask, (bodies[i::slots] for i in range(slots))))
    return time.perf_counter() - started, ledger.server_ms / 1000


def shown(shares: list[float]) -> str:
    return f"{statistics.median(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--calls", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=96)
    options = parser.parse_args()

    def teacher(slots: int) -> LocalTeacher:
        return tilth.local(
            options.model,
            concurrency=slots,
            context_tokens=1024,
            max_tokens=options.tokens,
            temperature=0.0,
            extra_body={"cache_prompt": False},
        )

    alone = teacher(1)
    alone.server.running()
    *_, bodies = by_tilth(alone, options.calls)
    tilths, bares, calls, added = [], [], [], []
    for turn in range(options.repeats):
        wall, own, _ = by_tilth(alone, options.calls)
        bare_wall, bare_own = by_hand(alone, bodies)
        tilths.append(wall / own - 1)
        bares.append(bare_wall / bare_own - 1)
        calls.append(own / options.calls)
        added.append(1000 * ((wall - own) - (bare_wall - bare_own) * own / bare_own) / options.calls)
        print(f"turn {turn}: tilth {tilths[-1]:.2%} bare {bares[-1]:.2%} of {own:.1f} s", flush=True)
    differences = [ours - plain for ours, plain in zip(tilths, bares, strict=True)]
    met = "met" if statistics.median(differences) < GOAL else "missed"
    four = teacher(4)
    four.server.running()
    *_, bodies = by_tilth(four, options.calls)
    together = []
    for turn in range(options.repeats):
        wall, *_ = by_tilth(four, options.calls)
        bare_wall, _ = by_hand(four, bodies)
        together.append(wall / bare_wall - 1)
        print(f"turn {turn}: four at once {together[-1]:.2%}", flush=True)
    rows = [
        ("Tilth, beyond the server's own time", shown(tilths)),
        ("a bare client, beyond the server's own time", shown(bares)),
        (f"what our client adds (goal: under {GOAL:.0%}, {met})", shown(differences)),
        ("the same in milliseconds a call", f"{statistics.median(added):.1f}"),
        ("the server's own time for a call", f"{statistics.median(calls):.2f} s"),
        ("four calls at once: Tilth's time beyond the bare client's", shown(together)),
    ]
    named = [Path(options.model).name] if options.model else []
    settings = [f"--{name} {getattr(options, name)}" for name in ("calls", "repeats", "tokens")]
    command = " ".join(["python -m tests.bench.local", *named, *settings])
    made = (
        f"`{command}` on {dt.datetime.now(dt.UTC):%Y-%m-%d}: {alone.name}, xllamacpp {version('xllamacpp')}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores of {platform.machine()}, busy "
        "with other work, too: trust the shares, not the rates."
    )
    table = ["| what | measured |", "| --- | --- |", *(f"| {what} | {figure} |" for what, figure in rows)]
    lines = ["# A local model's server, and what our client adds", "", ABOUT, "", *table, "", made, ""]
    (HERE / "LOCAL.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
