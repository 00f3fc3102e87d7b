"""What a terminal shows of runs: progress while they work, a table when they ended; and Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import ceil
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tilth.cli.wording import in_options
from tilth.engine.run import OVER
from tilth.printable import printable, without_controls
from tilth.studies.training.standing import in_words

if TYPE_CHECKING:
    from tilth.engine.run import Run
    from tilth.studies.study import Study

_REFRESH_SECONDS = 0.25
_LINE_SECONDS = 15.0
"""Between lines of progress where there is no terminal to draw a bar in."""
_FIGURE = 7
"""The most characters of seconds and dollars in a table: what all columns of a line of 80 leave for them."""
_WIDEST = 1_000
"""More columns than a table of runs takes."""
_REASON = 200
"""The most characters of an endpoint's failure."""
_NOTICE = 400
"""The most characters of what is worth a look."""

Figures = tuple[float, float | None, str]
"""How far work has come, how far it goes at most, and the same in words."""


def cell(text: object, characters: int) -> Text:
    """Foreign text for a table: one line, no markup, no control characters, cut to length."""
    return Text(printable(text, characters))


def follow(run: Run, label: str) -> Run:
    """Shows a run until it ends. The first Ctrl-C or SIGTERM stops it, the second aborts it."""
    _follow(run, label, lambda: _figures(run))
    return run


def follow_study(study: Study, label: str) -> Study:
    """Shows a study until it ends, and obeys Ctrl-C and SIGTERM, as `follow` does."""

    def figures() -> Figures:
        p = study.progress
        counts = f"{p.cells:,}/{p.all_cells:,} cells  {p.queries:,}/{p.most_queries:,} queries"
        training = in_words(p.training)
        return p.cells, p.all_cells, counts + (f"  {training}" if training else "") + _wait(p)

    _follow(study, label, figures)
    return study


def _follow(work: Run | Study, label: str, figures: Callable[[], Figures]) -> None:
    console = Console(stderr=True)
    subscription = work.subscribe()
    try:
        with _signals() as came, _shown(console, label) as show:
            obeyed, waiting, noticed = 0, False, False
            while work.status not in OVER:
                for _ in range(came() - obeyed):
                    obeyed += 1
                    if obeyed == 1:
                        console.print("Stopping: started units finish. Again to abort.")
                        work.stop()
                    else:
                        work.abort()
                show(figures())
                if waiting != (work.status == "waiting"):
                    waiting = not waiting
                    why = cell(work.progress.waiting or "", _REASON)
                    console.print(Text("Waiting: ").append(why) if waiting else "Going on.")
                notice = getattr(work.progress, "notice", None)  # a study has none
                if notice and not noticed:
                    noticed = True
                    console.print(Text("Note: ").append(cell(in_options(notice), _NOTICE)))
                subscription.wait(_REFRESH_SECONDS)
                subscription.drain()
            show(figures())
    finally:
        subscription.close()


@contextmanager
def _shown(console: Console, label: str) -> Iterator[Callable[[Figures], None]]:
    """What shows progress: a bar in a terminal; elsewhere, in a log, a line now and then."""
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[counts]}", markup=False),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as bar:
            task: TaskID = bar.add_task(label, counts="", total=None)
            yield lambda now: bar.update(task, completed=now[0], total=now[1], counts=now[2])
        return
    told, due = "", 0.0

    def tell(now: Figures, *, at_once: bool = False) -> None:
        nonlocal told, due
        if now[2] != told and (at_once or time.monotonic() >= due):
            told, due = now[2], time.monotonic() + _LINE_SECONDS
            console.print(f"{label}: {told}", markup=False, highlight=False, soft_wrap=True)

    last: Figures = (0, None, "")

    def show(now: Figures) -> None:
        nonlocal last
        last = now
        tell(now)

    try:
        yield show
    finally:
        tell(last, at_once=True)


def _figures(run: Run) -> Figures:
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
    left = "" if p.eta is None else f"  {_duration(p.eta)} left"
    verdicts = f"{p.accepted:,} ✓  {p.rejected:,} ✗  {p.unverified:,} ·"
    counts = f"{rows}{queries}{dollars}  {verdicts}  {_rate(p.rate)}{left}"
    return done, total, counts + _wait(p)


def _rate(a_second: float | None) -> str:
    """Rows a second; by the minute where a slow model gives fewer than one in two seconds."""
    rate = a_second or 0.0
    return f"{60 * rate:.1f}/min" if 0 < rate < 0.5 else f"{rate:.1f}/s"


def _duration(seconds: float) -> str:
    whole = ceil(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _wait(progress: Any) -> str:
    """How a run or a study that waits is told behind its counts."""
    if progress.waiting is None:
        return ""
    if progress.status == "waiting":  # why stands in a line of its own
        due = progress.next_try
        return "  waiting" if due is None else f"  waiting, next try in {ceil(due)} s"
    return f"  {printable(progress.waiting, _REASON)}"


@contextmanager
def _signals() -> Iterator[Callable[[], int]]:
    """Tells how often Ctrl-C or SIGTERM came.

    They do no more than count: a signal comes in the midst of anything, a lock held or a line half written.
    """
    count = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: count
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def table(runs: Iterable[Run]) -> None:
    """Prints a line per run: what it cost and what it grew."""
    runs = list(runs)
    shown = Table(box=SIMPLE_HEAD, pad_edge=False, padding=0, show_edge=False)  # the box parts columns
    shown.add_column("strategy", no_wrap=True)
    for name in ("queries", "rows", "accepted", "unverified", "rejected", "seconds"):
        shown.add_column(name, justify="right", no_wrap=True)
    priced = any(run.progress.usd for run in runs)
    if priced:
        shown.add_column("USD", justify="right", no_wrap=True)
    for run in runs:
        p = run.progress
        counts: list[Any] = [p.queries, p.rows, p.accepted, p.unverified, p.rejected]
        seconds = _short(p.seconds, 1) if p.seconds else "–"  # it was killed before it could say
        dollars = ["unknown" if p.usd is None else _short(p.usd, 4, 2)] if priced else []
        shown.add_row(cell(run.strategy_name, 60), *(f"{n:,}" for n in counts), seconds, *dollars)
    if any(run.simulated for run in runs):
        say("The teacher is a rule-based simulation, no language model.")
    framed = Padding(shown, (1, 0), expand=False)
    console = Console()
    whole = console.measure(framed, options=console.options.update(width=_WIDEST)).maximum
    Console(width=max(console.width, whole)).print(framed)  # wider than the terminal before cut off


def _short(value: float, *decimals: int) -> str:
    """The number with as many of these decimals as leave it no wider than its heading, or none."""
    texts = (f"{value:,.{places}f}" for places in decimals)
    return next((text for text in texts if len(text) <= _FIGURE), f"{value:,.0f}")


def say(text: str) -> None:
    """Prints a line, never as markup, and without control characters: much of it is foreign text."""
    sys.stdout.write(f"{without_controls(text)}\n")
