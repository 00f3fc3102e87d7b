"""A study at work: grows its runs one after another, and has the cells of each trained and measured."""

from __future__ import annotations

import asyncio
from functools import partial

from tilth.engine.assembly import RunOptions, start_in
from tilth.engine.background import begun
from tilth.engine.events import Events
from tilth.engine.file.journal import Journal
from tilth.engine.file.reuse import Pool
from tilth.engine.growing.execution import Ending
from tilth.engine.recipe import Recipe
from tilth.engine.run import Run
from tilth.studies import store
from tilth.studies.asking.account import StudentAccount
from tilth.studies.asking.cells import AskedCells
from tilth.studies.grid import PlannedRun
from tilth.studies.inputs import StudyInputs
from tilth.studies.limits import RunLimit, limit_of_run
from tilth.studies.measuring import Measuring


class StudyExecution:
    """Drives one study to its end, in the runner's loop.

    Attributes:
        run: The run that grows, or that grew last; None before the first.
        asked: The cells of students that ask, with their account.
        measuring: Has all cells measured.
        stopping: Whether nothing new is to start.
    """

    def __init__(self, study_id: str, journal: Journal, inputs: StudyInputs, events: Events) -> None:
        self.journal = journal
        self.run: Run | None = None
        self.stopping = False
        self._id = study_id
        self._inputs = inputs
        self._broken = False
        account = StudentAccount(
            study_id,
            journal,
            inputs.student_limit,
            patience=inputs.patience,
            random_state=inputs.grid.random_state,
        )
        self.asked = AskedCells(account, inputs.tests)
        self.measuring = Measuring(study_id, journal, inputs, events, self.asked, self._failed)

    def stop(self) -> None:
        """No new unit starts and no new training. Called from any thread.

        What is at work finishes; trainings of minutes are ended, and go on from there when the study does.
        """
        self.stopping = True
        self.asked.account.stop()
        self.measuring.stop()
        if self.run is not None:
            self.run.stop()

    async def drive(self) -> Ending:
        """Runs until every cell is measured, a limit is reached or the user ends it; raises what it fails of.

        Cancelled, it aborts the run that grows, kills the students in training, and leaves the journal quiet.
        """
        try:
            short_of = await self._grow_and_measure()
        except BaseException:
            await self.measuring.give_up()
            raise
        finally:
            await self.measuring.quiet()  # whatever ended it, the journal stays open for what is measured
            await self.asked.account.close()
        return await asyncio.to_thread(self._ending, short_of)

    def _failed(self) -> None:
        """A training of minutes has failed, which ends the study: nothing more is grown for it."""
        self._broken = True
        if self.run is not None:
            self.run.stop()

    async def _grow_and_measure(self) -> str | None:
        """Each run is measured while the next one grows. Gives the limit that ended the study, if one did."""
        grid, short_of = self._inputs.grid, None
        done = await asyncio.to_thread(store.complete_cells, self.journal.path, self._id)
        await self.measuring.base_lines(done)
        for planned in grid.runs():
            cells = [cell for cell in grid.cells(planned) if cell.id(self._id) not in done]
            if not cells:
                continue
            if self.stopping or self._broken or short_of is not None or self._all_asked:
                break
            run, short_of = await self._grow(planned)
            if run is not None:
                await self.measuring.cells(cells, run, whole=short_of is not None)
        await self.measuring.end()
        return short_of

    @property
    def _all_asked(self) -> bool:
        """Whether no cell of any run can be measured any more: all students ask, and may ask no more."""
        students = self._inputs.grid.students
        return self.asked.account.short_of is not None and len(self._inputs.asking) == len(students)

    def _ending(self, short_of: str | None) -> Ending:
        measured = len(store.complete_cells(self.journal.path, self._id))
        every = self._inputs.cells
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
            if self.stopping or self._broken:
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
