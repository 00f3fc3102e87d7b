"""Measures calls a second, beside AsyncOpenAI doing the same calls in the same run, and what else is quick.

    python -m tests.bench.throughput [--calls 2000 20000] [--repeats 3 1] [--rows 200000]

runs it (about ten minutes on two cores) and writes tests/bench/THROUGHPUT.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

from tests.bench.quick_server import serve

HERE = Path(__file__).resolve().parent
SETTINGS = ((0.05, 64, 2.0), (0.05, 256, 3.2), (0.0, 64, 4.2))
"""Latency in seconds, concurrency, and the ratio to plain AsyncOpenAI that is the goal."""
CLIENTS = ("plain", "bare", "tilth")

ABOUT = (
    "Answer augmentation through `tilth.generate_sync`, every reply durably journalled, checked and made "
    "a row, from the call until the file is closed; beside it the same calls by plain `AsyncOpenAI` with "
    "a semaphore and by bare aiohttp, both with no journal. Each client runs in a process of its own "
    "against a server in another; a ratio is to plain `AsyncOpenAI` in the same turn. Clients are imported "
    "before the clock starts, with what they import at first use; Tilth's preflight and its first call, "
    "which goes alone, are within it."
)
HEADING = (
    "| latency, concurrency | plain AsyncOpenAI /s | bare aiohttp /s (ratio) | Tilth /s (ratio) | goal "
    "| Tilth CPU ms a call | Tilth peak MB |"
)

Figures = dict[str, float]


def measured(client: str, latency: float, calls: int, concurrency: int) -> Figures:
    """One client in a process of its own against a server of its own."""
    with serve(latency) as url:
        command = [
            sys.executable,
            "-m",
            "tests.bench.quick_clients",
            client,
            url,
            str(calls),
            str(concurrency),
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def compared(latency: float, calls: int, concurrency: int, repeats: int) -> dict[str, Figures]:
    """Medians by client; clients take turns, so that all meet the same noise."""
    runs = [{c: measured(c, latency, calls, concurrency) for c in CLIENTS} for _ in range(repeats)]
    medians = {
        client: {name: statistics.median(run[client][name] for run in runs) for name in runs[0][client]}
        for client in CLIENTS
    }
    for client in CLIENTS:
        ratios = [run["plain"]["seconds"] / run[client]["seconds"] for run in runs]
        medians[client]["ratio"] = statistics.median(ratios)
        print(f"{latency} s C={concurrency} {calls}: {client} {medians[client]}", flush=True)
    return medians


def import_seconds() -> float:
    """What `import tilth` adds to a bare Python: the median of five."""

    def once(program: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        return time.perf_counter() - began

    return statistics.median(once("import tilth") - once("pass") for _ in range(5))


def first_request_seconds() -> float:
    """From the start of a script to its first request at the endpoint: the median of three."""

    def once() -> float:
        script = (
            "import sys, tilth; tilth.generate_sync("
            "tilth.read_seeds([{'question': 'What is 1 + 1?', 'answer': '2'}]), 'answer-augmentation', 1,"
            " teacher=tilth.Teacher('bench-model', base_url=sys.argv[1] + '/v1'), path='first.tilth')"
        )
        with serve() as url, tempfile.TemporaryDirectory() as folder:
            began = time.time()
            subprocess.run([sys.executable, "-c", script, url], check=True, cwd=folder)
            with urllib.request.urlopen(f"{url}/books") as books:
                return float(json.load(books)["first_call"]) - began

    return statistics.median(once() for _ in range(3))


def page(tables: dict[int, list[dict[str, Figures]]], repeats: list[int], other: list[str]) -> str:
    """THROUGHPUT.md."""
    lines = [
        "# Throughput",
        "",
        ABOUT,
        "",
    ]
    for (calls, results), times in zip(tables.items(), repeats, strict=True):
        said = f"medians of {times}" if times > 1 else "one turn each"
        lines += [
            f"## {calls:,} calls, {said}",
            "",
            HEADING,
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for (latency, concurrency, goal), result in zip(SETTINGS, results, strict=True):
            plain, bare, tilth = (result[client] for client in CLIENTS)
            met = "met" if tilth["ratio"] >= goal else "missed"
            lines.append(
                f"| {latency * 1000:.0f} ms, {concurrency} | {calls / plain['seconds']:,.0f} "
                f"| {calls / bare['seconds']:,.0f} ({bare['ratio']:.2f}) "
                f"| {calls / tilth['seconds']:,.0f} ({tilth['ratio']:.2f}) | {goal} {met} "
                f"| {tilth['cpu'] / calls * 1000:.2f} | {tilth['peak']:.0f} |"
            )
        lines.append("")
    lines += ["## What else is quick", "", "| what | measured | goal |", "| --- | --- | --- |", *other, ""]
    installed = ", ".join(f"{name} {version(name)}" for name in ("openai", "aiohttp", "polars"))
    command = " ".join(["python -m tests.bench.throughput", *sys.argv[1:]])
    today = dt.datetime.now(dt.UTC).date()
    made = (
        f"`{command}` on {today}: Python {platform.python_version()}, {installed}, {os.cpu_count()} cores of "
        f"{platform.machine()}: trust the ratios, not the rates. CPU and peak memory "
        "are the whole process's, imports included."
    )
    lines += [made, ""]
    return "\n".join(lines)


def row(what: str, value: str, goal: str, *, met: bool) -> str:
    return f"| {what} | {value} | {goal} {'met' if met else 'missed'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[2000, 20000])
    parser.add_argument("--repeats", type=int, nargs="+", default=[3, 1], help="turns for each of --calls")
    parser.add_argument("--rows", type=int, default=20000, help="rows whose peak memory is measured")
    asked = parser.parse_args()
    imported, first = import_seconds(), first_request_seconds()
    visible = statistics.median(measured("first", 0.0, 1, 1)["seconds"] for _ in range(3))
    print(f"import {imported:.3f} s, first request {first:.3f} s, first sample {visible:.3f} s", flush=True)
    tables = {
        calls: [compared(latency, calls, concurrency, repeats) for latency, concurrency, _ in SETTINGS]
        for calls, repeats in zip(asked.calls, asked.repeats, strict=True)
    }
    small, large = (measured("tilth", 0.0, rows, 64)["peak"] for rows in (2000, asked.rows))
    other = [
        row("`import tilth` over bare Python", f"{imported:.3f} s", "0.15 s", met=imported <= 0.15),
        row("start of a script to its first request", f"{first:.2f} s", "1 s", met=first <= 1),
        row(
            "first reply to its row in `run.samples()`",
            f"{visible * 1000:.0f} ms",
            "100 ms",
            met=visible <= 0.1,
        ),
        row(
            f"peak memory at {asked.rows:,} rows over 2,000",
            f"{large:.0f} MB over {small:.0f} MB: {large / small:.2f}",
            "1.3",
            met=large / small <= 1.3,
        ),
    ]
    (HERE / "THROUGHPUT.md").write_text(page(tables, asked.repeats, other), encoding="utf-8")
    print(HERE / "THROUGHPUT.md")


if __name__ == "__main__":
    main()
