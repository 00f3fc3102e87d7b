"""What is written to a run file, and the records that a resume finds in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tilth.engine.budget import Amount
from tilth.engine.file.format.checksums import checksum, storable
from tilth.engine.file.format.digests import canonical
from tilth.engine.file.format.records import RunRecord
from tilth.engine.file.inserts import insert
from tilth.engine.file.journal import Batched, Operation, now
from tilth.seeds import Seed
from tilth.strategies.base import Role

PREPARING = -1
"""The unit under which `prepare` asks."""

Outcome = Literal["grown", "rowless", "failed"]

_REQUESTS = "INSERT OR IGNORE INTO requests (run_id, digest, body)"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a reply belongs: n counts identical requests of a role inside a unit, from 0."""

    unit: int
    role: Role
    digest: str
    n: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a settled call cost."""

    prompt_tokens: int
    completion_tokens: int
    nano: int
    estimated: bool

    @property
    def amount(self) -> Amount:
        """One query, its tokens and its dollars."""
        return Amount(1, self.prompt_tokens + self.completion_tokens, self.nano)


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A journalled reply."""

    text: str
    refusal: str | None
    finish_reason: str | None
    model: str | None
    max_tokens: int
    seconds: float
    usage: Usage
    origin: str | None = None
    """Where it was paid for, as run:call; None for here."""


@dataclass
class Bill:
    """What a unit's replies cost, those of another file at what they cost there."""

    spent: Amount = field(default_factory=Amount)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    reused: int = 0

    def add(self, reply: StoredReply) -> None:
        """Puts a reply on the bill."""
        self.spent += reply.usage.amount
        self.prompt_tokens += reply.usage.prompt_tokens
        self.completion_tokens += reply.usage.completion_tokens
        self.seconds += reply.seconds
        self.reused += reply.origin is not None


@dataclass(frozen=True, slots=True)
class Decision:
    """A journalled decision: its result, and role, digest and n of what was asked to reach it."""

    value: Any
    asked: tuple[tuple[Role, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """How a unit ended, as it is journalled."""

    unit: int
    position: int
    round: int
    outcome: Outcome
    cause: str | None
    reason: str | None
    worst: Amount
    actual: Amount


def create_run(
    run_id: str, identity: Mapping[str, Any], settings: Mapping[str, Any], seeds: Sequence[Seed]
) -> Operation:
    """Writes a run and its seeds, unless they are there."""

    def write(connection: sqlite3.Connection) -> None:
        at = now()
        connection.execute(
            "INSERT OR IGNORE INTO runs (run_id, identity, settings, status, created_at, updated_at)"
            " VALUES (?, ?, ?, 'starting', ?, ?)",
            (run_id, canonical(identity), canonical(settings), at, at),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO seeds (run_id, position, seed_id, question, reference, extra)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    run_id,
                    s.index,
                    s.id,
                    s.question,
                    s.reference,
                    canonical(dict(s.extra)) if s.extra else None,
                )
                for s in seeds
            ],
        )

    return write


def set_status(run_id: str, status: str, reason: str | None) -> Operation:
    """Writes where a run stands."""
    return lambda c: c.execute(
        "UPDATE runs SET status = ?, reason = ?, updated_at = ? WHERE run_id = ?",
        (status, storable(reason), now(), run_id),
    )


def set_end(run_id: str, record: RunRecord) -> Operation:
    """Writes how a run ended, and its settings then."""

    def write(connection: sqlite3.Connection) -> None:
        set_settings(run_id, record.settings)(connection)
        set_status(run_id, record.status, record.reason)(connection)

    return write


def set_settings(run_id: str, settings: Mapping[str, Any]) -> Operation:
    """Writes what a run was last started with that is not part of its identity."""
    return lambda c: c.execute("UPDATE runs SET settings = ? WHERE run_id = ?", (canonical(settings), run_id))


JUDGING_ANEW = "judging_anew"
"""The setting of a run whose stored rows are not all judged yet as its settings want it."""


def judged_anew(run_id: str) -> Operation:
    """Writes that all stored rows are judged as the run's settings want it."""
    return lambda c: c.execute(
        f"UPDATE runs SET settings = json_remove(settings, '$.{JUDGING_ANEW}') WHERE run_id = ?",  # noqa: S608 - ours
        (run_id,),
    )


def reserve(run_id: str, address: Address, purpose: str, body: str, worst: Amount) -> Batched:
    """Writes that a call is about to be made, `body` its request in canonical JSON; gives its entry's id."""
    return Batched(_reserve, (run_id, address, purpose, body, worst), spends=True)


