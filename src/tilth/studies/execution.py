"""A study at work: grows its runs one after another, and has the cells of each trained and measured."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from tilth.checks.intervals import wilson
from tilth.engine.assembly import RunOptions, start_in
from tilth.engine.background import begun, beside
from tilth.engine.budget import NANO
from tilth.engine.events import CellMeasured, Events
from tilth.engine.file.journal import Journal
from tilth.engine.file.queries import finished_units
from tilth.engine.file.queries import rows as rows_of
from tilth.engine.file.reuse import Pool
from tilth.engine.growing.execution import Ending
from tilth.engine.recipe import Recipe
from tilth.engine.run import Run
from tilth.seeds import Seeds
from tilth.strategies.passes import SeedPasses
from tilth.students.asking import AskingStudent
from tilth.students.base import Student
from tilth.studies import store
from tilth.studies.asking.account import StudentAccount
from tilth.studies.asking.cells import AskedCells, split
from tilth.studies.grid import Cell, Cut, PlannedRun, cut
from tilth.studies.inputs import StudyInputs
from tilth.studies.limits import RunLimit, limit_of_run
from tilth.studies.measure import CellAnswers, Job, Trainers, Training
from tilth.studies.options import student_options

if TYPE_CHECKING:
    import polars as pl


class StudyExecution:
    """Drives one study to its end, in the runner's loop.

    Attributes:
        run: The run that grows, or that grew last; None before the first.
        asked: The cells of students that ask, with their account.
        stopping: Whether nothing new is to start.
    """

    def __init__(self, study_id: str, journal: Journal, inputs: StudyInputs, events: Events) -> None:
        self.journal = journal
        self.run: Run | None = None
        self.stopping = False
        self._id = study_id
        self._inputs = inputs
        self._events = events
        self._trainers = Trainers(len(inputs.grid.sizes))
        account = StudentAccount(
            study_id,
            journal,
            inputs.student_limit,
            patience=inputs.patience,
            random_state=inputs.grid.random_state,
        )
        self.asked = AskedCells(account, inputs.tests)

    def stop(self) -> None:
        """No new unit starts and no new training; what is at work finishes. Called from any thread."""
        self.stopping = True
        self.asked.account.stop()
        if self.run is not None:
            self.run.stop()

    async def drive(self) -> Ending:
        """Runs until every cell is measured, a limit is reached or the user ends it; raises what it fails of.

        Cancelled, it aborts the run that grows, kills the students in training, and leaves the journal quiet.
        """
        try:
            ending = await self._grow_and_measure()
        except BaseException:
            await self._give_up()
            raise
        finally:
            await self.asked.account.close()
        self._trainers.leave()
        return ending

    async def _give_up(self) -> None:
        """Ends all that measures: students in training are killed, calls of others are in doubt."""
        await self.asked.abort()
        await beside(self._trainers.kill)

    async def _grow_and_measure(self) -> Ending:
        """Each run is measured, in processes, while the next one grows."""
        grid = self._inputs.grid
        done = await asyncio.to_thread(store.complete_cells, self.journal.path, self._id)
        measuring: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        measuring.set_result(None)
        short_of: str | None = None
        try:
            for planned in grid.runs():
                cells = [cell for cell in grid.cells(planned) if cell.id(self._id) not in done]
                if not cells:
                    continue
                if self.stopping or short_of is not None or self._all_asked:
                    break
                run, short_of = await self._grow(planned)
                await asyncio.shield(measuring)
                if run is not None:
                    work = asyncio.to_thread(self._measure, cells, run, whole=short_of is not None)
                    measuring = asyncio.ensure_future(work)
            await asyncio.shield(measuring)
        except asyncio.CancelledError:
            await self._give_up()
            raise
        finally:
            await asyncio.wait([measuring])  # whatever ended it, the journal stays open for what is measured
            if not measuring.cancelled():
                measuring.exception()  # where growing failed too, that is told
        return await asyncio.to_thread(self._ending, short_of)

    @property
    def _all_asked(self) -> bool:
        """Whether no cell of any run can be measured any more: all students ask, and may ask no more."""
        students = self._inputs.grid.students
        return self.asked.account.short_of is not None and len(self._inputs.asking) == len(students)

    def _ending(self, short_of: str | None) -> Ending:
        measured = len(store.complete_cells(self.journal.path, self._id))
        every = len(self._inputs.grid)
        if measured == every:
            return Ending("finished", "every cell is measured")
        if self.stopping:
            return Ending("stopped", f"stopped by the user{self.asked.left}")
        used_up = {"the study's budget": short_of, "student_budget": self.asked.account.short_of}
        why = " and ".join(f"{whose} of {limit} is used up" for whose, limit in used_up.items() if limit)
        told = f"{why or 'every run is grown'}: {measured:,} of {every:,} cells are measured whole"
        return Ending("finished", told + self.asked.left, short_of or self.asked.account.short_of)

    # -- growing ------------------------------------------------------------------------------------------

    async def _grow(self, planned: PlannedRun) -> tuple[Run | None, str | None]:
        """The run, where it grew to its end, and the study's own limit that ended it, if one did."""
        recipe = await asyncio.to_thread(self._recipe, planned)
        limit = await asyncio.to_thread(self._limit, planned, recipe)
        while True:
            self.run = run = await begun(partial(self._begin, recipe, limit))
            if self.stopping:
                run.stop()
            await run
            if run.status != "finished":
                return None, None
            if run.short_of not in limit.by_study:
                return run, None
            before, limit = limit, await asyncio.to_thread(self._limit, planned, recipe)
            # what it took over meanwhile counts against its cells' queries, and not against the study's
            if run.short_of != "queries" or limit.taken_over == before.taken_over:
                return run, run.short_of

    def _recipe(self, planned: PlannedRun) -> Recipe:
        inputs = self._inputs
        random_state = inputs.grid.random_state_of(planned.replicate)
        return Recipe(
            inputs.seeds.subset(planned.seeds, random_state),
            planned.strategy,
            inputs.task,
            inputs.teacher,
            inputs.writer,
            random_state,
            nested_sizes=planned.sizes,
            queries=None if planned.strategy.nested else planned.queries,
        )

    def _limit(self, planned: PlannedRun, recipe: Recipe) -> RunLimit:
        limit: RunLimit = self.journal.write_now(
            lambda file: limit_of_run(file, recipe.run_id, planned.queries, self._inputs.budget)
        )
        return limit

    def _begin(self, recipe: Recipe, limit: RunLimit) -> Run:
        """Starts a run, or goes on with it. What another run of the study took over it cannot take again."""
        pool = Pool.of(self._inputs.reuse, self.journal.path, len(recipe.seeds))
        if pool is not None:
            pool.forget(self.journal.write_now(store.origins))
        options = RunOptions(limit.budget, self._inputs.patience, pool=pool)
        return start_in(self.journal, recipe, options, closes=False)

    # -- measuring ----------------------------------------------------------------------------------------

    def _measure(self, cells: Sequence[Cell], run: Run, *, whole: bool) -> None:
        """Trains and measures the cells of a finished run, or only the complete. In a thread of its own."""
        planned, seeds = cells[0].run, run.seeds
        passes = SeedPasses(tuple(seeds), self._inputs.grid.random_state_of(planned.replicate), planned.sizes)
        prepared, units = finished_units(run.path, run.id)
        rows = rows_of(run.path, run.id)
        by_id: dict[str, Cell] = {}
        cuts: dict[str, Cut] = {}
        places: dict[str, list[int]] = {}
        for cell in cells:
            part = cut(cell, units, passes, prepared)
            if part.complete or not whole:
                cell_id = cell.id(self._id)
                by_id[cell_id], cuts[cell_id], places[cell_id] = cell, part, _places(rows, part, cell)
        jobs = [
            self._job(rows, seeds, planned, trainings)
            for size in planned.sizes
            if (
                trainings := [
                    Training(cell_id, cell.student, places[cell_id], size if cell.seed_rows else 0)
                    for cell_id, cell in by_id.items()
                    if cell.seeds == size
                ]
            )
        ]
        trained, asked = split(jobs)
        answered = self.asked.measure(asked)  # it goes on while others are trained
        for told in chain(self._trainers.measure(trained), answered):
            cell_id = told.cell_id
            records = self._records(by_id[cell_id], cuts[cell_id], len(places[cell_id]), told, run.id)
            self.journal.write_now(store.save_cell(records, self._answers(told)))
            self._events.publish(CellMeasured(cell_id))

    def _job(
        self, rows: pl.DataFrame, seeds: Seeds, planned: PlannedRun, trainings: Sequence[Training]
    ) -> Job:
        inputs, most = self._inputs, max(training.seed_rows for training in trainings)
        random_state = inputs.grid.random_state_of(planned.replicate)
        put = (inputs.task.put(seed, random.Random(random_state)) for seed in list(seeds)[:most])
        return Job(
            questions=rows["question"].to_list(),
            responses=rows["response"].to_list(),
            seeds=[(seed.question, seed.reference) for seed in put if seed.reference],
            trainings=trainings,
            tests={
                name: list(frame.select("question", "reference").iter_rows())
                for name, frame in inputs.tests.items()
            },
            task=inputs.task,
            random_state=random_state,
        )

    def _answers(self, told: CellAnswers) -> dict[str, list[store.Answer]]:
        """A cell's answers by test set, each with its question's id."""
        return {
            name: [
                (question, answer, right)
                for question, (answer, right) in zip(frame["question_id"], told.answers[name], strict=True)
            ]
            for name, frame in self._inputs.tests.items()
        }

    def _records(
        self, cell: Cell, part: Cut, rows: int, told: CellAnswers, run_id: str
    ) -> list[dict[str, Any]]:
        """The cell's rows of the study's frame, one for each test set."""
        inputs, planned = self._inputs, cell.run
        records = []
        for name, answers in told.answers.items():
            correct = sum(right for _, right in answers)
            low, high = wilson(correct, len(answers))
            records.append(
                {
                    "study_id": self._id,
                    "cell_id": told.cell_id,
                    "run_id": run_id,
                    "strategy": planned.strategy.name,
                    "options": planned.options,
                    "seeds": cell.seeds,
                    "ratio": float(cell.ratio),
                    "budget_queries": cell.budget.queries,
                    "rows": rows,
                    "rows_per_seed": rows / cell.seeds,
                    "replicate": planned.replicate,
                    "random_state": inputs.grid.random_state_of(planned.replicate),
                    "student": cell.student.name,
                    "student_options": student_options(cell.student),
                    "seed_rows": cell.seed_rows,
                    "check": cell.check,
                    "test": name,
                    "n_test": len(answers),
                    "correct": correct,
                    "accuracy": correct / len(answers),
                    "ci_low": float(low),
                    "ci_high": float(high),
                    "cut_off": told.cut_off.get(name),
                    "trained_on": told.trained_on,
                    "queries": part.cost.queries,
                    "usd": part.cost.nano / NANO if inputs.priced else None,
                    "seconds": told.seconds,
                    "machine": told.machine,
                    "task": inputs.task.name,
                    "teacher": inputs.teacher.name,
                    "writer": inputs.writer.name,
                    "simulated": inputs.simulated or _is_simulated(cell.student),
                    "complete": part.complete,
                }
            )
        return records


def _is_simulated(student: Student) -> bool:
    """Whether it asks a rule-based stand-in."""
    return isinstance(student, AskingStudent) and student.asked.simulated


def _places(rows: pl.DataFrame, part: Cut, cell: Cell) -> list[int]:
    import polars as pl

    wanted = pl.col("unit").is_in(sorted(part.units))
    if cell.check == "filter":
        wanted &= pl.col("verdict") != "rejected"
    return rows.with_row_index("place").filter(wanted)["place"].to_list()
