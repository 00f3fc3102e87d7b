"""The ledger under any order of calls: all that is committed stays under the limit, none stays reserved."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.effort import examples

from tilth import Budget
from tilth.engine.budget import Amount, DoesNotFit, Hold, Ledger
from tilth.errors import BudgetError

amounts = st.builds(Amount, queries=st.integers(0, 3), tokens=st.integers(0, 400), nano=st.integers(0, 10**6))
limits = st.one_of(
    st.builds(Budget, queries=st.integers(0, 30)),
    st.builds(Budget, queries=st.integers(0, 30), tokens=st.integers(0, 4_000)),
    st.builds(Budget, tokens=st.integers(0, 4_000), usd=st.sampled_from([0, 0.001, 0.01, 1.5])),
)


class Bookkeeping(RuleBasedStateMachine):
    """Units are admitted, draw for calls and settle them, in any order."""

    @initialize(limit=limits, spent=amounts, in_doubt=amounts)
    def open(self, limit: Budget, spent: Amount, in_doubt: Amount) -> None:
        fits = limit.exceeded_by(spent + in_doubt) is None
        self.ledger = Ledger(limit, spent if fits else Amount(), in_doubt if fits else Amount())
        self.holds: list[Hold] = []
        self.draws: list[tuple[Hold, Amount]] = []
        self.excess = Amount()

    @rule(worst=amounts)
    def admit(self, worst: Amount) -> None:
        before = self.ledger.committed
        if self.ledger.shortage(worst) is None:
            self.holds.append(self.ledger.hold(worst))
            assert self.ledger.committed == before + worst
        else:
            with pytest.raises(DoesNotFit):
                self.ledger.hold(worst)
            assert self.ledger.committed == before

    @precondition(lambda self: self.holds)
    @rule(worst=amounts, data=st.data())
    def draw(self, worst: Amount, data: st.DataObject) -> None:
        hold = data.draw(st.sampled_from(self.holds))
        before = self.ledger.committed
        try:
            drawn = self.ledger.draw(hold, worst)
        except DoesNotFit:
            assert self.ledger.committed == before
            assert self.ledger.shortage(worst.lacking(hold.remaining))
        else:
            assert drawn == worst
            self.draws.append((hold, drawn))

    def _take(self, data: st.DataObject) -> tuple[Hold, Amount]:
        return self.draws.pop(data.draw(st.integers(0, len(self.draws) - 1)))

    @precondition(lambda self: self.draws)
    @rule(actual=amounts, data=st.data())
    def settle(self, actual: Amount, data: st.DataObject) -> None:
        _, drawn = self._take(data)
        excess = self.ledger.settle(drawn, actual)
        assert excess == actual.lacking(drawn)
        self.excess += excess

    @precondition(lambda self: self.draws)
    @rule(data=st.data())
    def free(self, data: st.DataObject) -> None:
        before = self.ledger.committed
        self.ledger.free(*self._take(data))
        assert self.ledger.committed == before

    @precondition(lambda self: self.draws)
    @rule(data=st.data())
    def doubt(self, data: st.DataObject) -> None:
        before = self.ledger.committed
        self.ledger.doubt(self._take(data)[1])
        assert self.ledger.committed == before

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        hold = self.holds[data.draw(st.integers(0, len(self.holds) - 1))]
        if all(owner is not hold for owner, _ in self.draws):
            self.holds.remove(hold)
            self.ledger.close(hold)
            assert hold.remaining == Amount()

    @invariant()
    def under_the_limit(self) -> None:
        committed = self.ledger.committed
        allowed = Amount(
            max(0, committed.queries - self.excess.queries),
            max(0, committed.tokens - self.excess.tokens),
            max(0, committed.nano - self.excess.nano),
        )
        assert self.ledger.limit.exceeded_by(allowed) is None

    @invariant()
    def reserved_is_what_is_held_and_drawn(self) -> None:
        total = Amount()
        for hold in self.holds:
            total += hold.remaining
        for _, drawn in self.draws:
            total += drawn
        assert self.ledger.reserved == total

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            while self.draws:
                self.ledger.free(*self.draws.pop())
            while self.holds:
                self.ledger.close(self.holds.pop())
            assert self.ledger.reserved == Amount()


Bookkeeping.TestCase.settings = settings(examples(60), stateful_step_count=40)
TestBookkeeping = Bookkeeping.TestCase


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "needs a limit"),
        ({"queries": -1}, r"queries=-1"),
        ({"queries": 1.5}, r"queries=1\.5"),
        ({"queries": True}, "queries=True"),
        ({"tokens": -5}, "tokens=-5"),
        ({"usd": float("nan")}, "usd=nan"),
        ({"usd": -0.01}, "usd"),
    ],
)
def test_a_budget_that_cannot_be_meant_is_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(BudgetError, match=told):
        Budget(**given)


def test_dollars_are_counted_without_binary_fractions() -> None:
    assert Budget(usd=0.1).nano == 100_000_000
    assert Budget(usd=1.1).nano == 1_100_000_000
