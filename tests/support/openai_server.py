"""A local OpenAI-compatible server in a process of its own, which misbehaves to plan and keeps books."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

FaultKind = Literal[
    "429",  # with Retry-After: `seconds`
    "500",
    "503",  # with Retry-After: `seconds`
    "400",
    "401",
    "403",
    "404",
    "reset-early",  # the connection breaks before any answer
    "reset",  # the connection breaks amid a reply of 200
    "silent",  # no answer, for `seconds`
    "drip",  # the reply comes in 20 pieces, `seconds` apart
    "endless",  # a reply of 200 that never ends
    "html",  # a page with status 200, which no model made: not billed
    "told-429",  # an upstream's 429 told in a 200, with Retry-After: `seconds`; not billed
    "told-502",  # an upstream's 502 beside half a reply, in a 200
    "other-api",  # the reply in the form of another API, in a 200
    "redirect",  # to another host
    "billed-400",  # a refusal with a usage
    "arrears",  # an account that can no longer pay, told in a 200; not billed
    "invalid-json",
    "invalid-utf8",
    "no-choices",
    "null-content",
    "refusal",
    "content-filter",
    "length",  # cut off, finish_reason "length"
    "no-usage",
    "usage-above",  # ten times the tokens that were allowed
    "huge",  # 10 MB of text
]


@dataclass(frozen=True)
class Fault:
    """A way to misbehave, and when: every condition that is given must hold.

    Attributes:
        kind: What goes wrong.
        every: Each n-th call, counted over all calls from 1.
        calls: These calls, counted from 1.
        after: Calls later than this one.
        questions: Calls about these questions, by index in `answers`.
        first: Only a question's first n calls, so that trying again helps.
        probability: A draw per call from (`draw`, number of the call).
        seconds: As the kind says.
    """

    kind: FaultKind
    every: int = 0
    calls: tuple[int, ...] = ()
    after: int = 0
    questions: tuple[int, ...] | None = None
    first: int = 0
    probability: float = 1.0
    draw: int = 0
    seconds: float = 1.0


@dataclass(frozen=True)
class Plan:
    """How the server behaves.

    Attributes:
        latency: Seconds before an answer; a pair is a range to draw from.
        faults: The first that applies to a call is shown.
        rate: Calls a second that pass, beyond which 429 with Retry-After: 1; 0 is no limit.
        burst: Calls that pass at once under `rate`.
        key: The only key taken; None takes any.
        models: What `/v1/models` lists; None answers 404 there. Other models then get 404 too.
        refuses: Parameters that get 400, in the words of the OpenAI API.
        reasoning: Sent as `reasoning_content`.
        stream_pause: Seconds between the pieces of a streamed reply.
    """

    latency: float | tuple[float, float] = 0.0
    faults: tuple[Fault, ...] = ()
    rate: float = 0.0
    burst: int = 1
    key: str | None = None
    models: tuple[str, ...] | None = ("test-model",)
    refuses: tuple[str, ...] = ()
    reasoning: str | None = None
    stream_pause: float = 0.0


class Server:
    """A running server."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.url}/v1"

    def books(self) -> dict[str, Any]:
        """What the server counted.

        `received` calls; `billed`: replies of 200 begun, which a real endpoint would bill; `completed`:
        those handed over whole; `lost`: those whose client had gone, or that a fault broke off;
        `statuses` and `faults` by name; `prompt_tokens` and `completion_tokens` billed; `most_in_flight`;
        `questions`: {question: {"received", "billed", "completed"}}; `bodies`: the last 20 request
        bodies; `headers`: of the last call, names in lower case.
        """
        books: dict[str, Any] = self._call("GET", "/books")
        return books

    def plan(self, plan: Plan) -> None:
        """Behaves by another plan from now on. Books go on."""
        self._call("POST", "/plan", json.dumps(asdict(plan)).encode())

    def start_over(self, plan: Plan | None = None) -> None:
        """Behaves by another plan, with new books. No call may be in flight."""
        self._call("POST", "/start-over", json.dumps(asdict(plan or Plan())).encode())

    def kill(self) -> None:
        """Ends the process at once, as a crashed host would."""
        self.process.kill()
        self.process.wait()

    def _call(self, method: str, path: str, data: bytes | None = None) -> Any:
        request = urllib.request.Request(self.url + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def serve(
    answers: Mapping[str, str | Sequence[str]] | None = None, plan: Plan | None = None, *, port: int = 0
) -> Iterator[Server]:
    """Runs a server for as long as the context lasts; it also ends with this process.

    Args:
        answers: Reply, or replies to choose from by (messages, seed), for each question. The question is
            what follows the last line that starts with "Question:" in the last message. An unknown one is
            answered by a number drawn from it. A request to rephrase or to write a new question is
            answered with "Question: ..."; a rephrased question still gets its original's reply.
        plan: How it behaves; without one, well.
        port: 0 for any free one.
    """
    program = Path(__file__).with_name("openai_server_process.py")
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            listed = {q: [r] if isinstance(r, str) else list(r) for q, r in (answers or {}).items()}
            start = {"answers": listed, "plan": asdict(plan or Plan()), "port": port}
            process.stdin.write(json.dumps(start) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the test server did not start; see its errors above")
            yield Server(int(line), process)
        finally:
            process.kill()
