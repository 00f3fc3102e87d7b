"""What a study's file holds, for a terminal: where it stands, what it measured, and its runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

import tilth
from tilth.cli.terminal import cell, say
from tilth.printable import printable
from tilth.studies.options import DEFAULTS, named

if TYPE_CHECKING:
    import polars as pl

    from tilth.engine.budget import Budget
    from tilth.studies.study import Study


def study_in(file: str | Path) -> Study | None:
    """The study that a file holds; None where it holds none, or cannot be read as one."""
    try:
        return tilth.open_study(file)
    except tilth.JournalError:
        return None


def show_study(study: Study) -> None:
    """Prints where a study stands, what each strategy reached at each amount of data, and its runs."""
    p = study.progress
    budget = _limits(study.budget)
    say(
        f"{study.path}: a study, {p.cells:,} of {p.all_cells:,} cells measured, "
        f"{p.queries:,} of at most {p.most_queries:,} queries" + (f", budget {budget}" if budget else "")
    )
    if p.student is not None:
        asked = p.student
        dollars = "" if asked.usd is None else f", ${asked.usd:,.4f}"
        say(
            f"its students, apart from that: {asked.queries:,} of at most {asked.most_queries:,} queries, "
            f"{asked.tokens:,} tokens{dollars}, {asked.in_doubt:,} in doubt; "
            f"budget {_limits(asked.limit)}"
        )
    say(_standing(study))
    if study.simulated:
        say("The teacher is a rule-based simulation, no language model.")
    frame = study.frame
    lines = study.base_lines
    if not frame.is_empty():
        Console().print(_accuracies(frame))
    if not lines.is_empty():
        Console().print(_base_lines(lines))
    for told in _conditions(frame):
        say(told)
    Console().print(_runs(study))
    say("Look at one of them with --run ID.")


def _limits(budget: Budget | None) -> str:
    limits = {} if budget is None else budget.to_json()
    return " and ".join(f"{value:,} {name}" for name, value in limits.items() if value is not None)


def _standing(study: Study) -> str:
    p = study.progress
    if study.holder is not None:
        return f"{p.status} in {printable(study.holder)}"
    return f"{p.status} ({printable(p.reason)})" if p.reason else p.status


def _accuracies(frame: pl.DataFrame) -> Table:
    """Mean accuracy over replicates: a line for each strategy, number of seeds and test; a column a ratio."""
    import polars as pl

    line = ("strategy", "options", "student", "student_options", "seeds", "test")
    several = frame.select("student", "student_options").n_unique() > 1
    means = frame.group_by(*line, "ratio", maintain_order=True).agg(pl.col("accuracy").mean())
    ratios = sorted(means["ratio"].unique())
    shown = Table("accuracy by queries a seed", box=SIMPLE_HEAD, pad_edge=False)
    students = ["student"] if several else []
    for name in (*students, "seeds", "test", *(f"{ratio:g}" for ratio in ratios)):
        shown.add_column(name, justify="left" if name in ("student", "test") else "right")
    for (strategy, options, student, own, seeds, test), found in means.group_by(*line, maintain_order=True):
        by_ratio = dict(zip(found["ratio"], found["accuracy"], strict=True))
        reached = ("" if (one := by_ratio.get(ratio)) is None else f"{one:.1%}" for ratio in ratios)
        whose = [_student(student, own)] if several else []
        shown.add_row(_named(strategy, options), *whose, f"{seeds:,}", cell(test, 30), *reached)
    return shown


def _base_lines(frame: pl.DataFrame) -> Table:
    """What students reach without any strategy: mean accuracy over replicates."""
    import polars as pl

    shown = Table("base line", "student", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("seeds", "test", "accuracy"):
        shown.add_column(name, justify="left" if name == "test" else "right")
    line = ("strategy", "student", "student_options", "seeds", "test")
    means = frame.group_by(*line, maintain_order=True).agg(pl.col("accuracy").mean())
    for strategy, student, options, seeds, test, accuracy in means.iter_rows():
        shown.add_row(
            *(cell(strategy, 30), _student(student, options), f"{seeds:,}", cell(test, 30), f"{accuracy:.1%}")
        )
    return shown


def _conditions(frame: pl.DataFrame) -> list[str]:
    """On what students were trained, and how many answers were cut off; nothing where neither is known."""
    import polars as pl

    students = frame.select("student", "student_options").unique(maintain_order=True).rows()
    told = [f"Student {_student(*one)}." for one in students] if len(students) == 1 else []
    machines = frame["machine"].drop_nulls().unique(maintain_order=True)
    told += [f"Trained and asked on {printable(machine)}." for machine in machines]
    limited = frame.filter(pl.col("cut_off").is_not_null())
    for (student, options), cells in limited.group_by("student", "student_options", maintain_order=True):
        shares = cells["cut_off"].to_list()
        told.append(
            f"Answers of {_student(student, options)} cut off at their limit: "
            f"{sum(shares) / len(shares):.1%} on average, {max(shares):.1%} at most."
        )
    return told


def _runs(study: Study) -> Table:
    shown = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("run", "strategy"):
        shown.add_column(name, no_wrap=True)
    for name in ("replicate", "queries", "rows"):
        shown.add_column(name, justify="right")
    shown.add_column("status")
    for run in study.runs:
        p = run.open().progress
        numbers = (run.replicate, p.queries, p.rows)
        named = _named(run.strategy, run.options)
        shown.add_row(run.run_id, named, *(f"{number:,}" for number in numbers), cell(p.status, 20))
    return shown


def _student(name: object, options: object) -> str:
    return printable(named(str(name), str(options)), 100)


def _named(strategy: object, options: object) -> str:
    """A strategy, with what tells it from another setting of its own."""
    return str(cell(strategy if options == DEFAULTS else f"{strategy} {options}", 60))
