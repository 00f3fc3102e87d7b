"""Kills a growing process at drawn moments, resumes it, and checks what must hold after each kill.

Run as `python -m tests.faults.campaign --kills 200` for 200 kills under each kind of limit; prints one line
per life and the sums at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal, get_args

import polars as pl
from polars.testing import assert_frame_equal
from tests.faults.grower import NOTES, fingerprint, grow
from tests.support.openai_server import Fault, Plan, Server, serve
from tests.unit.engine.growing import comparable

import tilth

CHECKOUT = Path(__file__).resolve().parents[2]
BUDGET = 160
"""Queries of the undisturbed run: 80 rows."""
SEEDS = 40
KILLS_A_LIFE = 4
GIVE_UP = 120.0
"""Seconds after which a life that does not end has failed."""

Mode = Literal["headroom", "tight"]


@dataclass(frozen=True)
class Life:
    """What became of one run that was killed and resumed until it ended.

    Attributes:
        kills: Processes killed; fewer than asked for where the run ended before.
        in_doubt: Calls out when their process died.
        queries: Queries the file counts in the end, those in doubt counted in.
        billed: Replies the server began, which an endpoint would bill.
        rows: Rows in the end; undisturbed: rows the undisturbed run has.
        noted: Replies and rows the killed processes had been told are safe, all of them found again.
    """

    mode: Mode
    kills: int
    in_doubt: int
    queries: int
    billed: int
    rows: int
    undisturbed: int
    noted: int


@contextmanager
def process(
    arguments: dict[str, object], notes: Path, *, first: Path | None = None, told: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A growing process; `first` is where it looks for modules first, `told` where its errors go."""
    places = [*([first] if first else []), CHECKOUT, Path(tilth.__file__).parents[1]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places)), NOTES: str(notes)}
    command = [sys.executable, "-m", "tests.faults.grower", json.dumps(arguments)]
    with subprocess.Popen(command, env=environment, stderr=told) as started:
        try:
            yield started
        finally:
            started.kill()


def lines(notes: Path) -> list[list[str]]:
    """What was noted so far."""
    return [line.split() for line in notes.read_text().splitlines()] if notes.exists() else []


def kill_at(growing: subprocess.Popen[bytes], notes: Path, target: int, delay: float) -> bool:
    """Kills the process `delay` seconds after `target` notes; whether it was still alive."""
    end = time.monotonic() + GIVE_UP
    while len(lines(notes)) < target and growing.poll() is None:
        assert time.monotonic() < end, f"{target} notes never came"
        time.sleep(0.001)
    time.sleep(delay)
    alive = growing.poll() is None
    growing.send_signal(signal.SIGKILL)
    growing.wait()
    return alive


def lost(path: Path, notes: Path) -> list[str]:
    """The replies and rows that a process had been told are safe, and that its file does not hold."""
    noted = lines(notes)
    if not noted:
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        replies = file.execute("SELECT unit, role, text FROM replies").fetchall()
        arrivals = {arrival for (arrival,) in file.execute("SELECT arrival FROM rows")}
    known = {
        ("response" if role == "teacher" else "question", unit, fingerprint(text.removeprefix("Question: ")))
        for unit, role, text in replies
    }
    return [
        " ".join(line)
        for line in noted
        if (
            int(line[1]) not in arrivals
            if line[0] == "row"
            else (line[0], int(line[1]), line[2]) not in known
        )
    ]


def all_that_was_noted_is_there(path: Path, notes: Path) -> int:
    """Finds every reply and row that a process had been told is safe; how many there are."""
    missing = lost(path, notes)
    assert not missing, f"acknowledged and lost: {missing}"
    return len(lines(notes))


