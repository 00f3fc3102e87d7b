"""The command that shows what a run's file holds: `show`."""

from __future__ import annotations

from argparse import Namespace

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

import tilth
from tilth.cli import DONE
from tilth.cli.terminal import printable, say, table


def show(options: Namespace) -> int:
    """Prints a run's figures and its first rows."""
    run = tilth.open_run(options.file)
    limits = (f"{value:,} {name}" for name, value in run.budget.to_json().items() if value is not None)
    say(
        f"{run.path}: {len(run.seeds):,} seeds of {run.seeds.name}, {run.teacher_name}, "
        f"budget {' and '.join(limits)}"
    )
    say(f"{run.status}{f' ({run.progress.reason})' if run.progress.reason else ''}")
    table([run])
    rows = run.rows.head(options.rows)
    if rows.is_empty():
        return DONE
    shown = Table("question", "answer", "verdict", box=SIMPLE_HEAD, pad_edge=False)
    for question, answer, verdict in rows.select("question", "answer", "verdict").iter_rows():
        shown.add_row(printable(question or "", 100), printable(answer or "", 20), verdict)
    Console().print(shown)
    return DONE
