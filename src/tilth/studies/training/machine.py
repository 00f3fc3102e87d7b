"""What of this machine trainings may take: how many go on side by side, and on how many cores each."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tilth.studies.training.pools import cores

_CGROUP = Path("/sys/fs/cgroup")
_LIMITS = (
    ("memory.max", "memory.current"),  # version 2
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
_FREED = (("memory.stat", "inactive_file"), ("memory/memory.stat", "total_inactive_file"))
"""Bytes of files that a group keeps at hand, and gives up when memory is asked for."""

_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """How the machine is shared out: so many processes, each with so many threads."""

    processes: int
    threads: int

    @property
    def environment(self) -> dict[str, str]:
        """What tells the libraries of a process how many threads it has."""
        return dict.fromkeys(_THREADS, str(self.threads))


def share(memory: int, most: int, *, there: int | None = None, free: int | None = None) -> Share:
    """At most `most` processes that need `memory` bytes each, on `there` cores and in `free` bytes.

    These are what this machine has now, where not given. One process at least, however little is free:
    whoever starts a study was told what a training needs.

    Example:
        >>> from tilth.studies.training.machine import share
        >>> share(memory=1, most=1).processes
        1
    """
    there = cores() if there is None else there
    fitting = (free_memory() if free is None else free) // memory if memory > 0 else there
    processes = max(1, min(most, there, fitting))
    return Share(processes, max(1, there // processes))


def free_memory() -> int:
    """Bytes that can be had without swapping, by what the system and the limits of a container say."""
    import psutil

    available: int = psutil.virtual_memory().available
    left = left_in_group(_CGROUP)
    return available if left is None else min(available, left)


def left_in_group(folder: Path) -> int | None:
    """Bytes left in the group of processes that `folder` tells of; None where it has no limit."""
    for (most, used), (told, freed) in zip(_LIMITS, _FREED, strict=True):
        try:
            limit, taken = (int((folder / name).read_text()) for name in (most, used))
            lines = dict(line.split() for line in (folder / told).read_text().splitlines())
            return max(0, limit - taken + int(lines.get(freed, 0)))
        except (OSError, ValueError):
            continue
    return None


def give_back_memory() -> None:
    """Gives free memory of this process back to the system, where the C library can: glibc keeps it.

    After a training that is a gigabyte, which the next one beside it may need; and loky takes a process that
    grew for one that leaks, and ends it with all that it had loaded.
    """
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
