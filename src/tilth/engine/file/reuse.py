"""Replies of other run files, each to be used at most once by a run that would ask the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from tilth.arguments import paths_of
from tilth.engine.file.format.checksums import OF_REPLY, is_intact
from tilth.engine.file.queries import read_only
from tilth.engine.file.writes import Address, StoredReply, Usage
from tilth.teacher import Price

_TABLE = """
CREATE TABLE replies (
    role TEXT, digest TEXT, passing INTEGER, n INTEGER, place INTEGER PRIMARY KEY, origin TEXT UNIQUE,
    text TEXT, refusal TEXT, finish_reason TEXT, model TEXT, max_tokens INTEGER, seconds REAL,
    prompt_tokens INTEGER, completion_tokens INTEGER, nano INTEGER, estimated INTEGER
);
CREATE INDEX by_key ON replies (role, digest, passing, n);
"""

# A reply that its own file had from elsewhere keeps its first origin, so that it is known again.
_REPLIES = f"""
SELECT r.role, r.digest, CASE WHEN r.unit < 0 THEN -1
        ELSE r.unit / (SELECT count(*) FROM seeds s WHERE s.run_id = r.run_id) END,
    r.n, coalesce(r.origin, r.run_id || ':' || r.call), r.text, r.refusal, r.finish_reason, r.model,
    r.max_tokens, r.seconds, l.prompt_tokens, l.completion_tokens,
    CASE WHEN json_extract(u.settings, '$.priced') THEN l.nano END, l.estimated
FROM replies r JOIN ledger l USING (call) JOIN runs u ON u.run_id = r.run_id
WHERE is_intact(r.checksum, {OF_REPLY})
ORDER BY r.run_id, r.unit, r.call
"""  # noqa: S608 - ours


class Pool:
    """What other files hold, copied to a private temporary database: they are not held open.

    A reply is matched by role, digest of the request, pass over the seeds, and n.
    """

    def __init__(self, files: Sequence[Path], seeds: int) -> None:
        """Copies what `files` hold, for a run of so many seeds; raises `JournalError`."""
        self._seeds = seeds
        self._copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._copy.executescript(_TABLE)
        for path in files:
            with read_only(path) as connection:
                connection.create_function("is_intact", -1, is_intact, deterministic=True)
                self._copy.execute("BEGIN")
                self._copy.executemany(
                    "INSERT OR IGNORE INTO replies (role, digest, passing, n, origin, text, refusal,"
                    " finish_reason, model, max_tokens, seconds, prompt_tokens, completion_tokens, nano,"
                    " estimated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    connection.execute(_REPLIES),
                )
                self._copy.execute("COMMIT")

    @classmethod
    def of(cls, reuse: Sequence[str | Path], own: Path, seeds: int) -> Pool | None:
        """What users pass as `reuse`, less the run's `own` file; None where that leaves nothing."""
        others = [path for path in paths_of(reuse, "reuse") if path.resolve() != own.resolve()]
        return cls(others, seeds) if others else None

    def forget(self, used: Iterable[str]) -> None:
        """Leaves out what the run took over before, by origin."""
        self._copy.executemany("DELETE FROM replies WHERE origin = ?", ((origin,) for origin in used))

    def take(self, address: Address, max_tokens: int, price: Price | None) -> StoredReply | None:
        """A reply for this address, which no other address will get; None where there is none.

        One that was cut off is left where more is allowed here. `price` is for what cost dollars unknown.
        """
        passing = -1 if address.unit < 0 else address.unit // self._seeds
        found = self._copy.execute(
            "DELETE FROM replies WHERE place = (SELECT place FROM replies WHERE role = ? AND digest = ?"
            " AND passing = ? AND n = ? AND NOT (finish_reason IS 'length' AND max_tokens < ?)"
            " ORDER BY place LIMIT 1) RETURNING text, refusal, finish_reason, model, max_tokens, seconds,"
            " prompt_tokens, completion_tokens, nano, estimated, origin",
            (address.role, address.digest, passing, address.n, max_tokens),
        ).fetchone()
        if found is None:
            return None
        text, refusal, finish_reason, model, limit, seconds, prompt, completion, nano, estimated, origin = (
            found
        )
        if nano is None:
            nano = price.nano_dollars(prompt, completion) if price else 0
        usage = Usage(prompt, completion, nano, bool(estimated))
        return StoredReply(text, refusal, finish_reason, model, limit, seconds, usage, origin)

    def close(self) -> None:
        """Deletes the copy."""
        self._copy.close()
