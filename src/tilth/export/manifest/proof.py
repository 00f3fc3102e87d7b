"""Compares the files of an export with its manifest, and their lines with the rows that this names."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tilth.export.manifest import MANIFEST, digest_of
from tilth.export.manifest.comparing import Differences, compared
from tilth.export.manifest.reading import FileNamed, Manifest
from tilth.export.preparing import as_written
from tilth.export.writing import FOLDERS, write_data

if TYPE_CHECKING:
    import polars as pl

_LINE, _THERE = "line of the export", "is in the run"
"""Columns that keep the place of a row in its file, from 0, and whether a run has it, until it is written."""

_MOST = 100
"""Findings of a file that are told."""

_ROOM = 64 << 20
"""Bytes that a file may be larger than three times its run's rows, for columns of others, to be looked at."""


@dataclass
class Proof:
    """What was found.

    Attributes:
        proven: Rows whose line was compared with their run's, and is the same.
        findings: What is wrong, a sentence each.
        notes: What was not looked at, and why.
    """

    proven: int = 0
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def proven(manifest: Manifest, rows: Mapping[str, pl.DataFrame]) -> Proof:
    """Proves an export: `rows` holds those of its runs, by their ids, as `run.rows` does."""
    proof = Proof()
    root = manifest.path.parent.resolve()
    for named in manifest.files:
        file = _inside(root, named.path)
        if file is None:
            proof.findings.append(f"{named.path} is missing, or not a file below the manifest's folder")
            continue
        as_told = digest_of(file) == (named.sha256, named.bytes)
        if named.part is None:
            if not as_told:
                proof.notes.append(f"{named.path} was edited after it was written, and is not proven")
            continue
        if not as_told:
            proof.findings.append(f"{named.path} was changed after it was written: its digest is another")
        _prove(file, named, manifest, rows, proof)
    if manifest.format in FOLDERS:
        proof.findings += _strangers(root, manifest)
    return proof


def _inside(root: Path, path: str) -> Path | None:
    """The regular file of that path below the root; None where there is none, or it leads out of it."""
    try:
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except OSError:
        return None


def _strangers(root: Path, manifest: Manifest) -> list[str]:
    """Files among the data that the manifest does not name: whoever loads the folder loads them."""
    named = {file.path for file in manifest.files}
    there = [
        f"data/{file.name}" for file in sorted((root / "data").glob("*")) if not file.name.startswith(".")
    ]
    strange = [name for name in there if name not in named]
    return _few(f"{name} is not in {MANIFEST}, and would be loaded with the rows" for name in strange)


def _prove(
    file: Path, named: FileNamed, manifest: Manifest, rows: Mapping[str, pl.DataFrame], proof: Proof
) -> None:
    of_runs = [one for one in named.row_ids if one is not None]
    own = len(named.row_ids) - len(of_runs)
    if own:
        proof.notes.append(f"{named.path}: {own:,} of its rows are of no run that is known, and not proven")
    if manifest.format == "preference":
        proof.notes.append(f"{named.path} holds pairs: their lines were not compared with the run's rows")
        return
    if not of_runs or not any(one[:16] in rows for one in of_runs):
        return
    expected, wrong = _expected(named, manifest, rows)
    proof.findings += _few(f"{named.path}: {said}" for said in wrong)
    if missing := [
        name
        for name in manifest.options.metadata
        if any(name not in frame.columns for frame in rows.values())
    ]:
        proof.notes.append(
            f"{named.path}: its questions open with the column {missing[0]!r}, which is none of the run's; "
            "its lines were not compared"
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / f"again{file.suffix}"
        with again.open("xb") as opened:
            write_data(expected.drop(_LINE), manifest.format, opened)
        if expected.height == len(named.row_ids) and digest_of(again) == digest_of(file) and not own:
            proof.proven += expected.height
            return
        if file.stat().st_size > 3 * again.stat().st_size + _ROOM:
            proof.findings.append(f"{named.path} is far larger than its rows, and was not looked at further")
            return
        lines = expected[_LINE].to_list()
        _tell(compared(file, again, manifest.format, lines, named.row_ids), named, proof)


def _expected(
    named: FileNamed, manifest: Manifest, rows: Mapping[str, pl.DataFrame]
) -> tuple[pl.DataFrame, list[str]]:
    """A file's rows of runs as they are written, each with its place in it, and what is wrong with them."""
    import polars as pl

    order = pl.DataFrame(
        {"row_id": named.row_ids, _LINE: range(len(named.row_ids))}, schema_overrides={"row_id": pl.String()}
    )
    every = pl.concat(rows.values()).with_columns(pl.lit(value=True).alias(_THERE))
    frame = order.join(every, on="row_id", how="left", maintain_order="left", validate="m:1")
    frame = frame.select(*every.columns, _LINE)  # in the order in which a run's columns are written
    wrong = [
        f"row {one} is not in its run's file"
        for one in frame.filter(pl.col(_THERE).is_null())["row_id"].drop_nulls()
        if one[:16] in rows
    ]
    others = frame.filter(~pl.col("verdict").is_in(list(manifest.verdicts)))
    wrong += (
        f"row {one} is {verdict} in its run, and the manifest says that none but "
        f"{' and '.join(manifest.verdicts)} rows are there"
        for one, verdict in others.select("row_id", "verdict").iter_rows()
    )
    # what is of no run keeps its place: where metadata ends is told by how many rows there are
    stands_in = {name: pl.lit("-") for name in ("question", "response", "answer")}
    frame = frame.with_columns(
        pl.when(pl.col(_THERE).is_null()).then(text).otherwise(name).alias(name)
        for name, text in stands_in.items()
    )
    known = set(frame.columns)
    options = replace(
        manifest.options, metadata=tuple(name for name in manifest.options.metadata if name in known)
    )
    try:
        written, _ = as_written(frame, manifest.format, options, in_order=True)
    except ValueError as error:
        return frame.clear().drop(_THERE), [*wrong, str(error)]
    gone = frame.filter(pl.col(_THERE)).join(written, on=_LINE, how="anti")["row_id"]
    wrong += (f"row {one} is none that is exported: it is empty, or has no turns to learn" for one in gone)
    return written.filter(pl.col(_THERE)).drop(_THERE), wrong


def _tell(found: Differences, named: FileNamed, proof: Proof) -> None:
    proof.findings += _few(f"{named.path}{said}" for said in found.wrong)
    proof.proven += found.same
    if found.own:
        columns = ", ".join(map(repr, found.own))
        proof.notes.append(f"{named.path}: {columns} are none of the run's columns, and not proven")
    if found.lacking:
        columns = ", ".join(map(repr, found.lacking))
        proof.notes.append(f"{named.path}: it lacks the run's columns {columns}")
    whole = not (found.wrong or found.own or found.lacking or None in named.row_ids)
    if whole and Path(named.path).suffix != ".parquet":  # Parquet says the same in many ways
        proof.notes.append(f"{named.path} says what the run's rows say in other bytes, as of another version")


def _few(said: Iterable[str]) -> list[str]:
    every = list(said)
    rest = len(every) - _MOST
    return [*every[:_MOST], *([f"and {rest:,} more"] if rest > 0 else [])]
