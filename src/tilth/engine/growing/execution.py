"""One generation at work: admits units strictly in order, grows them side by side, commits their rows."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from tilth.engine.budget import NANO, Amount, DoesNotFit, Hold, Ledger
from tilth.engine.events import Sampled
from tilth.engine.file.writes import (
    PREPARING,
    UnitRecord,
    commit_unit,
    judged_anew,
    leave_open,
)
from tilth.engine.growing.admission import Admission
from tilth.engine.growing.asks.asking import AskContext, UnitAsk
from tilth.engine.growing.asks.booking import worst_of_unit
from tilth.engine.growing.copies import Copies, set_copies, written_rows
from tilth.engine.growing.judging import Judging, parents_of
from tilth.engine.growing.pace import Pace
from tilth.engine.growing.rounds import RoundStarts
from tilth.engine.growing.rows import (
    Grown,
    RowContext,
    check_again,
    grow,
    rows_at,
    rows_of,
    set_verdicts,
    to_check,
)
from tilth.engine.growing.yields import Yield
from tilth.engine.recipe import Recipe
from tilth.errors import JournalError, Overspent, StrategyError, TeacherError
from tilth.strategies.base import Candidate, Unit, UnitCost

NO_ROWS = {"accepted": 0, "rejected": 0, "unverified": 0, "rowless": 0}
"""The counts of a run that has not begun."""


@dataclass(frozen=True)
class Ending:
    """How a run ended: a status, why, and the limit that ended it, where one did."""

    status: str
    reason: str
    short_of: str | None = None


class Execution:
    """Drives one run to its end. Lives in the runner's loop; its counters may be read from any thread."""

    def __init__(
        self,
        context: AskContext,
        recipe: Recipe,
        row_context: RowContext,
        counts: Mapping[str, int],
        reopened: set[int],
        *,
        judging_anew: bool = False,
    ) -> None:
        """`judging_anew` says that stored rows may not be judged as the run wants it now."""
        self._context = context
        self._recipe = recipe
        self._strategy = recipe.strategy
        self._task = recipe.task
        self._passes = recipe.passes()
        self._row_context = row_context
        self._judging = Judging(recipe, checked=row_context.checked)
        self._copies = Copies(self._judging)
        self._reopened = reopened
        self.judging_anew = judging_anew
        self._models = {role: connection.priced for role, connection in context.connections.items()}
        self._worsts: dict[tuple[object, ...], Amount] = {}
        self._checks = ThreadPoolExecutor(2, thread_name_prefix="tilth-check")
        self._live: dict[asyncio.Task[None], UnitAsk] = {}
        self._position = 0
        self._refused: list[int] = []
        connections = set(context.connections.values())  # one model may have two roles
        calls = sum(connection.model.concurrency for connection in connections)
        self.admission = Admission(context.booking, calls)
        self.counts = {**NO_ROWS, **counts}
        self._round_starts = RoundStarts(context, recipe)
        self.pace = Pace(self.ledger.spent + self.ledger.in_doubt)
        self.yields = Yield()

    @property
    def ledger(self) -> Ledger:
        """The run's ledger."""
        return self._context.booking.ledger

    @property
    def notice(self) -> str | None:
        """What is worth a look though it stops nothing."""
        models = (connection.notice for connection in self._context.connections.values())
        return next(filter(None, models), None) or self._round_starts.notice or self.yields.notice

    def stop(self) -> None:
        """No new unit starts; one that has no call out, and no reply yet or none but failures, is left."""
        self.admission.stop()
        self._round_starts.stop()
        for task, asks in self._live.items():
            if asks.idle:
                task.cancel()

    async def drive(self) -> Ending:
        """Runs until the budget, the strategy, the user or an error ends it. Raises the error."""
        try:
            await self._check_again()
            state = await self._prepare()
            ending = await self._rounds(state)
            if self._reopened and await self._recall_copies():  # their questions may be others now
                await self._recount()
        finally:
            for task in self._live:
                task.cancel()
            await asyncio.gather(*self._live, return_exceptions=True)
            self._checks.shutdown(wait=False, cancel_futures=True)
            if self._context.pool is not None:
                self._context.pool.close()
        if self.admission.failure is not None:
            await self._leave_open()
            raise self.admission.failure
        return ending

    async def _leave_open(self) -> None:
        """Takes back that units failed, where a model that never answered refused them: it refuses all."""
        if self._refused and self._refusing():
            await self._context.journal.write(leave_open(self._context.run_id, self._refused))
            self.counts["rowless"] -= len(self._refused)

    def _refusing(self) -> bool:
        """Whether a model has refused calls and answered none."""
        streaks = (connection.streaks for connection in self._context.connections.values())
        return any(streak.refused and not streak.replies for streak in streaks)

    async def _prepare(self) -> Any:
        hold = Hold(Amount())
        asks = UnitAsk(self._context, PREPARING, hold, None)
        if PREPARING in self._context.journalled.touched:
            await asks.recall()
        try:
            return await self._strategy.prepare(self._recipe.seeds, asks, self._task)
        except DoesNotFit as error:
            self.admission.short_of = str(error)
            return None
        finally:
            try:
                await asks.leave(cancelling=isinstance(sys.exception(), asyncio.CancelledError))
            finally:
                self.ledger.close(hold)

    async def _rounds(self, state: Any) -> Ending:
        admission, number = self.admission, 0
        await self._recall_kept()
        while not admission.closed():
            first, kept = self._position, admission.kept.had
            results = await self._round_starts.results(number)
            state = await self._round_starts.state(number, state, results)
            if admission.closed():  # while that was decided
                break
            any_unit = False
            for unit in self._strategy.units(self._recipe.seeds, number, state, results, self._passes):
                any_unit = True
                if not await self._started(unit):
                    break
            await admission.all_ended()  # a round is a barrier
            if admission.closed():
                break
            if admission.take_widened():  # the round goes on where it fell short
                self._position, admission.kept.had = first, kept
                await self._recall_kept()
            elif any_unit:
                number += 1
            else:
                return Ending("finished", "the strategy has no more units")
        return self._closed()

    async def _started(self, unit: Unit) -> bool:
        """Starts a unit once it is admitted, or passes one that has ended; False where no more may start."""
        position, self._position = self._position, self._position + 1
        if unit.number in self._context.journalled.finished:
            self.admission.kept.passed(unit.number)
            return True
        cost = self._strategy.unit_cost(unit, self._task)
        worst = self._worst(unit, cost)
        paid = self._context.journalled.paid.get(unit.number, Amount())
        hold = await self.admission.admit(unit.number, cost.rows, worst.lacking(paid))
        if hold is None:
            return False
        asks = UnitAsk(self._context, unit.number, hold, cost, self.admission.answered)
        task = asyncio.create_task(self._grow(unit, position, asks, worst, hold))
        self._live[task] = asks
        task.add_done_callback(partial(self._ended, unit.number))
        return True

    def _closed(self) -> Ending:
        """Why no more units may start."""
        admission, goal = self.admission, self.ledger.limit.rows
        if admission.stopping:
            return Ending("stopped", "stopped by the user")
        if admission.short_of and not self._context.journalled.finished and self.ledger.counted == Amount():
            return Ending("finished", self._too_small(admission.wanted), admission.short_of)
        if goal is None:
            return Ending("finished", f"the budget of {admission.short_of} is used up", admission.short_of)
        if admission.goal_met():
            return Ending("finished", f"the goal of {goal:,} kept rows is met")
        had = f"{admission.kept.had:,} of {goal:,} rows"
        return Ending(
            "finished", f"the budget of {admission.short_of} is used up with {had}", admission.short_of
        )

    def _too_small(self, worst: Amount) -> str:
        """Why nothing was grown: not one unit fits the budget at its worst."""
        most = {
            "queries": f"{worst.queries:,} queries",
            "tokens": f"{worst.tokens:,} tokens",
            "dollars": f"${worst.nano / NANO:.6f}",
        }[self.admission.short_of or "queries"]
        return (
            f"the budget of {self.admission.short_of} is too small for a single unit, which may cost up to "
            f"{most}; raise it, or lower max_tokens"
        )

    async def _recall_kept(self) -> None:
        journalled = self._context.journalled
        if journalled.finished:
            self.admission.kept.recall(await self._context.journal.write(lambda _: journalled.kept()))

    def _worst(self, unit: Unit, cost: UnitCost) -> Amount:
        """The most a unit can cost, worked out once for all units of the same seeds and cost."""
        key = (cost, *(seed.index for seed in unit.seeds))
        if key not in self._worsts:
            self._worsts[key] = worst_of_unit(self._strategy, unit.seeds, cost, self._task, self._models)
        return self._worsts[key]

    async def _grow(self, unit: Unit, position: int, asks: UnitAsk, worst: Amount, hold: Hold) -> None:
        try:
            if unit.number in self._context.journalled.touched:
                await asks.recall()
            grown = await grow(self._strategy, unit, asks, self._task)
        except DoesNotFit as error:
            # a call in doubt used up what the unit had reserved: it stays open for a larger budget
            self.admission.short_of = self.admission.short_of or str(error)
            self._context.journalled.touched.add(unit.number)
            return
        except (TeacherError, StrategyError, JournalError, Overspent):
            raise
        except Exception as error:
            raise StrategyError(
                f"strategy {self._strategy.name!r} raised {type(error).__name__} in unit {unit.number}: "
                f"{error}"
            ) from error
        finally:
            try:
                await asks.leave(cancelling=isinstance(sys.exception(), asyncio.CancelledError))
            finally:
                self.ledger.close(hold)
        self.admission.answered(unit.number)
        verdicts = await self._verdicts(unit, grown.candidates)
        verdicts, later = self._copies.judged((position, unit.number), grown.candidates, verdicts)
        rows = rows_of(self._row_context, unit, grown.candidates, verdicts, grown.bill, self._task)
        record = UnitRecord(
            unit.number,
            position,
            unit.round,
            grown.outcome,
            grown.cause,
            grown.reason,
            worst,
            grown.bill.spent,
        )
        again = unit.number in self._reopened
        journal, run_id = self._context.journal, self._row_context.run_id
        arrival = await journal.write(commit_unit(run_id, record, rows, again=again))
        if later:
            had = await journal.write(self._copies.set_later(run_id, later))
            self.counts["rejected"] += len(had)
            for verdict in had:
                self.counts[verdict] -= 1
            self.admission.kept.had -= len(had)
        self._context.journalled.finished.add(unit.number)
        if grown.outcome == "failed" and self._refusing():
            self._refused.append(unit.number)
        self._count(rows, grown)
        if again:  # its earlier rows were replaced
            await self._recount()
        if rows:
            self._context.events.publish(Sampled(arrival))

    async def _check_again(self) -> None:
        """Checks stored rows as the run's check wants it now; nothing is asked."""
        journal, row_context, after = self._context.journal, self._row_context, 0
        again = partial(check_again, judging=self._judging)
        every = self.judging_anew and row_context.checked
        while rows := await journal.write(
            to_check(row_context.run_id, after, checked=row_context.checked, every=every)
        ):
            after = rows[-1]["arrival"]
            verdicts = await asyncio.get_running_loop().run_in_executor(self._checks, list, map(again, rows))
            await journal.write(set_verdicts(verdicts))
        told = await self._recall_copies() if self._context.journalled.finished else False
        if self.judging_anew:
            self.judging_anew = False
            await journal.write(judged_anew(row_context.run_id))
        if after or told:
            await self._recount()

    async def _recount(self) -> None:
        found = await self._context.journal.write(lambda _: self._context.journalled.counts())
        self.counts = {**NO_ROWS, **found}

    async def _recall_copies(self) -> bool:
        """Takes up the questions that were written, and tells anew which are copies; whether any changed."""
        journal, run_id = self._context.journal, self._row_context.run_id
        loop = asyncio.get_running_loop()
        self._copies = Copies(self._judging)
        rows = await journal.write(written_rows(run_id))
        copies, others = await loop.run_in_executor(self._checks, self._copies.recalled, rows)
        if copies:
            await journal.write(set_copies(copies))
        if others:
            again = partial(check_again, judging=self._judging)
            found = await journal.write(rows_at(run_id, others))
            verdicts = await loop.run_in_executor(self._checks, list, map(again, found))
            await journal.write(set_verdicts(verdicts))
        return bool(copies or others)

    async def _verdicts(self, unit: Unit, candidates: Sequence[Candidate]) -> list[Any]:
        """Checks run in threads of their own, for some wait for a worker process; the quick ones here."""
        judging, given = self._judging, [(one, parents_of(one, unit)) for one in candidates]
        verdicts = [judging.verdict_at_once(*one) for one in given]
        if None not in verdicts:
            return verdicts
        return await asyncio.get_running_loop().run_in_executor(
            self._checks, lambda: [judging.verdict(*one) for one in given]
        )

    def _count(self, rows: Sequence[Mapping[str, Any]], grown: Grown) -> None:
        kept = 0
        for row in rows:
            self.counts[row["verdict"]] += 1
            kept += row["verdict"] != "rejected"
        if grown.outcome != "grown":
            self.counts["rowless"] += 1
        self.admission.kept.had += kept
        self.pace.add(len(rows), kept, self.ledger.spent + self.ledger.in_doubt)
        cause, reason = (rows[0]["cause"], rows[0]["reason"]) if rows else (grown.cause, grown.reason)
        self.yields.add(kept, cause, reason)

    def _ended(self, unit: int, task: asyncio.Task[None]) -> None:
        del self._live[task]
        self.admission.ended(unit, None if task.cancelled() else task.exception())
