"""Pools of processes for trainings, of joblib's own kind: they take functions and classes of a notebook."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from tilth.studies.training.orphans import heed_no_interrupts

_loading = threading.Lock()
"""joblib's modules import each other: two threads that load it at once may each see a half of it."""


def pool(processes: int, environment: Mapping[str, str], idle_seconds: int) -> Any:
    """Processes that end once they have had nothing to do for so long. It needs no guarded main module."""
    with _loading:
        from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(
        processes, timeout=idle_seconds, env=dict(environment), initializer=heed_no_interrupts
    )


def cores() -> int:
    """Cores that this process may use, by affinity and by the limits of a container."""
    with _loading:
        import joblib

    count: int = joblib.cpu_count()
    return count
