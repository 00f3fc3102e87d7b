"""What a worker's program does: a line of JSON in, a line of JSON out, until its input ends."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

GRACE = 2.0
"""Seconds past a job's limit after which the kernel ends the process, where its parent did not."""


def serve(
    start: Callable[[], Callable[[Any], Any]],
    *,
    memory: int | None,
    rest: Callable[[], None] | None = None,
    patience: float = 0.5,
) -> None:
    """Answers the jobs of a `tilth.tasks.worker.Worker`, in order; never returns.

    Args:
        start: Loads what answering takes, and gives the function from a job to its answer, both JSON.
        memory: Bytes of address space the process may have; None for no limit.
        rest: Called where no job came for `patience` seconds, to let go of what others may want.
        patience: See `rest`.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    if memory is not None:
        _limit_memory(memory)
    answer = start()
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    print("ready", file=answers, flush=True)
    while True:
        limit, job = json.loads(_next(jobs, rest, patience))
        # The kernel ends the process even where one long C call holds the interpreter and the parent is gone.
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, limit + GRACE)
        found = answer(job)
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps(found), file=answers, flush=True)


def _next(jobs: queue.SimpleQueue[str], rest: Callable[[], None] | None, patience: float) -> str:
    if rest is not None:
        try:
            return jobs.get(timeout=patience)
        except queue.Empty:
            rest()
    return jobs.get()


def _listen(jobs: queue.SimpleQueue[str]) -> None:
    """Ends the process with its parent, whatever the main thread is at."""
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def _limit_memory(limit: int) -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
