"""The commands that keep files whole: `verify` and `copy`."""

from __future__ import annotations

from argparse import Namespace

import tilth
from tilth.cli import DONE, FAILED
from tilth.cli.terminal import printable, say

_LISTED = 50
"""Findings that are printed; a damaged file can have one for every row."""


def verify(options: Namespace) -> int:
    """Checks a file, and fails where something is wrong with it."""
    report = tilth.verify(options.file)
    for note in report.notes:
        say(f"note: {printable(note, 400)}")
    for finding in report.findings[:_LISTED]:
        say(f"wrong: {printable(finding, 400)}")
    if len(report.findings) > _LISTED:
        say(f"and {len(report.findings) - _LISTED:,} more")
    if report.ok:
        say(
            f"{report.path} is whole: {report.replies:,} replies, {report.rows:,} rows, "
            f"{report.rebuilt:,} of them rebuilt from replies and compared"
        )
    return DONE if report.ok else FAILED


def copy(options: Namespace) -> int:
    """Copies a file as it stands."""
    say(f"{tilth.copy(options.file, options.to)}: the copy")
    return DONE
