"""The durable ask of one unit: a journalled reply is returned; otherwise reserve, call, commit, hand on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tilth.engine.budget import Amount, Hold, Ledger
from tilth.engine.events import Events, Text
from tilth.engine.headway import Headway
from tilth.engine.identity import canonical, digest_of
from tilth.engine.journal import Journal
from tilth.engine.line import Line
from tilth.engine.order import drawn
from tilth.engine.past import Past
from tilth.engine.records import (
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
from tilth.engine.reuse import Pool
from tilth.engine.strategy import (
    Reply,
    Role,
    StrategyError,
    StrategyNotDeterministic,
    UnitCost,
    UnitFailed,
)
from tilth.engine.switches import Attempt, Switches
from tilth.engine.usable import read
from tilth.tasks.base import Prompt
from tilth.teacher import CallError, Completion

_SEED_BITS = 31
"""Sampling seeds are drawn below 2**31: some servers read them as a signed 32-bit number."""


class Overspent(Exception):
    """The server's usage passed what had been reserved for the call. The run stops and says by how much."""


@dataclass(frozen=True)
class Desk:
    """What all asks of a run share."""

    run_id: str
    journal: Journal
    past: Past
    ledger: Ledger
    lines: Mapping[Role, Line]
    events: Events
    switches: Switches
    random_state: int
    pool: Pool | None = None
    """Replies of other files, where some were given to reuse."""
    headway: Headway = field(default_factory=Headway)
    """How many calls are made ready beyond those in flight."""


class UnitAsk:
    """Puts one unit's prompts to the models, each under an address of its own."""

    def __init__(
        self,
        desk: Desk,
        unit: int,
        hold: Hold,
        most: UnitCost | None,
        answered: Callable[[int], None] | None = None,
    ) -> None:
        """`answered` is told the unit once it has had the last reply that its strategy may ask for."""
        self._desk = desk
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
        desk, unit = self._desk, self._unit

        def recalled(_: object) -> tuple[dict[Address, StoredReply], set[Address], dict[str, Decision]]:
            return desk.past.replies(unit), desk.past.addresses(unit), desk.past.decisions(unit)

        self._replies, self._unclaimed, self._decisions = await desk.journal.write(recalled)

    async def __call__(self, prompt: Prompt, role: Role = "teacher") -> Reply:
        line = self._desk.lines[role]
        request = line.request(prompt)
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
        stored = await self._reply(address, request, body, prompt.purpose, line)
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
        await self._desk.journal.write(decide(self._desk.run_id, self._unit, key, decision))
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
        self, address: Address, request: Mapping[str, Any], body: str, purpose: str, line: Line
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
            if stored is None or (cut_off and stored.max_tokens < line.model.max_tokens):
                if cut_off:
                    # asked anew, it reads otherwise, and what follows from it may be asked otherwise
                    self._unclaimed.clear()
                    self._release_parked()
                stored = await self._reused(address, body, purpose, line) or await self._call(
                    address, request, body, purpose, line
                )
        finally:
            self._outstanding -= 1
            if self._quiet is not None and self._outstanding == 0:
                self._quiet.set()
            if self._parked:
                self._notice_stuck()
        self.bill.add(stored)
        return stored

    async def _reused(self, address: Address, body: str, purpose: str, line: Line) -> StoredReply | None:
        desk = self._desk
        if desk.pool is None:
            return None
        stored = desk.pool.take(address, line.model.max_tokens, line.price)
        if stored is not None:
            await desk.journal.write(reuse(desk.run_id, address, purpose, body, stored))
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
        self, address: Address, request: Mapping[str, Any], body: str, purpose: str, line: Line
    ) -> StoredReply:
        desk = self._desk
        worst = line.worst(request)
        seed = drawn(desk.random_state, *_parts(address)) >> (64 - _SEED_BITS)
        call: int | None = None  # its number, once it is in the journal
        attempts = 0
        attempt = Attempt(desk.switches, worst)
        if not desk.switches.going.is_set():
            await desk.switches.going.wait()
        desk.ledger.draw(self._hold, worst)
        drawn_now = True
        try:
            while True:
                if call is None:
                    began = time.monotonic()
                    call = await desk.journal.write(reserve(desk.run_id, address, purpose, body, worst))
                    desk.headway.committed(time.monotonic() - began)
                attempts += 1
                desk.switches.attempts += 1
                try:
                    completion = await self._attempt(line, request, seed, purpose, attempt)
                except CallError as error:
                    attempt.over()
                    if error.kind == "bad-request":
                        raise UnitFailed(str(error)) from error
                    if error.in_doubt:
                        desk.ledger.doubt(worst)
                        desk.journal.post(release(call, "in doubt", attempts))
                        call, drawn_now = None, False
                        # drawn again at once: while this call waits, units behind it would take its room
                        desk.ledger.redraw(worst)
                        drawn_now = True
                    await line.back_off(attempts, error)
                    continue
                attempt.over()
                desk.headway.called(completion.seconds)
                stored = _stored(completion, line, request)
                excess = desk.ledger.settle(worst, stored.usage.amount)
                settled, call, drawn_now = call, None, False
                if excess == Amount():  # else the run stops here
                    self._notice_last()
                entry = Settled(settled, address, purpose, worst, stored, attempts)
                await desk.journal.write(settle(desk.run_id, entry))
                _stop_at(excess, line.model.name)
                return stored
        except BaseException:
            if attempt.out and call is not None:  # whether the endpoint answered it cannot be known any more
                desk.ledger.doubt(worst)
                desk.journal.post(release(call, "in doubt", attempts))
                call, drawn_now = None, False
            raise
        finally:
            attempt.over()
            if drawn_now:
                desk.ledger.free(self._hold, worst)
                desk.journal.post(
                    unreserve(desk.run_id, address) if call is None else release(call, "freed", attempts)
                )

    def _notice_last(self) -> None:
        if self._answered is None or self._most is None or self._outstanding > 1:
            return
        if sum(self._asked.values()) >= self._most.most_queries:  # none may be asked more than its most
            self._answered(self._unit)

    async def _attempt(
        self, line: Line, request: Mapping[str, Any], seed: int, purpose: str, attempt: Attempt
    ) -> Completion:
        events, going, worst = self._desk.events, self._desk.switches.going, attempt.worst
        with events.streaming() as mine:
            if not mine:
                return await line.complete(request, worst, seed, None, going, attempt.sent)

            def show(text: str) -> None:
                events.publish(Text(self._unit, purpose, text, done=False))

            completion = await line.complete(request, worst, seed, show, going, attempt.sent)
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


def _stored(completion: Completion, line: Line, request: Mapping[str, Any]) -> StoredReply:
    return StoredReply(
        text=completion.text,
        refusal=completion.refusal,
        finish_reason=completion.finish_reason,
        model=completion.model,
        max_tokens=line.model.max_tokens,
        seconds=completion.seconds,
        usage=line.usage(completion, request),
    )


def _stop_at(excess: Amount, model: str) -> None:
    if excess.tokens or excess.nano:
        dollars = f" and ${excess.nano / 1e9:.6f}" if excess.nano else ""
        raise Overspent(
            f"{model} reported {excess.tokens} tokens{dollars} more than was reserved for a call; "
            "the run stopped, so that no limit is passed unseen"
        )
