"""The command that says why a widget stays blank or a kernel does not answer: `doctor`."""

from __future__ import annotations

from argparse import Namespace

from tilth.cli import DONE, FAILED
from tilth.jupyter.doctor import diagnose
from tilth.jupyter.doctor import doctor as report


def doctor(_options: Namespace) -> int:
    """Prints what was found; fails where there is a problem."""
    report()
    return DONE if all(finding.level == "ok" for finding in diagnose()) else FAILED
