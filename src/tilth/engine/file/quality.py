"""How good a run's rows are, as they come: verdicts and their reasons, what checks found, and the price."""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilth.engine.budget import NANO
from tilth.engine.file.queries import read_only
from tilth.engine.file.sums import Sums, sums_by_account

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
        (r"question of [\d,]+ characters; at most [\d,]+ are taken", "the question is too long"),
        (r"(?:more than )?[\d,]+ (?:row|column)s?(?:, not [\d,]+)?", "another number of rows or columns"),
    )
)
# This kind has about as many wordings as rows, too many to bring out of the file and read one by one.
_SAID = """
CASE WHEN reason LIKE '% is not %' AND reason NOT LIKE 'the %' AND reason NOT LIKE 'no %'
        AND reason NOT LIKE 'not %'
    THEN 'another answer than the reference''s' ELSE reason END AS reason
"""
_OTHER = "other reasons"
_MOST_REASONS = 20
"""Reasons that are told apart, the most frequent; the rest are counted together."""

_ROWLESS = """
SELECT coalesce(reason, outcome), count(*) FROM units WHERE run_id = ? AND outcome <> 'grown' GROUP BY 1
"""
_VOTES = """
SELECT stands, agreeing, votes, count(*) FROM (
    SELECT DISTINCT "group", stands, agreeing, votes FROM found WHERE stands IN ('with', 'alone')
) WHERE typeof(votes) = 'integer' AND typeof(agreeing) = 'integer' AND votes > 0 GROUP BY 1, 2, 3
"""

# What each check that asks once more has found, as SQL reads its part of a row: 1 where it did not pass, and
# where its reply could not be read.
_ASKED = {
    "re-solve": (
        "json_extract(extra, '$.checks.re-solve.agrees') = 0",
        "json_extract(extra, '$.checks.re-solve.answer') IS NULL",
    ),
    "answerable": (
        "json_extract(extra, '$.checks.answerable.answerable') = 0",
        "json_type(extra, '$.checks.answerable.problem') IS NOT NULL",
    ),
}


@dataclass(frozen=True, slots=True)
class Agreed:
    """What asking several answers came to.

    Attributes:
        questions: Questions that were voted on.
        by_share: How many of them by share of answers that agreed, such as "2 of 3", and under "no majority".
        mean_share: Mean share of a question's answers that agree with each other most, 0 to 1.
    """

    questions: int
    by_share: Mapping[str, int]
    mean_share: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge made of the rows.

    Attributes:
        rows: Rows it gave scores.
        malformed: Rows whose judgement could not be used, again after a correction.
        scores: By criterion, how many rows had 1, 2, 3, 4 and 5.
        means: By criterion, the mean score, 1 to 5.
    """

    rows: int
    malformed: int
    scores: Mapping[str, tuple[int, ...]]
    means: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking once more about rows.

    Attributes:
        rows: Rows that were asked about.
        failed: Those that did not pass: another answer, or a question that cannot be answered.
        unread: Those about which the reply could not be read.
    """

    rows: int
    failed: int
    unread: int


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a run's rows are. All of it is measured, from the run's file.

    Attributes:
        accepted: Rows accepted; `rejected` and `unverified` likewise.
        rejected_by: Rejected rows by reason, most frequent first; reasons that carry values go by their kind,
            and all but the first 20 under "other reasons".
        unverified_by: Unverified rows by reason, likewise.
        rowless_by: Units that were paid for and gave no row, by reason, likewise.
        queries: Queries settled by account, "generation" and "judge".
        in_doubt: Queries in doubt, at their worst case; beside `queries`.
        usd: US dollars spent, those in doubt with them, or None where a price is unknown.
        queries_per_accepted: All queries, those in doubt with them, for each accepted row; None without one.
        usd_per_accepted: All dollars for each accepted row; None without one, or where a price is unknown.
        queries_per_kept: As `queries_per_accepted`, for each row accepted or unverified.
        usd_per_kept: As `usd_per_accepted`, for each row accepted or unverified.
        agreement: What voting came to; None where nothing was voted on.
        judge: What a judge made of the rows; None where none looked at them.
        asked: By check that asked once more, "re-solve" and "answerable", what came of it; where it did.
    """

    accepted: int
    rejected: int
    unverified: int
    rejected_by: Mapping[str, int]
    unverified_by: Mapping[str, int]
    rowless_by: Mapping[str, int]
    queries: Mapping[str, int]
    in_doubt: int
    usd: float | None
    queries_per_accepted: float | None
    usd_per_accepted: float | None
    queries_per_kept: float | None
    usd_per_kept: float | None
    agreement: Agreed | None
    judge: Judged | None
    asked: Mapping[str, Asked]

    def to_json(self) -> dict[str, Any]:
        """All of it by name, as JSON holds it."""
        return dataclasses.asdict(self)


def quality(path: Path, run_id: str, *, priced: bool, live: bool = False) -> Quality:
    """Reads a run's quality from its file.

    Args:
        path: The run's file.
        run_id: Which run of it.
        priced: Whether dollars are known.
        live: Whether the run is at work: what it has reserved is then not in doubt yet.
    """
    with read_only(path) as file:
        file.execute("PRAGMA temp_store = MEMORY")
        file.execute("BEGIN")  # one state of a file that is being written
        return _quality(file, run_id, priced=priced, live=live)


def _quality(file: sqlite3.Connection, run_id: str, *, priced: bool, live: bool) -> Quality:
    checks = _checks(file, run_id)
    criteria = list(checks.get("judge", {}).get("options", {}).get("criteria", ()))
    _find(file, run_id, checks, criteria)
    verdicts = {name: Counter[str]() for name in ("accepted", "rejected", "unverified")}
    for verdict, reason, n in file.execute("SELECT verdict, reason, count(*) FROM found GROUP BY 1, 2"):
        verdicts[verdict][_kind(reason)] += n
    accepted, rejected, unverified = (counts.total() for counts in verdicts.values())
    rowless = Counter[str]()
    for reason, n in file.execute(_ROWLESS, (run_id,)):
        rowless[_kind(reason)] += n
    accounts = sums_by_account(file, run_id, live=live)
    booked = sum(accounts.values(), Sums())
    all_queries = booked.counted.queries
    usd = booked.counted.nano / NANO if priced else None
    return Quality(
        accepted=accepted,
        rejected=rejected,
        unverified=unverified,
        rejected_by=_most_frequent(verdicts["rejected"]),
        unverified_by=_most_frequent(verdicts["unverified"]),
        rowless_by=_most_frequent(rowless),
        queries={account: one.spent.queries for account, one in accounts.items()},
        in_doubt=booked.in_doubt.queries,
        usd=usd,
        queries_per_accepted=_per(all_queries, accepted),
        usd_per_accepted=_per(usd, accepted),
        queries_per_kept=_per(all_queries, accepted + unverified),
        usd_per_kept=_per(usd, accepted + unverified),
        agreement=_agreed(file.execute(_VOTES)) if "agreement" in checks else None,
        judge=_judged(file, criteria) if "judge" in checks else None,
        asked={name: asked for name in _ASKED if name in checks and (asked := _asked(file, name)).rows},
    )


def _checks(file: sqlite3.Connection, run_id: str) -> dict[str, dict[str, Any]]:
    """The checks of the run's identity, by name."""
    found = file.execute(
        "SELECT json_extract(identity, '$.strategy.checks') FROM runs WHERE run_id = ?", (run_id,)
    ).fetchone()
    return {check["name"]: check for check in json.loads(found[0])} if found and found[0] else {}


