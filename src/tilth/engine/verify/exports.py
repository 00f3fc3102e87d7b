"""Whether an export is what its run grew: its manifest, the run's file, and its lines written anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tilth.engine.file import queries
from tilth.engine.file.format.digests import digest
from tilth.engine.verify.rebuilding import verified_file
from tilth.engine.verify.report import Report
from tilth.errors import JournalError
from tilth.export.formats import SUFFIXES
from tilth.export.manifest import MANIFEST, beside
from tilth.export.manifest.proof import proven
from tilth.export.manifest.reading import Manifest, RunNamed, manifest_of, read_manifest
from tilth.strategies.base import Strategy
from tilth.tasks.base import Task

if TYPE_CHECKING:
    import polars as pl

_SQLITE = b"SQLite format 3\0"


def export_at(path: Path) -> Path | None:
    """The manifest of the export at a path; None where it is a run's file, or nothing that is known.

    Raises:
        JournalError: It is a folder or a training file that has no manifest.
    """
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(_SQLITE)) == _SQLITE:
                return None
    manifest = manifest_of(path)
    if manifest is None and path.is_dir():
        raise JournalError(
            f"{path} is a folder without {MANIFEST}: name a run's file in it, such as {path / 'run.tilth'}, "
            "or a folder that tilth.save wrote"
        )
    if manifest is None and path.is_file() and path.suffix.lower() in SUFFIXES:
        raise JournalError(
            f"{path} has no manifest beside it, {beside(path).name}: save it with card=True, then it can be "
            "verified"
        )
    return manifest


def run_files_of(path: Path, given: Sequence[Path] = ()) -> list[Path]:
    """The files of the runs whose rows stand in the export at a path, as far as they are found.

    They are those that are given, or lie beside the export by the names in its manifest.
    """
    manifest = export_at(path)
    if manifest is None:
        return []
    try:
        told = read_manifest(manifest)
    except ValueError:
        return []
    return list(_Files(told, given).found.values())


def verified_export(
    path: Path, manifest: Path, run_files: Sequence[Path], using: Sequence[Strategy | Task]
) -> Report:
    """What is found of an export; `tilth.verify` says what is looked at."""
    try:
        told = read_manifest(manifest)
    except ValueError as error:
        return Report(path, proven=0, findings=(str(error),))
    findings: list[str] = []
    notes: list[str] = []
    if not told.sealed:
        findings.append(f"{manifest.name} was changed after it was written: its own digest does not fit")
    files = _Files(told, run_files)
    findings += files.wrong
    reports = {file: _report(file, using) for file in dict.fromkeys(files.found.values())}
    for file, report in reports.items():
        findings += (f"{file.name}: {finding}" for finding in report.findings)
        notes += (f"{file.name}: {note}" for note in report.notes)
    rows: dict[str, pl.DataFrame] = {}
    for run in told.runs:
        if run.run_id in files.found:
            findings += _rows(files.found[run.run_id], run, told, rows)
    found = proven(told, rows)
    return Report(
        path,
        len(told.runs),
        sum(report.replies for report in reports.values()),
        sum(len(file.row_ids) for file in told.files),
        sum(report.rebuilt for report in reports.values()),
        tuple(findings + found.findings),
        tuple(notes + found.notes),
        found.proven,
    )


@dataclass
class _Files:
    """Where the runs of a manifest lie: by run id, the file, and a sentence for each that is not here."""

    manifest: Manifest
    given: Sequence[Path]
    found: dict[str, Path] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        held = {file: set(_ids_in(file)) for file in self.given}
        for run in _named(self.manifest):
            near = [file for file in held if run.run_id in held[file]]
            near += [] if self.given else [file for file in self._beside(run) if run.run_id in _ids_in(file)]
            if near:
                self.found[run.run_id] = near[0]
                continue
            called = f"the run's file {run.file}" if run.file else f"the file of run {run.run_id}"
            where = "among those given" if self.given else "beside the export"
            self.wrong.append(
                f"{called} is not {where}: rows of run {run.run_id} are not proven; name it with run_file="
            )

    def _beside(self, run: RunNamed) -> Iterator[Path]:
        folder = self.manifest.path.parent.absolute()
        if run.file is not None:
            yield from (place / run.file for place in (folder, folder.parent) if (place / run.file).is_file())


def _named(manifest: Manifest) -> list[RunNamed]:
    """The runs of which rows are named."""
    held = {one[:16] for file in manifest.files for one in file.row_ids if one is not None}
    return [run for run in manifest.runs if run.run_id in held]


def _ids_in(file: Path) -> list[str]:
    try:
        return [record["run_id"] for record in queries.run_records(file)]
    except JournalError:
        return []


def _report(file: Path, using: Sequence[Strategy | Task]) -> Report:
    try:
        return verified_file(file, using)
    except JournalError as error:
        return Report(file, findings=(str(error),))


def _rows(file: Path, run: RunNamed, manifest: Manifest, rows: dict[str, pl.DataFrame]) -> Iterator[str]:
    """Puts a run's rows into `rows`, and says what keeps it from that."""
    units = {
        int(one.split(":")[1])
        for named in manifest.files
        for one in named.row_ids
        if one is not None and one[:16] == run.run_id
    }
    try:
        record = queries.run_record(file, run.run_id)
        rows[run.run_id] = queries.rows(file, run.run_id, units)
    except (JournalError, sqlite3.Error) as error:
        yield f"{file.name}: its rows cannot be read: {str(error).splitlines()[0][:200]}"
        return
    if run.identity is not None and digest(record["identity"]) != run.identity:
        yield f"{file.name} holds another run {run.run_id}: its identity is not the one in the manifest"
