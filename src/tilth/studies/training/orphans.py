"""What ends a process that trains: that the one that started it is gone, and no interrupt of its own."""

from __future__ import annotations

import _thread
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_SECONDS = 1.0
_KEEP_SECONDS = 10.0
"""How long a training has to write down where it stands."""

_orphaned = threading.Event()


def heed_no_interrupts() -> None:
    """Leaves it to the process above what an interrupt ends.

    Ctrl-C in a terminal and the interrupt of a notebook go to all processes of a group. Raised here it would
    come out of the training in the thread that runs all studies, and end that.
    """
    signal.signal(signal.SIGINT, _interrupted)


def _interrupted(*_: object) -> None:
    if _orphaned.is_set():
        raise KeyboardInterrupt


@contextmanager
def ended_with(parent: int) -> Iterator[None]:
    """Ends this process soon after `parent`, inside the block: as by Ctrl-C, so that a training is kept.

    A killed process cannot end those that it started, and a training asks them for nothing for minutes.
    """
    left = threading.Event()
    watch = threading.Thread(target=_watch, args=(parent, os.getppid(), left), daemon=True)
    watch.start()
    try:
        yield
    finally:
        left.set()


def _watch(parent: int, above: int, left: threading.Event) -> None:
    while not left.wait(_LOOK_SECONDS):
        if _gone(parent, above):
            _orphaned.set()
            _thread.interrupt_main()
            left.wait(_KEEP_SECONDS)
            os._exit(1)


def _gone(parent: int, above: int) -> bool:
    """Whether the parent has ended. One that nobody waits for still has its number, but no children."""
    import psutil

    return os.getppid() != above or not psutil.pid_exists(parent)
