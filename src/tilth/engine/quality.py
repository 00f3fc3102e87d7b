"""How good a run's rows are, as they come: verdicts and their causes, what checks found, and the price."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilth.engine.budget import NANO
from tilth.engine.file.format.sums import Sums, sums_by_account
from tilth.engine.file.queries import read_only
from tilth.errors import StrategyError
from tilth.strategies import registry
from tilth.strategies.check import EVIDENCE, Check, Table
from tilth.tasks.causes import OTHER

_MOST_CAUSES = 20
"""Causes that are told apart, the most frequent; the rest are counted as "other"."""

_VERDICTS = ("accepted", "rejected", "unverified")
_ROWLESS = "rowless"
_GROUP = '"group"'

# The reason is that of the latest of its kind: SQLite takes it from the record that max() picks.
_BY_CAUSE = """
SELECT verdict, coalesce(cause, ''), count(*), reason, max(arrival) FROM found GROUP BY 1, 2
"""
_ROWLESS_BY_CAUSE = """
SELECT 'rowless', coalesce(cause, ''), count(*), reason, max(position) FROM units
WHERE run_id = ? AND outcome <> 'grown' GROUP BY 2
"""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a run's rows are. All of it is measured, from the run's file.

    Attributes:
        accepted: Rows accepted; `rejected` and `unverified` likewise.
        rejected_by: Rejected rows by cause, most frequent first; all but the first 20 causes under "other".
            `tilth.tasks.CAUSES` says what they mean.
        unverified_by: Unverified rows by cause, likewise.
        rowless_by: Units that were paid for and gave no row, by cause, likewise.
        latest: For "rejected", "unverified" and "rowless", by cause, the reason of the latest, for people.
        queries: Queries settled by account, "generation" and "judge".
        in_doubt: Queries in doubt, at their worst case; beside `queries`.
        usd: US dollars spent, those in doubt with them, or None where a price is unknown.
        queries_per_accepted: All queries, those in doubt with them, for each accepted row; None without one.
        usd_per_accepted: All dollars for each accepted row; None without one, or where a price is unknown.
        queries_per_kept: As `queries_per_accepted`, for each row accepted or unverified.
        usd_per_kept: As `usd_per_accepted`, for each row accepted or unverified.
        checks: What the checks that ask found, by their names: the tables that each makes of it. Those that
            looked at no row, or are not installed, are left out.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher, path="run.tilth")
        >>> quality = run.quality
        >>> quality.accepted + quality.rejected
        20
    """

    accepted: int
    rejected: int
    unverified: int
    rejected_by: Mapping[str, int]
    unverified_by: Mapping[str, int]
    rowless_by: Mapping[str, int]
    latest: Mapping[str, Mapping[str, str]]
    queries: Mapping[str, int]
    in_doubt: int
    usd: float | None
    queries_per_accepted: float | None
    usd_per_accepted: float | None
    queries_per_kept: float | None
    usd_per_kept: float | None
    checks: Mapping[str, Sequence[Table]]

    def to_json(self) -> dict[str, Any]:
        """All of it by name, as JSON holds it."""
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        checks = {name: [table.to_json() for table in tables] for name, tables in self.checks.items()}
        return {**found, "checks": checks}


def quality(
    path: Path, run_id: str, *, priced: bool, live: bool = False, checks: Sequence[Check] | None = None
) -> Quality:
    """Works out a run's quality from its file.

    Args:
        path: The run's file.
        run_id: Which run of it.
        priced: Whether dollars are known.
        live: Whether the run is at work: what it has reserved is then not in doubt yet.
        checks: The checks its rows went through; None takes those of its identity that are installed.

    Raises:
        JournalError: The file cannot be read.
        StrategyError: A check fails on what it found.
    """
    with read_only(path) as file:
        file.execute("PRAGMA temp_store = MEMORY")
        file.execute("BEGIN")  # one state of a file that is being written
        return _quality(file, run_id, checks, priced=priced, live=live)


