"""What the ledger of a file adds up to: the one definition of what is spent and what is in doubt."""

from __future__ import annotations

from dataclasses import dataclass, field
from sqlite3 import Connection

from tilth.engine.budget import Amount

COUNTED = """(
    SELECT call, run_id, account, unit, role, digest, n, state, state <> 'settled' AS in_doubt,
        CASE state WHEN 'settled' THEN queries ELSE worst_queries END AS queries,
        CASE state WHEN 'settled' THEN prompt_tokens + completion_tokens ELSE worst_tokens END AS tokens,
        CASE state WHEN 'settled' THEN nano ELSE worst_nano END AS nano
    FROM ledger WHERE state IN ('settled', 'in doubt', 'reserved')
)"""
"""The calls that count against limits, and what each counts: a settled one what it cost, another its worst
case. Of a run that is dead, a reserved call was out when it died, and is in doubt; of one that is alive it
is neither spent nor in doubt yet, and stands in its ledger as reserved. A run that goes on says so in its
file before anything else, so only who reads beside it must know which it is (`live`)."""

PAID = """(
    SELECT call, run_id, unit, role, digest, n, queries, prompt_tokens + completion_tokens AS tokens, nano
    FROM ledger WHERE state IN ('settled', 'reused')
)"""
"""The calls that brought a reply, and what that cost, be it here or in the file it was taken over from: what
rows and units cost."""

_BY_ACCOUNT = f"""
SELECT account, in_doubt, total(queries), total(tokens), total(nano) FROM {COUNTED}
WHERE (run_id = ?1 OR ?1 IS NULL AND account <> 'student') AND NOT (?2 AND state = 'reserved')
GROUP BY account, in_doubt
"""  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class Sums:
    """What was spent, and what is in doubt at its worst case beside it."""

    spent: Amount = field(default_factory=Amount)
    in_doubt: Amount = field(default_factory=Amount)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.spent + other.spent, self.in_doubt + other.in_doubt)

    @property
    def counted(self) -> Amount:
        """Both together: what counts against limits."""
        return self.spent + self.in_doubt


def sums_by_account(connection: Connection, run_id: str | None, *, live: bool = False) -> dict[str, Sums]:
    """The sums of a run by account, or of all runs of the file; `live` where they are at work.

    What a study asked of its students is no run's: it is summed up under the study's id alone.
    """
    found: dict[str, Sums] = {}
    for account, in_doubt, *amounts in connection.execute(_BY_ACCOUNT, (run_id, live)):
        amount = Amount(*map(int, amounts))
        sums = Sums(in_doubt=amount) if in_doubt else Sums(spent=amount)
        found[account] = found.get(account, Sums()) + sums
    return found


def sums(connection: Connection, run_id: str | None, *, live: bool = False) -> Sums:
    """The sums of a run, or of all runs of the file; `live` where they are at work."""
    return sum(sums_by_account(connection, run_id, live=live).values(), Sums())
