"""Tells what grows with the size of a text from what explodes, on any machine: two sizes, one run."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES = 4
"""How many times as long the larger text is."""
WIDE = 10.0
"""What is linear takes 4 times as long, what is quadratic 16 times."""


def growth(act: Callable[[str], object], text: str) -> float:
    """How many times as long `act` takes for `text` as for a quarter of it, the best of three each.

    The quarter is made of the text's beginning and end, so that it is of the same kind.
    """
    part = len(text) // (2 * TIMES)
    few, many = text[:part] + text[-part:], text
    act(few)  # what is loaded and compiled at first use
    return min(_seconds(act, many) for _ in range(3)) / min(_seconds(act, few) for _ in range(3))


def _seconds(act: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    act(text)
    return time.process_time() - began