def _reserve(
    connection: sqlite3.Connection, calls: Sequence[tuple[str, Address, str, str, Amount]]
) -> Sequence[int]:
    at = now()
    requests = {(run_id, address.digest): body for run_id, address, _, body, _ in calls}
    insert(connection, _REQUESTS, [(*key, body) for key, body in requests.items()])
    last = insert(
        connection,
        "INSERT INTO ledger (run_id, account, purpose, unit, role, digest, n, state,"
        " worst_queries, worst_tokens, worst_nano, created_at)",
        [
            (*_entry(run_id, address, purpose), "reserved", worst.queries, worst.tokens, worst.nano, at)
            for run_id, address, purpose, _, worst in calls
        ],
    )
    return range(last - len(calls) + 1, last + 1)  # SQLite counts up


@dataclass(frozen=True, slots=True)
class Settled:
    """A call that brought a reply, by its entry in the ledger; `again`: it replaces one that was cut off."""

    call: int
    address: Address
    purpose: str
    worst: Amount
    reply: StoredReply
    attempts: int
    again: bool = False


def settle(run_id: str, settled: Settled) -> Batched:
    """Writes a reply and what it cost."""
    return Batched(_settle, (run_id, settled))


def _settle(connection: sqlite3.Connection, calls: Sequence[tuple[str, Settled]]) -> Sequence[None]:
    at, entries = now(), []
    for run_id, one in calls:
        worst, used = one.worst, one.reply.usage
        entries.append(
            (
                *(one.call, *_entry(run_id, one.address, one.purpose)),
                *("settled", worst.queries, worst.tokens, worst.nano, 1, used.prompt_tokens),
                *(used.completion_tokens, used.nano, used.estimated, one.attempts, at),
            )
        )
    # the entry is there: this is an update of many at once, which older SQLites know in no other words
    insert(
        connection,
        "INSERT INTO ledger (call, run_id, account, purpose, unit, role, digest, n, state, worst_queries,"
        " worst_tokens, worst_nano, queries, prompt_tokens, completion_tokens, nano, estimated, attempts,"
        " created_at)",
        entries,
        "ON CONFLICT (call) DO UPDATE SET state = excluded.state, queries = excluded.queries,"
        " prompt_tokens = excluded.prompt_tokens, completion_tokens = excluded.completion_tokens,"
        " nano = excluded.nano, estimated = excluded.estimated, attempts = excluded.attempts",
    )
    _keep(connection, [(run_id, one.call, one.address, one.reply) for run_id, one in calls])
    for run_id, one in calls:
        if one.again:
            _take_back(connection, run_id, one.address.unit)
    return [None] * len(calls)


def _take_back(connection: sqlite3.Connection, run_id: str, unit: int) -> None:
    """Takes a unit as one that has not ended: what it had came of a reply that is replaced now."""
    for table in ("units", "rows"):
        connection.execute(f"DELETE FROM {table} WHERE run_id = ? AND unit = ?", (run_id, unit))  # noqa: S608 - ours


def reuse(
    run_id: str, address: Address, purpose: str, body: str, reply: StoredReply, *, again: bool
) -> Operation:
    """Writes a reply of another file, with what it cost there: no query here. `again` as in `Settled`."""
    usage = reply.usage

    def write(connection: sqlite3.Connection) -> None:
        insert(connection, _REQUESTS, [(run_id, address.digest, body)])
        cursor = connection.execute(
            "INSERT INTO ledger (run_id, account, purpose, unit, role, digest, n, state, worst_queries,"
            " worst_tokens, worst_nano, queries, prompt_tokens, completion_tokens, nano, estimated, attempts,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'reused', 0, 0, 0, 1, ?, ?, ?, ?, 0, ?)",
            (
                *(*_entry(run_id, address, purpose), usage.prompt_tokens, usage.completion_tokens),
                *(usage.nano, usage.estimated, now()),
            ),
        )
        _keep(connection, [(run_id, cursor.lastrowid or 0, address, reply)])  # an INSERT always has one
        if again:
            _take_back(connection, run_id, address.unit)

    return write


