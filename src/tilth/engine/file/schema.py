"""The tables of a `.tilth` file, and the frame of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

APPLICATION_ID = 0x54494C54
"""Marks a SQLite file as ours: "TILT"."""

VERSION = 1
"""Raised whenever a table changes; a file of an older version migrates, of a newer one is refused."""

TABLES = """
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, identity TEXT NOT NULL, settings TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE holder (pid INTEGER NOT NULL, host TEXT NOT NULL, since INTEGER NOT NULL);
CREATE TABLE studies (
    study_id TEXT PRIMARY KEY, identity TEXT NOT NULL, settings TEXT NOT NULL, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE cells (
    study_id TEXT NOT NULL, cell_id TEXT NOT NULL, test TEXT NOT NULL, run_id TEXT, record TEXT NOT NULL,
    PRIMARY KEY (study_id, cell_id, test)
);
CREATE TABLE outcomes (
    study_id TEXT NOT NULL, cell_id TEXT NOT NULL, test TEXT NOT NULL, question_id TEXT NOT NULL, answer TEXT,
    correct INTEGER NOT NULL, PRIMARY KEY (study_id, cell_id, test, question_id)
);
CREATE TABLE seeds (
    run_id TEXT NOT NULL, position INTEGER NOT NULL, seed_id TEXT NOT NULL, question TEXT NOT NULL,
    reference TEXT, extra TEXT, PRIMARY KEY (run_id, position)
) WITHOUT ROWID;
CREATE TABLE requests (
    run_id TEXT NOT NULL, digest TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, digest)
) WITHOUT ROWID;
CREATE TABLE ledger (
    call INTEGER PRIMARY KEY, run_id TEXT NOT NULL, account TEXT NOT NULL, purpose TEXT NOT NULL,
    unit INTEGER NOT NULL, role TEXT NOT NULL, digest TEXT NOT NULL, n INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'freed', 'in doubt', 'reused')),
    worst_queries INTEGER NOT NULL, worst_tokens INTEGER NOT NULL, worst_nano INTEGER NOT NULL,
    queries INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0, nano INTEGER NOT NULL DEFAULT 0,
    estimated INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL
);
CREATE INDEX ledger_by_unit ON ledger (run_id, unit);
CREATE TABLE replies (
    run_id TEXT NOT NULL, unit INTEGER NOT NULL, role TEXT NOT NULL, digest TEXT NOT NULL, n INTEGER NOT NULL,
    call INTEGER NOT NULL, text TEXT NOT NULL, refusal TEXT, finish_reason TEXT, model TEXT,
    max_tokens INTEGER NOT NULL, seconds REAL NOT NULL, created_at INTEGER NOT NULL,
    origin TEXT, checksum TEXT NOT NULL, PRIMARY KEY (run_id, unit, role, digest, n)
) WITHOUT ROWID;
CREATE TABLE decisions (
    run_id TEXT NOT NULL, unit INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (run_id, unit, key)
) WITHOUT ROWID;
CREATE TABLE units (
    run_id TEXT NOT NULL, unit INTEGER NOT NULL, position INTEGER NOT NULL, round INTEGER NOT NULL,
    outcome TEXT NOT NULL, reason TEXT,
    worst_queries INTEGER NOT NULL, worst_tokens INTEGER NOT NULL, worst_nano INTEGER NOT NULL,
    queries INTEGER NOT NULL, tokens INTEGER NOT NULL, nano INTEGER NOT NULL,
    PRIMARY KEY (run_id, unit)
) WITHOUT ROWID;
CREATE TABLE rows (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, unit INTEGER NOT NULL,
    "index" INTEGER NOT NULL, seed_id TEXT NOT NULL, strategy TEXT NOT NULL, round INTEGER NOT NULL,
    task TEXT NOT NULL, kind TEXT NOT NULL, question TEXT NOT NULL, response TEXT NOT NULL, messages TEXT,
    answer TEXT, reference TEXT, verdict TEXT NOT NULL, reason TEXT, score REAL, "group" TEXT,
    parents TEXT NOT NULL, queries INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, nano INTEGER, seconds REAL NOT NULL, writer TEXT NOT NULL,
    teacher TEXT NOT NULL, reused INTEGER NOT NULL, created_at INTEGER NOT NULL, extra TEXT NOT NULL,
    span_start INTEGER, span_end INTEGER, UNIQUE (run_id, unit, "index")
);
"""

SELECT_ROWS = """
SELECT arrival, run_id, run_id || ':' || unit || ':' || "index" AS row_id, unit, "index", seed_id, strategy,
    round, task, kind, question, response, messages, answer, reference, verdict, reason, score, "group",
    parents, queries, prompt_tokens, completion_tokens, nano / 1e9 AS usd, seconds, writer, teacher, reused,
    created_at, extra
FROM rows
"""


def rows_schema() -> dict[str, pl.DataType]:
    """Column names and types of a frame of rows; they hold from the first release on."""
    import polars as pl

    text, whole, small, real = pl.String(), pl.Int64(), pl.Int32(), pl.Float64()
    return {
        "run_id": text,
        "row_id": text,
        "unit": whole,
        "index": small,
        "seed_id": text,
        "strategy": text,
        "round": small,
        "task": text,
        "kind": text,
        "question": text,
        "response": text,
        "messages": pl.List(pl.Struct({"role": pl.String(), "content": pl.String()})),
        "answer": text,
        "reference": text,
        "verdict": text,
        "reason": text,
        "score": real,
        "group": text,
        "parents": pl.List(pl.String()),
        "queries": small,
        "prompt_tokens": whole,
        "completion_tokens": whole,
        "usd": real,
        "seconds": real,
        "writer": text,
        "teacher": text,
        "reused": pl.Boolean(),
        "created_at": pl.Datetime("us", "UTC"),
        "extra": text,
    }


def frame_of(records: list[tuple[Any, ...]]) -> pl.DataFrame:
    """A frame of rows, with their `arrival` first, from what `SELECT_ROWS` gives."""
    import polars as pl

    wanted: dict[str, pl.DataType] = {"arrival": pl.Int64(), **rows_schema()}
    stored: dict[str, pl.DataType] = {
        **wanted,
        "messages": pl.String(),
        "parents": pl.String(),
        "reused": pl.Int64(),
        "created_at": pl.Int64(),
    }
    frame = pl.DataFrame(records, schema=stored, orient="row")
    return frame.with_columns(
        pl.col("messages").str.json_decode(wanted["messages"]),
        pl.col("parents").str.json_decode(wanted["parents"]),
        pl.col("reused").cast(pl.Boolean),
        pl.from_epoch("created_at", time_unit="us").dt.replace_time_zone("UTC").alias("created_at"),
    )
