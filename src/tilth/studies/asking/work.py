"""Work that a student has done elsewhere, such as a fine-tuning job: booked as a call is, and done once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tilth.engine.budget import Amount, Ledger
from tilth.engine.file.format.digests import canonical, digest_of
from tilth.engine.file.journal import Journal
from tilth.engine.file.resume import JournalledRun
from tilth.engine.file.writes import (
    PREPARING,
    Address,
    Settled,
    StoredReply,
    Usage,
    release,
    reserve,
    reserve_again,
    settle,
)
from tilth.engine.runner import runner
from tilth.errors import Overspent
from tilth.strategies.base import Role
from tilth.students.asking import Done, Unbilled

ROLE: Role = "student"

_FAILED = "error"
"""How a reply ended that tells of work which was billed, and came to nothing."""

_SHOWN = 4
"""Pieces of work that are told of at once."""

_UNFINISHED = """
SELECT call, worst_queries, worst_tokens, worst_nano FROM ledger
WHERE run_id = ? AND unit = ? AND role = ? AND digest = ? AND n = ? AND state = 'in doubt'
ORDER BY call DESC LIMIT 1
"""


class StudyWork:
    """Does paid work once for each study's file. Its entry in the ledger is made before it begins.

    A process that is killed leaves that entry, which says to the next one that the work may have begun.

    It may do several pieces at a time. The same piece, asked for twice, is done once.
    """

    def __init__(self, study_id: str, journal: Journal, patience: float) -> None:
        self.study_id, self.patience = study_id, patience
        self._waiting: dict[str, str] = {}
        self._left: dict[str, str] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._journal = journal
        self._stopped = asyncio.Event()
        self._books: tuple[JournalledRun, Ledger] | None = None

    def keep_in(self, journalled: JournalledRun, ledger: Ledger) -> None:
        """Books from now on in this ledger."""
        self._books = journalled, ledger

    def stop(self) -> None:
        """Lets nothing wait any longer. Called from any thread."""
        with suppress(RuntimeError):  # the interpreter exits, and its loop has ended
            runner().loop.call_soon_threadsafe(self._stopped.set)

    @property
    def waiting(self) -> str:
        """What is waited for; "" while nothing is. Called from any thread."""
        return _joined(self._waiting)

    @property
    def left(self) -> str:
        """What goes on elsewhere if the study ends now; "" where nothing does."""
        return _joined(self._left)

    def tell(self, piece: str, what: str | None) -> None:
        """Says what is waited for."""
        _note(self._waiting, piece, what)

    def leave(self, piece: str, what: str | None) -> None:
        """Says what goes on elsewhere."""
        _note(self._left, piece, what)

    async def pause(self, seconds: float) -> None:
        """Waits; raises `CancelledError` once the study is stopped."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)
        if self._stopped.is_set():
            raise asyncio.CancelledError

    async def once(
        self,
        purpose: str,
        request: Mapping[str, Any],
        worst: Amount,
        do: Callable[[bool, int], Awaitable[Done]],
    ) -> str:
        """The text of what `do` came to, as `PaidWork` has it."""
        key = digest_of(canonical(request))
        async with self._turns.setdefault(key, asyncio.Lock()):
            return await self._once(purpose, canonical(request), key, worst, do)

    async def _once(
        self,
        purpose: str,
        body: str,
        key: str,
        worst: Amount,
        do: Callable[[bool, int], Awaitable[Done]],
    ) -> str:
        if self._books is None:
            raise RuntimeError("there are no books to keep yet")
        journalled, ledger = self._books
        stored = await self._journal.write(lambda _: journalled.replies(PREPARING))
        address = Address(PREPARING, ROLE, key, 0)
        while address in stored:
            if stored[address].finish_reason != _FAILED:
                return str(stored[address].text)
            address = replace(address, n=address.n + 1)
        entry, held, begun = await self._reserved(ledger, address, purpose, body, worst)
        try:
            done = await do(begun, address.n)
        except Unbilled as error:
            ledger.reserved -= held
            self._journal.post(release(entry, "freed", 1))
            raise error.__cause__ or error from None
        except BaseException:
            ledger.doubt(held)
            self._journal.post(release(entry, "in doubt", 1))
            raise
        tokens = held.tokens if done.tokens is None else done.tokens
        nano = held.nano if done.tokens is None else done.nano
        usage = Usage(tokens, 0, nano, done.tokens is None)
        ended = "stop" if done.failure is None else _FAILED
        reply = StoredReply(done.text, None, ended, done.model, 0, 0.0, usage)
        excess = ledger.settle(held, usage.amount)
        await self._journal.write(settle(self.study_id, Settled(entry, address, purpose, held, reply, 1)))
        if excess != Amount():
            raise Overspent(
                f"{purpose} was billed {excess.tokens:,} tokens and ${excess.nano / 1e9:.6f} more than was "
                "reserved for it; the study stopped, so that no limit is passed unseen. Run it again to go on"
            )
        if done.failure is not None and not done.again:
            raise done.failure
        if done.again:
            return await self._once(purpose, body, key, worst, do)
        return done.text

    async def _reserved(
        self, ledger: Ledger, address: Address, purpose: str, body: str, worst: Amount
    ) -> tuple[int, Amount, bool]:
        """Its entry, what is reserved for it, and whether an earlier process may have begun it."""

        def unfinished(file: sqlite3.Connection) -> tuple[int, int, int, int] | None:
            found: tuple[int, int, int, int] | None = file.execute(
                _UNFINISHED, (self.study_id, address.unit, address.role, address.digest, address.n)
            ).fetchone()
            return found

        found = await self._journal.write(unfinished)
        if found is not None:
            entry, held = found[0], Amount(*found[1:])
            ledger.in_doubt -= held
            ledger.reserved += held
            await self._journal.write(reserve_again(entry))
            return entry, held, True
        hold = ledger.hold(worst)
        try:
            entry = await self._journal.write(reserve(self.study_id, address, purpose, body, worst))
        except BaseException:
            ledger.close(hold)
            raise
        return entry, worst, False


def _note(notes: dict[str, str], piece: str, what: str | None) -> None:
    if what is None:
        notes.pop(piece, None)
    else:
        notes[piece] = what


def _joined(notes: Mapping[str, str]) -> str:
    several = list(notes.values())
    more = f"; and {len(several) - _SHOWN} more" if len(several) > _SHOWN else ""
    return "; ".join(several[:_SHOWN]) + more
