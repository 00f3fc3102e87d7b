"""What a terminal shows of runs: progress while they work, a table when they ended; and Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import ceil
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tilth.engine.run import OVER

if TYPE_CHECKING:
    from tilth.engine.run import Run
    from tilth.studies.study import Study

_REFRESH_SECONDS = 0.25
_REASON = 200
"""The most characters of an endpoint's failure."""


def printable(text: str, characters: int) -> Text:
    """Foreign text as one line: no markup, no control characters, cut to length."""
    line = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return Text(line if len(line) <= characters else line[: characters - 1] + "…")


def follow(run: Run, label: str) -> Run:
    """Shows a run until it ends. The first Ctrl-C or SIGTERM stops it, the second aborts it."""
    _follow(run, label, lambda bar, task: _show(bar, task, run))
    return run


def follow_study(study: Study, label: str) -> Study:
    """Shows a study until it ends, and obeys Ctrl-C and SIGTERM, as `follow` does."""

    def show(bar: Progress, task: TaskID) -> None:
        p = study.progress
        counts = f"{p.cells:,}/{p.all_cells:,} cells  {p.queries:,}/{p.most_queries:,} queries"
        bar.update(task, completed=p.cells, total=p.all_cells, counts=counts + _wait(p))

    _follow(study, label, show)
    return study


def _follow(work: Run | Study, label: str, show: Callable[[Progress, TaskID], None]) -> None:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[counts]}", markup=False),
        TimeElapsedColumn(),
    )
    subscription = work.subscribe()
    try:
        with (
            _signals(work, console),
            Progress(*columns, console=console, disable=not console.is_terminal) as bar,
        ):
            task = bar.add_task(label, counts="", total=None)
            waiting = False
            while work.status not in OVER:
                show(bar, task)
                if waiting != (work.status == "waiting"):
                    waiting = not waiting
                    why = printable(work.progress.waiting or "", _REASON)
                    console.print(Text("Waiting: ").append(why) if waiting else "Going on.")
                subscription.wait(_REFRESH_SECONDS)
                subscription.drain()
            show(bar, task)
    finally:
        subscription.close()


def _show(bar: Progress, task: TaskID, run: Run) -> None:
    p = run.progress
    limit = p.limit.queries
    done: float = p.queries
    total: float | None = limit
    if p.limit.usd and p.usd is not None and (not limit or p.usd / p.limit.usd > done / limit):
        done, total = p.usd, p.limit.usd
    if (goal := p.limit.rows) and (not total or p.kept / goal > done / total):
        done, total = p.kept, goal
    queries = f"{p.queries:,}/{limit:,} queries" if limit is not None else f"{p.queries:,} queries"
    dollars = f"  ${p.usd:,.4f}" if p.usd else ""
    rows = f"{p.kept:,}/{goal:,} rows  " if goal is not None else ""
    spent = f"{rows}{queries}{dollars}"
    counts = f"{spent}  {p.accepted:,} ✓  {p.rejected:,} ✗  {p.unverified:,} ·  {p.rate or 0:.1f}/s"
    bar.update(task, completed=done, total=total, counts=counts + _wait(p))


def _wait(progress: Any) -> str:
    """How a run or a study that waits is told behind its counts."""
    if progress.waiting is None:
        return ""
    if progress.status == "waiting":  # why stands in a line of its own
        due = progress.next_try
        return "  waiting" if due is None else f"  waiting, next try in {ceil(due)} s"
    return f"  {printable(progress.waiting, _REASON)}"


@contextmanager
def _signals(work: Run | Study, console: Console) -> Iterator[None]:
    asked = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            console.print("Stopping: started units finish. Again to abort.")
            work.stop()
        else:
            work.abort()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def table(runs: Iterable[Run]) -> None:
    """Prints a line per run: what it cost and what it grew."""
    runs = list(runs)
    shown = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("strategy", no_wrap=True)
    for name in ("queries", "rows", "accepted", "unverified", "rejected", "seconds"):
        shown.add_column(name, justify="right", no_wrap=True)
    priced = any(run.progress.usd for run in runs)
    if priced:
        shown.add_column("US dollars", justify="right", no_wrap=True)
    for run in runs:
        p = run.progress
        counts: list[Any] = [p.queries, p.rows, p.accepted, p.unverified, p.rejected]
        seconds = f"{p.seconds:,.1f}" if p.seconds else "–"  # it was killed before it could say
        dollars = ["unknown" if p.usd is None else f"{p.usd:,.4f}"] if priced else []
        shown.add_row(run.strategy_name, *(f"{n:,}" for n in counts), seconds, *dollars)
    if any(run.simulated for run in runs):
        say("The teacher is a rule-based simulation, no language model.")
    Console().print(shown)


def say(text: str) -> None:
    """Prints a line, never as markup."""
    sys.stdout.write(f"{text}\n")
