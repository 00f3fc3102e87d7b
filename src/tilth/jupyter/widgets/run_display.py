"""When a workbench shows what of its run: at most so many messages a second, few where nobody looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tilth.jupyter.widgets.run_feed import RunFeed, no_rows
from tilth.jupyter.widgets.traits import IDLE

if TYPE_CHECKING:
    import polars as pl

    from tilth.engine.run import Run
    from tilth.jupyter.widgets.traits import TeacherState
    from tilth.teacher import Teacher

# With one message of samples, one of text and every second time a status, 20 messages a second at most.
_PUSH_SECONDS, _STATUS_SECONDS = 0.125, 0.25
# Between two statuses while nobody looks, and no rows and no text are sent; and between two of a run in
# another process, each of which sums up its file.
_SELDOM_SECONDS = 1.0


class RunDisplay:
    """Owns what a workbench shows of its run. The run itself belongs to the kernel.

    Attributes:
        teacher_state: How the teacher does by the run; None where it tells nothing of it.

    Args:
        teacher: The model that answers.
        write: Sets traits of the workbench.
        push: Sends the page a message that it did not ask for.
        wake: Has the flusher call `tick` at once.
    """

    def __init__(
        self,
        teacher: Teacher,
        write: Callable[..., None],
        push: Callable[..., None],
        wake: Callable[[], None],
    ) -> None:
        self._teacher = teacher
        self._write, self._push, self._wake = write, push, wake
        self.teacher_state: TeacherState | None = None
        self._lock = threading.Lock()
        self._feed: RunFeed | None = None
        self._watched, self._seen = False, True
        self._status_due = self._push_due = 0.0
        self._final = False

    @property
    def run(self) -> Run | None:
        """The run that is shown; None before the first."""
        return self._feed.run if self._feed else None

    @property
    def rows(self) -> pl.DataFrame:
        """The run's rows so far; an empty frame before the first run."""
        return self._feed.run.rows if self._feed else no_rows()

    def status(self) -> dict[str, Any] | None:
        """The `status` trait as it is now; None before the first run."""
        return self._feed.status() if self._feed else None

    def follow(self, run: Run) -> None:
        """Shows this run from now on."""
        with self._lock:
            old = self._feed
            if old is None or old.run is not run:
                # The page keeps what it has of a run that goes on; of another it is sent all.
                resumed = old is not None and (old.run.id, old.run.path) == (run.id, run.path)
                self._feed = RunFeed(run, old.arrival if old and resumed else 0)
                self._feed.watch_text(self._watched)
                if old:
                    old.close()
            # The page learns of another run before that run's first samples come.
            self._final, self._status_due, self._push_due = False, 0.0, time.monotonic() + _PUSH_SECONDS
        self._wake()

    def leave(self, teacher: Teacher) -> None:
        """Shows no run any more, for another teacher answers from now on."""
        with self._lock:
            if self._feed:
                self._feed.close()
            self._feed, self._teacher, self.teacher_state = None, teacher, None
        self._write(status=IDLE)

    def looked_at(self, *, watched: bool) -> None:
        """A page has said whether a view can be seen, and is shown at once how things are."""
        self._watched = watched
        if feed := self._feed:
            feed.watch_text(watched)
        self._status_due = self._push_due = 0.0
        self._wake()

    def tick(self, now: float, *, seen: bool) -> float | None:
        """Writes and pushes what is due; in how many seconds more is, None for never."""
        feed = self._feed
        if feed is None:
            return None
        if seen != self._seen:
            self._seen = seen
            feed.skip_old_news()
        feed.take_events()
        if now >= self._status_due and not self._final:
            live = feed.live  # read before the status, so that the last status is one of an ended run
            self.teacher_state = feed.teacher_state(self._teacher)
            self._write(status=feed.status())
            self._status_due = now + (_STATUS_SECONDS if seen and not feed.elsewhere else _SELDOM_SECONDS)
            self._final = not live
        if not seen:
            return None if self._final else self._status_due - now
        if now < self._push_due:
            due = self._push_due if self._final else min(self._status_due, self._push_due)
            return due - now
        self._push_due = now + _PUSH_SECONDS
        pushed = feed.push_news(self._push)
        return None if self._final and not pushed else _PUSH_SECONDS

    def close(self) -> None:
        """Stops following; the run goes on."""
        if self._feed:
            self._feed.close()
