"""The handle on one generation: watch it, steer it, read its rows, from any thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilth.engine.background import beside
from tilth.engine.budget import NANO, Amount, Budget
from tilth.engine.events import Changed
from tilth.engine.file import queries
from tilth.engine.file.format.records import RunRecord
from tilth.engine.file.writes import JUDGING_ANEW, set_end, set_settings, set_status
from tilth.engine.growing.asks.connection import ModelConnection
from tilth.engine.growing.execution import NO_ROWS, Ending
from tilth.engine.growing.pace import Rates
from tilth.engine.growing.parts import ActiveParts
from tilth.engine.grown import GrownRows
from tilth.engine.progress import Progress
from tilth.engine.quality import Quality, quality
from tilth.engine.recipe import Recipe, StoredRecipe
from tilth.engine.runner import runner
from tilth.engine.standing import EXITED, Standing, standing
from tilth.engine.standing import OVER as OVER  # noqa: PLC0414 - others know it by this module
from tilth.errors import EndpointUnavailable
from tilth.printable import printable
from tilth.teacher import Wait


class Run(GrownRows):
    """One generation. Made by `tilth.start`, `tilth.generate` and `tilth.open_run`.

    Attributes:
        id: The first 16 hex digits of its identity's digest.
        path: Its file.
        seeds: What it grows from.
        strategy: How it grows, with its checks; None for an opened file whose strategy is not installed here
            as it was. `strategy_name` is known in any case.
        task: How its questions are put and checked; None for an opened file whose task needs more than the
            file holds.
        teacher_name: The model that answers; `writer_name`: the model that writes questions.
        simulated: Whether a rule-based stand-in answers, not a model.
        error: What it failed of, or None.
        short_of: The limit that ended it here: "queries", "tokens" or "dollars"; None where none did.
        holder: Another process that is at work on it, with its `pid`, `host` and `since`; None where none is.

    Example:
        >>> run = tilth.start(tilth.demo.seeds(10), "new-question", 20, teacher=tilth.demo.teacher())
        >>> run.wait().rows.height, run.prefix(10).height
        (10, 5)
    """

    def __init__(
        self,
        recipe: Recipe | StoredRecipe,
        path: Path,
        settings: Mapping[str, Any],
        stands: Standing | None = None,
    ) -> None:
        super().__init__("starting" if stands is None else stands.status)
        self.id = recipe.run_id
        self.path = path
        self.seeds = recipe.seeds
        self.task = recipe.task
        self.strategy = recipe.strategy
        self.strategy_name: str = recipe.identity["strategy"]["name"]
        self.teacher_name: str = settings["teacher"]
        self.writer_name: str = settings["writer"]
        self.simulated: bool = settings["simulated"]
        self._settings = dict(settings)
        self._budget = Budget(**settings["budget"])
        self._reason = None if stands is None else stands.reason
        self.holder = None if stands is None else stands.holder
        self.short_of: str | None = None
        self._active: ActiveParts | None = None
        self._task: asyncio.Task[None] | None = None
        self._aborted = self._ending = False
        self._began = time.monotonic()
        self._ended: float | None = None

    def __repr__(self) -> str:
        p = self.progress
        name, file = printable(self.strategy_name), printable(self.path.name)
        return f"<Run {name} {p.status}: {p.rows} rows, {p.queries} queries, {file}>"

    # -- at work ------------------------------------------------------------------------------------------

    def _begin(self, active: ActiveParts) -> None:
        """Starts the work on the runner. Called once, by the engine."""
        self._active = active
        for connection in active.connections:
            connection.gate.turned = self._turned
        self._future = runner().submit(self._work(active))

    async def _work(self, active: ActiveParts) -> None:
        self._task = asyncio.current_task()
        self._set("running")
        began_with = active.execution.ledger.counted
        try:
            await active.journal.write(set_settings(self.id, self._stored(active)))
            await active.journal.write(set_status(self.id, "running", None))
            ending = await active.execution.drive()
        except asyncio.CancelledError:
            ending = Ending("aborted", "aborted by the user" if self._aborted else EXITED)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run tells it
            self.error = error
            if isinstance(error, EndpointUnavailable):
                error.run = self
            ending = Ending("failed", str(error))
        self._ending, self._ended = True, time.monotonic()
        try:
            for connection in active.connections:
                await connection.close()
            self._settings["seconds"] += self._ended - self._began
            self._settings["addresses"] = active.addresses(self._settings["addresses"])
            settings, kept = self._stored(active), None
            if ending.status == "failed" and active.execution.ledger.counted == began_with:
                kept = active.finished_before(settings)  # nothing came of going on with it
            record = kept or RunRecord(ending.status, ending.reason, settings)
            active.journal.post(set_end(self.id, record))
        finally:
            if active.closes:
                await beside(active.journal.close)
            self._reason, self.short_of = ending.reason, ending.short_of
            self._set(ending.status)

    def _stored(self, active: ActiveParts) -> dict[str, Any]:
        """The settings as the file keeps them: with a mark until its rows are judged as they say."""
        return {**self._settings, **({JUDGING_ANEW: True} if active.execution.judging_anew else {})}

    def _steer(self, act: Any) -> None:
        """Does something in the runner's loop, if the run is at work."""

        def once_begun() -> None:
            if self._task is None:  # it was submitted before, so it begins on one of the next turns
                runner().loop.call_soon(once_begun)
            elif not self._ending:
                act()

        if self._active is not None and self.status not in OVER:
            runner().loop.call_soon_threadsafe(once_begun)

    def pause(self) -> None:
        """No new call starts; calls in flight finish."""

        def act() -> None:
            if self._status == "running" and self._active:
                self._active.controls.going.clear()
                self._set("paused")

        self._steer(act)

    def resume(self) -> None:
        """Goes on after `pause`. A run that has ended goes on by starting it again on its path."""

        def act() -> None:
            if self._status == "paused" and self._active:
                self._set("running")
                self._active.execution.admission.resume()

        self._steer(act)

    def stop(self) -> None:
        """No new unit starts; started ones finish, unless their calls only fail. Returns at once."""

        def act() -> None:
            if self._active:
                self._set("stopping")
                self._active.execution.stop()

        self._steer(act)

    def abort(self) -> None:
        """Cancels calls in flight (they are in doubt then) and flushes the journal. Returns at once."""

        def act() -> None:
            if self._task is not None and not self._aborted:
                self._aborted = True
                self._set("stopping")
                self._task.cancel()

        self._steer(act)

    def _set_limit(self, limit: Budget) -> bool:
        """Sets other limits on a run that is at work; whether it still was, and took them."""

        async def act(active: ActiveParts) -> bool:
            if self._ending or self._status == "stopping":
                return False
            if limit != self._budget:
                self._budget = limit
                self._settings["budget"] = limit.to_json()
                active.execution.admission.limit(limit)
                active.journal.post(set_settings(self.id, self._stored(active)))
            return True

        return self._active is not None and runner().submit(act(self._active)).result()

    # -- what it is and where it stands -------------------------------------------------------------------

    @property
    def status(self) -> str:
        """Where it stands: one word, as `progress.status`."""
        return "waiting" if self._status == "running" and self.failing else self._status

    @property
    def failing(self) -> bool:
        """Whether an endpoint gives nothing but failures: such a run can only wait, even one that stops."""
        active = self._active if self._status not in OVER else None
        return active is not None and any(connection.gate.failing for connection in active.connections)

    def _turned(self) -> None:
        """An endpoint gives nothing but failures from now on, or is back."""
        if self._status == "running":
            self.events.publish(Changed(self.status))

    @property
    def budget(self) -> Budget:
        """The limits on all that is spent in this file."""
        return self._budget

    @property
    def progress(self) -> Progress:
        """Where the run stands now.

        Of a run at work it costs nothing; of one that was only opened, its file is summed up each time.
        """
        if self._active is None:
            return self._progress_of_file()
        execution, controls = self._active.execution, self._active.controls
        ledger, counts = execution.ledger, execution.counts
        rates = Rates() if self._status in OVER else execution.pace.rates()
        spent = ledger.spent + ledger.in_doubt
        kept = counts["accepted"] + counts["unverified"]
        return self._progress(
            counts,
            spent,
            in_doubt=ledger.in_doubt.queries,
            reserved=ledger.reserved.queries,
            attempts=controls.attempts,
            in_flight=controls.in_flight,
            seconds=(self._ended or time.monotonic()) - self._began,
            rate=rates.rows,
            eta=rates.seconds_left(ledger.limit, spent, kept),
            wait=self._waiting(self._active.connections),
        )

    def _waiting(self, connections: Sequence[ModelConnection]) -> Wait | None:
        if self._status not in ("running", "stopping"):
            return None
        # an endpoint that only fails is told before one that is only busy
        waits = (
            connection.waiting
            for connection in sorted(connections, key=lambda connection: not connection.gate.failing)
        )
        return next((wait for wait in waits if wait is not None), None)

    def _progress_of_file(self) -> Progress:
        if self.holder is not None:  # it may have ended there
            record = queries.run_record(self.path, self.id)
            stands = standing(self.path, record["status"], record["reason"])
            self._status, self._reason, self.holder = stands.status, stands.reason, stands.holder
            self._settings = record["settings"]
        held = self.holder
        totals = queries.totals(self.path, self.id, live=held is not None)
        counts = {name: totals.get(name, 0) for name in NO_ROWS}
        spent, in_doubt = totals["spent"], totals["in_doubt"]
        return self._progress(
            counts,
            spent + in_doubt,
            in_doubt=in_doubt.queries,
            in_flight=totals["reserved"],
            seconds=self._settings["seconds"] + (time.time() - held.since / 1e6 if held else 0.0),
        )

    def _progress(
        self,
        counts: Mapping[str, int],
        spent: Amount,
        *,
        in_doubt: int,
        reserved: int = 0,
        attempts: int = 0,
        in_flight: int = 0,
        seconds: float = 0.0,
        rate: float = 0.0,
        eta: float | None = None,
        wait: Wait | None = None,
    ) -> Progress:
        return Progress(
            status=self.status,
            reason=self._reason,
            rows=counts["accepted"] + counts["rejected"] + counts["unverified"],
            **counts,
            queries=spent.queries,
            tokens=spent.tokens,
            usd=spent.nano / NANO if self._settings["priced"] else None,
            in_doubt=in_doubt,
            reserved=reserved,
            limit=self._budget,
            attempts=attempts,
            in_flight=in_flight,
            seconds=seconds,
            rate=rate,
            eta=eta,
            waiting=wait.why if wait else None,
            next_try=wait.seconds if wait else None,
            notice=None if self._active is None else self._active.execution.notice,
        )

    @property
    def plan(self) -> Mapping[str, Any] | None:
        """What was planned when its budget was set: queries, rows, tokens, usd, seconds; None if nothing.

        `ranges` holds [low, high] of each, `measured` how many units of the file these numbers rest on.
        """
        plan: Mapping[str, Any] | None = self._settings["plan"]
        return plan

    @property
    def prices(self) -> Mapping[str, Any]:
        """By role, the price with its source and date; None where it is unknown."""
        prices: Mapping[str, Any] = self._settings["prices"]
        return prices

    @property
    def quality(self) -> Quality:
        """How good its rows are: verdicts by cause, what checks found, and the price of an accepted row.

        Counted anew in its file each time: rows, units and queries as whole numbers, US dollars as the ledger
        has them. Of 200,000 rows it takes about a second.
        """
        live = self.status not in OVER
        checks = None if self.strategy is None else self.strategy.checks
        return quality(self.path, self.id, priced=self._settings["priced"], live=live, checks=checks)

    def spending(self) -> dict[str, int]:
        """All spent queries by what became of them: "rows", "in doubt", or why there is no row."""
        return queries.spending(self.path, self.id, live=self.status not in OVER)
