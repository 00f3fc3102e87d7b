"""The account of a study's students: what they are asked, booked within a limit of its own, asked once."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from tilth.engine.budget import Amount, Budget, DoesNotFit, Hold, Ledger
from tilth.engine.events import Events
from tilth.engine.file.format.digests import canonical, digest_of
from tilth.engine.file.journal import Journal
from tilth.engine.file.resume import JournalledRun
from tilth.engine.growing.asks.asking import AskContext, UnitAsk
from tilth.engine.growing.asks.booking import Booking
from tilth.engine.growing.asks.connection import ModelConnection
from tilth.engine.growing.asks.controls import Controls
from tilth.errors import UnitFailed
from tilth.students.base import StudentAnswer
from tilth.studies.asking.work import ROLE, StudyWork
from tilth.tasks.base import Prompt
from tilth.teacher import Teacher

_CUT_OFF = frozenset({"cut-off", "context-full"})
"""Causes for which an answer ended before its end."""

_NO_REPLY = "no-reply"
"""The cause of a failure that says nothing of the question: it may be answered another time."""

Question = tuple[int, Prompt]
"""The number of a test question in its study, and what is put to the student for it."""


Key = tuple[int, str]
"""The same number, and the digest of the request: where the reply stands."""


class StudentAccount:
    """Asks the students of one study. What it books stands under the study's id, on the account "student".

    It keeps what a run keeps: reserved before a call, settled after it, in doubt where the reply never came;
    a reply is durable before it is handed on, and what is journalled is never asked again, by whichever cell.
    Used in the runner's loop.

    Attributes:
        limit: What may be spent in this file, in all sittings.
        short_of: The limit that ended it: "queries", "tokens" or "dollars"; None while none did.
        work: What students have done elsewhere, on the same account.
    """

    def __init__(
        self, study_id: str, journal: Journal, limit: Budget, *, patience: float, random_state: int
    ) -> None:
        self.limit = limit
        self.short_of: str | None = None
        self.work = StudyWork(study_id, journal, patience)
        self._id = study_id
        self._journal = journal
        self._patience = patience
        self._random_state = random_state
        self._controls = Controls()
        self._controls.going.set()
        self._connections: dict[Teacher, ModelConnection] = {}
        self._books: tuple[JournalledRun, Booking] | None = None
        self._opening = asyncio.Lock()
        self._replied: dict[Key, int | None] = {}
        """What has a reply: the limit on it where that cut it off, else None."""

    @property
    def stopping(self) -> bool:
        """Whether nothing new is to be asked."""
        return self._controls.stopping or self.short_of is not None

    def stop(self) -> None:
        """What is asked finishes, unless it only fails; nothing new begins. Called from any thread."""
        self._controls.stopping = True
        self.work.stop()

    @property
    def failing(self) -> bool:
        """Whether an endpoint gives nothing but failures."""
        return any(connection.gate.failing for connection in list(self._connections.values()))

    @property
    def waiting(self) -> tuple[str, float | None] | None:
        """What is waited for where replies stay away for more than a moment, and seconds to the next try."""
        connections = sorted(self._connections.values(), key=lambda one: not one.gate.failing)
        wait = next((wait for one in connections if (wait := one.waiting) is not None), None)
        if wait is not None:
            return wait.why, wait.seconds
        return (why, None) if (why := self.work.waiting) else None

    async def answers(self, model: Teacher, asked: Sequence[Question]) -> list[StudentAnswer]:
        """The model's answers, in order. Nothing is asked unless there are queries for all of them.

        Tokens and dollars are reserved call by call: prompts with demonstrations are long, and the worst case
        of all together would leave much of a limit unused. What does not fit waits until others have settled.
        A question that the endpoint refuses for good has no answer.

        Raises:
            UnitFailed: A question had no reply, however often it was put, while others were answered.
            DoesNotFit: The rest does not fit under the limit.
            CancelledError: It was stopped while calls only failed, or is cancelled.
            TeacherError, Overspent, JournalError: As a run fails of them.
        """
        journalled, booking = await self.opened()
        connection = self._connection(model, len(asked))
        context = AskContext(
            self._id,
            self._journal,
            journalled,
            booking,
            {ROLE: connection},
            Events(),
            self._controls,
            self._random_state,
        )
        keys = await asyncio.to_thread(_keys, model, asked)  # long prompts: not in everybody's loop
        hold = booking.ledger.hold(Amount(sum(not self._has(model, key) for key in keys)))
        answers: dict[int, StudentAnswer] = {}
        try:
            while len(answers) < len(asked):
                left = [place for place in range(len(asked)) if place not in answers]
                each = (self._answer(context, hold, keys[place], asked[place][1]) for place in left)
                found = dict(zip(left, await asyncio.gather(*each, return_exceptions=True), strict=True))
                came = {place: one for place, one in found.items() if isinstance(one, StudentAnswer)}
                _raise_first(found.values(), but_room=bool(came))
                answers |= came
        finally:
            booking.ledger.close(hold)
        return [answers[place] for place in range(len(asked))]

    async def close(self) -> None:
        """Closes what was opened."""
        for connection in self._connections.values():
            await connection.close()

    async def opened(self) -> tuple[JournalledRun, Booking]:
        """The file's books on this account, as an earlier sitting left them."""
        async with self._opening:
            if self._books is None:
                self._books = await self._taken_up()
            return self._books

    async def _taken_up(self) -> tuple[JournalledRun, Booking]:
        def take_up(file: sqlite3.Connection) -> tuple[Any, ...]:
            replies = file.execute(
                "SELECT unit, digest, iif(finish_reason = 'length', max_tokens, NULL) FROM replies"
                " WHERE run_id = ? AND role = ?",
                (self._id, ROLE),
            ).fetchall()
            journalled = JournalledRun(file, self._id)
            return journalled, journalled.sums(), replies

        journalled, booked, replies = await self._journal.write(take_up)
        self._replied = {(unit, key): cut_off for unit, key, cut_off in replies}
        ledger = Ledger(self.limit, booked.spent, booked.in_doubt)
        self.work.keep_in(journalled, ledger)
        return journalled, Booking(self._id, self._journal, ledger, self._controls)

    def _connection(self, model: Teacher, questions: int) -> ModelConnection:
        if model not in self._connections:
            self._connections[model] = ModelConnection(model, self._patience, questions)
        return self._connections[model]

    def _has(self, model: Teacher, key: Key) -> bool:
        """Whether a reply is journalled that was not cut off under a lower limit than today's."""
        if key not in self._replied:
            return False
        cut_off = self._replied[key]
        return cut_off is None or cut_off >= model.max_tokens

    async def _answer(self, context: AskContext, hold: Hold, key: Key, prompt: Prompt) -> StudentAnswer:
        asks = UnitAsk(context, key[0], hold, None)
        try:
            if key in self._replied:
                await asks.recall(in_any_order=True)
            reply = await asks(prompt, ROLE)
        except UnitFailed as error:
            if error.cause == _NO_REPLY:
                raise
            return StudentAnswer(None)
        finally:
            await asks.leave(cancelling=isinstance(sys.exception(), asyncio.CancelledError))
        cut_off = reply.cause in _CUT_OFF
        self._replied[key] = context.connections[ROLE].model.max_tokens if cut_off else None
        return StudentAnswer(str(reply), cut_off)


def _keys(model: Teacher, asked: Sequence[Question]) -> list[Key]:
    return [(unit, digest_of(canonical(model.request(prompt)))) for unit, prompt in asked]


def _raise_first(found: Iterable[object], *, but_room: bool) -> None:
    """Raises what a cell failed of: what ends the study first, and a lack of room last.

    `but_room`: a lack of room is none yet, for others have settled.
    """
    ends = (asyncio.CancelledError, UnitFailed, DoesNotFit)
    errors = [one for one in found if isinstance(one, BaseException)]
    for error in sorted(errors, key=lambda one: ends.index(type(one)) if type(one) in ends else -1):
        if not (but_room and isinstance(error, DoesNotFit)):
            raise error
