"""Units that gave no row, each with the last reply that came for it: what there is to learn why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tilth.engine.file.queries import read_only

if TYPE_CHECKING:
    import polars as pl

_ROWLESS = """
SELECT u.unit, u.round, u.cause, u.reason, l.role, l.purpose, q.body, r.text, r.finish_reason, u.queries
FROM units u
LEFT JOIN ledger l ON l.call = (
    SELECT max(call) FROM ledger
    WHERE run_id = u.run_id AND unit = u.unit AND state IN ('settled', 'reused')
)
LEFT JOIN replies r ON r.run_id = u.run_id AND r.unit = u.unit AND r.role = l.role AND r.digest = l.digest
    AND r.n = l.n
LEFT JOIN requests q ON q.run_id = u.run_id AND q.digest = l.digest
WHERE u.run_id = ? AND u.outcome <> 'grown' ORDER BY u.unit
"""


def rowless(path: Path, run_id: str) -> pl.DataFrame:
    """The units of a run that ended without a row, by number."""
    import polars as pl

    schema = {
        "unit": pl.Int64(),
        "round": pl.Int32(),
        "cause": pl.String(),
        "reason": pl.String(),
        "role": pl.String(),
        "purpose": pl.String(),
        "prompt": pl.String(),
        "reply": pl.String(),
        "finish_reason": pl.String(),
        "queries": pl.Int32(),
    }
    with read_only(path) as file:
        found = file.execute(_ROWLESS, (run_id,)).fetchall()
        records = [(*record[:6], _prompt(record[6]), *record[7:]) for record in found]
        return pl.DataFrame(records, schema=schema, orient="row")


def _prompt(body: str | None) -> str | None:
    """The last message of a request."""
    return None if body is None else str(json.loads(body)["messages"][-1]["content"])
