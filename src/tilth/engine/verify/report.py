"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found.

    Attributes:
        path: The file, or the export.
        runs: Its runs.
        replies: Their journalled replies.
        rows: Their rows; of an export, those that stand in it.
        rebuilt: Rows that were rebuilt from replies and compared.
        findings: What is wrong, each in a line; empty where all is well.
        notes: What could not be looked at, and why.
        proven: Of an export, the rows whose line was compared with their run's, and is the same; None where
            a run's file was verified.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher, path="run.tilth")
        >>> report = tilth.verify("run.tilth")
        >>> report.ok, report.rebuilt, report.findings
        (True, 20, ())
    """

    path: Path
    runs: int = 0
    replies: int = 0
    rows: int = 0
    rebuilt: int = 0
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    proven: int | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings
