"""The durable ask of one unit: a journalled reply is returned; otherwise reserve, call, commit, hand on."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tilth.engine.budget import DoesNotFit, Hold
from tilth.engine.events import Events, Text
from tilth.engine.file.format.digests import canonical, digest_of
from tilth.engine.file.journal import Journal
from tilth.engine.file.resume import JournalledRun
from tilth.engine.file.reuse import Pool
from tilth.engine.file.writes import Address, Bill, Decision, StoredReply, decide
from tilth.engine.growing.asks.booking import BookedCall, Booking, Call
from tilth.engine.growing.asks.claims import Claims
from tilth.engine.growing.asks.connection import ModelConnection
from tilth.engine.growing.asks.controls import Controls
from tilth.engine.growing.asks.replies import read
from tilth.errors import StrategyError, UnitFailed
from tilth.strategies.base import Reply, Role, UnitCost
from tilth.strategies.passes import drawn
from tilth.tasks.base import Prompt
from tilth.teacher import CallError, Completion

_TENTATIVE_TRIES = 2
"""Answers of status 500 to a tentative request that count as a refusal: one may be by chance."""

_SAMPLING_SEED_BITS = 31
"""Sampling seeds are drawn below 2**31: some servers read them as a signed 32-bit number."""

_MOST_WORTH = 32
_WORTH = defaultdict(lambda: 4, {"in doubt": 8, "rate-limited": 1})
"""What a failure of one call counts for: 32 refusals for its rate, 8 other failures or 4 in doubt end it."""

_SURELY_OWN = 2
"""Failures of one call with replies between, from which on its failures are its own."""


@dataclass(frozen=True)
class AskContext:
    """What all asks of a run share."""

    run_id: str
    journal: Journal
    journalled: JournalledRun
    booking: Booking
    connections: Mapping[Role, ModelConnection]
    events: Events
    controls: Controls
    random_state: int
    pool: Pool | None = None
    """Replies of other files, where some were given to reuse."""


class UnitAsk:
    """Puts one unit's prompts to the models, each under an address of its own."""

    def __init__(
        self,
        context: AskContext,
        unit: int,
        hold: Hold,
        most: UnitCost | None,
        answered: Callable[[int], None] | None = None,
    ) -> None:
        """`answered` is told the unit once it has had the last reply that its strategy may ask for."""
        self._context = context
        self._answered = answered
        self._unit = unit
        self._hold = hold
        self._most = most
        self._asked: dict[Role, int] = {}
        self._seen: dict[tuple[Role, str], int] = {}
        self._replies: dict[Address, StoredReply] = {}
        self._decisions: dict[str, Decision] = {}
        self._claims = Claims(unit)
        self._askers: set[asyncio.Task[Any]] = set()
        self._quiet: asyncio.Event | None = None
        self._calls: set[BookedCall] = set()
        self._heard = False
        self.bill = Bill()

    @property
    def idle(self) -> bool:
        """Whether it may be left for later: no call of it is out, and none was answered yet, or one fails."""
        waits = all(call.waits for call in self._calls)
        return waits and (not self._heard or any(call.attempts for call in self._calls))

    async def recall(self, *, in_any_order: bool = False) -> None:
        """Reads what an earlier process journalled for this unit.

        `in_any_order` is for what is no strategy's: any of it may be asked again, or none.
        """
        context, unit = self._context, self._unit

        def recalled(_: object) -> tuple[dict[Address, StoredReply], set[Address], dict[str, Decision]]:
            return (
                context.journalled.replies(unit),
                context.journalled.addresses(unit),
                context.journalled.decisions(unit),
            )

        self._replies, addresses, self._decisions = await context.journal.write(recalled)
        if not in_any_order:
            self._claims.expect(addresses)

    async def __call__(self, prompt: Prompt, role: Role = "teacher") -> Reply:
        connection = self._context.connections[role]
        request = connection.request(prompt)
        body = canonical(request)
        key = digest_of(body)
        n = self._seen.get((role, key), 0)
        self._seen[role, key] = n + 1
        self._asked[role] = asked = self._asked.get(role, 0) + 1
        if self._most is not None and asked > self._most.most(role):
            raise StrategyError(
                f"the strategy asked the {role} {asked} times in one unit, and its cost() "
                f"declares {self._most.most(role)} at most; raise most_{role} there"
            )
        call = Call(Address(self._unit, role, key, n), prompt.purpose, request, body, prompt.tentative)
        return read(prompt, await self._reply(call, connection))

    async def many(self, prompt: Prompt, k: int, role: Role = "teacher") -> list[Reply]:
        """`k` replies to one prompt, in order of asking."""
        return await together(self(prompt, role) for _ in range(k))

    def structured(self, role: Role) -> str | None:
        """How that role's model gives structured replies, where its user said so."""
        return self._context.connections[role].model.structured

    async def decide(self, key: str, fn: Callable[[], Awaitable[Any]], *, older: Any = None) -> Any:
        """The journalled result of `fn`; what `fn` asked is then taken as asked."""
        if key in self._decisions:
            decision = self._decisions[key]
            for role, request, n in decision.asked:
                self._seen[role, request] = max(self._seen.get((role, request), 0), n + 1)
                address = Address(self._unit, role, request, n)
                if self._claims.claim(address) and address in self._replies:
                    self.bill.add(self._replies[address])
            return decision.value
        before = dict(self._seen)
        value = await fn()
        asked = [(*kind, n) for kind, times in self._seen.items() for n in range(before.get(kind, 0), times)]
        decision = self._decisions[key] = Decision(value, tuple(asked))
        await self._context.journal.write(decide(self._context.run_id, self._unit, key, decision))
        return value

    async def leave(self, *, cancelling: bool) -> None:
        """Waits for asks that the strategy left behind (a lost race, a failed gather): they are paid for.

        With `cancelling` their calls are cancelled instead, and are in doubt.
        """
        cancelled = None
        while self._claims.out:
            if cancelling:
                for asker in self._askers - {asyncio.current_task()}:
                    asker.cancel()
            self._quiet = asyncio.Event()
            try:
                await self._quiet.wait()
            except asyncio.CancelledError as error:
                cancelling, cancelled = True, error
        self._claims.close()
        if cancelled is not None:
            raise cancelled

    async def _reply(self, call: Call, connection: ModelConnection) -> StoredReply:
        claims, asker = self._claims, asyncio.current_task()
        claims.out += 1
        if asker is not None:
            self._askers.add(asker)
        try:
            await claims.turn(call.address)
            stored = self._replies.get(call.address)
            cut_off = stored is not None and stored.finish_reason == "length"
            if stored is None or (cut_off and stored.max_tokens < connection.model.max_tokens):
                if cut_off:
                    # asked anew, it reads otherwise, and what follows from it may be asked otherwise
                    claims.give_up()
                    call = replace(call, again=True)
                stored = await self._reused(call, connection) or await self._called(call, connection)
        finally:
            claims.ended()
            if self._quiet is not None and not claims.out:
                self._quiet.set()
        self._heard = True
        self.bill.add(stored)
        return stored

    async def _reused(self, call: Call, connection: ModelConnection) -> StoredReply | None:
        context = self._context
        if context.pool is None:
            return None
        stored = context.pool.take(call.address, connection.model.max_tokens, connection.price)
        if stored is not None:
            await context.booking.take_over(call, stored)
        return stored

    async def _called(self, call: Call, connection: ModelConnection) -> StoredReply:
        """The reply of the model, which is asked until it gives one, or refuses for good."""
        context = self._context
        if not context.controls.going.is_set():
            await context.controls.going.wait()
        with context.booking.call(self._hold, call, connection.priced) as booked:
            patience = _Patience(connection)
            self._calls.add(booked)
            try:
                while True:
                    try:
                        completion = await self._attempt(call, connection, booked)
                    except CallError as error:
                        await self._again(call, connection, booked, error)
                        patience.failed(error)
                        continue
                    stored = _stored(completion, connection, booked)
                    if booked.covers(stored.usage):
                        self._notice_last()
                    await booked.settle(stored)
                    return stored
            finally:
                self._calls.discard(booked)

    async def _again(
        self, call: Call, connection: ModelConnection, booked: BookedCall, error: CallError
    ) -> None:
        """Waits after a failure until the call may be made once more; raises where it is not to be."""
        try:
            booked.failed(error)
        except DoesNotFit:
            connection.heed(error)  # it ends the run all the same, though there is no room left
            raise
        if _refused(call, error, booked.attempts):
            raise UnitFailed(str(error)) from error
        if self._context.controls.stopping:
            raise asyncio.CancelledError from error  # the unit is left for later
        await connection.back_off(booked.attempts, error)

    def _notice_last(self) -> None:
        if self._answered is None or self._most is None or self._claims.out > 1:
            return
        if sum(self._asked.values()) >= self._most.most_queries:  # none may be asked more than its most
            self._answered(self._unit)

    async def _attempt(self, call: Call, connection: ModelConnection, booked: BookedCall) -> Completion:
        events, going = self._context.events, self._context.controls.going
        address = call.address
        parts = (address.unit, address.role, address.digest, address.n)
        sampling_seed = drawn(self._context.random_state, *parts) >> (64 - _SAMPLING_SEED_BITS)
        with events.streaming() as mine:
            if not mine:
                return await connection.complete(call.request, booked, sampling_seed, None, going)

            def show(text: str) -> None:
                events.publish(Text(self._unit, call.purpose, text, done=False))

            completion = await connection.complete(call.request, booked, sampling_seed, show, going)
            events.publish(Text(self._unit, call.purpose, completion.text, done=True))
            return completion


