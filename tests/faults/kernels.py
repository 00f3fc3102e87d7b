"""Real kernels of several ipykernel versions: how long a cell's loop is held, and what an interrupt leaves.

Run as `python -m tests.faults.kernels`; prints a table per version. Each version is installed alone into a
temporary folder that stands first on the kernel's path, so that nothing else differs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from polars.testing import assert_frame_equal
from tests.faults.in_kernel import BUDGET, PATIENCE, options
from tests.faults.live_kernel import Kernel, custom, kernel
from tests.support.openai_server import Plan, Server, serve
from tests.unit.engine.growing import comparable

import tilth

VERSIONS = ("6.31.0", "7.3.0", "7.4.0")
PLAN = Plan(latency=0.05)
HOLDING = Plan(latency=600.0)

End = Literal[
    "interrupted await",
    "interrupted generate_sync",
    "shut down idle",
    "shut down awaiting",
    "shut down in generate_sync",
    "SIGTERM",
]
ENDS: Mapping[End, str] = {
    "interrupted await": "await in_kernel.grown()",
    "interrupted generate_sync": "in_kernel.grown_sync()",
    "shut down idle": "run = in_kernel.started()",
    "shut down awaiting": "await in_kernel.grown()",
    "shut down in generate_sync": "in_kernel.grown_sync()",
    "SIGTERM": "await in_kernel.grown()",
}
"""The cell that is at work when the end comes."""


def measure_gaps(installed: Path | None, folder: Path, server: Server, rounds: int) -> dict[str, list[float]]:
    """The longest gaps in ms by action, one per round."""
    server.start_over(PLAN)
    with kernel(installed, folder, server.base_url) as live:
        found: dict[str, list[float]] = json.loads(
            live.cell(f"print(json.dumps(await in_kernel.measured({rounds})))")
        )
        live.cell("widget = tilth.Workbench(**in_kernel.options(), budget=10_000); heart = in_kernel.Heart()")
        comm = live.cell("print(widget.comm.comm_id, end='')")
        for number in range(rounds):
            for request, kind in enumerate(("generate", "stop"), 2 * number):
                live.cell("await asyncio.sleep(4 * in_kernel.BEAT); heart.begin()")
                live.ask(comm, request, kind, None)
                live.answered(request)
                live.cell(f"await heart.end('widget message {kind}')")
            live.cell("await widget.run")
        found |= json.loads(live.cell("print(json.dumps(heart.gaps))"))
    return found


@dataclass(frozen=True)
class Remains:
    """What an end left, and what came of resuming it.

    Attributes:
        raised: What the cell raised; "ok" where its kernel ended.
        status: The file's status.
        handed: Replies the server had handed over whole.
        queries: Queries the file counted at its end; in_doubt: of these, in doubt.
        rows: Rows it had, all of them found again, as they were, after resuming.
    """

    raised: str
    status: str
    handed: int
    queries: int
    in_doubt: int
    rows: int


def undisturbed(server: Server, folder: Path) -> tilth.Run:
    """The run that nothing ends."""
    server.start_over()
    return tilth.generate_sync(**options(server.base_url, str(folder / "undisturbed.tilth")), budget=BUDGET)


def end_and_resume(
    end: End, installed: Path | None, folder: Path, server: Server, whole: tilth.Run
) -> Remains:
    """Ends a run that is at work in a kernel, checks what is left, and resumes it in this process."""
    server.start_over(PLAN)
    with kernel(installed, folder, server.base_url) as live:
        cell = live.send(ENDS[end])
        deadline = time.monotonic() + PATIENCE
        while server.books()["completed"] < BUDGET // 4:
            assert time.monotonic() < deadline, "the run did not get going"
            time.sleep(0.01)
        server.plan(HOLDING)  # however long the end takes to come, the run is not over before it
        raised = "ok"
        if end.startswith("interrupted"):
            live.manager.interrupt_kernel()
            raised = live.result(cell).status
            assert live.cell("print(tilth.open_run('run.tilth').status, end='')") == "aborted"
        elif end == "SIGTERM":
            live.manager.signal_kernel(signal.SIGTERM)
            while live.manager.is_alive():
                assert time.monotonic() < deadline, "the kernel outlived SIGTERM"
        else:
            live.manager.shutdown_kernel()
        clean = not list(folder.glob("run.tilth-*"))
    server.plan(PLAN)
    handed = server.books()["completed"]
    path = str(folder / "run.tilth")
    left = tilth.open_run(path)
    progress, rows = left.progress, left.rows
    if end != "SIGTERM":
        assert (progress.status, clean) == ("aborted", True), "it was flushed and closed, not just left"
    assert handed <= progress.queries < BUDGET, "what was handed over is spent or in doubt"
    run = tilth.generate_sync(**options(server.base_url, path), budget=BUDGET + 2 * progress.in_doubt + 16)
    assert server.books()["billed"] <= run.progress.queries
    again = run.prefix(BUDGET)
    assert_frame_equal(comparable(again), comparable(whole.rows))
    assert_frame_equal(again.join(rows, on="row_id", how="semi"), rows)
    return Remains(raised, progress.status, handed, progress.queries, progress.in_doubt, rows.height)


CELLS = {
    "blocks": "while not pathlib.Path('go').exists(): time.sleep(0.01)",
    "awaits": "while not pathlib.Path('go').exists(): await asyncio.sleep(0.01)",
}
"""Cells that are at work until they are let go."""


def messages(installed: Path | None, folder: Path, server: Server) -> dict[tuple[str, str], str]:
    """When a workbench hears its page: by what is at work and channel, "at once", "after it" or "never".

    Samples must reach the page, and no request may be lost, in any case.
    """
    server.start_over(PLAN)
    heard: dict[tuple[str, str], str] = {}
    with kernel(installed, folder, server.base_url) as live:
        live.cell("widget = tilth.Workbench(**in_kernel.options(), budget=10_000)")
        comm = live.cell("print(widget.comm.comm_id, end='')")
        subshell = live.subshell()
        request = 0
        for kind, code in CELLS.items():
            for channel, shell in {
                "main shell": None,
                **({"subshell": subshell} if subshell else {}),
            }.items():
                cell = live.send(code)
                live.ask(comm, request, "generate", shell)
                at_once = live.answered(request, 1.0)
                if at_once:
                    live.ask(comm, request + 1, "stop", shell)
                    live.answered(request + 1)
                (folder / "go").touch()
                assert live.result(cell).status == "ok"
                live.answered(request)
                if not at_once:
                    live.ask(comm, request + 1, "stop", shell)
                    live.answered(request + 1)
                (folder / "go").unlink()
                live.cell("await widget.run")
                assert live.cell("print(widget.run.status, end='')") == "stopped"
                heard[kind, channel] = "at once" if at_once else "after it"
                request += 2
            cell = live.send("widget.generate()\n" + code)
            before = len(live.heard)
            live.until(lambda m, since=before: m in live.heard[since:] and custom(m).get("type") == "rows")
            (folder / "go").touch()
            assert live.result(cell).status == "ok"
            (folder / "go").unlink()
            live.cell("widget.run.stop(); await widget.run")
        heard["page loaded again", "subshell" if subshell else "main shell"] = after_reload(
            live, comm, request
        )
    return heard


def after_reload(live: Kernel, comm: str, request: int) -> str:
    """When a workbench hears a page that was loaded again while its run was at work: "at once" or "never"."""
    live.ask(comm, request, "generate", live.subshell())
    live.answered(request)
    live.page_lost(live.subshell())
    before = len(live.heard)
    live.until(lambda m: m in live.heard[before:] and custom(m).get("type") == "rows")
    live.ask(comm, request + 1, "stop", live.subshell())
    heard = live.answered(request + 1)
    live.cell("widget.run.stop(); await widget.run")
    return "at once" if heard else "never"


def install(release: str, folder: Path) -> Path:
    """Installs that ipykernel alone, with the one package it needs that others do not bring."""
    folder.mkdir(parents=True)
    packages = [f"ipykernel=={release}", *(["nest-asyncio"] if release.startswith("6.") else [])]
    pip = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, *packages], check=True)
    return folder


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", nargs="+", default=VERSIONS)
    parser.add_argument("--rounds", type=int, default=6, help="2 or more; the first is told apart")
    chosen = parser.parse_args(argv)
    if chosen.rounds < 2:
        parser.error(f"--rounds {chosen.rounds}: 2 or more, for the first is told apart from the rest")
    print(  # noqa: T201 - a command line prints
        f"Python {platform.python_version()}, jupyter_client {version('jupyter_client')}, "
        f"tornado {version('tornado')}, pyzmq {version('pyzmq')}, {platform.system()} {platform.release()}, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as scratch, serve(plan=PLAN) as server:
        whole = undisturbed(server, Path(scratch))
        for release in chosen.versions:
            folder = Path(scratch) / release
            installed = install(release, folder / "installed")
            print(f"\nipykernel {release}\nlongest gap, ms: median, worst of rounds 2.. | round 1")  # noqa: T201
            for name, values in measure_gaps(installed, folder / "gaps", server, chosen.rounds).items():
                first, *rest = values
                print(  # noqa: T201 - a command line prints
                    f"| {name} | {statistics.median(rest):.1f} | {max(rest):.1f} | {first:.1f} |", flush=True
                )
            for (cell, channel), when in messages(installed, folder / "messages", server).items():
                print(f"| message by {channel}, {cell} | {when} |", flush=True)  # noqa: T201
            for number, end in enumerate(ENDS):
                print(  # noqa: T201 - a command line prints
                    f"| {end} |",
                    end_and_resume(end, installed, folder / f"end-{number}", server, whole),
                    flush=True,
                )


if __name__ == "__main__":
    main()
