"""The handle on one study: watch it, steer it, read its cells and runs, from any thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.engine.background import Background, beside
from tilth.engine.budget import NANO, Budget
from tilth.engine.file.format.digests import canonical
from tilth.engine.growing.execution import Ending
from tilth.engine.run import OVER, Run
from tilth.engine.runner import runner
from tilth.engine.standing import EXITED, standing
from tilth.engine.start import open_run
from tilth.studies import store
from tilth.studies.asking.account import StudentAccount
from tilth.studies.asking.standing import StudentSpending, student_budget, student_spending
from tilth.studies.execution import StudyExecution
from tilth.studies.frame import Results, with_results
from tilth.studies.grid import random_state_of
from tilth.studies.options import DEFAULTS
from tilth.studies.training.standing import TrainingStanding

if TYPE_CHECKING:
    import polars as pl

    from tilth.engine.file.lock import Holder


@dataclass(frozen=True)
class StudyProgress:
    """Where a study stands.

    Attributes:
        status: "starting", "running", "waiting", or how it ended: "finished", "stopped", "failed", "aborted".
        reason: Why it ended so.
        cells: Cells measured, of `all_cells`.
        runs: Runs grown to their end, of `all_runs`.
        queries: Spent queries of all runs, those in doubt counted in; at most `most_queries` are planned.
        tokens: Spent prompt and completion tokens, those of calls in doubt at their worst case.
        usd: Spent US dollars, likewise; None where a price is unknown.
        in_doubt: Queries whose reply never came.
        limit: The limits on all runs together; None where there are none but the grid's queries.
        seconds: How long it has worked, in all its sittings.
        waiting: What the run that grows waits for, as `Progress` has it, or else a student that asks;
            `next_try` likewise.
        student: What students that ask a model were asked, of which nothing counts above; None where no
            student asks.
        training: The trainings of minutes that go on now in this process, each with its cell, its step of
            steps, its loss and the seconds left.

    Example:
        >>> study = tilth.study_sync(
        ...     tilth.demo.seeds(20),
        ...     test=tilth.demo.questions().head(20),
        ...     strategies=["answer-augmentation"],
        ...     ratios=[1, 2],
        ...     replicates=1,
        ...     teacher=tilth.demo.teacher(),
        ...     path="study.tilth",
        ... )
        >>> progress = study.progress
        >>> progress.cells, progress.all_cells, progress.queries
        (2, 2, 40)
    """

    status: str
    reason: str | None
    cells: int
    all_cells: int
    runs: int
    all_runs: int
    queries: int
    most_queries: int
    tokens: int
    usd: float | None
    in_doubt: int
    limit: Budget | None
    seconds: float
    waiting: str | None
    next_try: float | None
    student: StudentSpending | None = None
    training: Sequence[TrainingStanding] = ()


@dataclass(frozen=True)
class StudyRun:
    """One run of a study.

    Attributes:
        run_id: Its id; `path` is the study's file, which holds it.
        strategy: How it grows, by name; `options` tells it from other settings of the strategy.
        seeds: How many seeds it grows from: the largest of the study's sizes, as a rule.
        replicate: Which repetition it belongs to.
        random_state: What its draws come from.
        status: Where it stands.

    Example:
        >>> study = tilth.study_sync(
        ...     tilth.demo.seeds(20),
        ...     test=tilth.demo.questions().head(20),
        ...     strategies=["answer-augmentation"],
        ...     ratios=[1, 2],
        ...     replicates=1,
        ...     teacher=tilth.demo.teacher(),
        ...     path="study.tilth",
        ... )
        >>> [run] = study.runs
        >>> run.strategy, run.seeds, run.open().rows.height
        ('answer-augmentation', 20, 40)
    """

    run_id: str
    path: Path
    strategy: str
    options: str
    seeds: int
    replicate: int
    random_state: int
    status: str
    _growing: Run | None = field(default=None, repr=False, compare=False)

    def open(self) -> Run:
        """The run, to read: its rows, what it cost, what it was asked. One that grows is given itself."""
        return self._growing or open_run(self.path, self.run_id)


class Study(Background):
    """A grid of trained and measured students. Made by `tilth.study` and `tilth.open_study`.

    Attributes:
        id: The first 16 hex digits of its identity's digest.
        path: Its file, which holds its runs too.
        simulated: Whether a rule-based stand-in teaches, not a model.
        error: What it failed of, or None.
        holder: Another process that is at work on it, with its `pid`, `host` and `since`; None where none is.

    Example:
        >>> study = tilth.study_sync(
        ...     tilth.demo.seeds(10),
        ...     test=tilth.demo.questions("same", "test").head(20),
        ...     strategies=["answer-augmentation"],
        ...     ratios=[1, 2],
        ...     replicates=1,
        ...     teacher=tilth.demo.teacher(),
        ...     path="example.tilth",
        ... )
        >>> study.status, study.progress.cells, study.progress.queries
        ('finished', 2, 20)
        >>> [(run.strategy, run.seeds, run.open().rows.height) for run in study.runs]
        [('answer-augmentation', 10, 20)]
    """

    def __init__(self, record: store.StudyRecord, path: Path, holder: Holder | None = None) -> None:
        super().__init__(record.status)
        self.id = record.study_id
        self.path = path
        self.holder = holder
        self.simulated: bool = record.settings["simulated"]
        self._identity = record.identity
        self._settings = record.settings
        self._reason = record.reason
        self._added: list[Results] = []
        self._execution: StudyExecution | None = None
        self._task: asyncio.Task[None] | None = None
        self._aborted = self._ending = False
        self._earlier: float = record.settings.get("seconds", 0.0)
        self._began = time.monotonic()
        self._ended: float | None = None

    def __repr__(self) -> str:
        p = self.progress
        return f"<Study {p.status}: {p.cells} of {p.all_cells} cells, {p.queries} queries, {self.path.name}>"

    # -- at work ------------------------------------------------------------------------------------------

    def _begin(self, execution: StudyExecution) -> None:
        """Starts the work on the runner. Called once."""
        self._execution = execution
        self._future = runner().submit(self._work(execution))

    async def _work(self, execution: StudyExecution) -> None:
        self._task, journal = asyncio.current_task(), execution.journal
        self._set("running")
        try:
            await journal.write(store.set_status(self.id, "running", None, self._earlier))
            ending = await execution.drive()
        except asyncio.CancelledError:
            why = "aborted by the user" if self._aborted else EXITED
            ending = Ending("aborted", f"{why}{execution.asked.left}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the study tells it
            self.error = error
            ending = Ending("failed", str(error))
        self._ending, self._ended = True, time.monotonic()
        try:
            journal.post(store.set_status(self.id, ending.status, ending.reason, self._seconds))
        finally:
            await beside(journal.close)
            self._reason = ending.reason
            self._set(ending.status)

    @property
    def _seconds(self) -> float:
        if self._execution is None:
            return self._earlier
        return self._earlier + (self._ended or time.monotonic()) - self._began

    def stop(self) -> None:
        """Starts no new unit and no new training; what was measured is kept. Returns at once.

        Units at work finish, and trainings of milliseconds. Those of minutes are ended and leave what they go
        on from when the study does: in the cache folder, which `TILTH_CACHE` names.
        """
        if self._execution is not None and self._status not in OVER:
            self._execution.stop()

    def abort(self) -> None:
        """Cancels calls in flight and trainings, and flushes the journal. Returns at once.

        Trainings of minutes leave what they go on from, as with `stop`.
        """

        def act() -> None:
            if self._task is None:  # it was submitted before, so it begins on one of the next turns
                runner().loop.call_soon(act)
            elif not self._ending and not self._aborted:
                self._aborted = True
                self._task.cancel()

        if self._execution is not None and self._status not in OVER:
            self._execution.stopping = True
            runner().loop.call_soon_threadsafe(act)

    # -- where it stands ----------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """Where it stands: one word; "waiting" while its run waits for an endpoint that only fails."""
        return "waiting" if self._status == "running" and self.failing else self._status

    @property
    def failing(self) -> bool:
        """Whether the endpoint of the run that grows, or of a student, gives nothing but failures."""
        run, account = self._growing, self._account
        return (run is not None and run.failing) or (account is not None and account.failing)

    @property
    def _growing(self) -> Run | None:
        return self._execution.run if self._execution is not None and self._status not in OVER else None

    @property
    def _account(self) -> StudentAccount | None:
        return (
            self._execution.asked.account
            if self._execution is not None and self._status not in OVER
            else None
        )

    @property
    def student_budget(self) -> Budget | None:
        """The limits on what its students are asked; None where none were given."""
        return student_budget(self._settings)

    @property
    def budget(self) -> Budget | None:
        """The limits on all that its runs spend together; None where only its grid limits them."""
        stored = self._settings.get("budget")
        return None if stored is None else Budget(**stored)

    @property
    def progress(self) -> StudyProgress:
        """Where the study stands now. Its file is summed up each time."""
        if self.holder is not None:  # it may have ended there
            self._look_again()
        settings, run, account = self._settings, self._growing, self._account
        growing = None if run is None else run.progress
        waits = account.waiting if account is not None else None
        wait = (growing.waiting, growing.next_try) if growing and growing.waiting else waits
        live = self._status not in OVER
        totals = store.totals(self.path, self.id, live=live)
        spent = totals.booked.counted
        return StudyProgress(
            status=self.status,
            reason=self._reason,
            cells=totals.cells,
            all_cells=settings["cells"],
            runs=totals.runs,
            all_runs=settings["runs"],
            queries=spent.queries,
            most_queries=settings["queries"],
            tokens=spent.tokens,
            usd=spent.nano / NANO if settings.get("priced") else None,
            in_doubt=totals.booked.in_doubt.queries,
            limit=self.budget,
            seconds=self._seconds,
            waiting=wait and wait[0],
            next_try=wait and wait[1],
            student=student_spending(self.path, self.id, settings, live=live),
            training=self._execution.measuring.standing() if self._execution is not None and live else (),
        )

    def _look_again(self) -> None:
        record = store.record_of(self.path)
        stands = standing(self.path, record.status, record.reason)
        self._status, self._reason, self.holder = stands.status, stands.reason, stands.holder
        self._earlier = record.settings.get("seconds", 0.0)

    @property
    def runs(self) -> list[StudyRun]:
        """Its runs, in the order in which they were begun. Its file is read each time."""
        growing = self._growing
        return [
            StudyRun(
                run_id=run_id,
                path=self.path,
                strategy=identity["strategy"]["name"],
                options=self._options.get(canonical(identity["strategy"]), DEFAULTS),
                seeds=identity["nested"][-1],
                replicate=self._replicates[identity["random_state"]],
                random_state=identity["random_state"],
                status=status,
                _growing=growing if growing is not None and growing.id == run_id else None,
            )
            for run_id, identity, status in store.runs(self.path)
        ]

    @cached_property
    def _options(self) -> Mapping[str, str]:
        """By a strategy's identity, what tells it from other settings."""
        return {canonical(one): options for one, options in self._settings.get("options", ())}

    @cached_property
    def _replicates(self) -> Mapping[int, int]:
        grid = self._identity["study"]
        return {
            random_state_of(grid["random_state"], replicate): replicate
            for replicate in range(grid["replicates"])
        }

    # -- what it found ------------------------------------------------------------------------------------

    @property
    def frame(self) -> pl.DataFrame:
        """One row for each measured cell and test set (`tilth.studies.frame.studies_schema`).

        By seeds, strategy, ratio and replicate, in whatever order cells were measured. Its file is read each
        time.
        """
        import polars as pl

        return pl.concat([store.cells(self.path, self.id), *(frame for frame, _ in self._added)])

    @property
    def base_lines(self) -> pl.DataFrame:
        """What its students reach without any strategy: one row for each such cell and test set.

        The columns are those of `frame`. `strategy` is "zero-shot", the student as it is, or "seeds-only",
        once it has learnt the seeds' own questions and references; `ratio` is 0. Only students that can
        answer untrained have any. Their outcomes are among `outcomes`.
        """
        return store.cells(self.path, self.id, base_lines=True)

    @property
    def outcomes(self) -> pl.DataFrame:
        """One row for each cell, test set and question (`tilth.studies.frame.outcomes_schema`).

        Its file is read each time: a large study has millions.
        """
        import polars as pl

        own = store.outcomes(self.path, self.id)
        return pl.concat([own, *(outcomes for _, outcomes in self._added if outcomes is not None)])

    def add(self, frame: pl.DataFrame, outcomes: pl.DataFrame | None = None) -> None:
        """Sets results from outside beside one's own, not in its file; the same cells again replace those.

        Raises:
            StudyFrameError: The frame is no frame of a study; see `tilth.studies.frame.read_studies`.
        """
        self._added = with_results(self._added, frame, outcomes)

    def cell(self, cell_id: str) -> dict[str, Any]:
        """A cell: its record for each test set, and what its student answered.

        Raises:
            KeyError: The study has no such cell.
        """
        import polars as pl

        records = pl.concat([self.frame, self.base_lines]).filter(pl.col("cell_id") == cell_id)
        if not records.height:
            raise KeyError(f"{cell_id!r} is no cell of this study")
        return {"records": records, "outcomes": store.outcomes(self.path, self.id, cell_id)}
