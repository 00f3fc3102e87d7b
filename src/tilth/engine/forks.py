"""What a forked child cannot do: the threads of its parent, and what they held, are not there any more."""

from __future__ import annotations

import os
import sys

from tilth.errors import CannotWait

_forked = False


def _note_fork() -> None:
    global _forked  # noqa: PLW0603 - a process is forked as a whole
    _forked = _forked or "polars" in sys.modules


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def refuse_after_fork() -> None:
    """Raises `CannotWait` in a forked child of a process that used Polars: frames would wait for ever."""
    if _forked:
        raise CannotWait(
            "this process was forked from one that had used Tilth, and the threads it needs stayed there; "
            'start processes by "spawn": multiprocessing.get_context("spawn"), or set_start_method("spawn")'
        )
