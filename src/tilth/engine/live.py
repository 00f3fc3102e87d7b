"""What is at work in this process, by file: a second start on a file joins it and opens nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from tilth.engine.background import Background
from tilth.engine.forks import refuse_after_fork
from tilth.engine.runner import refuse_to_hold_up
from tilth.engine.standing import OVER

Work = TypeVar("Work", bound=Background)


class LiveFiles(Generic[Work]):
    """The runs, or the studies, that are at work. Safe from any thread.

    It holds none of them: the runner does, for as long as they are at work.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._works: WeakValueDictionary[Path, Work] = WeakValueDictionary()
        self._turns: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()

    def get(self, path: Path) -> Work | None:
        """What is at work on a file."""
        refuse_after_fork()
        where = path.resolve()
        with self._lock:
            work = self._works.get(where)
        return work if work is not None and work.status not in OVER else None

    def add(self, path: Path, work: Work) -> None:
        """Takes note of what was begun on a file."""
        where = path.resolve()
        with self._lock:
            self._works[where] = work

    @contextmanager
    def turn(self, path: Path) -> Iterator[None]:
        """Lets one caller at a time start on a file; those of other files go on meanwhile.

        Raises `CannotWait` where it would hold up the thread that all runs work on.
        """
        refuse_to_hold_up("start")
        where = path.resolve()
        with self._lock:
            turn = self._turns.setdefault(where, threading.Lock())
        with turn:
            yield
