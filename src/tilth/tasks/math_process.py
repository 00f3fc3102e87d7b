"""The program of the comparing process: a line of JSON in, a line of JSON out, until its input ends."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from typing import Any

MEMORY_LIMIT = 2 * 1024**3
GRACE = 2.0


def main() -> None:
    """Answers `[left, right, limit]` with true, false or null, in order."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _limit_memory()
    import math_verify  # noqa: F401 - takes seconds: the first comparison must not pay for it

    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    print("ready", file=answers, flush=True)
    while True:
        left, right, limit = json.loads(jobs.get())
        # The kernel ends the process even where one long C call holds the interpreter and the parent is gone.
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, limit + GRACE)
        try:
            same = _same(left, right)
        except Exception:  # noqa: BLE001 - whatever foreign text makes a parser raise
            same = None
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps(same), file=answers, flush=True)


def _same(left: str, right: str) -> bool | None:
    """Whether two expressions are the same; None where one of them is none."""
    from math_verify import parse, verify

    read = [parse(f"${text}$", parsing_timeout=None) for text in (right, left)]
    # Beside what it makes of a text, the parser gives the text itself, which says nothing of a value.
    gold, target = ([one for one in found if not isinstance(one, str)] for found in read)
    if not gold or not target:
        return None
    if verify(gold, target, timeout_seconds=None, allow_set_relation_comp=True):
        return True
    if all(getattr(one[0], "rel_op", None) == "==" for one in (gold, target)):
        return _say_the_same(gold[0], target[0])
    return False


def _say_the_same(one: Any, other: Any) -> bool:
    """Whether one equation is a multiple of the other: 2x = 10 and x = 5."""
    left, right = one.lhs - one.rhs, other.lhs - other.rhs
    if right == 0:
        return bool(left == 0)
    factor = (left / right).simplify()
    return bool(factor.is_number and factor != 0 and factor.is_finite)


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
