"""What must hold between the tables of a run file, whatever strategy grew it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from tilth.engine.file.format.checksums import OF_REPLY, is_intact
from tilth.engine.file.format.digests import digest
from tilth.engine.file.format.sums import PAID

_VIEWS = f"""
CREATE TEMP VIEW IF NOT EXISTS paid AS SELECT l.*, (
    SELECT r.call FROM replies r WHERE r.run_id = l.run_id AND r.unit = l.unit AND r.role = l.role
        AND r.digest = l.digest AND r.n = l.n
) AS replied FROM {PAID} l
"""  # noqa: S608 - ours
"""Paid calls with the call whose reply stands at their address. That is a later one where a reply that was
cut off was asked again under a higher limit: it was replaced, and the call that paid for it stays."""

_RULES = {
    "the {1}'s reply {2} of unit {0} names call {3}, which did not settle at that address": """
SELECT r.unit, r.role, r.n, r.call FROM replies r LEFT JOIN ledger l ON l.call = r.call
    AND l.run_id = r.run_id AND l.unit = r.unit AND l.role = r.role AND l.digest = r.digest AND l.n = r.n
    AND l.state = CASE WHEN r.origin IS NULL THEN 'settled' ELSE 'reused' END
WHERE r.run_id = ? AND l.call IS NULL""",
    "call {0} of unit {1} was paid for, and its reply is not there": """
SELECT call, unit FROM paid WHERE run_id = ? AND (replied IS NULL OR replied < call)""",
    "call {0} is {1}, and counts {2} queries, {3} tokens and {4} nano-dollars": """
SELECT call, state, queries, prompt_tokens + completion_tokens, nano FROM ledger WHERE run_id = ?
    AND CASE WHEN state IN ('settled', 'reused')
        THEN queries <> 1 OR prompt_tokens < 0 OR completion_tokens < 0 OR nano < 0
        ELSE queries <> 0 OR prompt_tokens <> 0 OR completion_tokens <> 0 OR nano <> 0 END""",
    "call {0} to the {1} stands on the account {2!r}": """
SELECT call, role, account FROM ledger WHERE run_id = ?
    AND account <> CASE WHEN role IN ('judge', 'student') THEN role ELSE 'generation' END""",
    "call {0} is {1}, and reserves {2} queries": """
SELECT call, state, worst_queries FROM ledger WHERE run_id = ? AND worst_queries <> (state <> 'reused')""",
    "the request {0} belongs to no call": """
SELECT substr(digest, 1, 16) FROM (
    SELECT digest FROM requests WHERE run_id = ?1 EXCEPT SELECT digest FROM ledger WHERE run_id = ?1)""",
    "the request of call {0} is not there": """
SELECT l.call FROM ledger l LEFT JOIN requests q ON q.run_id = l.run_id AND q.digest = l.digest
WHERE l.run_id = ? AND q.digest IS NULL""",
    "unit {0} counts {1} queries, {2} tokens and {3} nano-dollars, and its calls {4}, {5} and {6}": """
SELECT u.unit, u.queries, u.tokens, u.nano, total(l.queries) AS q,
    total(l.tokens) AS t, total(l.nano) AS d,
    total(l.replied > l.call) AS replaced
FROM units u LEFT JOIN paid l ON l.run_id = u.run_id AND l.unit = u.unit WHERE u.run_id = ? GROUP BY u.unit
HAVING u.queries > q OR u.tokens > t OR u.nano > d
    OR (NOT replaced AND (u.queries < q OR u.tokens < t OR u.nano < d))""",
    "unit {0} counts {1} queries, {2} tokens and {3} nano-dollars, and its rows {4}, {5} and {6}": """
SELECT u.unit, u.queries, u.tokens, u.nano, total(w.queries) AS q,
    total(w.prompt_tokens + w.completion_tokens) AS t, total(w.nano) AS d
FROM units u JOIN rows w ON w.run_id = u.run_id AND w.unit = u.unit WHERE u.run_id = ?
GROUP BY u.unit HAVING u.queries <> q OR u.tokens <> t OR u.nano <> d""",
    "unit {0} is {1}, and has {2} rows": """
SELECT u.unit, u.outcome, count(w.unit) AS n FROM units u
LEFT JOIN rows w ON w.run_id = u.run_id AND w.unit = u.unit WHERE u.run_id = ?
GROUP BY u.unit HAVING (u.outcome = 'grown') <> (n > 0)""",
    "unit {0} has rows and no outcome": """