def _keep(connection: sqlite3.Connection, replies: Sequence[tuple[str, int, Address, StoredReply]]) -> None:
    at, records = now(), []
    for run_id, call, address, reply in replies:
        text = storable(reply.text)
        told = tuple(map(storable, (reply.refusal, reply.finish_reason, reply.model)))
        usage = reply.usage
        spent = (usage.prompt_tokens, usage.completion_tokens, usage.nano, usage.estimated)
        records.append(
            (
                *(run_id, *_key(address), call, text, *told, reply.max_tokens, reply.seconds, at),
                *(reply.origin, checksum(text, *told, reply.origin, *spent)),
            )
        )
    insert(
        connection,
        "INSERT OR REPLACE INTO replies (run_id, unit, role, digest, n, call, text, refusal, finish_reason,"
        " model, max_tokens, seconds, created_at, origin, checksum)",
        records,
    )


def release(call: int, state: Literal["freed", "in doubt"], attempts: int) -> Operation:
    """Writes that a call gave no reply: it was no query, or its reply never came."""
    return lambda c: c.execute(
        "UPDATE ledger SET state = ?, attempts = ? WHERE call = ?", (state, attempts, call)
    )


def reserve_again(call: int) -> Operation:
    """Writes that a call that gave no reply is about to be made once more."""
    return lambda c: c.execute("UPDATE ledger SET state = 'reserved' WHERE call = ?", (call,))


def unreserve(run_id: str, address: Address) -> Operation:
    """Writes that a call was never made, where its id did not come back."""
    return lambda c: c.execute(
        "UPDATE ledger SET state = 'freed', attempts = 0 WHERE run_id = ? AND unit = ? AND role = ?"
        " AND digest = ? AND n = ? AND state = 'reserved'",
        (run_id, *_key(address)),
    )


def decide(run_id: str, unit: int, key: str, decision: Decision) -> Operation:
    """Writes a decision."""
    text = canonical({"value": decision.value, "asked": decision.asked})
    return lambda c: c.execute(
        "INSERT INTO decisions (run_id, unit, key, value) VALUES (?, ?, ?, ?)", (run_id, unit, key, text)
    )


def leave_open(run_id: str, units: Sequence[int]) -> Operation:
    """Takes the outcome of units back, which are then grown by the next that goes on with the run."""
    return lambda c: c.executemany(
        "DELETE FROM units WHERE run_id = ? AND unit = ?", [(run_id, unit) for unit in units]
    )


def commit_unit(
    run_id: str, record: UnitRecord, rows: Sequence[Mapping[str, Any]], *, again: bool
) -> Batched:
    """Writes a unit's outcome and its rows together; gives the last arrival number, 0 without rows.

    `again` says that it had an outcome before: one that was cut off and asked again replaces what it had.
    """
    return Batched(_commit_units, (run_id, record, rows, again))


def _commit_units(
    connection: sqlite3.Connection,
    units: Sequence[tuple[str, UnitRecord, Sequence[Mapping[str, Any]], bool]],
) -> Sequence[int]:
    replaced = [(run_id, record.unit) for run_id, record, _, again in units if again]
    if replaced:
        connection.executemany("DELETE FROM rows WHERE run_id = ? AND unit = ?", replaced)
    insert(
        connection,
        "INSERT OR REPLACE INTO units (run_id, unit, position, round, outcome, cause, reason,"
        " worst_queries, worst_tokens, worst_nano, queries, tokens, nano)",
        [
            (
                *(run_id, record.unit, record.position, record.round, record.outcome),
                *(record.cause, storable(record.reason)),
                *(record.worst.queries, record.worst.tokens, record.worst.nano),
                *(record.actual.queries, record.actual.tokens, record.actual.nano),
            )
            for run_id, record, *_ in units
        ],
    )
    every = [row for *_, rows, _ in units for row in rows]
    if not every:
        return [0] * len(units)
    columns = ", ".join(f'"{name}"' for name in every[0])
    last = insert(connection, f"INSERT INTO rows ({columns})", [tuple(row.values()) for row in every])
    arrival, arrivals = last - len(every), []  # SQLite counts up
    for *_, rows, _ in units:
        arrival += len(rows)
        arrivals.append(arrival if rows else 0)
    return arrivals


def _entry(run_id: str, address: Address, purpose: str) -> tuple[Any, ...]:
    """Whose an entry of the ledger is: run_id, account, purpose, unit, role, digest, n."""
    return (run_id, _account(address.role), purpose, *_key(address))


def _account(role: Role) -> str:
    return role if role in ("judge", "student") else "generation"


def _key(address: Address) -> tuple[int, str, str, int]:
    return (address.unit, address.role, address.digest, address.n)
