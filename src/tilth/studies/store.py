"""What a study writes to its file beside its runs, and reads back: cells and their outcomes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.engine.file.digests import canonical
from tilth.engine.file.journal import Operation, now
from tilth.engine.file.queries import read_only
from tilth.engine.file.sums import sums
from tilth.errors import JournalError
from tilth.studies.frame import outcomes_schema, studies_schema

if TYPE_CHECKING:
    import polars as pl

Answer = tuple[str, str | None, bool]
"""A question's id, what the student answered, and whether it was right."""


def create_study(study_id: str, identity: Mapping[str, Any], settings: Mapping[str, Any]) -> Operation:
    """Writes a study, or the settings it was last started with."""

    def write(connection: sqlite3.Connection) -> None:
        at = now()
        connection.execute(
            "INSERT INTO studies VALUES (?, ?, ?, 'starting', NULL, ?, ?)"
            " ON CONFLICT (study_id) DO UPDATE SET settings = excluded.settings",
            (study_id, canonical(identity), canonical(settings), at, at),
        )

    return write


def save_cell(records: Sequence[Mapping[str, Any]], answers: Mapping[str, Sequence[Answer]]) -> Operation:
    """Writes a measured cell: a record of the study's frame and the outcomes for each test set."""

    def write(connection: sqlite3.Connection) -> None:
        for record in records:
            key = (record["study_id"], record["cell_id"], record["test"])
            connection.execute(
                "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?)",
                (*key, record["run_id"], canonical(record)),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?)",
                [(*key, question, answer, correct) for question, answer, correct in answers[record["test"]]],
            )

    return write


def head(path: Path) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The study in a file: its id, identity and settings."""
    with read_only(path) as connection:
        found = connection.execute("SELECT study_id, identity, settings FROM studies").fetchone()
    if found is None:
        raise JournalError(f"{path} holds no study; a run's file opens with tilth.open_run")
    study_id, identity, settings = found
    return study_id, json.loads(identity), json.loads(settings)


def cells(path: Path, study_id: str) -> pl.DataFrame:
    """The study's frame as far as it is measured, by seeds, strategy as the grid has them, ratio, replicate.

    Cells are measured side by side and come in as they end; in which order does not show in the frame.
    """
    import polars as pl

    with read_only(path) as connection:
        records = connection.execute(
            "SELECT record FROM cells WHERE study_id = ? ORDER BY rowid", (study_id,)
        ).fetchall()
    frame = pl.DataFrame([json.loads(record) for (record,) in records], schema=studies_schema())
    strategy = pl.col("strategy").cast(pl.Enum(frame["strategy"].unique(maintain_order=True)))
    return frame.sort("seeds", strategy, "ratio", "replicate", maintain_order=True)


def outcomes(path: Path, study_id: str, cell_id: str | None = None) -> pl.DataFrame:
    """The outcomes of all cells, or of one: by cell and test set, questions in the set's order."""
    import polars as pl

    with read_only(path) as connection:
        records = connection.execute(
            "SELECT cell_id, test, question_id, answer, correct FROM outcomes"
            " WHERE study_id = ?1 AND (?2 IS NULL OR cell_id = ?2) ORDER BY cell_id, test, rowid",
            (study_id, cell_id),
        ).fetchall()
    stored = {**outcomes_schema(), "correct": pl.Int64()}
    frame = pl.DataFrame(records, schema=stored, orient="row")
    return frame.with_columns(pl.col("correct").cast(pl.Boolean))


def counts(path: Path, study_id: str, *, live: bool) -> tuple[int, int]:
    """How many cells of a study are measured, and the queries of all its runs, those in doubt counted in.

    `live` says that it is at work: what is reserved is not in doubt then.
    """
    with read_only(path) as connection:
        [(cells,)] = connection.execute(
            "SELECT count(DISTINCT cell_id) FROM cells WHERE study_id = ?", (study_id,)
        )
        return cells, sums(connection, None, live=live).counted.queries
