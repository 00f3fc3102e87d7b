"""What calls and units cost at most, and the booking of it: a run's ledger and its file's as one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Self

from tilth.engine.budget import Amount, Hold, Ledger
from tilth.engine.file.journal import Journal
from tilth.engine.file.writes import (
    Address,
    Settled,
    StoredReply,
    Usage,
    release,
    reserve,
    reserve_again,
    reuse,
    settle,
    unreserve,
)
from tilth.engine.growing.asks.controls import Controls
from tilth.engine.growing.asks.lookahead import Lookahead
from tilth.errors import Overspent
from tilth.seeds import Seed
from tilth.strategies.base import ROLES, Role, Strategy, UnitCost
from tilth.tasks.base import Task
from tilth.teacher import CallError, Completion, Price, Teacher

_PROMPT_SLACK = 64
"""Tokens added to a prompt's UTF-8 bytes for what the chat format adds around it."""

_MOST_TOKENS = 10**9
"""Tokens of a prompt or a reply, at most: more are no usage, but a server's mistake."""

_MOST_NANO = 10**15
"""Nano-dollars of a call, at most: a million dollars. A file holds numbers of 64 bits, and sums of them."""


@dataclass(frozen=True, slots=True)
class PricedModel:
    """A model and what its tokens cost, None where that is unknown."""

    model: Teacher
    price: Price | None

    @classmethod
    def of(cls, model: Teacher) -> PricedModel:
        """A model at its own price."""
        return cls(model, model.price())

    def worst(self, size: int) -> Amount:
        """The most a prompt of `size` bytes can cost: its tokens cannot outnumber them; the whole reply."""
        prompt, reply = size + _PROMPT_SLACK, self.model.max_tokens
        return Amount(1, prompt + reply, self._nano(prompt, reply))

    def usage(self, completion: Completion, worst: Amount) -> Usage:
        """What a completion cost by the server's word; where it says nothing, the worst case, estimated.

        No tokens for a text that is not empty, and numbers beyond reason, say nothing.
        """
        prompt = _meant(completion.prompt_tokens, least=1)
        reply = _meant(completion.completion_tokens, least=bool(completion.text or completion.refusal))
        estimated = prompt is None or reply is None
        if prompt is None:
            prompt = worst.tokens - self.model.max_tokens
        if reply is None:
            reply = self.model.max_tokens
        return Usage(prompt, reply, self._nano(prompt, reply), estimated)

    def _nano(self, prompt: int, reply: int) -> int:
        return min(_MOST_NANO, self.price.nano_dollars(prompt, reply)) if self.price else 0


def _meant(tokens: int | None, least: int) -> int | None:
    """A number of tokens that is meant; None for any other."""
    return tokens if tokens is not None and least <= tokens <= _MOST_TOKENS else None


def size_of(request: Mapping[str, Any]) -> int:
    """Bytes of a request's messages."""
    texts = [message["content"] for message in request["messages"]]
    return sum(len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in texts)


def worst_of_unit(
    strategy: Strategy, seeds: Iterable[Seed], cost: UnitCost, task: Task, models: Mapping[Role, PricedModel]
) -> Amount:
    """The most a unit of these seeds can cost: each prompt at its longest, plus all earlier replies."""
    prompts = [asked for seed in seeds for asked in strategy.prompts(seed, task)]
    worst, earlier = Amount(), 0
    for role in ROLES:
        most = cost.most(role)
        if not most:
            continue
        asked = models[role]
        size = max((size_of(asked.model.request(prompt)) for by, prompt in prompts if by == role), default=0)
        for _ in range(most):
            worst += asked.worst(size + earlier)
            earlier += asked.model.max_tokens
    return worst


@dataclass(frozen=True, slots=True)
class Call:
    """A request at its address, with its canonical JSON, what it is for, and whether it may be impossible.

    `again` says that a reply stands there that was cut off, and is replaced.
    """

    address: Address
    purpose: str
    request: Mapping[str, Any]
    body: str
    tentative: bool = False
    again: bool = False


class Booking:
    """Books the calls of a run in its ledger and in that of its file, each step by one method.

    A file may lag behind for a moment, never on the side that costs: a reservation is durable before the
    call is made, a settlement before its reply is handed on. Used in the runner's loop.
    """

    def __init__(self, run_id: str, journal: Journal, ledger: Ledger, controls: Controls) -> None:
        self.run_id, self.journal, self.ledger, self.controls = run_id, journal, ledger, controls
        self.lookahead = Lookahead()

    def call(self, hold: Hold, call: Call, model: PricedModel) -> BookedCall:
        """A call of the unit that has `hold`, for a `with` block."""
        return BookedCall(self, hold, call, model)

    async def take_over(self, call: Call, reply: StoredReply) -> None:
        """Books a reply of another file: nothing is spent on it here."""
        self.ledger.take_over()
        taken = reuse(self.run_id, call.address, call.purpose, call.body, reply, again=call.again)
        await self.journal.write(taken)


