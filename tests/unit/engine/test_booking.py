"""The booking of calls in any order: the ledger and the file's say the same, and each call ends once."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.engine.growing import Model, Votes, again, seeds

import tilth
from tilth.engine.budget import Amount, DoesNotFit, Hold, Ledger
from tilth.engine.file.journal import Journal
from tilth.engine.file.writes import Address, StoredReply, Usage, create_run
from tilth.engine.growing.asks.booking import BookedCall, Booking, Call, PricedModel, size_of, worst_of_unit
from tilth.engine.growing.asks.controls import Controls
from tilth.errors import Overspent
from tilth.strategies import registry
from tilth.strategies.passes import SeedPasses
from tilth.tasks.numeric.task import Numeric
from tilth.teacher import CallError

RUN = "0123456789abcdef"
TEACHER = tilth.Teacher(Model(), max_tokens=100, price=tilth.Price(prompt=1, completion=3))
MODEL = PricedModel.of(TEACHER)
LOST = CallError("reset", kind="reset", in_doubt=True)
BUSY = CallError("busy", kind="rate-limited", status=429)
limits = st.builds(
    tilth.Budget,
    queries=st.integers(0, 12),
    tokens=st.none() | st.integers(0, 3_000),
    usd=st.none() | st.floats(0, 0.004),
)


def call_of(number: int) -> Call:
    request = {"messages": [{"role": "user", "content": f"What is {number:04}?"}]}
    body = json.dumps(request)
    return Call(Address(number, "teacher", f"digest-{number}", 0), "answer", request, body)


def reply_of(worst: Amount, share: float) -> StoredReply:
    prompt, completion = int((worst.tokens - 100) * share), int(100 * share)
    usage = Usage(prompt, completion, int(worst.nano * share), estimated=False)
    return StoredReply("four", None, "stop", "m", 100, 0.01, usage)


class Books(RuleBasedStateMachine):
    """Units are admitted; their calls are reserved, sent, lost, settled and left, in any order."""

    @initialize(limit=limits)
    def open(self, limit: tilth.Budget) -> None:
        self.folder = TemporaryDirectory()
        self.loop = asyncio.Runner()
        self.journal = Journal(Path(self.folder.name) / "run.tilth")
        self.journal.write_now(create_run(RUN, {}, {}, ()))
        self.controls = Controls()
        self.booking = Booking(RUN, self.journal, Ledger(limit), self.controls)
        self.worst = MODEL.worst(size_of(call_of(0).request))
        self.calls: list[tuple[Hold, BookedCall]] = []  # reserved ones
        self.out: list[tuple[Hold, BookedCall]] = []
        self.number = self.settled = 0
        self.excess = Amount()

    async def _entered(self, hold: Hold) -> BookedCall:
        booked = self.booking.call(hold, call_of(self.number), MODEL)
        self.number += 1
        booked.__enter__()
        await booked.reserve()
        return booked

    @rule()
    def begin(self) -> None:
        ledger = self.booking.ledger
        if ledger.shortage(self.worst):
            with pytest.raises(DoesNotFit):
                ledger.hold(self.worst)
            return
        hold = ledger.hold(self.worst)
        self.calls.append((hold, self.loop.run(self._entered(hold))))

    @rule()
    def cancel_while_it_is_reserved(self) -> None:
        """The entry may have been written, and its number did not come back."""
        ledger = self.booking.ledger
        if ledger.shortage(self.worst):
            return
        hold = ledger.hold(self.worst)

        async def cancelled() -> None:
            async def reserving() -> None:
                with self.booking.call(hold, call_of(self.number), MODEL) as booked:
                    await booked.reserve()

            task = asyncio.ensure_future(reserving())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        self.loop.run(cancelled())
        self.number += 1
        assert hold.remaining == self.worst
        ledger.close(hold)

    def _take(self, data: st.DataObject, calls: list[tuple[Hold, BookedCall]]) -> tuple[Hold, BookedCall]:
        return calls.pop(data.draw(st.integers(0, len(calls) - 1)))

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        taken = self._take(data, self.calls)
        taken[1].sent()
        self.out.append(taken)

    @precondition(lambda self: self.out)
    @rule(data=st.data(), share=st.sampled_from([0.0, 0.3, 1.0, 1.5]))
    def settle(self, data: st.DataObject, share: float) -> None:
        hold, booked = self._take(data, self.out)
        reply = reply_of(self.worst, share)
        assert booked.covers(reply.usage) == (share <= 1)
        if share <= 1:
            self.loop.run(booked.settle(reply))
        else:
            self.excess += reply.usage.amount.lacking(self.worst)
            with pytest.raises(Overspent, match=r"reported \d+ tokens"):
                self.loop.run(booked.settle(reply))
        self.settled += 1
        self._leave(hold, booked)

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def turn_away(self, data: st.DataObject) -> None:
        hold, booked = self._take(data, self.out)
        booked.failed(again(BUSY))
        self.loop.run(booked.reserve())
        self.calls.append((hold, booked))

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        hold, booked = self._take(data, self.out)
        doubt, left = self.booking.ledger.in_doubt, hold.remaining
        try:
            booked.failed(again(LOST))
        except DoesNotFit:
            self._leave(hold, booked)
        else:
            self.loop.run(booked.reserve())
            self.calls.append((hold, booked))
            assert hold.remaining == left, "its unit's hold stays whole"
        assert self.booking.ledger.in_doubt == doubt + self.worst

    @precondition(lambda self: self.calls or self.out)
    @rule(data=st.data(), out=st.booleans())
    def leave(self, data: st.DataObject, out: bool) -> None:
        """By whatever error: one that is out is in doubt, another is free."""
        calls = self.out if (out and self.out) or not self.calls else self.calls
        was_out = calls is self.out
        doubt = self.booking.ledger.in_doubt
        self._leave(*self._take(data, calls))
        assert self.booking.ledger.in_doubt == (doubt + self.worst if was_out else doubt)

    def _leave(self, hold: Hold, booked: BookedCall) -> None:
        booked.__exit__(None, None, None)
        self.booking.ledger.close(hold)

    @invariant()
    def ledger_and_file_say_the_same(self) -> None:
        def sums(connection: sqlite3.Connection) -> dict[str, Amount]:
            found = connection.execute(
                "SELECT state, total(worst_queries), total(worst_tokens), total(worst_nano), total(queries),"
                " total(prompt_tokens + completion_tokens), total(nano) FROM ledger GROUP BY state"
            )
            return {
                state: Amount(*map(int, amounts[3:] if state == "settled" else amounts[:3]))
                for state, *amounts in found
            }

        in_file, ledger = self.journal.write_now(sums), self.booking.ledger
        assert in_file.get("settled", Amount()) == ledger.spent
        assert in_file.get("in doubt", Amount()) == ledger.in_doubt
        assert in_file.get("reserved", Amount()) == ledger.reserved
        assert ledger.reserved == self.worst.times(len(self.calls) + len(self.out))
        assert ledger.spent.queries == self.settled
        assert self.controls.in_flight == len(self.out)

    @invariant()
    def under_the_limit(self) -> None:
        committed = self.booking.ledger.committed
        within = Amount(
            max(0, committed.queries),
            max(0, committed.tokens - self.excess.tokens),
            max(0, committed.nano - self.excess.nano),
        )
        assert self.booking.ledger.limit.exceeded_by(within) is None

    def teardown(self) -> None:
        if not hasattr(self, "folder"):
            return
        for hold, booked in [*self.calls, *self.out]:
            self._leave(hold, booked)
        assert self.booking.ledger.reserved == Amount()
        assert self.controls.in_flight == 0
        self.journal.close()
        with closing(sqlite3.connect(self.journal.path)) as file:
            [(left,)] = file.execute("SELECT count(*) FROM ledger WHERE state = 'reserved'")
        assert left == 0
        self.loop.close()
        self.folder.cleanup()


Books.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestBooks = Books.TestCase


@pytest.mark.parametrize("strategy", ["answer-augmentation", "new-question", Votes()])
def test_no_call_and_no_unit_costs_more_than_its_worst_case(strategy) -> None:
    """Whatever a model says up to its reply limit: what a run reserves for a unit is never passed."""

    class Longest(Model):
        def reply(self, messages, draw, max_tokens):
            return {**super().reply(messages, draw, max_tokens), "text": f"Question: {'é?' * max_tokens}"}

    chosen, asked, task = registry.get(strategy), seeds(3), Numeric()
    teacher = tilth.Teacher(Longest(), max_tokens=50, concurrency=1)
    models = {"teacher": PricedModel.of(teacher), "writer": PricedModel.of(teacher)}
    run = tilth.generate_sync(asked, chosen, 12, teacher=teacher, path="run.tilth")
    passes = SeedPasses(tuple(asked), 0, put=task.put)
    with closing(sqlite3.connect(run.path)) as file:
        units = file.execute("SELECT unit, worst_queries, worst_tokens, tokens FROM units").fetchall()
    assert len(units) >= 4
    for number, queries, tokens, used in units:
        unit = passes.unit(number)
        worst = worst_of_unit(chosen, unit.seeds, chosen.unit_cost(unit, task), task, models)
        assert (worst.queries, worst.tokens) == (queries, tokens)
        assert used <= tokens
