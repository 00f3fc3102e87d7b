"""Compares expressions in a warm process of its own, killed at its time limit."""

from __future__ import annotations

from pathlib import Path

from tilth.tasks.worker import NoAnswer, Worker

TIME_LIMIT = 5.0
"""Seconds a comparison may take; the process is then killed and the next one gets a new one."""

_worker = Worker(Path(__file__).with_name("math_process.py"))


def equivalent(left: str, right: str, limit: float = TIME_LIMIT) -> tuple[bool | None, str | None]:
    """Whether two expressions, in LaTeX or plain text, are mathematically the same.

    May be called from any thread and blocks it, at most `limit` seconds once the process is warm.

    Returns:
        True or False and None; or None and the reason why it could not be found out.
    """
    try:
        same, reason = _worker.ask(["same", left, right], limit) or (None, None)
    except NoAnswer as error:
        return None, str(error)
    return same, None if same is not None else reason or "the expressions could not be compared"


def rounds_to(expression: str, printed: str, limit: float = TIME_LIMIT) -> bool:
    """Whether an expression's value is the printed decimal, rounded to the digits that it has.

    Blocks as `equivalent` does. False also where that could not be found out.
    """
    try:
        return _worker.ask(["rounds", expression, printed], limit) is True
    except NoAnswer:
        return False
