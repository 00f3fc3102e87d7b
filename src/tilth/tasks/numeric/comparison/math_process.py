"""The program of the comparing process: a line of JSON in, a line of JSON out, until its input ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilth.tasks.serving import serve

MEMORY_LIMIT = 2 * 1024**3


def start() -> Callable[[Any], Any]:
    """Loads what reckons, and gives what answers `["same", left, right]` and `["rounds", value, printed]`."""
    from tilth.tasks.numeric.comparison import comparing, evaluating
    from tilth.tasks.numeric.notation import formulas

    def answer(job: Any) -> Any:
        question, left, right = job
        try:
            if question == "same":
                return comparing.reckoned(left, right)
            formula = formulas.parse(left)
            return formula is not None and evaluating.rounds_to(formula, right)
        except Exception:  # noqa: BLE001 - whatever foreign text makes a library raise
            return None

    return answer


if __name__ == "__main__":
    serve(start, memory=MEMORY_LIMIT)
