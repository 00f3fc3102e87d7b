"""Makes a process's wall clock jump ten times a second, by up to a day either way, from its start on."""

from __future__ import annotations

import random
import time

_DRAWN = random.Random(7)
_JUMPS = [_DRAWN.randrange(-86_400, 86_400) for _ in range(50)]
_true_time_ns = time.time_ns


def _jumping_ns() -> int:
    return _true_time_ns() + _JUMPS[int(time.monotonic() * 10) % len(_JUMPS)] * 10**9


time.time_ns = _jumping_ns
time.time = lambda: _jumping_ns() / 1e9
