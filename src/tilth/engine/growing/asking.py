"""The durable ask of one unit: a journalled reply is returned; otherwise reserve, call, commit, hand on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tilth.engine.budget import Amount, Hold, Ledger
from tilth.engine.events import Events, Text
from tilth.engine.file.digests import canonical, digest_of
from tilth.engine.file.journal import Journal
from tilth.engine.file.resume import JournalledRun
from tilth.engine.file.reuse import Pool
from tilth.engine.file.writes import (
    Address,
    Bill,
    Decision,
    Settled,
    StoredReply,
    decide,
    release,
    reserve,
    reuse,
    settle,
    unreserve,
)
from tilth.engine.growing.connection import ModelConnection
from tilth.engine.growing.controls import Attempt, Controls
from tilth.engine.growing.lookahead import Lookahead
from tilth.engine.growing.replies import read
from tilth.errors import Overspent, StrategyError, StrategyNotDeterministic, UnitFailed
from tilth.strategies.base import Reply, Role, UnitCost
from tilth.strategies.passes import drawn
from tilth.tasks.base import Prompt
from tilth.teacher import CallError, Completion

_SEED_BITS = 31
"""Sampling seeds are drawn below 2**31: some servers read them as a signed 32-bit number."""


@dataclass(frozen=True)
class AskContext:
    """What all asks of a run share."""

    run_id: str
    journal: Journal
    journalled: JournalledRun
    ledger: Ledger
    connections: Mapping[Role, ModelConnection]
    events: Events
    controls: Controls
    random_state: int
    pool: Pool | None = None
    """Replies of other files, where some were given to reuse."""
    lookahead: Lookahead = field(default_factory=Lookahead)
    """How many calls are made ready beyond those in flight."""


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
        self._unclaimed: set[Address] = set()
        self._decisions: dict[str, Decision] = {}
        self._parked: list[asyncio.Future[None]] = []
        self._outstanding = 0
        self._askers: set[asyncio.Task[Any]] = set()
        self._quiet: asyncio.Event | None = None
        self.bill = Bill()

    async def recall(self) -> None:
        """Reads what an earlier process journalled for this unit."""
        context, unit = self._context, self._unit

        def recalled(_: object) -> tuple[dict[Address, StoredReply], set[Address], dict[str, Decision]]:
            return (
                context.journalled.replies(unit),
                context.journalled.addresses(unit),
                context.journalled.decisions(unit),
            )

        self._replies, self._unclaimed, self._decisions = await context.journal.write(recalled)

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
        address = Address(self._unit, role, key, n)
        stored = await self._reply(address, request, body, prompt.purpose, connection)
        return read(prompt, stored)

    async def many(self, prompt: Prompt, k: int, role: Role = "teacher") -> list[Reply]:
        """`k` replies to one prompt, in order of asking."""
        return await together(self(prompt, role) for _ in range(k))

    async def decide(self, key: str, fn: Callable[[], Awaitable[Any]]) -> Any:
        """The journalled result of `fn`; what `fn` asked is then taken as asked."""
        if key in self._decisions:
            decision = self._decisions[key]
            for role, request, n in decision.asked:
                self._seen[role, request] = max(self._seen.get((role, request), 0), n + 1)
                address = Address(self._unit, role, request, n)
                if address in self._unclaimed:
                    self._claim(address)
                    if address in self._replies:
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
        while self._outstanding:
            if cancelling:
                for asker in self._askers - {asyncio.current_task()}:
                    asker.cancel()
            self._quiet = asyncio.Event()
            try:
                await self._quiet.wait()
            except asyncio.CancelledError as error:
                cancelling, cancelled = True, error
        if cancelled is not None:
            raise cancelled

    async def _reply(
        self,
        address: Address,
        request: Mapping[str, Any],
        body: str,
        purpose: str,
        connection: ModelConnection,
    ) -> StoredReply:
        self._outstanding += 1
        asker = asyncio.current_task()
        if asker is not None:
            self._askers.add(asker)
        try:
            if address in self._unclaimed:
                self._claim(address)
            else:
                await self._park_while_others_are_unclaimed()
            stored = self._replies.get(address)
            cut_off = stored is not None and stored.finish_reason == "length"
            if stored is None or (cut_off and stored.max_tokens < connection.model.max_tokens):
                if cut_off:
                    # asked anew, it reads otherwise, and what follows from it may be asked otherwise
                    self._unclaimed.clear()
                    self._release_parked()
                stored = await self._reused(address, body, purpose, connection) or await self._call(
                    address, request, body, purpose, connection
                )
        finally:
            self._outstanding -= 1
            if self._quiet is not None and self._outstanding == 0:
                self._quiet.set()
            if self._parked:
                self._notice_stuck()
        self.bill.add(stored)
        return stored

    async def _reused(
        self, address: Address, body: str, purpose: str, connection: ModelConnection
    ) -> StoredReply | None:
        context = self._context
        if context.pool is None:
            return None
        stored = context.pool.take(address, connection.model.max_tokens, connection.price)
        if stored is not None:
            context.ledger.take_over()
            await context.journal.write(reuse(context.run_id, address, purpose, body, stored))
        return stored

    def _claim(self, address: Address) -> None:
        self._unclaimed.discard(address)
        if not self._unclaimed:
            self._release_parked()

    def _release_parked(self) -> None:
        for future in self._parked:
            if not future.done():
                future.set_result(None)

    async def _park_while_others_are_unclaimed(self) -> None:
        """An ask nobody journalled waits until the journalled ones were asked again: nothing is paid twice.

        Asks of one unit may come in another order than last time (gathering, racing). Only when every ask
        that is out is waiting here can nothing claim the rest: then the strategy asks for other things.
        """
        if not self._unclaimed:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parked.append(future)
        self._notice_stuck()
        await future

    def _notice_stuck(self) -> None:
        asyncio.get_running_loop().call_soon(self._judge_stuck, 8)

    def _judge_stuck(self, turns: int) -> None:
        waiting = [future for future in self._parked if not future.done()]
        if not waiting or len(waiting) < self._outstanding or not self._unclaimed:
            return
        if turns:  # what was just answered may ask on within the next turns of the loop
            asyncio.get_running_loop().call_soon(self._judge_stuck, turns - 1)
            return
        for future in waiting:
            future.set_exception(
                StrategyNotDeterministic(
                    f"unit {self._unit} asks for other things than its journal holds "
                    f"({len(self._unclaimed)} calls unclaimed); nothing was paid. Take "
                    "randomness from unit.rng only, raise the strategy's "
                    "version, or choose another path."
                )
            )

    async def _call(
        self,
        address: Address,
        request: Mapping[str, Any],
        body: str,
        purpose: str,
        connection: ModelConnection,
    ) -> StoredReply:
        context = self._context
        worst = connection.worst(request)
        seed = drawn(context.random_state, *_parts(address)) >> (64 - _SEED_BITS)
        call: int | None = None  # its number, once it is in the journal
        attempts = 0
        attempt = Attempt(context.controls, worst)
        if not context.controls.going.is_set():
            await context.controls.going.wait()
        context.ledger.draw(self._hold, worst)
        drawn_now = True
        try:
            while True:
                if call is None:
                    began = time.monotonic()
                    call = await context.journal.write(reserve(context.run_id, address, purpose, body, worst))
                    context.lookahead.committed(time.monotonic() - began)
                attempts += 1
                context.controls.attempts += 1
                try:
                    completion = await self._attempt(connection, request, seed, purpose, attempt)
                except CallError as error:
                    attempt.over()
                    if error.kind == "bad-request":
                        raise UnitFailed(str(error)) from error
                    if error.in_doubt:
                        context.ledger.doubt(worst)
                        context.journal.post(release(call, "in doubt", attempts))
                        call, drawn_now = None, False
                        # drawn again at once: while this call waits, units behind it would take its room
                        context.ledger.redraw(worst)
                        drawn_now = True
                    await connection.back_off(attempts, error)
                    continue
                attempt.over()
                context.lookahead.called(completion.seconds)
                stored = _stored(completion, connection, request)
                excess = context.ledger.settle(worst, stored.usage.amount)
                settled, call, drawn_now = call, None, False
                if excess == Amount():  # else the run stops here
                    self._notice_last()
                entry = Settled(settled, address, purpose, worst, stored, attempts)
                await context.journal.write(settle(context.run_id, entry))
                _stop_at(excess, connection.model.name)
                return stored
        except BaseException:
            if attempt.out and call is not None:  # whether the endpoint answered it cannot be known any more
                context.ledger.doubt(worst)
                context.journal.post(release(call, "in doubt", attempts))
                call, drawn_now = None, False
            raise
        finally:
            attempt.over()
            if drawn_now:
                context.ledger.free(self._hold, worst)
                context.journal.post(
                    unreserve(context.run_id, address) if call is None else release(call, "freed", attempts)
                )

    def _notice_last(self) -> None:
        if self._answered is None or self._most is None or self._outstanding > 1:
            return
        if sum(self._asked.values()) >= self._most.most_queries:  # none may be asked more than its most
            self._answered(self._unit)

    async def _attempt(
        self,
        connection: ModelConnection,
        request: Mapping[str, Any],
        seed: int,
        purpose: str,
        attempt: Attempt,
    ) -> Completion:
        events, going, worst = self._context.events, self._context.controls.going, attempt.worst
        with events.streaming() as mine:
            if not mine:
                return await connection.complete(request, worst, seed, None, going, attempt.sent)

            def show(text: str) -> None:
                events.publish(Text(self._unit, purpose, text, done=False))

            completion = await connection.complete(request, worst, seed, show, going, attempt.sent)
            events.publish(Text(self._unit, purpose, completion.text, done=True))
            return completion


async def together(asks: Iterable[Awaitable[Reply]]) -> list[Reply]:
    """All replies, in order; a failure is raised when every ask has ended, for all of them are paid for."""
    answers = await asyncio.gather(*asks, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if isinstance(answer, Reply)]


def _parts(address: Address) -> tuple[object, ...]:
    return (address.unit, address.role, address.digest, address.n)


def _stored(completion: Completion, connection: ModelConnection, request: Mapping[str, Any]) -> StoredReply:
    return StoredReply(
        text=completion.text,
        refusal=completion.refusal,
        finish_reason=completion.finish_reason,
        model=completion.model,
        max_tokens=connection.model.max_tokens,
        seconds=completion.seconds,
        usage=connection.usage(completion, request),
    )


def _stop_at(excess: Amount, model: str) -> None:
    if excess.tokens or excess.nano:
        dollars = f" and ${excess.nano / 1e9:.6f}" if excess.nano else ""
        raise Overspent(
            f"{model} reported {excess.tokens} tokens{dollars} more than was reserved for a call; "
            "the run stopped, so that no limit is passed unseen"
        )
