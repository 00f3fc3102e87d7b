"""The processes in which students are trained that take milliseconds: all of a run in one of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from typing import Any, ClassVar

from tilth.studies.training.measure import CellAnswers, Job, measure
from tilth.studies.training.pools import pool

_IDLE_SECONDS = 300
"""After which a process that has nothing to do ends."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""There is a process for each core."""


class Trainers:
    """The processes in which one study's students are trained.

    They are made when they are first needed. Those of a study that has ended wait for the next one, for
    a process loads what students need once; those of an aborted one are killed, whatever they are at.
    """

    _idle: ClassVar[dict[int, list[Any]]] = {}
    _lock = threading.Lock()

    def __init__(self, most: int) -> None:
        """`most` is how many jobs there are at once."""
        self._count = max(1, min(most, os.cpu_count() or 1))
        self._executor: Any = None
        self._killed = False

    def measure(self, jobs: Sequence[Job]) -> Iterator[CellAnswers]:
        """Measures jobs side by side, and gives each one's cells when it is done; raises what one raised."""
        with self._lock:
            if self._killed or not jobs:
                return
            if self._executor is None:
                idle = self._idle.get(self._count)
                self._executor = idle.pop() if idle else pool(self._count, _ONE_THREAD, _IDLE_SECONDS)
            futures = [self._executor.submit(measure, job) for job in jobs]
        for future in as_completed(futures):
            yield from future.result()

    def kill(self) -> None:
        """Ends the processes at once; who waits for them gets an error. May block a little."""
        with self._lock:
            executor, self._executor, self._killed = self._executor, None, True
        if executor is not None:
            executor.shutdown(kill_workers=True)

    def leave(self) -> None:
        """Leaves the processes, which have nothing more to do, to the next study."""
        with self._lock:
            if self._executor is not None:
                self._idle.setdefault(self._count, []).append(self._executor)
                self._executor = None
