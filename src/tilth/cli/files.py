"""The commands that keep files whole: `verify` and `copy`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import tilth
from tilth.cli import DONE, FAILED, UsageError
from tilth.cli.databases import sql_task
from tilth.cli.terminal import say
from tilth.cli.wording import in_options
from tilth.engine.file import queries
from tilth.engine.verify.exports import run_files_of
from tilth.errors import JournalError
from tilth.printable import printable
from tilth.tasks import Task

_LISTED = 50
"""Findings that are printed; a damaged file can have one for every row."""


def verify(options: Namespace) -> int:
    """Checks a run's file or an export, and fails where something is wrong with it."""
    given = [Path(file) for file in options.run_file or ()]
    held = run_files_of(Path(options.file), given) or [Path(options.file)]
    using = [task for file in held for task in _using(file, options.database, run=options.run)]
    report = tilth.verify(options.file, using, run_file=given)
    for note in report.notes:
        say(f"note: {printable(note, 400)}")
    for finding in report.findings[:_LISTED]:
        say(f"wrong: {in_options(printable(finding, 400))}")
    if len(report.findings) > _LISTED:
        say(f"and {len(report.findings) - _LISTED:,} more")
    if report.ok and report.proven is not None:
        say(
            f"{report.path} is as its manifest says: {report.proven:,} of its {report.rows:,} rows were "
            f"compared with those of {'its run' if report.runs == 1 else f'{report.runs:,} runs'}, where "
            f"{report.rebuilt:,} rows were rebuilt from replies"
        )
    elif report.ok:
        say(
            f"{report.path} is whole: {report.replies:,} replies, {report.rows:,} rows, "
            f"{report.rebuilt:,} of them rebuilt from replies and compared"
        )
    return DONE if report.ok else FAILED


def _using(path: Path, databases: Sequence[str] | None, *, run: bool) -> list[Task]:
    """The tasks that a file's runs cannot be rebuilt without: a file cannot hold them, or may not say so."""
    try:
        records = queries.run_records(path)
    except JournalError:
        return []  # what is wrong with the file is told when it is verified
    stored = {record["identity"]["task"]["name"]: record for record in records}
    using: list[Task] = []
    if "code" in stored and run:
        code = tilth.tasks.restored(stored["code"]["identity"]["task"])
        using += [replace(code, run=True)] if isinstance(code, tilth.tasks.Code) else []
    if "sql" in stored:
        try:
            using.append(sql_task(databases, simulated=stored["sql"]["settings"]["simulated"]))
        except UsageError as missing:
            say(f"note: {missing}")
    return using


def copy(options: Namespace) -> int:
    """Copies a file as it stands."""
    say(f"{tilth.copy(options.file, options.to)}: the copy")
    return DONE