SELECT DISTINCT w.unit FROM rows w LEFT JOIN units u ON u.run_id = w.run_id AND u.unit = w.unit
WHERE w.run_id = ? AND u.unit IS NULL""",
    "units {1} stand at position {0} together": """
SELECT position, group_concat(unit, ' and ') FROM units WHERE run_id = ?
GROUP BY position HAVING count(*) > 1""",
}
"""What is told, and the query whose every row is such a case."""

_CELLS = """
SELECT c.cell_id, c.test, json_extract(c.record, '$.correct'), json_extract(c.record, '$.n_test'),
    total(o.correct), count(o.correct)
FROM cells c LEFT JOIN outcomes o USING (study_id, cell_id, test) GROUP BY c.study_id, c.cell_id, c.test
"""


def audit_file(file: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with the file as such, each in a line."""
    for (problem,) in file.execute("PRAGMA integrity_check(20)"):
        if problem != "ok":
            yield f"SQLite: {problem}"


_REPLIES = f"""
SELECT r.unit, r.role, r.n, r.checksum, {OF_REPLY}
FROM replies r JOIN ledger l USING (call) WHERE r.run_id = ?
"""  # noqa: S608 - ours

_OF_RUNS = ("seeds", "units", "rows")
_OF_EITHER = ("requests", "ledger", "replies", "decisions")
"""What runs have, and a study that asks its students."""
_OF_STUDIES = ("cells", "outcomes")
_MOST = 20
"""Records told of each kind that is missing."""

_LOST_CALLS = """
SELECT call - gap, call - 1 FROM (
    SELECT call, call - lag(call, 1, 0) OVER (ORDER BY call) - 1 AS gap FROM ledger
) WHERE gap > 0 LIMIT ?
"""
_LOST_ROWS = f"""
SELECT s.seq - count(w.arrival) FROM sqlite_sequence s LEFT JOIN rows w WHERE s.name = 'rows'
    AND NOT EXISTS (SELECT 1 FROM {PAID} l JOIN replies r ON r.run_id = l.run_id AND r.unit = l.unit
        AND r.role = l.role AND r.digest = l.digest AND r.n = l.n WHERE r.call > l.call)
GROUP BY s.seq
"""  # noqa: S608 - ours


def audit_books(file: sqlite3.Connection) -> Iterator[str]:
    """What is missing from the tables as a whole, or belongs to nothing in the file, each in a line."""
    runs, studies = "SELECT run_id FROM runs", "SELECT study_id FROM studies"
    for owner, key, ids, tables in (
        ("runs", "run_id", runs, _OF_RUNS),
        ("runs", "run_id", f"{runs} UNION ALL {studies}", _OF_EITHER),
        ("studies", "study_id", studies, _OF_STUDIES),
    ):
        for table in tables:
            strays = f"SELECT count(*) FROM {table} WHERE {key} NOT IN ({ids})"  # noqa: S608 - ours
            if count := file.execute(strays).fetchone()[0]:
                yield f"{table} holds {count} records of no {owner} of the file"
    for first, last in file.execute(_LOST_CALLS, (_MOST,)):  # SQLite counts up, and no entry is ever deleted
        lost = f"call {first} is" if last == first else f"calls {first} to {last} are"
        yield f"{lost} missing from the ledger"
    for (rows,) in file.execute(_LOST_ROWS):  # rows are deleted only where a reply of their unit is replaced
        if rows:
            yield f"{rows} rows are missing"


def audit_run(file: sqlite3.Connection, run_id: str) -> Iterator[str]:
    """What does not add up in a run, or in what the study of that id asked its students, each in a line."""
    file.executescript(_VIEWS)
    for told, query in _RULES.items():
        for found in file.execute(query, (run_id,)):
            yield told.format(*(int(v) if isinstance(v, float) else v for v in found))
    for unit, role, n, *kept in file.execute(_REPLIES, (run_id,)):
        if not is_intact(*kept):
            yield f"the {role}'s reply {n} of unit {unit} was changed, or what it cost"
    for key, body in file.execute("SELECT digest, body FROM requests WHERE run_id = ?", (run_id,)):
        try:
            same = digest(json.loads(body)) == key
        except ValueError:
            same = False
        if not same:
            yield f"the request {key[:16]} was changed: its digest is another"


def audit_study(file: sqlite3.Connection) -> Iterator[str]:
    """What of a study's cells does not agree with their outcomes, each in a line."""
    for cell, test, correct, count, right, outcomes in file.execute(_CELLS):
        if correct != int(right) or count != outcomes:
            yield (
                f"cell {cell} says {correct} of {count} right in {test}, and its outcomes "
                f"{int(right)} of {outcomes}"
            )
