"""Real kernels of several ipykernel versions: how long a cell's loop is held, and what an interrupt leaves.

Run as `python -m tests.faults.kernels`; prints a table per version. Each version is installed alone into a
temporary folder that stands first on the kernel's path, so that nothing else differs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from polars.testing import assert_frame_equal
from tests.faults.in_kernel import BUDGET, PATIENCE, URL, options
from tests.support.openai_server import Plan, Server, serve

import tilth

if TYPE_CHECKING:
    import polars as pl

CHECKOUT = Path(__file__).resolve().parents[2]
VERSIONS = ("6.31.0", "7.3.0", "7.4.0")
PLAN = Plan(latency=0.05)

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


@dataclass(frozen=True)
class Outcome:
    """What a cell came to: "ok", or the name of what it raised; and what it printed."""

    status: str
    printed: str


class Kernel:
    """A kernel in a folder of its own, and the page that talks with it."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client
        self.heard: list[dict[str, Any]] = []
        self.nudges = 0
        self.client.wait_for_ready(timeout=PATIENCE)
        self.cell("import asyncio, json, pathlib, time, tilth\nfrom tests.faults import in_kernel")

    def until(self, found: Callable[[dict[str, Any]], object], within: float = PATIENCE) -> dict[str, Any]:
        """The first message that is meant, of those heard and those to come."""
        seen, end = 0, time.monotonic() + within
        while True:
            for message in self.heard[seen:]:
                if found(message):
                    return message
            seen = len(self.heard)
            if time.monotonic() >= end:
                raise TimeoutError(f"it never came; the last heard: {self.heard[-3:]}")
            with suppress(queue.Empty):
                self.heard.append(self.client.get_iopub_msg(timeout=0.1))

    def send(self, code: str) -> str:
        """Starts a cell; returns when it is at work."""
        cell: str = self.client.execute(code)

        def begun(message: Mapping[str, Any]) -> bool:
            kind, parent = message["msg_type"], message["parent_header"]
            return bool(kind == "execute_input" and parent.get("msg_id") == cell)

        try:
            self.until(begun, 5.0)
        except TimeoutError:
            # ipykernel 7.3.0 was once seen not to begin a cell; it is told of, and given another message
            self.nudges += 1
            self.client.kernel_info()
            self.until(begun)
        return cell

    def result(self, cell: str) -> Outcome:
        """Waits for a cell's end."""

        def ours(message: Mapping[str, Any]) -> bool:
            return bool(message["parent_header"].get("msg_id") == cell)

        self.until(
            lambda m: ours(m) and m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
        )
        mine = [m for m in self.heard if ours(m)]
        raised = [m["content"]["ename"] for m in mine if m["msg_type"] == "error"]
        printed = "".join(m["content"]["text"] for m in mine if m["msg_type"] == "stream")
        return Outcome(raised[0] if raised else "ok", printed)

    def cell(self, code: str) -> str:
        """Runs a cell that must not fail; what it printed."""
        outcome = self.result(self.send(code))
        assert outcome.status == "ok", outcome
        return outcome.printed

    def subshell(self) -> str | None:
        """A new subshell, as JupyterLab opens one for comms; None where the kernel has none."""
        if "kernel subshells" not in self._info().get("supported_features", ()):
            return None
        number: str = self._control("create_subshell_request")["subshell_id"]
        return number

    def page_lost(self, subshell: str | None) -> None:
        """What JupyterLab does when a page is loaded again: closes a comm by a subshell, deletes that."""
        message = self.client.session.msg("comm_close", {"comm_id": "none", "data": {}})
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        self.until(
            lambda m: (
                m["parent_header"].get("msg_id") == message["header"]["msg_id"]
                and m["content"].get("execution_state") == "idle"
            )
        )
        if subshell is not None:
            self._control("delete_subshell_request", subshell_id=subshell)

    def _control(self, kind: str, **content: str) -> Mapping[str, Any]:
        self.client.control_channel.send(self.client.session.msg(kind, content))
        reply: Mapping[str, Any] = self.client.get_control_msg(timeout=PATIENCE)["content"]
        assert reply["status"] == "ok", reply
        return reply

    def _info(self) -> Mapping[str, Any]:
        asked = self.client.kernel_info()
        while True:
            reply = self.client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == asked:
                content: Mapping[str, Any] = reply["content"]
                return content

    def ask(self, comm: str, number: int, kind: str, subshell: str | None) -> None:
        """Sends the widget a request, as its page does."""
        data = {"method": "custom", "content": {"v": 1, "id": number, "type": kind}}
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def answered(self, number: int, within: float = PATIENCE) -> bool:
        """Waits for the widget's reply; whether it came, and it must be one of consent."""
        try:
            reply = self.until(lambda m: custom(m).get("id") == number, within)
        except TimeoutError:
            return False
        assert custom(reply)["type"] == "ok", reply
        return True


def custom(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a widget says in a message of its own; nothing where it is none."""
    if message["msg_type"] != "comm_msg":
        return {}
    content: Mapping[str, Any] = message["content"]["data"].get("content", {})
    return content


@contextmanager
def kernel(installed: Path | None, folder: Path, base_url: str) -> Iterator[Kernel]:
    """Starts a kernel in `folder`, with the ipykernel in `installed`, or this environment's."""
    spec = folder / "specs" / "measured"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
    text = json.dumps({"argv": argv, "display_name": "measured", "language": "python"})
    (spec / "kernel.json").write_text(text)
    first = [installed] if installed else []
    path = os.pathsep.join(map(str, [*first, CHECKOUT / "src", CHECKOUT]))
    manager = KernelManager(
        kernel_name="measured", kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(spec.parent)])
    )
    environment = {**os.environ, "PYTHONPATH": path, URL: base_url}
    manager.start_kernel(cwd=str(folder), env={**environment, "IPYTHONDIR": str(folder / "ipython")})
    client = manager.client()
    client.start_channels()
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        if manager.is_alive():
            manager.shutdown_kernel(now=True)


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


def comparable(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without what differs from run to run though nothing differs: the clock."""
    return rows.drop("created_at", "seconds")


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
        if live.nudges:
            print(f"{live.nudges} cells did not begin within 5 s and were helped by another message")  # noqa: T201
    return heard


def after_reload(live: Kernel, comm: str, request: int) -> str:
    """When a workbench hears a page that was loaded again while its run was at work: "at once" or "never"."""
    live.ask(comm, request, "generate", live.subshell())
    live.answered(request)
    live.page_lost(live.subshell())
    before = len(live.heard)
    live.until(lambda m: m in live.heard[before:] and custom(m).get("type") == "rows")
    live.ask(comm, request + 1, "stop", live.subshell())
    heard = live.answered(request + 1, 5.0)
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
    parser.add_argument("--rounds", type=int, default=6, help="of which the first is told apart")
    chosen = parser.parse_args(argv)
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
