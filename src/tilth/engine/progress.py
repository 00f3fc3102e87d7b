"""Where a run stands, at one moment: what the terminal and the widget show."""

from __future__ import annotations

from dataclasses import dataclass

from tilth.engine.budget import Budget


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands, at one moment.

    Attributes:
        status: "starting", "running", "waiting", "paused", "stopping", "stopped", "finished", "failed" or
            "aborted". It is "waiting" while an endpoint gives nothing but failures: single calls, with
            growing gaps, find out when it is back.
        reason: Why it ended, or None.
        rows: Rows so far: accepted + rejected + unverified.
        rowless: Units that were paid for and gave no row.
        queries: Spent queries, those in doubt counted in. Measured.
        tokens: Spent tokens, those in doubt at their worst case.
        usd: Spent US dollars, or None where a price is unknown.
        in_doubt: Calls whose reply never reached the journal.
        reserved: Queries reserved by units that are at work.
        limit: The budget: its limits, and its goal in kept rows, if it has one.
        attempts: Calls tried since the run started or resumed, failed ones included.
        in_flight: Calls that are out now.
        seconds: Since the run started or resumed; of a file that is only read, of all its sittings.
        rate: Rows a second over the last ten seconds or twenty units, or since the start.
        eta: Seconds until a limit or the goal at that pace, or None where it cannot be told.
        waiting: Why replies stay away, where they do for more than a moment: the last failure's text.
        next_try: Seconds until the next call may start; None where nothing is waited for, or a call is out.
        notice: What is worth a look though it stops nothing: hardly a row is kept, or calls time out.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher, path="run.tilth")
        >>> progress = run.progress
        >>> progress.status, progress.rows, progress.queries, progress.kept <= progress.rows
        ('finished', 20, 20, True)
    """

    status: str
    reason: str | None
    rows: int
    accepted: int
    rejected: int
    unverified: int
    rowless: int
    queries: int
    tokens: int
    usd: float | None
    in_doubt: int
    reserved: int
    limit: Budget
    attempts: int
    in_flight: int
    seconds: float
    rate: float
    eta: float | None
    waiting: str | None
    next_try: float | None
    notice: str | None = None

    @property
    def kept(self) -> int:
        """Rows accepted, and rows unverified where nothing could judge them: what a goal counts."""
        return self.accepted + self.unverified
