"""What a workbench shows of one run: its status, its new samples, and the reply that types itself out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tilth.engine.events import Sampled, Text
from tilth.engine.run import OVER
from tilth.errors import TeacherError
from tilth.export import VERDICTS
from tilth.jupyter import protocol
from tilth.jupyter.secrets import without_secrets
from tilth.jupyter.widgets import traits
from tilth.printable import printable

if TYPE_CHECKING:
    import polars as pl

    from tilth.engine.run import Run
    from tilth.studies.study import Study
    from tilth.teacher import Teacher

_SHOWN_TEXT = 20_000
"""The most characters of a streamed reply that are shown while it comes."""


class RunFeed:
    """Follows a run for the page. Used by the flusher's thread; `status` and `watch_text` by any.

    Attributes:
        run: The run that is followed.
        arrival: Number of the last sample that was taken.
    """

    def __init__(self, run: Run, arrival: int = 0) -> None:
        self.run = run
        self.arrival = arrival
        self._subscription = run.subscribe()
        self._last = arrival
        self._text: Text | None = None

    def watch_text(self, wanted: bool) -> None:
        """Whether somebody looks, and one call in flight is to be streamed."""
        self._subscription.text = wanted

    def close(self) -> None:
        """Stops following; the run goes on."""
        self._subscription.close()

    @property
    def live(self) -> bool:
        """Whether the run is still at work."""
        return self.run.status not in OVER

    @property
    def elsewhere(self) -> bool:
        """Whether another process is at work on the run: what is told of it is read in its file."""
        return self.run.holder is not None

    def take_events(self) -> None:
        """Reads what the run has told since the last call."""
        for event in self._subscription.drain():
            if isinstance(event, Sampled):
                self._last = max(self._last, event.arrival)
            elif isinstance(event, Text):
                self._text = event

    def status(self) -> dict[str, Any]:
        """The `status` trait."""
        p, error, holder = self.run.progress, self.run.error, self.run.holder
        return {
            "state": p.status,
            "strategy": self.run.strategy_name,
            "reason": None if holder else p.reason,
            "notice": p.notice if p.status not in OVER else None,
            "holder": printable(holder) if holder else None,
            "queries": p.queries,
            "limit_queries": p.limit.queries,
            "usd": p.usd,
            "limit_usd": p.limit.usd,
            "accepted": p.accepted,
            "rejected": p.rejected,
            "unverified": p.unverified,
            "rowless": p.rowless,
            "rows": p.rows,
            "in_doubt": p.in_doubt,
            "in_flight": p.in_flight,
            "rate": p.rate,
            "seconds": p.seconds,
            "eta": p.eta,
            "waiting": p.waiting,
            "next_try": p.next_try,
            "path": traits.shown_path(self.run.path),
            "last": max(self._last, p.rows),
            "error": None
            if error is None
            else {"message": without_secrets(str(error) or type(error).__name__)},
        }

    def teacher_state(self, teacher: Teacher) -> traits.TeacherState | None:
        """How the teacher does, and a note on it; None where the run tells nothing of it."""
        error = self.run.error
        if isinstance(error, TeacherError):
            return "error", without_secrets(str(error) or type(error).__name__)
        progress = self.run.progress
        return traits.teacher_state(teacher, progress.status, progress.queries)

    def skip_old_news(self) -> None:
        """Leaves out all but the newest samples; a page that missed them asks for those it wants."""
        last = max(self._last, self.run.progress.rows)
        self.arrival = max(self.arrival, last - protocol.PAGE_ROWS)

    def push_news(self, push: Callable[..., None]) -> bool:
        """Pushes new samples and the streamed reply; whether there was anything new."""
        samples, text = self.next_samples(), self.next_text()
        if samples:
            stream, first, last = samples
            push("rows", [stream], first=first, last=last)
        if text:
            push("text", **text)
        return bool(samples or text)

    def next_samples(self) -> tuple[bytes, int, int] | None:
        """The next samples as Arrow, and the numbers of the first and the last; None where there are none."""
        samples = self.run.samples(after=self.arrival, most=protocol.PAGE_ROWS, verdicts=VERDICTS)
        if samples.is_empty():
            return None
        stream, count = protocol.encode_samples(samples)
        arrivals = samples["arrival"]
        self.arrival = int(arrivals[count - 1])
        return stream, int(arrivals[0]), self.arrival

    def next_text(self) -> dict[str, Any] | None:
        """The streamed reply as far as it has come, once per change."""
        event, self._text = self._text, None
        if event is None:
            return None
        text = event.text[-_SHOWN_TEXT:]
        return {"unit": event.unit, "purpose": event.purpose, "text": text, "done": event.done}


def stop(work: Run | Study) -> None:
    """Stops a run or a study, or aborts it where what was started cannot finish: nobody would wait for it."""
    if work.failing or (work.status == "stopping" and work.progress.waiting is not None):
        work.abort()
    else:
        work.stop()


def no_rows() -> pl.DataFrame:
    """The rows before the first run."""
    import polars as pl

    from tilth.engine.file.format.schema import rows_schema

    return pl.DataFrame(schema=rows_schema())


def page_of(
    run: Run, after: int, most: int, verdicts: tuple[str, ...] | None, contains: str
) -> tuple[dict[str, Any], bytes]:
    """The samples after an arrival as Arrow, the last one's number, and whether there are more."""
    size = min(most, protocol.PAGE_ROWS)
    samples = run.samples(after, size + 1, verdicts or VERDICTS, contains or None)
    stream, count = protocol.encode_samples(samples.head(size))
    last = int(samples["arrival"][count - 1]) if count else after
    return {"last": last, "more": samples.height > count}, stream
