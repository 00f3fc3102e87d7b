"""How good a run's rows are, as they come: verdicts and their reasons, what checks found, and the price."""

from __future__ import annotations

import dataclasses
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilth.engine.budget import NANO
from tilth.engine.reading import reading

_STATE = re.compile(r" \(state \d+\)$")
# Reasons that carry values are counted by what they say. First match wins.
_KINDS = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (r"judge: .*", "the judge's reply could not be used"),
        (r"\w[\w -]*: malformed after a correction.*", "a structured reply was malformed twice"),
        (r"judged [\d.]+ of 5", "judged too low"),
        (r"outvoted by \d+ of \d+ answers", "outvoted by other answers"),
        (r"no \d+ of \d+ answers agree", "no majority of answers agrees"),
        (r"(?:more than )?[\d,]+ (?:row|column)s?(?:, not [\d,]+)?", "another number of rows or columns"),
        (r"(?!the |no |not ).* is not .*", "another answer than the reference's"),
    )
)

_ROWS = "SELECT verdict, reason, count(*) FROM rows WHERE run_id = ? GROUP BY verdict, reason"
_ROWLESS = """
SELECT coalesce(reason, outcome), count(*) FROM units WHERE run_id = ? AND outcome <> 'grown' GROUP BY 1
"""
_VOTES = """
SELECT json_extract(extra, '$.checks.agreement.stands') AS stands,
    json_extract(extra, '$.checks.agreement.votes') AS votes,
    json_extract(extra, '$.checks.agreement.agreeing') AS agreeing, count(DISTINCT "group")
FROM rows WHERE run_id = ? AND stands IS NOT NULL GROUP BY stands, votes, agreeing
"""
_SCORES = """
SELECT found.key, found.value, count(*) FROM rows, json_each(rows.extra, '$.checks.judge') AS found
WHERE run_id = ? AND found.type = 'integer' GROUP BY 1, 2 ORDER BY min(found.id), 2
"""
_ASKED = """
SELECT found.key, count(*) FROM rows, json_each(rows.extra, '$.checks') AS found WHERE run_id = ? GROUP BY 1
"""
_SPENT = """
SELECT account, total(CASE state WHEN 'settled' THEN queries ELSE worst_queries END),
    total(CASE state WHEN 'settled' THEN nano ELSE worst_nano END)
FROM ledger WHERE run_id = ? AND state IN ('settled', 'in doubt', 'reserved') GROUP BY account
"""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What asking several answers came to.

    Attributes:
        questions: Questions that were voted on.
        by_share: How many of them by share of answers that agreed, such as "2 of 3", and under "no majority".
    """

    questions: int
    by_share: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a run's rows are. All of it is measured, from the run's file.

    Attributes:
        accepted: Rows accepted; `rejected` and `unverified` likewise.
        rejected_by: Rejected rows by reason, most frequent first; reasons that carry values go by their kind.
        unverified_by: Unverified rows by reason.
        rowless_by: Units that were paid for and gave no row, by reason.
        queries: Queries spent by account, "generation" and "judge", those in doubt at their worst case.
        usd: US dollars spent, or None where a price is unknown.
        queries_per_accepted: All queries for each accepted row; None without one.
        usd_per_accepted: All dollars for each accepted row; None without one, or where a price is unknown.
        agreement: What voting came to; None where nothing was voted on.
        scores: A judge's scores: by criterion, how many rows had 1, 2, 3, 4 and 5; empty without a judge.
        checks: By check that asked, how many rows it looked at.
    """

    accepted: int
    rejected: int
    unverified: int
    rejected_by: Mapping[str, int]
    unverified_by: Mapping[str, int]
    rowless_by: Mapping[str, int]
    queries: Mapping[str, int]
    usd: float | None
    queries_per_accepted: float | None
    usd_per_accepted: float | None
    agreement: Agreed | None
    scores: Mapping[str, tuple[int, ...]]
    checks: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """All of it by name, as JSON holds it."""
        return dataclasses.asdict(self)


def quality(path: Path, run_id: str, *, priced: bool) -> Quality:
    """Reads a run's quality from its file, live or not; `priced` says whether dollars are known."""
    with reading(path) as file:
        return _quality(file, run_id, priced=priced)


def _quality(file: sqlite3.Connection, run_id: str, *, priced: bool) -> Quality:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return file.execute(query, (run_id,)).fetchall()

    by_verdict: dict[str, Counter[str]] = {name: Counter() for name in ("accepted", "rejected", "unverified")}
    for verdict, reason, n in rows(_ROWS):
        by_verdict[verdict][_kind(reason)] += n
    accepted = by_verdict["accepted"].total()
    spent = rows(_SPENT)
    queries = {account: int(count) for account, count, _ in spent}
    usd = sum(nano for *_, nano in spent) / NANO if priced else None
    return Quality(
        accepted=accepted,
        rejected=by_verdict["rejected"].total(),
        unverified=by_verdict["unverified"].total(),
        rejected_by=dict(by_verdict["rejected"].most_common()),
        unverified_by=dict(by_verdict["unverified"].most_common()),
        rowless_by=dict(Counter(dict(rows(_ROWLESS))).most_common()),
        queries=queries,
        usd=usd,
        queries_per_accepted=sum(queries.values()) / accepted if accepted else None,
        usd_per_accepted=None if usd is None or not accepted else usd / accepted,
        agreement=_agreed(rows(_VOTES)),
        scores=_scores(rows(_SCORES)),
        checks=dict(rows(_ASKED)),
    )


def _kind(reason: str | None) -> str:
    if reason is None:
        return ""
    said = _STATE.sub("", reason)  # on which of several databases it was seen
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(said)), said)


def _agreed(found: list[tuple[Any, ...]]) -> Agreed | None:
    shares: Counter[str] = Counter()
    for stands, votes, agreeing, groups in found:
        if stands == "with":
            shares[f"{agreeing} of {votes}"] += groups
        elif stands == "alone":
            shares["no majority"] += groups
    return Agreed(shares.total(), dict(sorted(shares.items()))) if shares else None


def _scores(found: list[tuple[Any, ...]]) -> dict[str, tuple[int, ...]]:
    scores: dict[str, list[int]] = {}
    for criterion, score, n in found:
        scores.setdefault(criterion, [0] * 5)[score - 1] += n
    return {criterion: tuple(counts) for criterion, counts in scores.items()}
