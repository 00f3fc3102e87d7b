"""The writer: what is committed together is done together, each has its own result, and order is kept."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tilth.engine.budget import Amount
from tilth.engine.file.journal import Batched, Journal
from tilth.engine.file.writes import (
    Address,
    Settled,
    StoredReply,
    UnitRecord,
    Usage,
    commit_unit,
    create_run,
    reserve,
    set_status,
    settle,
)
from tilth.engine.growing.asks.lookahead import Lookahead
from tilth.errors import JournalError

WORST = Amount(1, 500, 0)


@pytest.fixture
def journal(tmp_path: Path):
    opened = Journal(tmp_path / "run.tilth")
    yield opened
    opened.close()


def address(unit: int) -> Address:
    return Address(unit, "teacher", f"{unit % 7:064x}", 0)


def reply(unit: int) -> StoredReply:
    return StoredReply(f"reply {unit}", None, "stop", "m", 64, 0.1, Usage(unit, 3, 0, estimated=False))


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 100])
def test_calls_reserved_and_settled_at_one_moment_keep_what_is_theirs(journal: Journal, count: int) -> None:
    async def main() -> list[int]:
        numbers = await asyncio.gather(
            *(
                journal.write(reserve("r", address(unit), "answer", f"body {unit % 7}", WORST))
                for unit in range(count)
            )
        )
        entries = [
            Settled(number, address(u), "answer", WORST, reply(u), 2) for u, number in enumerate(numbers)
        ]
        await asyncio.gather(*(journal.write(settle("r", entry)) for entry in entries))
        return numbers

    numbers = asyncio.run(main())
    assert sorted(set(numbers)) == sorted(numbers)
    ledger = journal.write_now(
        lambda c: c.execute(
            "SELECT call, unit, state, account, purpose, worst_tokens, queries, prompt_tokens, attempts"
            " FROM ledger ORDER BY unit"
        ).fetchall()
    )
    wanted = ("settled", "generation", "answer", 500, 1)
    assert ledger == [(number, unit, *wanted, unit, 2) for unit, number in enumerate(numbers)]
    kept = journal.write_now(lambda c: c.execute("SELECT call, text FROM replies ORDER BY unit").fetchall())
    assert kept == [(number, f"reply {unit}") for unit, number in enumerate(numbers)]
    bodies = journal.write_now(lambda c: c.execute("SELECT digest, body FROM requests").fetchall())
    assert dict(bodies) == {address(unit).digest: f"body {unit % 7}" for unit in range(count)}


def test_an_operation_comes_after_all_that_were_given_before_it(journal: Journal) -> None:
    done: list[str] = []

    def together(_: sqlite3.Connection, names: Sequence[str]) -> Sequence[str]:
        done.append("+".join(names))
        return [name.upper() for name in names]

    def alone(name: str) -> Any:
        return lambda _: done.append(name)

    async def main() -> list[Any]:
        given = [
            Batched(together, "a"),
            Batched(together, "b"),
            alone("c"),
            Batched(together, "d"),
            alone("e"),
        ]
        return await asyncio.gather(*map(journal.write, given))

    assert asyncio.run(main()) == ["A", "B", None, "D", None]
    assert done == ["a+b", "c", "d", "e"]


def fails(_: sqlite3.Connection, __: Sequence[Any]) -> Sequence[Any]:
    raise ZeroDivisionError


TOO_LARGE = reserve("r", address(50), "answer", "body", Amount(1, 2**70, 0))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Batched(fails, None), ZeroDivisionError),
        (TOO_LARGE, OverflowError),
        (lambda c: c.execute("INSERT INTO holder (pid) VALUES (?)", (object(),)), JournalError),
        (lambda c: c.execute("INSERT INTO holder (pid) VALUES (1), (NULL)"), JournalError),
    ],
    ids=["raises", "too large a number", "no value of SQL", "breaks a rule of the table"],
)
@pytest.mark.parametrize("place", [0, 3, 6])
def test_what_cannot_be_written_takes_no_other_with_it(
    journal: Journal, bad: Any, error: type[Exception], place: int
) -> None:
    async def main() -> list[Any]:
        given: list[Any] = [reserve("r", address(unit), "answer", "body", WORST) for unit in range(6)]
        given.insert(place, bad)
        outcomes = await asyncio.gather(*map(journal.write, given), return_exceptions=True)
        return [*outcomes, await journal.write(reserve("r", address(6), "answer", "body", WORST))]

    outcomes = asyncio.run(main())
    assert isinstance(outcomes.pop(place), error)
    units = journal.write_now(lambda c: c.execute("SELECT call, unit FROM ledger").fetchall())
    assert units == list(zip(outcomes, range(7), strict=True)), "each once, with its own number"


def test_a_file_that_cannot_be_written_is_told_to_all(journal: Journal) -> None:
    def full(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def main() -> list[Any]:
        given = [reserve("r", address(0), "answer", "body", WORST), full]
        together = await asyncio.gather(*map(journal.write, given), return_exceptions=True)
        return [*together, *await asyncio.gather(journal.write(given[0]), return_exceptions=True)]

    outcomes = asyncio.run(main())
    assert {type(outcome) for outcome in outcomes} == {JournalError}
    assert all("the disk is full" in str(outcome) for outcome in outcomes)


def test_texts_of_servers_that_are_no_unicode_are_written(journal: Journal) -> None:
    odd = "\ud83d half a face"
    journal.write_now(create_run("r", {}, {}, ()))
    journal.write_now(set_status("r", "failed", odd))
    record = UnitRecord(0, 0, 0, "rowless", "refused", odd, WORST, WORST)
    asyncio.run(journal.write(commit_unit("r", record, (), again=False)))
    strange = replace(reply(1), refusal=odd, model=odd, finish_reason=odd)
    asyncio.run(journal.write(settle("r", Settled(1, address(1), "answer", WORST, strange, 1))))
    told = journal.write_now(
        lambda c: c.execute("SELECT u.reason, r.reason, p.model FROM units u, runs r, replies p").fetchone()
    )
    assert told == ("? half a face",) * 3


def test_as_many_calls_are_made_ready_as_slots_come_free_meanwhile() -> None:
    headway = Lookahead()
    assert headway.beyond(64) == 0, "nothing is known yet"
    for _ in range(200):
        headway.called(0.05)
        headway.committed(0.004)
    assert headway.beyond(64) == 10
    assert headway.beyond(1) == 0
    for _ in range(200):
        headway.committed(0.5)
    assert headway.beyond(64) == 32, "no more than half of those that may be out"
    for _ in range(200):
        headway.called(2.0)
        headway.committed(0.004)
    assert headway.beyond(64) == 0