def live(draw: int, mode: Mode, seeds: Path, server: Server, undisturbed: pl.DataFrame, folder: Path) -> Life:
    """One run, killed up to `KILLS_A_LIFE` times and resumed, with all checks."""
    rng = random.Random(f"life:{draw}")
    path, notes = folder / f"{draw}.tilth", folder / f"{draw}.notes"
    budget = BUDGET + (8 * (KILLS_A_LIFE + 4) if mode == "headroom" else 0)
    faults = (Fault("429", every=41, seconds=0.0), Fault("reset", every=61)) if draw % 2 else ()
    server.plan(Plan(latency=(0.001, 0.02), faults=faults))
    before = server.books()["billed"]
    arguments = {"seeds": str(seeds), "base_url": server.base_url, "budget": budget, "path": str(path)}
    kills = 0
    for _ in range(KILLS_A_LIFE):
        target = len(lines(notes)) + rng.randrange(60)
        with process(arguments, notes) as growing:
            alive = kill_at(growing, notes, target, rng.uniform(0, 0.03))
        kills += alive
        all_that_was_noted_is_there(path, notes)
        billed = server.books()["billed"] - before
        assert billed <= budget, f"{billed} replies were begun under a limit of {budget}"
        if not alive:
            break
    run = grow(**arguments).wait(GIVE_UP)  # type: ignore[arg-type]
    assert run.status == "finished", run.progress
    noted = all_that_was_noted_is_there(path, notes)
    billed = server.books()["billed"] - before
    progress, rows = run.progress, run.prefix(BUDGET)
    assert billed <= progress.queries <= budget, "what the server began is spent or in doubt"
    assert progress.reserved == 0
    assert rows["queries"].sum() + progress.in_doubt <= progress.queries
    if mode == "headroom":
        assert_frame_equal(comparable(rows), comparable(undisturbed))
    else:
        assert_frame_equal(comparable(rows), comparable(undisturbed.head(rows.height)))
    return Life(
        mode, kills, progress.in_doubt, progress.queries, billed, rows.height, undisturbed.height, noted
    )


def solutions(records: list[dict[str, str]]) -> dict[str, str]:
    """The reference solution as the reply to each question."""
    return {record["question"]: record["answer"] for record in records}


@contextmanager
def ground(data: Path, folder: Path) -> Iterator[tuple[Path, Server, pl.DataFrame]]:
    """Seeds in a file, a server that knows their solutions, and the undisturbed run's rows."""
    records = [json.loads(line) for line in data.read_text().splitlines()[:SEEDS]]
    seeds = folder / "seeds.jsonl"
    seeds.write_text("".join(json.dumps(record) + "\n" for record in records))
    with serve(solutions(records)) as server:
        run = grow(str(seeds), server.base_url, BUDGET, str(folder / "undisturbed.tilth")).wait()
        assert run.progress.queries == server.books()["billed"] == BUDGET
        yield seeds, server, run.rows


def campaign(kills: int, data: Path, folder: Path) -> Iterator[Life]:
    """Lives in both modes by turns, until `kills` processes of each were killed."""
    with ground(data, folder) as (seeds, server, undisturbed):
        killed: Counter[Mode] = Counter()
        draw = 0
        while any(killed[mode] < kills for mode in get_args(Mode)):
            mode: Mode = "tight" if draw // 2 % 2 else "headroom"
            if killed[mode] < kills:
                life = live(draw, mode, seeds, server, undisturbed, folder)
                killed[mode] += life.kills
                yield life
            draw += 1


def versions() -> str:
    """What a figure was measured with."""
    return (
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, openai {version('openai')}, "
        f"aiohttp {version('aiohttp')}, {platform.system()} {platform.release()}"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of each kind")
    parser.add_argument("--data", type=Path, default=CHECKOUT.parent / "shared" / "data")
    options = parser.parse_args()
    began = time.monotonic()
    lives: list[Life] = []
    with tempfile.TemporaryDirectory() as folder:
        for life in campaign(options.kills, options.data / "gsm8k_train_1000.jsonl", Path(folder)):
            lives.append(life)
            print(life, flush=True)  # noqa: T201 - a command line prints
    for mode in ("headroom", "tight"):
        of_mode = [life for life in lives if life.mode == mode]
        total = {
            name: sum(getattr(life, name) for life in of_mode)
            for name in ("kills", "in_doubt", "queries", "billed", "rows", "undisturbed", "noted")
        }
        print(mode, len(of_mode), "lives", total)  # noqa: T201
    print(f"{time.monotonic() - began:.0f} s with {versions()}")  # noqa: T201 - a command line prints


if __name__ == "__main__":
    main()
