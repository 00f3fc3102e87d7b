"""Starting, resuming and opening runs: the entry points users call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from tilth.arguments import path_of
from tilth.engine.assembly import RunOptions, start_in
from tilth.engine.background import begun, wait_for
from tilth.engine.budget import Budget
from tilth.engine.file import queries
from tilth.engine.file.format.records import identities
from tilth.engine.file.journal import Journal
from tilth.engine.file.reuse import Pool
from tilth.engine.growing.rows import CheckMode
from tilth.engine.live import LiveFiles
from tilth.engine.planning.estimate import estimate
from tilth.engine.planning.preconditions import (
    refuse_endless,
    refuse_patience,
    refuse_unagreed_spending,
    refuse_unfit_seeds,
)
from tilth.engine.planning.unread import tell_unread_columns
from tilth.engine.recipe import Recipe, StoredRecipe, recorded
from tilth.engine.run import Run
from tilth.engine.standing import standing
from tilth.errors import TeacherError
from tilth.seeds import Seeds, TaskLike
from tilth.strategies.base import Strategy
from tilth.strategies.check import Check
from tilth.teacher import RecordedTeacher, Teacher

_live: LiveFiles[Run] = LiveFiles()


def start(
    seeds: Seeds,
    strategy: str | Strategy | type[Strategy],
    budget: Budget | int,
    *,
    teacher: Teacher | None = None,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
    path: str | Path | None = None,
    random_state: int = 0,
    confirm: bool = False,
    patience: float = 600.0,
    check: CheckMode = "label",
    checks: Sequence[Check] = (),
    reuse: Sequence[str | Path] = (),
) -> Run:
    """Starts a run, or goes on with the one at `path`, and returns at once.

    Args:
        seeds: What to grow from.
        strategy: How: a name (`tilth.strategies.registry.available()`), or a `Strategy`.
        budget: Hard limits on all that is spent in this file; a number is taken as queries.
        teacher: The model that answers. Not needed to replay a run that has nothing left to ask.
        writer: The model that writes questions; the teacher, unless given.
        task: How questions are put and checked; the seeds' own, unless given.
        path: The run's file. Made from seeds, strategy and identity where not given, so that the same call
            resumes. A run that is at work on this path in this process is joined; another budget then
            becomes its limit.
        random_state: What all draws come from.
        confirm: True lets a run spend real dollars without a limit in dollars.
        patience: Seconds of nothing but failures after which the run fails with `EndpointUnavailable`.
        check: "label" keeps all rows and marks them; "filter" leaves rejected ones out of `run.rows`, samples
            and what is saved, and keeps them in the file; False checks nothing. No part of the identity: a
            run that goes on with another is checked again, and asks nothing for it.
        checks: Checks that ask, from `tilth.checks`, in the order in which rows go through them: agreement,
            a judge. What they ask is part of the run, its budget and its identity.
        reuse: Other runs' files. Where this run would ask what they asked, in the same pass over the seeds,
            it takes over their reply, each once: that counts nothing against the budget here, and its row
            keeps what it cost there and says `reused`. A unit starts only where its whole cost would fit.

    Raises:
        IdentityMismatch: The file holds another run.
        RunBusy: Another process holds the file.
        JournalError: The file, or one to reuse, cannot be used.
        ConfirmationNeeded: Real dollars, and neither a limit nor `confirm=True`.
        BudgetError: A budget that limits nothing, or one in dollars where a price is unknown.
        TeacherError: No teacher, and no file to replay.
        SeedsError: The task cannot take a seed.
        TypeError: An argument is of another kind than is taken.
        ValueError: These seeds cannot feed the strategy, or a name is unknown.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
        >>> run = tilth.start(seeds, "new-question", 20, teacher=teacher, path="new.tilth")
        >>> run.wait().progress.queries
        20
    """
    limit = Budget.of(budget)
    if teacher is None:
        teacher, writer = _recorded(path)
    recipe = Recipe.resolve(
        seeds, strategy, teacher=teacher, writer=writer, task=task, checks=checks, random_state=random_state
    )
    return start_recipe(recipe, limit, path, confirm=confirm, patience=patience, check=check, reuse=reuse)


def start_recipe(
    recipe: Recipe,
    limit: Budget,
    path: str | Path | None = None,
    *,
    confirm: bool = False,
    patience: float = 600.0,
    check: CheckMode = "label",
    reuse: Sequence[str | Path] = (),
) -> Run:
    """Starts the run of a recipe, goes on with it or joins it; the rest is as `start` takes it."""
    if check not in ("label", "filter", False):
        raise ValueError(
            f'check={check!r} is unknown; "label" marks rows, "filter" leaves out rejected, False checks none'
        )
    refuse_patience(patience)
    refuse_unfit_seeds([recipe.strategy], recipe.seeds, recipe.task)
    tell_unread_columns(recipe.seeds, recipe.task, [recipe.strategy])
    # absolute, for the process may change its folder while a run is at work
    where = (path_of(path) if path is not None else recipe.default_path).absolute()
    with _live.turn(where):
        refuse_endless(limit, set(recipe.models.values()))
        live = _joined(where, recipe, limit)
        if live is not None:
            return live
        planned = None if isinstance(recipe.teacher, RecordedTeacher) else estimate(recipe, limit)
        refuse_unagreed_spending(limit, set(recipe.models.values()), planned, confirm=confirm)
        pool = Pool.of(reuse, where, len(recipe.seeds))
        run = _begun(where, recipe, RunOptions(limit, patience, check, planned, pool))
        _live.add(where, run)
        return run


async def generate(
    seeds: Seeds,
    strategy: str | Strategy | type[Strategy],
    budget: Budget | int,
    *,
    teacher: Teacher | None = None,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
    path: str | Path | None = None,
    random_state: int = 0,
    confirm: bool = False,
    patience: float = 600.0,
    check: CheckMode = "label",
    checks: Sequence[Check] = (),
    reuse: Sequence[str | Path] = (),
) -> Run:
    """Starts a run and waits for its end. Cancelling aborts it, and its journal is flushed.

    Takes and raises what `start` does, and raises what the run failed of, as `Run.wait` does.

    Example:
        A notebook's cell or a coroutine says `await tilth.generate(...)`.

        >>> import asyncio
        >>> seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
        >>> work = tilth.generate(seeds, "answer-augmentation", 10, teacher=teacher, path="awaited.tilth")
        >>> asyncio.run(work).rows.height
        10
    """
    started = partial(
        start,
        seeds,
        strategy,
        budget,
        teacher=teacher,
        writer=writer,
        task=task,
        path=path,
        random_state=random_state,
        confirm=confirm,
        patience=patience,
        check=check,
        checks=checks,
        reuse=reuse,
    )
    return await (await begun(started))


def generate_sync(
    seeds: Seeds,
    strategy: str | Strategy | type[Strategy],
    budget: Budget | int,
    *,
    teacher: Teacher | None = None,
    writer: Teacher | None = None,
    task: str | TaskLike | None = None,
    path: str | Path | None = None,
    random_state: int = 0,
    confirm: bool = False,
    patience: float = 600.0,
    check: CheckMode = "label",
    checks: Sequence[Check] = (),
    reuse: Sequence[str | Path] = (),
) -> Run:
    """Starts a run and blocks until its end. Ctrl-C aborts it, and its journal is flushed.

    Takes and raises what `start` does, and raises what the run failed of, as `Run.wait` does.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher, path="twice.tilth")
        >>> run.status, run.rows.height
        ('finished', 20)
    """
    run = start(
        seeds,
        strategy,
        budget,
        teacher=teacher,
        writer=writer,
        task=task,
        path=path,
        random_state=random_state,
        confirm=confirm,
        patience=patience,
        check=check,
        checks=checks,
        reuse=reuse,
    )
    return wait_for(run)


def open_run(path: str | Path, run_id: str | None = None) -> Run:
    """A run's file, to read: nothing is asked, and nothing written. A run at work here is given itself.

    One that another process is at work on is "running", and its `holder` says which. The file may be a
    stranger's: nothing that it holds is run.

    Args:
        path: The file.
        run_id: Which of its runs, where it holds several: those of a study.

    Raises:
        JournalError: There is no such file or run, or the file cannot be read.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(5), tilth.demo.teacher()
        >>> _ = tilth.generate_sync(seeds, "answer-augmentation", 5, teacher=teacher, path="once.tilth")
        >>> tilth.open_run("once.tilth").rows["verdict"].value_counts(name="rows").to_dicts()
        [{'verdict': 'accepted', 'rows': 5}]
    """
    where = path_of(path)
    live = _live.get(where)
    if live is not None and run_id in (None, live.id):
        return live
    record = queries.run_record(where, run_id)
    with queries.read_only(where) as file:
        recipe = StoredRecipe.of_record(file, record["run_id"], record["identity"], record["settings"])
        return Run(recipe, where, record["settings"], standing(where, record["status"], record["reason"]))


def _recorded(path: str | Path | None) -> tuple[Teacher, Teacher]:
    """Stand-ins for the models of the run at `path`, which need not be asked where it is finished."""
    if path is None or not path_of(path).exists():
        raise TeacherError(
            "pass teacher=: a tilth.Teacher, or tilth.demo.teacher() for the built-in simulation"
        )
    record = queries.run_record(Path(path))
    return recorded(record["identity"], record["settings"])


def _joined(path: Path, recipe: Recipe, limit: Budget) -> Run | None:
    """The run at work on `path`, under this limit from now on; None where there is none any more."""
    live = _live.get(path)
    if live is None:
        return None
    if live.id != recipe.run_id:
        recipe.refuse_other(path, queries.run_record(path)["identity"])
    if live._set_limit(limit):  # noqa: SLF001 - a run's limits are set by starting it again
        return live
    with suppress(Exception):  # its end was told to those who waited for it
        live.wait()
    return None


def _begun(path: Path, recipe: Recipe, options: RunOptions) -> Run:
    journal = Journal(path)
    try:
        with queries.damage_told(path):
            stored = journal.write_now(identities)
        for identity in stored:
            recipe.refuse_other(path, identity)
        return start_in(journal, recipe, options, closes=True)
    except BaseException:
        journal.close()
        raise
