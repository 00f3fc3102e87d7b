"""The program of the comparing process: tells whether two expressions are mathematically the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilth.tasks.serving import serve

MEMORY_LIMIT = 2 * 1024**3


def start() -> Callable[[Any], bool | None]:
    """Loads math-verify, and gives what answers `[left, right]` with true, false or null."""
    from math_verify import parse, verify

    def answer(job: Any) -> bool | None:
        left, right = job
        try:
            gold, target = (parse(f"${text}$", parsing_timeout=None) for text in (right, left))
            return bool(verify(gold, target, timeout_seconds=None)) if gold and target else None
        except Exception:  # noqa: BLE001 - whatever foreign text makes a parser raise
            return None

    return answer


if __name__ == "__main__":
    serve(start, memory=MEMORY_LIMIT)
