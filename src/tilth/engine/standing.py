"""Where what is in a file stands, as who only reads it can tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tilth.engine.file.lock import Holder, at_work
from tilth.engine.file.queries import read_only

OVER = frozenset({"stopped", "finished", "failed", "aborted"})
"""Statuses of a run that does nothing any more."""

EXITED = "Python ended while it was at work (its kernel restarted, its program ended); run again to go on"
"""Why a run was cancelled that nobody aborted."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run or a study stands, as its file tells it to who only reads.

    Attributes:
        status: One word.
        reason: Why.
        holder: The process that is at work on it; None where none is.
    """

    status: str
    reason: str | None
    holder: Holder | None = None


def standing(path: Path, status: str, reason: str | None) -> Standing:
    """Where what has this status in its file stands: its process may be at work, or may have been killed."""
    if status in OVER:
        return Standing(status, reason)
    with read_only(path) as file:
        holder = Holder.of(file)
    if holder is not None and at_work(path, holder):
        return Standing("running", f"at work in {holder}", holder)
    whose = "its process" if holder is None else str(holder)
    return Standing(
        "stopped", f"{whose} ended without closing it; what is journalled is safe, run again to go on"
    )
