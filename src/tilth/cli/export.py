"""The command that writes a run's rows for training: `export`."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import tilth
from tilth.cli import DONE, UsageError
from tilth.cli.running import near
from tilth.cli.studies import study_in
from tilth.cli.terminal import say


def export(options: Namespace) -> int:
    """Writes the rows of a run's file in the format that is asked for."""
    if options.run is None and study_in(options.file) is not None:
        raise UsageError(
            f"{options.file} holds a study; name one of its runs, which `tilth show {options.file}` lists, "
            "with --run ID"
        )
    run = tilth.open_run(options.file, options.run)
    written = run.save(options.to, format=options.format, **_chosen(options))
    say(f"{near(written)}: rows of {near(run.path)}")
    return DONE


def _chosen(options: Namespace) -> dict[str, Any]:
    """What is told of each row, as far as the command line says."""
    known = {
        "verdicts": options.verdicts,
        "reasoning": options.reasoning,
        "answers": options.answers,
        "system": False if options.no_system else options.system,
        "metadata": [name.strip() for name in (options.metadata or "").split(",") if name.strip()] or None,
        "model": options.model,
    }
    return {name: value for name, value in known.items() if value is not None}
