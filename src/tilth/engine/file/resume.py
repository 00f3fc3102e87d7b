"""What a run file already holds: outcomes, replies, decisions and sums that a resume starts from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from tilth.engine.budget import Amount
from tilth.engine.file.format.checksums import OF_REPLY, is_intact
from tilth.engine.file.format.records import whole
from tilth.engine.file.format.sums import PAID, Sums, sums
from tilth.engine.file.queries import select
from tilth.engine.file.writes import Address, Decision, StoredReply, Usage
from tilth.errors import JournalError
from tilth.strategies.base import Role, UnitResult

_UNFINISHED = f"""
SELECT l.unit, total(l.queries), total(l.tokens), total(l.nano)
FROM replies r JOIN {PAID} l USING (call) WHERE r.run_id = ?
    AND NOT EXISTS (SELECT 1 FROM units u WHERE u.run_id = r.run_id AND u.unit = r.unit)
GROUP BY l.unit
"""  # noqa: S608 - ours

_REPLIES = f"""
SELECT r.role, r.digest, r.n, r.max_tokens, r.seconds, r.checksum, {OF_REPLY}
FROM replies r JOIN ledger l USING (call) WHERE r.run_id = ? AND r.unit = ?
"""  # noqa: S608 - ours


class JournalledRun:
    """What a run file already holds: what a run starts from, and what its units look up as they go.

    Attributes:
        finished: Units that have an outcome.
        touched: Units that have asked or decided something, whether they came to an end or not.
        paid: What units without an outcome have spent so far, by unit.
    """

    def __init__(self, connection: sqlite3.Connection, run_id: str) -> None:
        self._connection = connection
        self._run_id = run_id
        # calls that were out when the last process died
        connection.execute(
            "UPDATE ledger SET state = 'in doubt' WHERE run_id = ? AND state = 'reserved'", (run_id,)
        )
        self.finished = {unit for (unit,) in self._all("SELECT unit FROM units WHERE run_id = ?")}
        self.touched = {
            unit
            for table in ("ledger", "decisions")
            for (unit,) in self._all(f"SELECT DISTINCT unit FROM {table} WHERE run_id = ?")  # noqa: S608 - ours
        }
        self.paid = self._paid()

    def _all(self, query: str, *more: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, (self._run_id, *more)).fetchall()

    def reopen_cut_off(self, reply_limits: Mapping[Role, int]) -> set[int]:
        """Takes units whose replies were cut off under smaller limits as unfinished; gives their numbers."""
        cut = {
            unit
            for role, reply_limit in reply_limits.items()
            for (unit,) in self._all(
                "SELECT DISTINCT unit FROM replies WHERE run_id = ? AND role = ? AND finish_reason = 'length'"
                " AND max_tokens < ?",
                role,
                reply_limit,
            )
        }
        reopened = cut & self.finished
        self.finished -= reopened
        return reopened

    def sums(self) -> Sums:
        """What was spent, and what is in doubt at its worst case."""
        return sums(self._connection, self._run_id)

    def _paid(self) -> dict[int, Amount]:
        """What units without an outcome have spent so far, by unit."""
        return {unit: Amount(*map(int, amounts)) for unit, *amounts in self._all(_UNFINISHED)}

    def replies(self, unit: int) -> dict[Address, StoredReply]:
        """The journalled replies of a unit; raises `JournalError` where one is not as it came."""
        found = self._all(
            _REPLIES,
            unit,
        )
        replies = {}
        for role, digest, n, max_tokens, seconds, checksum, *kept in found:
            if not is_intact(checksum, *kept):
                raise JournalError(
                    f"the {role}'s reply {n} of unit {unit} was changed in the file; `tilth verify` lists "
                    "all that was. Start anew with reuse=[this file], which takes over what is whole"
                )
            text, refusal, finish_reason, model, origin, prompt, completion, nano, estimated = kept
            usage = Usage(prompt, completion, nano, bool(estimated))
            replies[Address(unit, role, digest, n)] = StoredReply(
                text, refusal, finish_reason, model, max_tokens, seconds, usage, origin
            )
        return replies

    def addresses(self, unit: int) -> set[Address]:
        """Every address a unit ever made a call for, with a reply or without."""
        found = self._all("SELECT DISTINCT role, digest, n FROM ledger WHERE run_id = ? AND unit = ?", unit)
        return {Address(unit, *key) for key in found}

    def decisions(self, unit: int) -> dict[str, Decision]:
        """The journalled decisions of a unit; raises `JournalError` where one cannot be read."""
        found = self._all("SELECT key, value FROM decisions WHERE run_id = ? AND unit = ?", unit)
        decisions = {}
        for key, text in found:
            try:
                one = json.loads(text)
                asked = tuple((role, str(digest), whole(n)) for role, digest, n in one["asked"])
                decisions[key] = Decision(one["value"], asked)
            except (LookupError, RecursionError, TypeError, ValueError) as error:
                raise JournalError(f"the decision {key!r} of unit {unit} was changed in the file") from error
        return decisions

    def origins(self) -> list[str]:
        """Where the replies of other files came from."""
        return [origin for (origin,) in self._all("SELECT origin FROM replies WHERE run_id = ?") if origin]

    def counts(self) -> dict[str, int]:
        """Rows by verdict, and units without rows under "rowless"."""
        found = dict(self._all("SELECT verdict, count(*) FROM rows WHERE run_id = ? GROUP BY verdict"))
        [(rowless,)] = self._all("SELECT count(*) FROM units WHERE run_id = ? AND outcome <> 'grown'")
        return {**found, "rowless": rowless}

    def kept(self) -> dict[int, int]:
        """Kept rows by unit, for units that have some."""
        return dict(
            self._all(
                "SELECT unit, count(*) FROM rows WHERE run_id = ? AND verdict <> 'rejected' GROUP BY unit"
            )
        )

    def results(self, round: int) -> list[UnitResult]:
        """How the finished units of earlier rounds than this one ended, by number."""
        rows: dict[int, list[dict[str, Any]]] = {}
        earlier = 'SELECT * FROM rows WHERE run_id = ? AND round < ? ORDER BY unit, "index"'
        for row in select(self._connection, earlier, self._run_id, round):
            rows.setdefault(row["unit"], []).append(row)
        ended = self._all(
            "SELECT unit, outcome FROM units WHERE run_id = ? AND round < ? ORDER BY unit", round
        )
        return [UnitResult(unit, outcome, tuple(rows.get(unit, ()))) for unit, outcome in ended]
