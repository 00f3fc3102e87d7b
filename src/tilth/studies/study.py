"""A study at work: grows its runs one after another, trains and measures their cells as they come."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.engine.assembly import RunOptions, start_in
from tilth.engine.background import Background
from tilth.engine.events import Measured
from tilth.engine.file.journal import Journal
from tilth.engine.file.queries import rows as rows_of
from tilth.engine.file.queries import unit_costs
from tilth.engine.recipe import Recipe
from tilth.engine.run import OVER, Run
from tilth.engine.runner import runner
from tilth.seeds import Seeds
from tilth.strategies.passes import SeedPasses
from tilth.studies import store
from tilth.studies.frame import read_outcomes, read_studies
from tilth.studies.grid import Cell, Cut, Grid, Plot, cut
from tilth.studies.measure import Job, Lesson, measure_all
from tilth.studies.measure import Measured as Answers
from tilth.tasks.base import Task
from tilth.teacher import Teacher

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class StudyProgress:
    """Where a study stands: its status, cells measured of all, queries spent of at most, and seconds.

    `waiting` and `next_try` are those of the run that grows, as `Progress` has them.
    """

    status: str
    reason: str | None
    cells: int
    all_cells: int
    runs: int
    all_runs: int
    queries: int
    most_queries: int
    seconds: float
    waiting: str | None
    next_try: float | None


@dataclass(frozen=True)
class Field:
    """What a study works with."""

    grid: Grid
    seeds: Seeds
    task: Task
    tests: Mapping[str, pl.DataFrame]
    teacher: Teacher
    writer: Teacher
    patience: float


class Study(Background):
    """A grid of trained and measured students. Made by `tilth.study` and `tilth.open_study`.

    Attributes:
        id: The first 16 hex digits of its identity's digest.
        path: Its file, which holds its runs too.
        simulated: Whether a rule-based stand-in teaches, not a model.
        error: What it failed of, or None.
    """

    def __init__(
        self, study_id: str, path: Path, settings: Mapping[str, Any], *, status: str = "starting"
    ) -> None:
        super().__init__(status)
        self.id = study_id
        self.path = path
        self.simulated: bool = settings["simulated"]
        self._settings = settings
        self._reason: str | None = None
        self._added: list[tuple[pl.DataFrame, pl.DataFrame | None]] = []
        self._run: Run | None = None
        self._runs = 0
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._began = time.monotonic()
        self._ended: float | None = None

    def __repr__(self) -> str:
        p = self.progress
        return f"<Study {p.status}: {p.cells} of {p.all_cells} cells, {p.queries} queries, {self.path.name}>"

    # -- at work ------------------------------------------------------------------------------------------

    def begin(self, journal: Journal, field: Field) -> None:
        """Starts the work on the runner. Called once."""
        self._future = runner().submit(self._work(journal, field))

    async def _work(self, journal: Journal, field: Field) -> None:
        self._task = asyncio.current_task()
        self._set("running")
        status, reason = "finished", "every cell is measured"
        try:
            await self._grow_and_measure(journal, field)
            if self._stopping:
                status, reason = "stopped", "stopped by the user"
        except asyncio.CancelledError:
            status, reason = "aborted", "aborted by the user"
        except Exception as error:  # noqa: BLE001 - whatever it is, the study tells it
            self.error = error
            status, reason = "failed", str(error)
        finally:
            await asyncio.to_thread(journal.close)
            self._ended = time.monotonic()
            self._reason = reason
            self._set(status)

    async def _grow_and_measure(self, journal: Journal, field: Field) -> None:
        """Each run is measured, in processes, while the next one grows."""
        measured = self.frame
        done = set(measured.filter("complete")["cell_id"].to_list())
        measuring: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        measuring.set_result(None)
        try:
            for plot in field.grid.plots():
                cells = [cell for cell in field.grid.cells(plot) if cell.id(self.id) not in done]
                if cells and not self._stopping:
                    harvest = await self._grow(journal, field, plot)
                    await measuring
                    if harvest is not None:
                        measuring = asyncio.ensure_future(
                            asyncio.to_thread(self._measure, journal, field, cells, harvest)
                        )
                self._runs += 1
        finally:
            await measuring  # whatever ended the growing, the journal stays open for it

    async def _grow(self, journal: Journal, field: Field, plot: Plot) -> Run | None:
        grid = field.grid
        random_state = grid.random_state_of(plot.replicate)
        seeds = field.seeds.subset(plot.seeds, random_state)
        recipe = Recipe(
            seeds,
            plot.strategy,
            field.task,
            field.teacher,
            field.writer,
            random_state,
            nested=plot.sizes,
        )
        options = RunOptions(plot.budget, field.patience)
        run = await asyncio.to_thread(start_in, journal, recipe, options, closes=False)
        self._run = run
        if self._stopping:
            run.stop()
        await run
        return run if run.status == "finished" else None

    def _measure(self, journal: Journal, field: Field, cells: Sequence[Cell], run: Run) -> None:
        """Trains and measures the cells of a finished run. Runs in a thread of its own."""
        plot, seeds = cells[0].plot, run.seeds
        passes = SeedPasses(tuple(seeds), field.grid.random_state_of(plot.replicate), plot.sizes)
        prepared, units = unit_costs(run.path, run.id)
        cuts = {cell.id(self.id): cut(cell, units, passes, prepared) for cell in cells}
        rows = rows_of(run.path, run.id)
        by_id = {cell.id(self.id): cell for cell in cells}
        counts: dict[str, int] = {}
        jobs = []
        for size in plot.sizes:
            lessons = []
            for cell in (cell for cell in cells if cell.seeds == size):
                number = cell.id(self.id)
                places = _places(rows, cuts[number], cell)
                counts[number] = len(places)
                lessons.append(Lesson(number, cell.student, places, cell.seeds if cell.seed_rows else 0))
            if lessons:
                jobs.append(_job(rows, seeds, size, lessons, field, plot))
        for measured in measure_all(jobs):
            cell = by_id[measured.cell_id]
            part = cuts[measured.cell_id]
            records = self._records(cell, part, counts[measured.cell_id], measured, run, field)
            answers = {
                name: [
                    (question, answer, right)
                    for question, (answer, right) in zip(
                        field.tests[name]["question_id"], measured.answers[name], strict=True
                    )
                ]
                for name in field.tests
            }
            journal.write_now(store.save_cell(records, answers))
            self.events.publish(Measured(measured.cell_id))

    def _records(
        self, cell: Cell, part: Cut, rows: int, measured: Answers, run: Run, field: Field
    ) -> list[dict[str, Any]]:
        """The cell's rows of the study's frame, one for each test set."""
        from tilth.studies.curves import wilson  # it loads NumPy

        priced = field.teacher.price() is not None and field.writer.price() is not None
        records = []
        for name, answers in measured.answers.items():
            correct = sum(right for _, right in answers)
            low, high = wilson([correct], [len(answers)])
            records.append(
                {
                    "study_id": self.id,
                    "cell_id": measured.cell_id,
                    "run_id": run.id,
                    "strategy": cell.plot.strategy.name,
                    "seeds": cell.seeds,
                    "ratio": float(cell.ratio),
                    "budget_queries": cell.budget.queries,
                    "rows": rows,
                    "rows_per_seed": rows / cell.seeds,
                    "replicate": cell.plot.replicate,
                    "random_state": field.grid.random_state_of(cell.plot.replicate),
                    "student": cell.student.name,
                    "seed_rows": cell.seed_rows,
                    "check": cell.check,
                    "test": name,
                    "n_test": len(answers),
                    "correct": correct,
                    "accuracy": correct / len(answers),
                    "ci_low": float(low[0]),
                    "ci_high": float(high[0]),
                    "queries": part.cost.queries,
                    "usd": part.cost.nano / 1e9 if priced else None,
                    "seconds": measured.seconds,
                    "task": field.task.name,
                    "teacher": field.teacher.name,
                    "writer": field.writer.name,
                    "simulated": self.simulated,
                    "complete": part.complete,
                }
            )
        return records

    def stop(self) -> None:
        """Starts no new unit and no new run's training; what was measured is kept. Returns at once."""
        self._stopping = True
        if self._run is not None:
            self._run.stop()

    def abort(self) -> None:
        """Cancels calls in flight and flushes the journal. Returns at once."""
        self._stopping = True
        if self._run is not None:
            self._run.abort()

    # -- what it found ------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """Where it stands: one word; "waiting" while its run waits for an endpoint that only fails."""
        return "waiting" if self.failing and self._status == "running" else self._status

    @property
    def failing(self) -> bool:
        """Whether the endpoint of the run that grows gives nothing but failures."""
        return self._run is not None and self._run.failing

    @property
    def progress(self) -> StudyProgress:
        """Where the study stands now."""
        settings = self._settings
        growing = self._run.progress if self._run is not None and self._status not in OVER else None
        cells, queries = store.counts(self.path, self.id, live=self._status not in OVER)
        return StudyProgress(
            status=self.status,
            reason=self._reason,
            cells=cells,
            all_cells=settings["cells"],
            runs=self._runs,
            all_runs=settings["runs"],
            queries=queries,
            most_queries=settings["queries"],
            seconds=(self._ended or time.monotonic()) - self._began,
            waiting=growing.waiting if growing else None,
            next_try=growing.next_try if growing else None,
        )

    @property
    def frame(self) -> pl.DataFrame:
        """One row for each measured cell and test set (`tilth.studies.frame.studies_schema`).

        By seeds, strategy, ratio and replicate, in whatever order cells were measured.
        """
        import polars as pl

        return pl.concat([store.cells(self.path, self.id), *(frame for frame, _ in self._added)])

    @property
    def outcomes(self) -> pl.DataFrame:
        """One row for each cell, test set and question (`tilth.studies.frame.outcomes_schema`)."""
        import polars as pl

        own = store.outcomes(self.path, self.id)
        return pl.concat([own, *(outcomes for _, outcomes in self._added if outcomes is not None)])

    def add(self, frame: pl.DataFrame, outcomes: pl.DataFrame | None = None) -> None:
        """Sets results from outside beside one's own: in `frame` and `outcomes`, not in the file.

        Raises:
            StudyFrameError: The frame is no frame of a study; see `tilth.studies.frame.read_studies`.
        """
        added = read_studies(frame)
        self._added.append((added, None if outcomes is None else read_outcomes(outcomes, added)))

    def cell(self, cell_id: str) -> dict[str, Any]:
        """A cell: its record for each test set, and what its student answered.

        Raises:
            KeyError: The study has no such cell.
        """
        import polars as pl

        records = self.frame.filter(pl.col("cell_id") == cell_id)
        if not records.height:
            raise KeyError(f"{cell_id!r} is no cell of this study")
        return {"records": records, "outcomes": store.outcomes(self.path, self.id, cell_id)}


def _places(rows: pl.DataFrame, part: Cut, cell: Cell) -> list[int]:
    import polars as pl

    wanted = pl.col("unit").is_in(sorted(part.units))
    if cell.check == "filter":
        wanted &= pl.col("verdict") != "rejected"
    return rows.with_row_index("place").filter(wanted)["place"].to_list()


def _job(
    rows: pl.DataFrame, seeds: Seeds, size: int, lessons: Sequence[Lesson], field: Field, plot: Plot
) -> Job:
    random_state = field.grid.random_state_of(plot.replicate)
    put = (field.task.put(seed, random.Random(random_state)) for seed in list(seeds)[:size])
    known = [(seed.question, seed.reference) for seed in put if seed.reference]
    return Job(
        questions=rows["question"].to_list(),
        responses=rows["response"].to_list(),
        seeds=known,
        lessons=lessons,
        tests={
            name: list(frame.select("question", "reference").iter_rows())
            for name, frame in field.tests.items()
        },
        task=field.task,
        random_state=random_state,
    )
