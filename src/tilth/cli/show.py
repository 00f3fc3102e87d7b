"""The command that shows what a run's file holds: `show`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

import tilth
from tilth.cli import DONE
from tilth.cli.studies import show_study, study_in
from tilth.cli.terminal import cell, say, table
from tilth.cli.wording import in_options
from tilth.printable import printable

if TYPE_CHECKING:
    from tilth.engine.run import Run


_CAUSES = 5
"""Causes that are listed of each kind, the most frequent."""


def show(options: Namespace) -> int:
    """Prints what a run cost and came to, and its first rows; of a study, what it measured."""
    study = study_in(options.file) if options.run is None else None
    if study is not None:
        show_study(study)
        return DONE
    run = tilth.open_run(options.file, options.run)
    limits = (f"{value:,} {name}" for name, value in run.budget.to_json().items() if value is not None)
    say(
        f"{run.path}: {len(run.seeds):,} seeds of {printable(run.seeds.name)}, "
        f"{printable(run.teacher_name)}, "
        f"budget {' and '.join(limits)}"
    )
    say(_standing(run))
    table([run])
    _beside(run)
    reasons(run)
    _without_rows(run)
    rows = run.rows.head(options.rows)
    if rows.is_empty():
        return DONE
    shown = Table("question", "answer", "verdict", box=SIMPLE_HEAD, pad_edge=False)
    for question, answer, verdict in rows.select("question", "answer", "verdict").iter_rows():
        shown.add_row(cell(question or "", 100), cell(answer or "", 20), cell(verdict, 20))
    Console().print(shown)
    return DONE


def _standing(run: Run) -> str:
    """How a run stands, and who is at work on it."""
    p = run.progress
    if run.holder is not None:
        return f"{p.status} in {printable(run.holder)}; {p.in_flight:,} calls in flight, counted as spent"
    return f"{p.status} ({printable(in_options(p.reason))})" if p.reason else p.status


def _beside(run: Run) -> None:
    """What was planned beside what came."""
    planned, p = run.plan, run.progress
    if planned is None:
        return
    shown = Table("", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("planned", "range", "actual"):
        shown.add_column(name, justify="right")
    actual = {"queries": p.queries, "rows": p.rows, "tokens": p.tokens, "usd": p.usd}
    actual["seconds"] = p.seconds or None  # none where it was killed before it could say
    for name, value in actual.items():
        title = "US dollars" if name == "usd" else name
        shown.add_row(title, _figure(name, planned[name]), _spread(name, planned), _figure(name, value))
    Console().print(shown)
    known = {", ".join(filter(None, (p["source"], p["date"]))) for p in run.prices.values() if p is not None}
    if planned.get("measured"):
        say(f"The plan was measured on this run's first {planned['measured']:,} units.")
    if known:
        say(f"Prices: {printable('; '.join(sorted(known)))}")


def _spread(name: str, planned: Mapping[str, Any]) -> str:
    spread = planned.get("ranges", {}).get(name)
    return "" if spread is None else " – ".join(dict.fromkeys(_figure(name, value) for value in spread))


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.4f}" if name == "usd" else f"{value:,.2f}" if name == "seconds" else f"{value:,}"


def reasons(run: Run) -> None:
    """Why rows are rejected or unverified, and units have none: the causes, each with its latest reason."""
    quality = run.quality
    by_cause = (quality.rejected_by, quality.unverified_by, quality.rowless_by)
    shown = Table("", "cause", "the latest of them", box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("times", justify="right")
    for name, causes in zip(("rejected", "unverified", "rowless"), by_cause, strict=True):
        for cause, times in list(causes.items())[:_CAUSES]:
            told = quality.latest[name].get(cause, "")
            shown.add_row(name, cell(cause, 20), cell(told, 60), f"{times:,}")
    if shown.row_count:
        Console().print(shown)


def _without_rows(run: Run) -> None:
    """Where queries went that gave no row."""
    reasons = {why: queries for why, queries in run.spending().items() if why != "rows"}
    if not reasons:
        return
    shown = Table("spent without a row", box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("queries", justify="right")
    for why, queries in reasons.items():
        shown.add_row(cell(why, 80), f"{queries:,}")
    Console().print(shown)