class _Patience:
    """How often one call may fail while others are answered: a prompt that breaks its server never ends."""

    def __init__(self, connection: ModelConnection) -> None:
        self._streaks = connection.streaks
        self._replies = self._streaks.replies
        self._worth = self._own = 0

    def failed(self, error: CallError) -> None:
        """Counts a failure; raises `UnitFailed` where there were too many of this call's own."""
        self._own += self._streaks.replies > self._replies
        if self._streaks.replies == self._replies and self._own < _SURELY_OWN:
            return  # nothing was answered meanwhile: it may not be about this call
        self._replies = self._streaks.replies
        self._worth += _WORTH["in doubt" if error.in_doubt else error.kind]
        if self._worth >= _MOST_WORTH:
            raise UnitFailed(
                f"tried again and again without a reply while other calls were answered; the last: {error}",
                "no-reply",
            ) from error


async def together(asks: Iterable[Awaitable[Reply]]) -> list[Reply]:
    """All replies, in order; a failure is raised when every ask has ended, for all of them are paid for."""
    answers = await asyncio.gather(*asks, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if isinstance(answer, Reply)]


def _refused(call: Call, error: CallError, attempts: int) -> bool:
    """Whether a tentative request was answered as by a server that cannot take it, rather than one down."""
    return call.tentative and error.status == 500 and attempts >= _TENTATIVE_TRIES


def _stored(completion: Completion, connection: ModelConnection, booked: BookedCall) -> StoredReply:
    return StoredReply(
        text=completion.text,
        refusal=completion.refusal,
        finish_reason=completion.finish_reason,
        model=completion.model,
        max_tokens=connection.model.max_tokens,
        seconds=completion.seconds,
        usage=connection.priced.usage(completion, booked.worst),
    )
