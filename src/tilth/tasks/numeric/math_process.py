"""The program of the comparing process: a line of JSON in, a line of JSON out, until its input ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilth.tasks.serving import serve

MEMORY_LIMIT = 2 * 1024**3


def start() -> Callable[[Any], bool | None]:
    """Loads math-verify, and gives what answers `[left, right]` with true, false or null."""
    import math_verify  # noqa: F401 - takes seconds: the first comparison must not pay for it

    def answer(job: Any) -> bool | None:
        try:
            return _same(*job)
        except Exception:  # noqa: BLE001 - whatever foreign text makes a parser raise
            return None

    return answer


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


if __name__ == "__main__":
    serve(start, memory=MEMORY_LIMIT)
