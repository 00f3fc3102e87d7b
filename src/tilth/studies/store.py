"""What a study writes to its file beside its runs, and what is read back of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.engine.file.format.digests import canonical
from tilth.engine.file.format.sums import Sums, sums
from tilth.engine.file.journal import Operation, now
from tilth.engine.file.queries import read_only
from tilth.errors import JournalError
from tilth.studies.base_lines import BASE_LINES
from tilth.studies.frame import outcomes_schema, studies_schema
from tilth.studies.options import OPTIONS, with_options

if TYPE_CHECKING:
    import polars as pl

Answer = tuple[str, str | None, bool]
"""A question's id, what the student answered, and whether it was right."""


@dataclass(frozen=True)
class StudyRecord:
    """A study as its file holds it: who it is, how it was last started, and where it stands."""

    study_id: str
    identity: Mapping[str, Any]
    settings: Mapping[str, Any]
    status: str
    reason: str | None


@dataclass(frozen=True)
class Totals:
    """What a study's file adds up to.

    Attributes:
        cells: Cells that are measured.
        runs: Runs that have grown to their end.
        booked: What all runs spent, and what is in doubt.
    """

    cells: int
    runs: int
    booked: Sums


def create_study(study_id: str, identity: Mapping[str, Any], settings: Mapping[str, Any]) -> Operation:
    """Writes a study, or the settings it was last started with; gives the seconds it has worked so far."""

    def write(connection: sqlite3.Connection) -> float:
        at = now()
        stored = connection.execute("SELECT settings FROM studies WHERE study_id = ?", (study_id,)).fetchone()
        seconds = 0.0 if stored is None else float(json.loads(stored[0]).get("seconds", 0.0))
        told = canonical({**settings, "seconds": seconds})
        connection.execute(
            "INSERT INTO studies (study_id, identity, settings, status, reason, created_at, updated_at)"
            " VALUES (?, ?, ?, 'starting', NULL, ?, ?) ON CONFLICT (study_id) DO UPDATE SET"
            " settings = excluded.settings, status = excluded.status, reason = NULL,"
            " updated_at = excluded.updated_at",
            (study_id, canonical(identity), told, at, at),
        )
        return seconds

    return write


def set_status(study_id: str, status: str, reason: str | None, seconds: float) -> Operation:
    """Writes where a study stands, and the seconds it has worked in all its sittings."""
    return lambda c: c.execute(
        "UPDATE studies SET status = ?, reason = ?, settings = json_set(settings, '$.seconds', ?),"
        " updated_at = ? WHERE study_id = ?",
        (status, reason, seconds, now(), study_id),
    )


def save_cell(records: Sequence[Mapping[str, Any]], answers: Mapping[str, Sequence[Answer]]) -> Operation:
    """Writes a measured cell: a record of the study's frame and the outcomes for each test set.

    It takes the place of the same cell where that was measured before it was complete; one that is complete
    is never replaced.
    """

    def write(connection: sqlite3.Connection) -> None:
        for record in records:
            key = (record["study_id"], record["cell_id"], record["test"])
            written = connection.execute(
                "INSERT INTO cells (study_id, cell_id, test, run_id, record) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (study_id, cell_id, test) DO UPDATE"
                " SET run_id = excluded.run_id, record = excluded.record"
                " WHERE NOT json_extract(cells.record, '$.complete')",
                (*key, record["run_id"], canonical(record)),
            ).rowcount
            if written != 1:
                raise JournalError(f"cell {key[1]} is measured on {key[2]!r} already; it was left as it is")
            connection.execute("DELETE FROM outcomes WHERE study_id = ? AND cell_id = ? AND test = ?", key)
            connection.executemany(
                "INSERT INTO outcomes (study_id, cell_id, test, question_id, answer, correct)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [(*key, question, answer, correct) for question, answer, correct in answers[record["test"]]],
            )

    return write


def record_of(path: Path) -> StudyRecord:
    """The study in a file."""
    with read_only(path) as connection:
        found = connection.execute(
            "SELECT study_id, identity, settings, status, reason FROM studies"
        ).fetchone()
    if found is None:
        raise JournalError(f"{path} holds no study; a run's file opens with tilth.open_run")
    study_id, identity, settings, status, reason = found
    return StudyRecord(study_id, json.loads(identity), json.loads(settings), status, reason)


def cells(path: Path, study_id: str, *, base_lines: bool = False) -> pl.DataFrame:
    """The study's frame, or its base lines: by seeds, strategy, ratio, replicate and student.

    Strategies and students stand as the grid has them. Cells are measured side by side and come in as they
    end; in which order does not show in the frame.
    """
    import polars as pl

    with read_only(path) as connection:
        records = connection.execute(
            "SELECT record FROM cells WHERE study_id = ?"
            " AND (json_extract(record, '$.strategy') IN (SELECT value FROM json_each(?))) = ?"
            " ORDER BY rowid",
            (study_id, json.dumps(BASE_LINES), base_lines),
        ).fetchall()
        [(stored,)] = connection.execute("SELECT settings FROM studies WHERE study_id = ?", (study_id,))
    settings = json.loads(stored)
    given = {
        "strategy": [(identity["name"], options) for identity, options in settings.get("options", ())],
        "student": [tuple(student) for student in settings.get("students", ())],
    }
    frame = with_options(pl.DataFrame([json.loads(record) for (record,) in records], schema=studies_schema()))
    for owner, column in OPTIONS.items():
        known = dict.fromkeys([*given[owner], *frame.select(owner, column).iter_rows()])
        places = {line: place for place, line in enumerate(known)}
        order = [places[line] for line in frame.select(owner, column).iter_rows()]
        frame = frame.with_columns(pl.Series(f"{owner} order", order, dtype=pl.Int64))
    by = ["seeds", "strategy order", "ratio", "replicate", "student order", "seed_rows", "check"]
    return frame.sort(by, maintain_order=True).drop("strategy order", "student order")


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


def complete_cells(path: Path, study_id: str) -> set[str]:
    """The ids of cells that are measured and complete."""
    with read_only(path) as connection:
        found = connection.execute(
            "SELECT DISTINCT cell_id FROM cells WHERE study_id = ? AND json_extract(record, '$.complete')",
            (study_id,),
        )
        return {cell_id for (cell_id,) in found}


def totals(path: Path, study_id: str, *, live: bool) -> Totals:
    """What the file adds up to, for all runs in it are the study's; `live` where it is at work."""
    with read_only(path) as connection:
        [(cells, runs)] = connection.execute(
            "SELECT (SELECT count(DISTINCT cell_id) FROM cells WHERE study_id = ?),"
            " (SELECT count(*) FROM runs WHERE status = 'finished')",
            (study_id,),
        )
        return Totals(cells, runs, sums(connection, None, live=live))


def runs(path: Path) -> list[tuple[str, dict[str, Any], str]]:
    """The study's runs in the order in which they were begun: id, identity, and where they stand."""
    with read_only(path) as connection:
        found = connection.execute("SELECT run_id, identity, status FROM runs ORDER BY created_at, run_id")
        return [(run_id, json.loads(identity), status) for run_id, identity, status in found]


def origins(connection: sqlite3.Connection) -> list[str]:
    """Where the replies of other files came from, in all runs of the file."""
    found = connection.execute("SELECT origin FROM replies WHERE origin IS NOT NULL")
    return [origin for (origin,) in found]
