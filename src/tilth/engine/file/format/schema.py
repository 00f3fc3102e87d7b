"""The tables of a `.tilth` file, and the frame of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

APPLICATION_ID = 0x54494C54
"""Marks a SQLite file as ours: "TILT"."""

VERSION = 2
"""Raised whenever a table changes; a file of an older version migrates, of a newer one is refused.

2: rows and units have a cause; studies have a status, a reason, and when they last changed.
"""

TABLES = """
CREATE TABLE runs (
    -- In all tables, times are microseconds since 1970, UTC, and nano is nano-dollars, 0 where unknown.
    run_id TEXT PRIMARY KEY,     -- the first 16 hex digits of the identity's digest
    identity TEXT NOT NULL,      -- JSON: all that decides the rows; another identity is another run
    settings TEXT NOT NULL,      -- JSON: what it was last started with beside that: budget, limits, plan ...
    status TEXT NOT NULL,        -- starting, running, then finished, stopped, aborted or failed
    reason TEXT,                 -- why it stands so, for people
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE holder ( -- The process that writes the file; empty where none does.
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    since INTEGER NOT NULL
);
CREATE TABLE studies (
    study_id TEXT PRIMARY KEY,   -- the first 16 hex digits of the identity's digest
    identity TEXT NOT NULL,      -- JSON: all that decides the cells; its runs stand in "runs"
    settings TEXT NOT NULL,      -- JSON: what it was last started with beside that
    status TEXT NOT NULL,        -- as a run's
    reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE cells ( -- A measured cell, once for each test set.
    study_id TEXT NOT NULL,
    cell_id TEXT NOT NULL,
    test TEXT NOT NULL,          -- the test set's name
    run_id TEXT,                 -- the run whose rows the student was trained on
    record TEXT NOT NULL,        -- JSON: the cell's line in the study's frame
    PRIMARY KEY (study_id, cell_id, test)
);
CREATE TABLE outcomes ( -- What a cell's student answered to each question of a test set.
    study_id TEXT NOT NULL,
    cell_id TEXT NOT NULL,
    test TEXT NOT NULL,
    question_id TEXT NOT NULL,
    answer TEXT,
    correct INTEGER NOT NULL,    -- 1 or 0
    PRIMARY KEY (study_id, cell_id, test, question_id)
);
CREATE TABLE seeds (
    run_id TEXT NOT NULL,
    position INTEGER NOT NULL,   -- from 0, in the order they were given
    seed_id TEXT NOT NULL,
    question TEXT NOT NULL,
    reference TEXT,
    extra TEXT,                  -- JSON: the source's other columns
    PRIMARY KEY (run_id, position)
) WITHOUT ROWID;
CREATE TABLE requests ( -- What was asked, once for however many calls.
    run_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL,          -- canonical JSON: messages, model, sampling, response format
    PRIMARY KEY (run_id, digest)
) WITHOUT ROWID;
CREATE TABLE ledger ( -- Every call that was reserved. A call's address is run, unit, role, digest and n.
    -- What a study asks of its students stands under the study's id, and its unit is the test question.
    call INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    account TEXT NOT NULL,       -- whose money: generation, judge or student
    purpose TEXT NOT NULL,       -- what the prompt is for: answer, rephrase ...
    unit INTEGER NOT NULL,       -- -1: preparing the run
    role TEXT NOT NULL,          -- who was asked: writer, teacher, judge or student
    digest TEXT NOT NULL,        -- of the request
    n INTEGER NOT NULL,          -- counts identical requests of a role inside the unit, from 0
    state TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'freed', 'in doubt', 'reused')),
    worst_queries INTEGER NOT NULL, -- what was reserved; counts while in doubt
    worst_tokens INTEGER NOT NULL,
    worst_nano INTEGER NOT NULL,
    queries INTEGER NOT NULL DEFAULT 0, -- what it cost, once settled; elsewhere, where reused
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    nano INTEGER NOT NULL DEFAULT 0,
    estimated INTEGER NOT NULL DEFAULT 0, -- 1: the server told no usage
    attempts INTEGER NOT NULL DEFAULT 1,  -- tries it took, failed ones with it
    created_at INTEGER NOT NULL
);
CREATE INDEX ledger_by_unit ON ledger (run_id, unit);
CREATE TABLE replies ( -- The reply that stands at an address.
    run_id TEXT NOT NULL,
    unit INTEGER NOT NULL,
    role TEXT NOT NULL,
    digest TEXT NOT NULL,
    n INTEGER NOT NULL,
    call INTEGER NOT NULL,       -- the call that paid for it
    text TEXT NOT NULL,
    refusal TEXT,                -- what the model said where it refused
    finish_reason TEXT,          -- as the server told it; ours: error, malformed, too-large
    model TEXT,                  -- as the server named it
    max_tokens INTEGER NOT NULL, -- its limit; a reply that was cut off is asked again under a higher one
    seconds REAL NOT NULL,
    created_at INTEGER NOT NULL,
    origin TEXT,                 -- run:call that paid for it in another file; NULL for here
    checksum TEXT NOT NULL,      -- of the text
    PRIMARY KEY (run_id, unit, role, digest, n)
) WITHOUT ROWID;
CREATE TABLE decisions ( -- Results of work that is no call, such as a draw or whether two answers agree.
    run_id TEXT NOT NULL,
    unit INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,         -- JSON: the value, and the addresses that were asked to reach it
    PRIMARY KEY (run_id, unit, key)
) WITHOUT ROWID;
CREATE TABLE units ( -- Units that have ended.
    run_id TEXT NOT NULL,
    unit INTEGER NOT NULL,
    position INTEGER NOT NULL,   -- from 0, in the order of admission
    round INTEGER NOT NULL,
    outcome TEXT NOT NULL,       -- grown, rowless, or failed: an endpoint refused it for good
    cause TEXT,                  -- why it has no row, in a word for machines; NULL where grown
    reason TEXT,                 -- the same for people
    worst_queries INTEGER NOT NULL, -- the most it could cost when it was admitted
    worst_tokens INTEGER NOT NULL,
    worst_nano INTEGER NOT NULL,
    queries INTEGER NOT NULL,    -- what its replies cost
    tokens INTEGER NOT NULL,
    nano INTEGER NOT NULL,
    PRIMARY KEY (run_id, unit)
) WITHOUT ROWID;
CREATE TABLE rows ( -- Training examples with their verdicts.
    arrival INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they came
    run_id TEXT NOT NULL,
    unit INTEGER NOT NULL,
    "index" INTEGER NOT NULL,    -- from 0, within its unit
    seed_id TEXT NOT NULL,
    strategy TEXT NOT NULL,
    round INTEGER NOT NULL,
    task TEXT NOT NULL,
    kind TEXT NOT NULL,          -- sft: a question and a response
    question TEXT NOT NULL,
    response TEXT NOT NULL,
    messages TEXT,               -- JSON: the conversation, where it has more than one turn
    answer TEXT,                 -- what was read from the response, in the task's normal form
    reference TEXT,
    verdict TEXT NOT NULL,       -- accepted, rejected or unverified
    cause TEXT,                  -- why it is not accepted, in a word for machines; NULL where it is
    reason TEXT,                 -- the same for people
    score REAL,                  -- 0 to 1
    "group" TEXT,                -- names rows that belong together
    parents TEXT NOT NULL,       -- JSON: ids of the seeds it came from
    queries INTEGER NOT NULL,    -- what its unit cost, on the unit's first row; else 0
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    nano INTEGER,                -- NULL where a price was unknown
    seconds REAL NOT NULL,       -- that its unit's calls took, on the first row
    writer TEXT NOT NULL,
    teacher TEXT NOT NULL,
    reused INTEGER NOT NULL,     -- 1: a reply of its unit came from another file
    created_at INTEGER NOT NULL,
    extra TEXT NOT NULL,         -- JSON: what its strategy and its checks kept
    span_start INTEGER,          -- where the answer stands in the response, in characters
    span_end INTEGER,
    UNIQUE (run_id, unit, "index")
);
"""
"""The tables. Their comments stay in the file, for whoever opens it with another tool."""

SELECT_ROWS = """
SELECT arrival, run_id, run_id || ':' || unit || ':' || "index" AS row_id, unit, "index", seed_id, strategy,
    round, task, kind, question, response, messages, answer, reference, verdict, cause, reason, score,
    "group", parents, queries, prompt_tokens, completion_tokens, nano / 1e9 AS usd, seconds, writer, teacher,
    reused, created_at, extra
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
        "cause": text,
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


_LAST_MOMENT = 253_402_300_799_999_999
"""The end of the year 9999, in microseconds since 1970: the last that Python knows."""


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
    if not frame["created_at"].is_between(0, _LAST_MOMENT).all():  # Polars panics where it shows such a time
        raise ValueError("a row's created_at is no time")
    return frame.with_columns(
        pl.col("messages").str.json_decode(wanted["messages"]),
        pl.col("parents").str.json_decode(wanted["parents"]),
        pl.col("reused").cast(pl.Boolean),
        pl.from_epoch("created_at", time_unit="us").dt.replace_time_zone("UTC").alias("created_at"),
    )
