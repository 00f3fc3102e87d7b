"""Stored rows checked anew when a run goes on with another mode of checking; nothing is asked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from tilth.engine.file.journal import Operation
from tilth.engine.growing.replies import reply_of, unusable
from tilth.engine.growing.rows import NOT_CHECKED, OWN_SCORE, cause_of, verdict_of
from tilth.strategies.base import Candidate
from tilth.strategies.check import Check
from tilth.tasks.base import Task

_BATCH = 256

# The reply a response is, where it is one as it came: what was wrong with it is no part of its row.
_ROWS = """
SELECT w.arrival, w.question, w.response, w.reference, w.extra, r.call AS reply, r.finish_reason, r.refusal
FROM rows w LEFT JOIN replies r ON r.run_id = w.run_id AND r.unit = w.unit AND r.text = w.response
WHERE w.run_id = ? AND w.arrival > ? AND (? OR (w.verdict = 'unverified' AND w.cause IS ?) = ?)
GROUP BY w.arrival ORDER BY w.arrival LIMIT ?
"""


def to_check(run_id: str, after: int, *, checked: bool, every: bool) -> Operation:
    """Gives rows that arrived after number `after` and are to be checked anew, some at a time.

    `every` gives all of them; else those that are checked and should not be, or the other way round.
    """

    def read(connection: sqlite3.Connection) -> list[dict[str, Any]]:
        cursor = connection.execute(_ROWS, (run_id, after, every, NOT_CHECKED, checked, _BATCH))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, record, strict=True)) for record in cursor]

    return read


def check_again(
    row: Mapping[str, Any], task: Task, checks: Sequence[Check], *, checked: bool
) -> dict[str, Any]:
    """The columns of a row of `to_check` as they are to be."""
    why = None
    if row["reply"] is not None:
        why = unusable(row["finish_reason"], row["refusal"], row["response"])
    response = reply_of(row["response"], why)
    extra = json.loads(row["extra"])
    candidate = Candidate(row["question"], response, row["reference"], extra=extra)
    verdict = verdict_of(candidate, task, checks, checked=checked)
    span = verdict.span or (None, None)
    return {
        "answer": verdict.answer,
        "verdict": verdict.verdict,
        "cause": cause_of(verdict),
        "reason": verdict.reason,
        "score": extra.get(OWN_SCORE, verdict.score),
        "span_start": span[0],
        "span_end": span[1],
        "arrival": row["arrival"],
    }


def set_verdicts(verdicts: Sequence[Mapping[str, Any]]) -> Operation:
    """Writes what `check_again` gave."""
    return lambda connection: connection.executemany(
        "UPDATE rows SET answer = :answer, verdict = :verdict, cause = :cause, reason = :reason,"
        " score = :score, span_start = :span_start, span_end = :span_end WHERE arrival = :arrival",
        verdicts,
    )
