"""Has a study's cells trained and measured while its runs grow, and writes them down as they come."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from itertools import chain
from typing import TYPE_CHECKING

from tilth.engine.background import beside
from tilth.engine.events import CellMeasured, CellTrained, Events
from tilth.engine.file.journal import Journal, Operation
from tilth.engine.file.queries import finished_units
from tilth.engine.file.queries import rows as rows_of
from tilth.engine.run import Run
from tilth.seeds import Seeds
from tilth.strategies.passes import SeedPasses
from tilth.studies import store
from tilth.studies.asking.cells import AskedCells, split
from tilth.studies.base_lines import ZERO_SHOT, BaseLine
from tilth.studies.grid import Cell, Cut, cut
from tilth.studies.inputs import StudyInputs
from tilth.studies.records import Columns, columns_of_base_line, columns_of_cell, outcomes, records
from tilth.studies.test_sets import VALIDATION
from tilth.studies.training.measure import CellAnswers, Job, Training
from tilth.studies.training.processes import TrainingProcesses, ended_from_outside, parted
from tilth.studies.training.standing import TrainingStanding
from tilth.studies.training.trainers import Trainers

if TYPE_CHECKING:
    import polars as pl

_LOOK_SECONDS = 0.5
"""Between two looks at where trainings stand."""


class Measuring:
    """Measures the cells of one study.

    Students that train in milliseconds are trained a run at a time, each run's while the next one grows.
    Those that take minutes, and say so by the memory they need, are trained one by one beside everything
    else: growing waits for none of them.

    Args:
        study_id: The study.
        journal: Its file.
        inputs: What it is made of.
        events: Where it tells what happens.
        asked: The cells of students that ask.
        failed: Called when a long training has failed, which ends the study.
    """

    def __init__(
        self,
        study_id: str,
        journal: Journal,
        inputs: StudyInputs,
        events: Events,
        asked: AskedCells,
        failed: Callable[[], None],
    ) -> None:
        self._id = study_id
        self._journal = journal
        self._inputs = inputs
        self._events = events
        self._asked = asked
        self._failed = failed
        self._trainers = Trainers(len(inputs.grid.sizes))
        self._long = [student for student in inputs.grid.students if student.needs_memory > 0]
        self._processes = TrainingProcesses(self._long, inputs.cells)
        self._short: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._turn: asyncio.Semaphore | None = None
        self._stopped = False

    def standing(self) -> Sequence[TrainingStanding]:
        """Where the trainings that go on now stand. Called from any thread."""
        return self._processes.standing() if self._long else ()

    # -- in the runner's loop -----------------------------------------------------------------------------

    async def base_lines(self, done: set[str]) -> None:
        """Begins those that are not measured yet."""
        lines = [line for line in self._inputs.base_lines if line.id(self._id) not in done]
        if lines:
            await self._begin(*await asyncio.to_thread(self._base_line_jobs, lines))

    async def cells(self, cells: Sequence[Cell], run: Run, *, whole: bool) -> None:
        """Begins the cells of a finished run, or only the complete; waits for the short ones of the last."""
        await self._settled()
        await self._begin(*await asyncio.to_thread(self._jobs, cells, run, whole=whole))

    async def end(self) -> None:
        """Waits until all that was begun is measured; raises what one failed of."""
        await self._settled()
        if self._tasks:
            await asyncio.shield(asyncio.gather(*self._tasks))  # who is cancelled here has them killed
        if self._long:
            await beside(self._processes.end)  # their memory is worth more than their start
        self._trainers.leave()

    async def give_up(self) -> None:
        """Ends all that measures: trainings are killed, calls of students that ask are in doubt."""
        self._stopped = True
        await self._asked.abort()
        await beside(self._trainers.kill)
        await beside(self._processes.kill)

    async def quiet(self) -> None:
        """Waits until nothing is written any more, whatever became of it."""
        if self._watch is not None:
            self._watch.cancel()
        waited = [*self._tasks, *([self._short] if self._short is not None else [])]
        if waited:
            await asyncio.wait(waited)
        for one in waited:
            if not one.cancelled():
                one.exception()  # where something else failed too, that is told

    def stop(self) -> None:
        """No new training begins, and long ones are ended when this is looked at next. From any thread."""
        self._stopped = True

    async def _settled(self) -> None:
        if self._short is not None:
            await asyncio.shield(self._short)

    async def _begin(self, short: Sequence[Job], long: Sequence[Job], own: dict[str, Columns]) -> None:
        if long and self._watch is None:
            self._watch = asyncio.ensure_future(self._looked_at())
        self._tasks.update(asyncio.ensure_future(self._one(job, own)) for job in long)
        if short:
            await self._settled()
            self._short = asyncio.ensure_future(asyncio.to_thread(self._measure, short, own))

    async def _one(self, job: Job, own: dict[str, Columns]) -> None:
        [training] = job.trainings
        try:
            await asyncio.to_thread(self._processes.prepare)
            async with self._turns():
                if self._stopped:
                    return
                told = await asyncio.wrap_future(self._processes.submit(job))
        except Exception as error:
            if self._stopped:
                return
            self._stopped = True
            self._failed()
            if not isinstance(error, BrokenExecutor):
                raise
            raise ended_from_outside(training, error) from error
        await self._journal.write(self._saved(own, told))
        self._events.publish(CellMeasured(told.cell_id))

    def _turns(self) -> asyncio.Semaphore:
        """One for each process: what waits for its turn waits here, where it is easily given up."""
        if self._turn is None:
            self._turn = asyncio.Semaphore(self._processes.count)
        return self._turn

    async def _looked_at(self) -> None:
        """Tells where long trainings stand, and ends them once the study is stopped."""
        last: dict[str, TrainingStanding] = {}
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._stopped:
                await beside(self._processes.kill)
                return
            for one in await asyncio.to_thread(self._processes.standing):
                before = last.get(one.cell_id)
                if one.steps and (before is None or before.step != one.step):
                    self._events.publish(
                        CellTrained(
                            *(one.cell_id, one.told, one.step, one.steps, one.loss, one.validation_loss),
                            seconds=one.seconds,
                        )
                    )
                last[one.cell_id] = one

    # -- in threads ---------------------------------------------------------------------------------------

    def _measure(self, jobs: Sequence[Job], own: dict[str, Columns]) -> None:
        trained, asked = split(jobs)
        answered = self._asked.measure(asked)  # it goes on while others are trained
        for told in chain(self._trainers.measure(trained), answered):
            self._journal.write_now(self._saved(own, told))
            self._events.publish(CellMeasured(told.cell_id))

    def _saved(self, own: dict[str, Columns], told: CellAnswers) -> Operation:
        found = records(self._id, self._inputs, own[told.cell_id], told)
        return store.save_cell(found, outcomes(self._inputs, told))

    def _jobs(
        self, cells: Sequence[Cell], run: Run, *, whole: bool
    ) -> tuple[list[Job], list[Job], dict[str, Columns]]:
        """The short and the long jobs of cells, and what is known of each cell already."""
        planned, seeds = cells[0].run, run.seeds
        passes = SeedPasses(tuple(seeds), self._inputs.grid.random_state_of(planned.replicate), planned.sizes)
        prepared, units = finished_units(run.path, run.id)
        rows = rows_of(run.path, run.id)
        own: dict[str, Columns] = {}
        trainings: dict[int, list[Training]] = {}
        for cell in cells:
            part = cut(cell, units, passes, prepared)
            if not part.complete and whole:
                continue
            cell_id, places = cell.id(self._id), _places(rows, part, cell)
            own[cell_id] = columns_of_cell(self._inputs, cell, part, len(places), run.id)
            seed_rows = cell.seeds if cell.seed_rows else 0
            trainings.setdefault(cell.seeds, []).append(
                Training(cell_id, cell.told, cell.student, places, seed_rows)
            )
        questions, responses = rows["question"].to_list(), rows["response"].to_list()
        jobs = [self._job(questions, responses, seeds, planned.replicate, one) for one in trainings.values()]
        return *parted(jobs), own

    def _base_line_jobs(self, lines: Sequence[BaseLine]) -> tuple[list[Job], list[Job], dict[str, Columns]]:
        inputs, own = self._inputs, {}
        by_replicate: dict[int, list[Training]] = {}
        for line in lines:
            cell_id = line.id(self._id)
            own[cell_id] = columns_of_base_line(inputs, line)
            by_replicate.setdefault(line.replicate, []).append(
                Training(cell_id, line.told, line.student, (), line.seeds, untrained=line.kind == ZERO_SHOT)
            )
        jobs = []
        for replicate, trainings in by_replicate.items():
            largest = inputs.seeds.subset(inputs.grid.sizes[-1], inputs.grid.random_state_of(replicate))
            jobs.append(self._job((), (), largest, replicate, trainings))
        return *parted(jobs), own

    def _job(
        self,
        questions: Sequence[str],
        responses: Sequence[str],
        seeds: Seeds,
        replicate: int,
        trainings: Sequence[Training],
    ) -> Job:
        inputs, most = self._inputs, max(training.seed_rows for training in trainings)
        random_state = inputs.grid.random_state_of(replicate)
        put = (inputs.task.put(seed, random.Random(random_state)) for seed in list(seeds)[:most])
        tests = {
            name: list(frame.select("question", "reference").iter_rows())
            for name, frame in inputs.tests.items()
        }
        return Job(
            questions=questions,
            responses=responses,
            seeds=[(seed.question, seed.reference) for seed in put if seed.reference],
            trainings=trainings,
            tests=tests,
            validation=tests.get(VALIDATION, ()),
            task=inputs.task,
            random_state=random_state,
        )


def _places(rows: pl.DataFrame, part: Cut, cell: Cell) -> list[int]:
    import polars as pl

    wanted = pl.col("unit").is_in(sorted(part.units))
    if cell.check == "filter":
        wanted &= pl.col("verdict") != "rejected"
    return rows.with_row_index("place").filter(wanted)["place"].to_list()