class _State(Enum):
    OVER = auto()
    """Nothing is reserved: not yet, or no more."""
    DRAWN = auto()
    """Reserved in the ledger; its entry in the file, if there is one, is free, or has told no id yet."""
    RESERVED = auto()
    """Reserved in ledger and file."""
    OUT = auto()
    """Reserved in both, and an endpoint may have it, and bill it."""


class BookedCall:
    """One call's money, in a `with` block: reserved on entering, and at its end settled, free or in doubt.

    Attributes:
        worst: The most it can cost.
        attempts: How often it was tried.
    """

    def __init__(self, booking: Booking, hold: Hold, call: Call, model: PricedModel) -> None:
        self._booking, self._hold, self._call, self._model = booking, hold, call, model
        self._state = _State.OVER
        self._entry = 0
        self.worst = model.worst(size_of(call.request))
        self.attempts = 0

    @property
    def address(self) -> Address:
        """Where its reply belongs."""
        return self._call.address

    @property
    def waits(self) -> bool:
        """Whether it is to be sent, for the first time or again: nobody has it, and no reply came."""
        return self._state in (_State.DRAWN, _State.RESERVED)

    def __enter__(self) -> Self:
        """Takes its worst case from its unit's hold; raises `DoesNotFit`."""
        self._booking.ledger.draw(self._hold, self.worst)
        self._state = _State.DRAWN
        return self

    def __exit__(self, *_: object) -> None:
        if self._state is _State.OUT:  # whether the endpoint answered cannot be known any more
            self._doubt()
        elif self._state is not _State.OVER:
            self._free()

    def ahead(self, calls: int) -> int:
        """How many calls to make ready beyond the `calls` that may be out, so that none of them waits."""
        return self._booking.lookahead.beyond(calls)

    async def reserve(self) -> None:
        """Makes it durable, before each attempt, that the call is reserved."""
        booking, call = self._booking, self._call
        if self._state is _State.DRAWN:
            began = time.monotonic()
            if self._entry:
                await booking.journal.write(reserve_again(self._entry))
            else:
                self._entry = await booking.journal.write(
                    reserve(booking.run_id, call.address, call.purpose, call.body, self.worst)
                )
            booking.lookahead.committed(time.monotonic() - began)
            self._state = _State.RESERVED

    def sent(self) -> None:
        """The attempt goes out."""
        self._state = _State.OUT
        self.attempts += 1
        self._booking.controls.attempts += 1
        self._booking.controls.in_flight += 1

    def unsent(self) -> None:
        """The attempt does not go out now: a process killed until it does owes nothing for it."""
        self._booking.journal.post(release(self._entry, "freed", self.attempts))
        self._state = _State.DRAWN

    def failed(self, error: CallError) -> None:
        """The attempt brought no reply: it was no query, or is in doubt; raises `DoesNotFit`.

        After one that is in doubt the call is reserved once more, and its unit's hold left whole.
        """
        if not error.in_doubt:
            self._back()
            self.unsent()
            return
        self._doubt()
        self._entry = 0
        # at once: while this call waits, units behind it would take its room
        self._booking.ledger.redraw(self.worst)
        self._state = _State.DRAWN

    def covers(self, usage: Usage) -> bool:
        """Whether no more was used than is reserved: else settling ends the run."""
        return usage.amount.lacking(self.worst) == Amount()

    async def settle(self, reply: StoredReply) -> None:
        """Books its reply, durably; raises `Overspent` where it cost more than is reserved."""
        booking, call, amount = self._booking, self._call, reply.usage.amount
        self._back()
        self._state = _State.OVER
        excess = booking.ledger.settle(self.worst, amount)
        booking.lookahead.called(reply.seconds)
        settled = Settled(
            self._entry, call.address, call.purpose, self.worst, reply, self.attempts, call.again
        )
        await booking.journal.write(settle(booking.run_id, settled))
        if excess != Amount():
            dollars = f" and ${excess.nano / 1e9:.6f}" if excess.nano else ""
            raise Overspent(
                f"{self._model.model.name} reported {excess.tokens:,} tokens{dollars} more than was "
                "reserved for a call; the run stopped, so that no limit is passed unseen. Raise max_tokens "
                "to what the model takes, and run again"
            )

    def _back(self) -> None:
        """The attempt is no longer out, if it was."""
        if self._state is _State.OUT:
            self._state = _State.RESERVED
            self._booking.controls.in_flight -= 1

    def _doubt(self) -> None:
        self._back()
        self._state = _State.OVER
        self._booking.ledger.doubt(self.worst)
        self._booking.journal.post(release(self._entry, "in doubt", self.attempts))

    def _free(self) -> None:
        booking = self._booking
        known = self._state is _State.RESERVED
        self._state = _State.OVER
        booking.ledger.free(self._hold, self.worst)
        booking.journal.post(
            release(self._entry, "freed", self.attempts)
            if known
            else unreserve(booking.run_id, self._call.address)
        )