def _quality(
    file: sqlite3.Connection, run_id: str, checks: Sequence[Check] | None, *, priced: bool, live: bool
) -> Quality:
    asking = _checks(file, run_id) if checks is None else checks
    _find(file, run_id, asking)
    counts = {name: Counter[str]() for name in (*_VERDICTS, _ROWLESS)}
    reasons: dict[str, dict[str, str]] = {name: {} for name in (*_VERDICTS[1:], _ROWLESS)}
    for verdict, cause, n, reason, _ in [
        *file.execute(_BY_CAUSE),
        *file.execute(_ROWLESS_BY_CAUSE, (run_id,)),
    ]:
        counts[verdict][cause] += n
        if reason is not None and verdict in reasons:
            reasons[verdict][cause] = reason
    accepted, rejected, unverified = (counts[name].total() for name in _VERDICTS)
    by_cause = {name: _most_frequent(counts[name]) for name in reasons}
    accounts = sums_by_account(file, run_id, live=live)
    booked = sum(accounts.values(), Sums())
    all_queries = booked.counted.queries
    usd = booked.counted.nano / NANO if priced else None
    return Quality(
        accepted=accepted,
        rejected=rejected,
        unverified=unverified,
        rejected_by=by_cause["rejected"],
        unverified_by=by_cause["unverified"],
        rowless_by=by_cause[_ROWLESS],
        latest={
            name: {cause: reason for cause, reason in told.items() if cause in by_cause[name]}
            for name, told in reasons.items()
        },
        queries={account: one.spent.queries for account, one in accounts.items()},
        in_doubt=booked.in_doubt.queries,
        usd=usd,
        queries_per_accepted=_per(all_queries, accepted),
        usd_per_accepted=_per(usd, accepted),
        queries_per_kept=_per(all_queries, accepted + unverified),
        usd_per_kept=_per(usd, accepted + unverified),
        checks={
            check.name: tables
            for place, check in enumerate(asking)
            if (tables := _tables(check, _tallied(file, place, check)))
        },
    )


def _checks(file: sqlite3.Connection, run_id: str) -> list[Check]:
    """The checks of the run's identity that are installed."""
    found = file.execute("SELECT identity, settings FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if found is None:
        return []
    identity, settings = map(json.loads, found)
    return registry.checks_of(identity["strategy"], settings.get("verdict_options", {}).get("checks"))


def _find(file: sqlite3.Connection, run_id: str, checks: Sequence[Check]) -> None:
    """Makes `found`, a table of what is counted: a run's rows are long, and are read through once.

    A check's finding is there under `found0`, `found1` ..., and what it tallies under `found0_0` ...
    """
    columns, values = ["arrival", "verdict", "cause", "reason", _GROUP], []
    for place, check in enumerate(checks):
        evidence = f'$.{EVIDENCE}."{check.name}"'
        columns.append(f"json_type(extra, ?) IS NOT NULL AS found{place}")
        values.append(evidence)
        for which, (field, what) in enumerate(check.tallied().items()):
            value = "json_extract(extra, ?)" if what == "value" else "json_extract(extra, ?) IS NOT NULL"
            columns.append(f"{value} AS found{place}_{which}")
            values.append(f'{evidence}."{field}"')
    select = f"SELECT {', '.join(columns)} FROM rows WHERE run_id = ?"  # noqa: S608 - ours
    file.execute(f"CREATE TEMP TABLE found AS {select}", (*values, run_id))


def _tallied(file: sqlite3.Connection, place: int, check: Check) -> list[tuple[dict[str, Any], int]]:
    """Each combination of what a check tallies, and how many rows have it; or groups, where it says so."""
    names = list(check.tallied())
    columns = [f"found{place}_{which}" for which in range(len(names))]
    source = f"FROM found WHERE found{place}"
    if check.once_a_group:
        source = f"FROM (SELECT DISTINCT {', '.join([_GROUP, *columns])} {source})"
    grouped = f"GROUP BY {', '.join(columns)}" if columns else ""
    counted = file.execute(f"SELECT {', '.join([*columns, 'count(*)'])} {source} {grouped}")
    return [(dict(zip(names, values, strict=True)), n) for *values, n in counted if n]


def _tables(check: Check, found: Sequence[tuple[Mapping[str, Any], int]]) -> tuple[Table, ...]:
    try:
        return tuple(check.tally(found))
    except Exception as error:
        raise StrategyError(
            f"check {check.name!r} raised {type(error).__name__} as it counted what it found: {error}"
        ) from error


def _most_frequent(counts: Counter[str]) -> dict[str, int]:
    told = Counter(dict(counts.most_common(_MOST_CAUSES)))
    told[OTHER] += counts.total() - told.total()
    return {cause: n for cause, n in told.items() if n}


def _per(amount: float | None, rows: int) -> float | None:
    return None if amount is None or not rows else amount / rows