def _find(file: sqlite3.Connection, run_id: str, checks: Iterable[str], criteria: Iterable[str]) -> None:
    """Makes `found`, a table of what is counted: a run's rows are long, and are read through once."""
    columns, values = ["verdict", _SAID], []
    if "agreement" in checks:
        columns.append('"group"')
        columns += [
            f"json_extract(extra, '$.checks.agreement.{name}') AS {name}"
            for name in ("stands", "agreeing", "votes")
        ]
    if "judge" in checks:
        columns.append("json_type(extra, '$.checks.judge') IS NOT NULL AS judged")
        columns.append("json_type(extra, '$.checks.judge.problem') IS NOT NULL AS malformed")
        for place, criterion in enumerate(criteria):
            columns.append(f"json_extract(extra, ?) AS score{place}")
            values.append(f"$.checks.judge.{criterion}")
    for name in _ASKED.keys() & set(checks):
        failed, unread = _ASKED[name]
        columns.append(f"""json_type(extra, '$.checks."{name}"') IS NOT NULL AS "{name}" """)
        columns.append(f'{failed} AS "{name} failed"')
        columns.append(f'{unread} AS "{name} unread"')
    select = f"SELECT {', '.join(columns)} FROM rows WHERE run_id = ?"  # noqa: S608 - ours
    file.execute(f"CREATE TEMP TABLE found AS {select}", (*values, run_id))


def _kind(reason: str | None) -> str:
    if reason is None:
        return ""
    said = _STATE.sub("", reason)  # on which of several databases it was seen
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(said)), said)


def _most_frequent(counts: Counter[str]) -> dict[str, int]:
    told = counts.most_common(_MOST_REASONS)
    rest = counts.total() - sum(n for _, n in told)
    return {**dict(told), **({_OTHER: rest} if rest else {})}


def _per(amount: float | None, rows: int) -> float | None:
    return None if amount is None or not rows else amount / rows


def _agreed(found: Iterable[tuple[str, int, int, int]]) -> Agreed | None:
    shares: Counter[str] = Counter()
    agreeing_shares = 0.0
    for stands, agreeing, votes, questions in found:
        shares[f"{agreeing} of {votes}" if stands == "with" else "no majority"] += questions
        agreeing_shares += questions * agreeing / votes
    total = shares.total()
    return Agreed(total, dict(sorted(shares.items())), agreeing_shares / total) if total else None


def _judged(file: sqlite3.Connection, criteria: list[str]) -> Judged | None:
    counted = [f"total(score{place} = {score})" for place in range(len(criteria)) for score in range(1, 6)]
    totals = ", ".join(["total(judged)", "total(malformed)", *counted])
    found = file.execute(f"SELECT {totals} FROM found").fetchone()  # noqa: S608 - ours
    rows, malformed, *counts = map(int, found)
    if not rows:
        return None
    scores = {name: tuple(counts[5 * place : 5 * place + 5]) for place, name in enumerate(criteria)}
    means = {
        name: sum(score * n for score, n in enumerate(by_score, start=1)) / sum(by_score)
        for name, by_score in scores.items()
        if sum(by_score)
    }
    return Judged(rows - malformed, malformed, scores, means)


def _asked(file: sqlite3.Connection, name: str) -> Asked:
    failed, unread = f'"{name} failed"', f'"{name} unread"'
    totals = f"count(*), total({failed} AND NOT {unread}), total({unread})"
    counts = file.execute(f'SELECT {totals} FROM found WHERE "{name}"').fetchone()  # noqa: S608 - ours
    return Asked(*map(int, counts))
