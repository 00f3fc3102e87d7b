"""A local server with OpenAI's fine-tuning API in a process of its own, which misbehaves to plan."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TuningPlan:
    """How the server behaves.

    Attributes:
        faults: By step ("upload", "files", "create", "jobs", "job", "events", "cancel", "chat"), what its
            next calls meet, one by one: "none", a status such as "429", "reset" (nothing is done); or it is
            done, and the answer is "lost", "slow" (it never comes), "html" or "malformed".
        course: A job's status each time it is looked at; the last one stays.
        tokens: What a job that succeeded says it trained on.
        model: The tuned model's name; made up, where None.
        reason: Why a job failed.
        events: What a job says.
        metadata: Whether jobs keep them.
        hidden: How many lists of jobs show none yet.
        key: The only key taken; None takes any.
    """

    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    course: tuple[str, ...] = ("queued", "running", "succeeded")
    tokens: Any = 50
    model: Any = None
    reason: str = "the file has too few examples"
    events: tuple[Any, ...] = ()
    metadata: bool = True
    hidden: int = 0
    key: str | None = None


class TuningServer:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.url}/v1"

    def books(self) -> dict[str, Any]:
        """What it has: `files` and their `texts`, `jobs` and their `bodies`; `steps` and `chats` counted."""
        books: dict[str, Any] = self._call("GET", "/books")
        return books

    def plan(self, plan: TuningPlan) -> None:
        """Behaves by another plan from now on."""
        self._call("POST", "/plan", json.dumps(asdict(plan)).encode())

    def start_over(self) -> None:
        """Behaves well, and has no files and no jobs."""
        self._call("POST", "/start-over", json.dumps(asdict(TuningPlan())).encode())

    def _call(self, method: str, path: str, data: bytes | None = None) -> Any:
        request = urllib.request.Request(self.url + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def serve_tuning(plan: TuningPlan | None = None) -> Iterator[TuningServer]:
    """Runs a server for as long as the context lasts; it also ends with this process."""
    program = Path(__file__).with_name("fine_tuning_server_process.py")
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(asdict(plan or TuningPlan())) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the fine-tuning server did not start; see its errors above")
            yield TuningServer(int(line))
        finally:
            process.kill()
