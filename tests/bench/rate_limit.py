"""Measures what a rate limit costs, and what the slow start costs where there is none.

Run as `python -m tests.bench.rate_limit`; prints the table of RATE_LIMITS.md.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.support.openai_server import Plan, serve

import tilth
from tilth.teacher.pacing import window

UNITS = 600
CONCURRENCY = 64
LIMITED = Plan(latency=0.02, rate=100, burst=10)
UNLIMITED = Plan(latency=0.02)
ROUNDS = 7


@dataclass(frozen=True)
class Result:
    """One run: seconds from `start` to its end, rows, and calls refused with 429."""

    seconds: float
    rows: int
    refused: int


def measure(plan: Plan) -> Result:
    """Grows the units behind a fresh server."""
    records = [{"question": f"How many are {i} and {i}?", "answer": str(2 * i)} for i in range(UNITS)]
    seeds = tilth.read_seeds(records, answer="answer", name="counted")
    with serve(plan=plan) as server, tempfile.TemporaryDirectory() as folder:
        teacher = tilth.Teacher("test-model", base_url=server.base_url, api_key="k", concurrency=CONCURRENCY)
        began = time.perf_counter()
        run = tilth.start(seeds, "answer-augmentation", UNITS, teacher=teacher, path=Path(folder, "a.tilth"))
        run.wait()
        seconds = time.perf_counter() - began
        return Result(seconds, run.progress.rows, server.books()["statuses"].get("429", 0))


@contextmanager
def no_slow_start() -> Iterator[None]:
    """All slots from the first call on."""
    first, window.FIRST_WINDOW = window.FIRST_WINDOW, CONCURRENCY
    try:
        yield
    finally:
        window.FIRST_WINDOW = first


def told(name: str, results: list[Result]) -> str:
    """A line of the table."""
    seconds = sorted(result.seconds for result in results)
    refused = sorted(result.refused for result in results)
    rows = min(result.rows for result in results)
    return (
        f"| {name} | {median(seconds):.2f} | {seconds[0]:.2f} to {seconds[-1]:.2f} "
        f"| {median(refused):.0f} | {refused[0]} to {refused[-1]} | {rows} |"
    )


def main() -> None:
    """Measures and prints."""
    measure(UNLIMITED)  # what is imported once is not part of it
    limited = [measure(LIMITED) for _ in range(ROUNDS)]
    slow, fast = [], []
    for _ in range(ROUNDS):  # by turns, so that both meet the same machine
        slow.append(measure(UNLIMITED))
        with no_slow_start():
            fast.append(measure(UNLIMITED))
    print("| | seconds, median | range | refused, median | range | rows, fewest |")
    print("| --- | --: | --: | --: | --: | --: |")
    print(told("100 calls/s, burst 10, Retry-After 1", limited))
    print(told("no limit", slow))
    print(told("no limit, no slow start", fast))
    ratio = median(a.seconds / b.seconds for a, b in zip(slow, fast, strict=True))
    print(f"\nSlow start takes {ratio:.2f} times as long as none (median of {ROUNDS} pairs).")
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, aiohttp {version('aiohttp')}, "
        f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
