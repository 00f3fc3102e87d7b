"""The one thread with one event loop on which every run of this process works."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any, TypeVar

from tilth.engine.forks import refuse_after_fork
from tilth.errors import CannotWait

T = TypeVar("T")

Threads = set[concurrent.futures.Future[Any]]
at_work: ContextVar[Threads | None] = ContextVar("at_work", default=None)
"""Holds the work that a task, and those it started, have in the loop's threads (`asyncio.to_thread`)."""

_GRACE = 10.0
"""Seconds an interpreter that exits waits for runs to flush their journals."""


class _LoopThreads(ThreadPoolExecutor):
    """The threads of the loop, which tell those who ask by `at_work` what is done there."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[T]:
        """Runs `fn` in a thread. Called in the context of the task that waits for it."""
        future = super().submit(fn, *args, **kwargs)
        if (threads := at_work.get()) is not None:
            threads.add(future)
            future.add_done_callback(threads.discard)
        return future


class Runner:
    """Owns the thread. Callers submit coroutines; nothing of theirs is ever patched or held.

    Attributes:
        pid: The process it works in.
        loop: Its event loop.
        ends: Whether the interpreter exits, so that what is at work is cancelled.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self._working: set[concurrent.futures.Future[Any]] = set()
        self.loop.set_default_executor(_LoopThreads(thread_name_prefix="asyncio"))
        self._thread = threading.Thread(target=self._serve, name="tilth-runner", daemon=True)
        self._thread.start()
        self.ends = False
        atexit.register(self._close)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    @property
    def is_here(self) -> bool:
        """Whether the caller runs on its thread."""
        return threading.current_thread() is self._thread

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Runs a coroutine on the loop, and holds it until it has ended: a loop holds its tasks weakly."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        self._working.add(future)
        future.add_done_callback(self._working.discard)
        return future

    def _close(self) -> None:
        """At interpreter exit: calls in flight are cancelled and journals flushed."""
        if self.pid != os.getpid() or not self._thread.is_alive():
            return
        self.ends = True

        async def cancel_all() -> None:
            tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        try:
            self.submit(cancel_all()).result(_GRACE)
        except (concurrent.futures.TimeoutError, RuntimeError):
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_GRACE)


_runner: Runner | None = None
_lock = threading.RLock()


def runner() -> Runner:
    """The process's runner; a new one after a fork, for threads do not survive it."""
    global _runner  # noqa: PLW0603 - there is one per process
    with _lock:  # one that can be entered twice: a signal's handler may stop a run, and come at any point
        if _runner is None or _runner.pid != os.getpid():
            _runner = Runner()
        return _runner


def refuse_to_hold_up(what: str) -> None:
    """Raises `CannotWait` on the runner's own thread: a wait there would hold up every run for ever."""
    refuse_after_fork()
    if _runner is not None and _runner.is_here:
        raise CannotWait(
            f"{what} was called on the thread that all runs work on, by a strategy, a check or a callable "
            "teacher, and would hold them all up; call it in a thread: await asyncio.to_thread(...)"
        )
