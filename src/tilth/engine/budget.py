"""The budget and its ledger: reserve the worst case before a call, settle by the server's usage after it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from tilth.errors import BudgetError

NANO = 10**9
"""Nano-dollars in a dollar. Money is counted in whole nano-dollars, rounded up."""


class DoesNotFit(Exception):
    """A call's worst case does not fit under the limits any more."""


class Amount(NamedTuple):
    """Queries, tokens (prompt and completion together) and nano-dollars.

    A named tuple, for each call makes a dozen, and a frozen dataclass takes three times as long to make.
    """

    queries: int = 0
    tokens: int = 0
    nano: int = 0

    def __add__(self, other: Amount) -> Amount:  # type: ignore[override]
        return Amount(self.queries + other.queries, self.tokens + other.tokens, self.nano + other.nano)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.queries - other.queries, self.tokens - other.tokens, self.nano - other.nano)

    def times(self, count: int) -> Amount:
        """So many of it."""
        return Amount(count * self.queries, count * self.tokens, count * self.nano)

    def lacking(self, held: Amount) -> Amount:
        """What must be added to `held` so that this fits in it, limit by limit."""
        if self.queries <= held.queries and self.tokens <= held.tokens and self.nano <= held.nano:
            return _NOTHING  # as a rule
        return Amount(
            max(0, self.queries - held.queries),
            max(0, self.tokens - held.tokens),
            max(0, self.nano - held.nano),
        )


_NOTHING = Amount()


@dataclass(frozen=True, slots=True)
class Budget:
    """Hard limits on a run, and a goal; whichever is reached first ends it. None is no limit, or no goal.

    A goal needs a limit beside it: where too few rows are kept, nothing else would end the run.

    Attributes:
        queries: Completed, billable model calls.
        tokens: Prompt and completion tokens together.
        usd: US dollars. Refused where a price is unknown.
        rows: The goal: so many kept rows, which are those accepted, and those unverified where nothing could
            judge them. No unit starts that is not needed for it; units at work finish, and their rows stay.

    Raises:
        BudgetError: No limit, or one that is no number of at least 0.

    Examples:
        >>> tilth.Budget(rows=1_000, usd=5.0).rows
        1000
    """

    queries: int | None = None
    tokens: int | None = None
    usd: float | None = None
    rows: int | None = None

    def __post_init__(self) -> None:
        if self.queries is None and self.tokens is None and self.usd is None:
            if self.rows is not None:
                raise BudgetError(
                    f"Budget(rows={self.rows!r}) is a goal and no limit; give what it may cost at most "
                    "beside it: Budget(rows=1_000, usd=5.0), Budget(rows=1_000, queries=3_000) or tokens=…"
                )
            raise BudgetError(
                "a budget needs a limit: Budget(queries=300), Budget(usd=1.50) or Budget(tokens=…)"
            )
        for name in ("queries", "tokens", "rows"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 0):
                raise BudgetError(f"Budget({name}={value!r}): give a whole number of {name}, 0 or more")
        usd = self.usd
        is_number = isinstance(usd, int | float) and not isinstance(usd, bool)
        if usd is not None and not (is_number and 0 <= usd < float("inf")):
            raise BudgetError(f"Budget(usd={self.usd!r}): give US dollars, 0 or more")

    @classmethod
    def of(cls, value: Budget | int) -> Budget:
        """A budget from itself, or from a number of queries."""
        if isinstance(value, Budget):
            return value
        if type(value) is int:
            return cls(queries=value)
        raise BudgetError(
            f"{value!r} is no budget; give a number of queries or tilth.Budget(queries=…, usd=…)"
        )

    @property
    def nano(self) -> int | None:
        """The dollar limit in nano-dollars."""
        return None if self.usd is None else _nano(self.usd)

    def exceeded_by(self, amount: Amount) -> str | None:
        """The first limit that `amount` passes: "queries", "tokens" or "dollars"; None where it fits."""
        if self.queries is not None and amount.queries > self.queries:
            return "queries"
        if self.tokens is not None and amount.tokens > self.tokens:
            return "tokens"
        if self.nano is not None and amount.nano > self.nano:
            return "dollars"
        return None

    def to_json(self) -> dict[str, Any]:
        """The limits and the goal, for a run's settings; `Budget(**settings)` makes it again."""
        return {"queries": self.queries, "tokens": self.tokens, "usd": self.usd, "rows": self.rows}


