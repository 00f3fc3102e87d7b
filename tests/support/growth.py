"""Tells what grows with the size of a text from what explodes, on any machine: two sizes, one run."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES = 4
"""How many times as long the larger text is."""
WIDE = 10.0
"""Below it is what is linear, which takes 4 times as long; what is quadratic takes 16 times."""
WIDER = 40.0
"""Below it is what is quadratic; what is cubic takes 64 times."""


def growth(act: Callable[[str], object], text: str, most: float = WIDE) -> float:
    """How many times as long `act` takes for `text` as for a quarter of it.

    The quarter is made of the text's beginning and end, so that it is of the same kind. It is measured until
    it is below `most`, five times at most: one time may be disturbed, all five are not.
    """
    part = len(text) // (2 * TIMES)
    shorter = text[:part] + text[-part:]
    few = many = float("inf")
    _seconds(act, shorter)  # what is loaded and compiled at first use
    for _ in range(5):
        few, many = min(few, _seconds(act, shorter)), min(many, _seconds(act, text))
        if many < most * few:
            break
    return many / few


def _seconds(act: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    act(text)
    return time.process_time() - began
