"""The program of the comparing process: a line of JSON in, a line of JSON out, until its input ends."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading

MEMORY_LIMIT = 2 * 1024**3
GRACE = 2.0


def main() -> None:
    """Answers `[left, right, limit]` with true, false or null, in order."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _limit_memory()
    from math_verify import parse, verify

    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    print("ready", file=answers, flush=True)
    while True:
        left, right, limit = json.loads(jobs.get())
        # The kernel ends the process even where one long C call holds the interpreter and the parent is gone.
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, limit + GRACE)
        try:
            gold, target = (parse(f"${text}$", parsing_timeout=None) for text in (right, left))
            same = bool(verify(gold, target, timeout_seconds=None)) if gold and target else None
        except Exception:  # noqa: BLE001 - whatever foreign text makes a parser raise
            same = None
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps(same), file=answers, flush=True)


def _listen(jobs: queue.SimpleQueue[str]) -> None:
    """Ends the process with its parent, whatever the main thread is at."""
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


if __name__ == "__main__":
    main()