@lru_cache
def _nano(usd: float) -> int:
    return int(Decimal(str(usd)) * NANO)


class Hold:
    """What a unit has reserved and not yet spent."""

    __slots__ = ("remaining",)

    def __init__(self, worst: Amount) -> None:
        self.remaining = worst


class Ledger:
    """Keeps spent + in doubt + reserved under every limit. Used by one thread.

    A unit is admitted with a `Hold` on its worst case. Each call draws its own worst case from the hold and
    is settled, freed (an attempt that was no query) or put in doubt (its reply never reached the journal).
    """

    def __init__(
        self,
        limit: Budget,
        spent: Amount | None = None,
        in_doubt: Amount | None = None,
        taken_over: int | None = None,
    ) -> None:
        """`taken_over` counts replies of other files against the queries too: so it is in a study's run.

        Its cells are prefixes by what a reply cost, wherever that was paid. None: such replies count nothing.
        """
        self.limit = limit
        self.taken_over = taken_over
        self.spent = spent or Amount()
        self.in_doubt = in_doubt or Amount()
        self.reserved = Amount()

    @property
    def counted(self) -> Amount:
        """Spent and in doubt together."""
        return self.spent + self.in_doubt

    @property
    def committed(self) -> Amount:
        """Spent, in doubt, reserved and taken over together: what the limits are held against."""
        spent, in_doubt, reserved = self.spent, self.in_doubt, self.reserved
        return Amount(
            spent.queries + in_doubt.queries + reserved.queries + (self.taken_over or 0),
            spent.tokens + in_doubt.tokens + reserved.tokens,
            spent.nano + in_doubt.nano + reserved.nano,
        )

    def shortage(self, worst: Amount) -> str | None:
        """The limit under which `worst` does not fit now, or None where it fits."""
        return self.limit.exceeded_by(self.committed + worst)

    def hold(self, worst: Amount) -> Hold:
        """Reserves a unit's worst case; raises `DoesNotFit`, naming the limit."""
        limit = self.shortage(worst)
        if limit:
            raise DoesNotFit(limit)
        self.reserved += worst
        return Hold(worst)

    def draw(self, hold: Hold, worst: Amount) -> Amount:
        """Takes a call's worst case out of a hold, extending a hold too small for it; raises `DoesNotFit`."""
        lacking = worst.lacking(hold.remaining)
        # beside a hold may stand replies that its unit took over: what it covers is not reserved anew
        covered = self.taken_over is not None and lacking == Amount()
        limit = None if covered else self.shortage(lacking)
        if limit:
            raise DoesNotFit(limit)
        self.reserved += lacking
        hold.remaining = hold.remaining + lacking - worst
        return worst

    def redraw(self, worst: Amount) -> Amount:
        """Reserves a call that is made again because the last is in doubt, leaving its unit's hold whole."""
        limit = self.shortage(worst)
        if limit:
            raise DoesNotFit(limit)
        self.reserved += worst
        return worst

    def settle(self, drawn: Amount, actual: Amount) -> Amount:
        """Books a completed call. Returns by how much it exceeded what was drawn: nothing, as a rule."""
        self.reserved -= drawn
        self.spent += actual
        return actual.lacking(drawn)

    def take_over(self) -> None:
        """Books a reply of another file, whose unit keeps what it holds until it ends."""
        if self.taken_over is not None:
            self.taken_over += 1

    def free(self, hold: Hold, drawn: Amount) -> None:
        """Puts a draw back: the attempt was no query."""
        hold.remaining += drawn

    def doubt(self, drawn: Amount) -> None:
        """Counts a call whose reply never reached the journal at its worst case."""
        self.reserved -= drawn
        self.in_doubt += drawn

    def close(self, hold: Hold) -> None:
        """Gives back what a unit reserved and did not spend."""
        self.reserved -= hold.remaining
        hold.remaining = Amount()
