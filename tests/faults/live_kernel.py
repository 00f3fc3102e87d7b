"""A real kernel with the ipykernel of choice, and the page that talks with it."""

from __future__ import annotations

import json
import os
import queue
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from tests.faults.in_kernel import PATIENCE, URL

CHECKOUT = Path(__file__).resolve().parents[2]


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

        self.until(begun)
        return cell

    def result(self, cell: str) -> Outcome:
        """Waits for a cell's last output and its reply, as nbclient does before it sends another."""

        def ours(message: Mapping[str, Any]) -> bool:
            return bool(message["parent_header"].get("msg_id") == cell)

        self.until(
            lambda m: ours(m) and m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
        )
        self._reply(cell)
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
        return self._reply(self.client.kernel_info())

    def _reply(self, asked: str) -> Mapping[str, Any]:
        """The reply on the shell channel to a request of that msg_id."""
        while True:
            try:
                reply = self.client.get_shell_msg(timeout=PATIENCE)
            except queue.Empty:
                raise TimeoutError(f"no reply came to {asked}") from None
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
