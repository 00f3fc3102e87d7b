"""Starting, resuming and opening runs: the entry points users call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from tilth import tasks
from tilth.engine.budget import Budget, Ledger
from tilth.engine.file import queries
from tilth.engine.file.journal import Journal
from tilth.engine.file.resume import JournalledRun
from tilth.engine.file.reuse import Pool
from tilth.engine.file.writes import create_run, identities, settings_of
from tilth.engine.growing.asking import AskContext
from tilth.engine.growing.connection import ModelConnection
from tilth.engine.growing.controls import Controls
from tilth.engine.growing.execution import Execution
from tilth.engine.growing.rows import CheckMode, Origin
from tilth.engine.planning.estimate import estimate
from tilth.engine.planning.measurements import measure
from tilth.engine.planning.preconditions import check_money, check_needs
from tilth.engine.planning.ranges import Plan
from tilth.engine.recipe import default_path, refuse_other, run_id_of, run_identity
from tilth.engine.run import OVER, ActiveParts, Run
from tilth.errors import TeacherError
from tilth.seeds import Seeds, TaskLike
from tilth.strategies import registry
from tilth.strategies.base import Role, Strategy
from tilth.strategies.check import Check, with_checks
from tilth.strategies.passes import SeedPasses
from tilth.tasks.base import Task
from tilth.teacher import RecordedTeacher, Teacher

_runs: dict[Path, Run] = {}
_lock = threading.RLock()


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
        strategy: How: a name (`tilth.strategies.available()`), or a `Strategy`.
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
            run that goes on with another is judged again, and asks nothing for it.
        checks: Checks that ask, from `tilth.checks`, in the order in which rows go through them: agreement,
            a judge. What they ask is part of the run, its budget and its identity.
        reuse: Other runs' files. Where this run would ask what they asked, in the same pass over the seeds,
            it takes over their reply, each once: that counts nothing against the budget here, and its row
            keeps what it cost there and says `reused`. A unit starts only where its whole cost would fit.

    Raises:
        IdentityMismatch: The file holds another run.
        RunBusy: Another process holds the file.
        JournalError: The file cannot be used.
        ConfirmationNeeded: Real dollars, and neither a limit nor `confirm=True`.
    """
    if check not in ("label", "filter", False):
        raise ValueError(
            f'check={check!r} is unknown; "label" marks rows, "filter" leaves out rejected, False checks none'
        )
    limit = Budget.of(budget)
    chosen = with_checks(registry.get(strategy), checks)
    chosen_task = tasks.get(task if task is not None else seeds.task)
    check_needs([chosen], seeds, chosen_task)
    if teacher is None:
        teacher, writer = _recorded(path)
    writer = writer or teacher
    identity = run_identity(seeds, chosen, chosen_task, teacher.identity(), writer.identity(), random_state)
    # absolute, for the process may change its folder while a run is at work
    where = (Path(path) if path is not None else default_path(seeds, chosen, identity)).absolute()
    with _lock:
        live = _joined(where, identity, limit)
        if live is not None:
            return live
        planned = None
        if not isinstance(teacher, RecordedTeacher):
            planned = estimate(seeds, chosen, limit, teacher=teacher, writer=writer, task=chosen_task)
        check_money(limit, {teacher, writer, *chosen.models().values()}, planned, confirm=confirm)
        parts = Parts(
            seeds,
            chosen,
            chosen_task,
            limit,
            teacher,
            writer,
            random_state,
            patience,
            check=check,
            planned=planned,
            pool=_pool(reuse, where, seeds),
        )
        run = _open(where, identity, parts)
        _runs[where.resolve()] = run
        return run


async def generate(
    seeds: Seeds, strategy: str | Strategy | type[Strategy], budget: Budget | int, **options: Any
) -> Run:
    """Starts a run and waits for its end; see `start`. Cancelling aborts it, and its journal is flushed."""
    starting = asyncio.ensure_future(asyncio.to_thread(start, seeds, strategy, budget, **options))
    try:
        run = await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(Exception):  # it was cancelled; what else befell it stands in run.error
            run = await starting
            run.abort()
            await run
        raise
    return await run


def generate_sync(
    seeds: Seeds, strategy: str | Strategy | type[Strategy], budget: Budget | int, **options: Any
) -> Run:
    """Starts a run and blocks until its end; see `start`. Ctrl-C aborts it, and its journal is flushed."""
    run = start(seeds, strategy, budget, **options)
    try:
        return run.wait()
    except KeyboardInterrupt:
        run.abort()
        run.wait()
        raise


def open_run(path: str | Path, run_id: str | None = None) -> Run:
    """A run's file, to read; one of a study's runs by its `run_id`. A run at work here is given itself."""
    where = Path(path)
    with _lock:
        live = _runs.get(where.resolve())
        if live is not None and live.status not in OVER:
            return live
    record = queries.head(where, run_id)
    identity, settings = record["identity"], record["settings"]
    judging = settings.get("judging", {})
    task = tasks.restored(identity["task"], judging.get("task"))
    seeds = queries.seeds_of(where, record["run_id"], task or identity["task"]["name"], settings["seeds"])
    strategy = identity["strategy"]
    found = registry.restored(strategy, judging.get("checks"))
    return Run(
        record["run_id"],
        where,
        seeds,
        task,
        found or strategy["name"],
        settings,
        status="stopped" if record["status"] not in OVER else record["status"],
        reason=record["reason"],
    )


def _pool(reuse: Sequence[str | Path], own: Path, seeds: Seeds) -> Pool | None:
    if isinstance(reuse, str | Path):
        raise TypeError(f"reuse={str(reuse)!r}: give a list of files, as in reuse=[{str(reuse)!r}]")
    others = [Path(path) for path in reuse if Path(path).resolve() != own.resolve()]
    return Pool(others, len(seeds)) if others else None


def _recorded(path: str | Path | None) -> tuple[Teacher, Teacher]:
    if path is None or not Path(path).exists():
        raise TeacherError(
            "pass teacher=: a tilth.Teacher, or tilth.demo.teacher() for the built-in simulation"
        )
    record = queries.head(Path(path))
    limits = record["settings"]["max_tokens"]
    return (
        RecordedTeacher(record["identity"]["teacher"], limits["teacher"]),
        RecordedTeacher(record["identity"]["writer"], limits["writer"]),
    )


def _joined(path: Path, identity: Mapping[str, Any], limit: Budget) -> Run | None:
    live = _runs.get(path.resolve())
    if live is None or live.status in OVER:
        return None
    if live.id != run_id_of(identity):
        refuse_other(path, queries.head(path)["identity"], identity)
    if live.limit(limit):
        return live
    with suppress(Exception):  # its end was told to those who waited for it
        live.wait()
    return None


def _open(path: Path, identity: Mapping[str, Any], parts: Parts) -> Run:
    journal = Journal(path)
    try:
        for stored in journal.write_now(identities):
            refuse_other(path, stored, identity)
        run = begin(journal, identity, parts, closes=True)
    except BaseException:
        journal.close()
        raise
    return run


@dataclass(frozen=True)
class Parts:
    """What a run is made of."""

    seeds: Seeds
    strategy: Strategy
    task: Task
    limit: Budget
    teacher: Teacher
    writer: Teacher
    random_state: int
    patience: float
    nested: tuple[int, ...] = ()
    """Sizes of a study's seed sets, for a run of a study. Its cells are prefixes, which leave out calls in
    doubt: so those that an earlier process left do not take from its limit."""
    check: CheckMode = "label"
    planned: Plan | None = None
    pool: Pool | None = None
    """Replies of other files."""


def _kept(
    journal: Journal, number: str, parts: Parts, earlier: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """The plan that the file keeps: the first made for this budget, by what the file held then."""
    if parts.planned is None:
        return None
    budget = parts.limit.to_json()
    if earlier is not None and earlier.get("budget") == budget:
        return earlier
    seeds, strategy, task = parts.seeds, parts.strategy, parts.task
    measured = journal.write_now(lambda connection: measure(connection, number, seeds, strategy, task))
    models: dict[str, Any] = {"teacher": parts.teacher, "writer": parts.writer, "task": task}
    planned = parts.planned  # made without a look at the file, and all there is where the file tells nothing
    if measured is not None:
        planned = estimate(seeds, strategy, parts.limit, **models, measured=measured)
    return {**planned.to_json(), "budget": budget}


def _judging(parts: Parts) -> dict[str, Any]:
    """What verdicts depend on beside the run's identity: where it changes, stored rows are judged anew."""
    found = {
        "task": parts.task.judging(),
        "checks": {check.name: judging for check in parts.strategy.checks if (judging := check.judging())},
    }
    return {part: judging for part, judging in found.items() if judging}


def begin(journal: Journal, identity: Mapping[str, Any], parts: Parts, *, closes: bool) -> Run:
    """Starts a run in an open file, or goes on with it; `closes` hands it the file to close at its end."""
    number, teacher, writer = run_id_of(identity), parts.teacher, parts.writer
    models: dict[Role, Teacher] = {"teacher": teacher, "writer": writer, **parts.strategy.models()}
    opened = {model: ModelConnection(model, parts.patience) for model in dict.fromkeys(models.values())}
    lines = {role: opened[model] for role, model in models.items()}
    limits: dict[Role, int] = {role: line.model.max_tokens for role, line in lines.items()}
    priced = all(line.price is not None for line in lines.values())
    settings: dict[str, Any] = {
        "seeds": parts.seeds.name,
        "teacher": teacher.name,
        "writer": writer.name,
        "simulated": any(model.simulated for model in models.values()),
        "priced": priced,
        "prices": {
            role: None if line.price is None else {"source": line.price.source, "date": line.price.date}
            for role, line in lines.items()
        },
        "max_tokens": limits,
        "budget": parts.limit.to_json(),
        "check": parts.check,
        "judging": _judging(parts),
        "plan": None,
        "seconds": 0.0,
    }
    stored = journal.write_now(lambda connection: settings_of(connection, number))
    settings["seconds"] = stored.get("seconds", 0.0)
    settings["plan"] = _kept(journal, number, parts, stored.get("plan"))
    if isinstance(teacher, RecordedTeacher):  # it knows neither prices nor whether it stands for a simulation
        settings |= {
            **stored,
            "budget": settings["budget"],
            "check": settings["check"],
            "judging": settings["judging"],
        }

    def take_up(connection: Connection) -> tuple[Any, ...]:
        create_run(number, identity, settings, tuple(parts.seeds))(connection)
        journalled = JournalledRun(connection, number)
        return (
            journalled,
            journalled.reopen_cut_off(limits),
            journalled.sums(),
            journalled.counts(),
            journalled.origins(),
        )

    journalled, reopened, (spent, in_doubt), counts, used = journal.write_now(take_up)
    if parts.pool is not None:
        parts.pool.forget(used)
    run = Run(number, journal.path, parts.seeds, parts.task, parts.strategy, settings)
    controls = Controls()
    controls.going.set()
    limit = parts.limit
    if parts.nested and limit.queries is not None:
        limit = replace(limit, queries=limit.queries + in_doubt.queries)
    ledger = Ledger(limit, spent, in_doubt, len(used) if parts.nested else None)
    context = AskContext(
        number, journal, journalled, ledger, lines, run.events, controls, parts.random_state, parts.pool
    )
    origin = Origin(
        number,
        parts.strategy.name,
        teacher.name,
        writer.name,
        priced=settings["priced"],
        checked=parts.check is not False,
    )
    judged_otherwise = bool(stored) and stored.get("judging", {}) != settings["judging"]
    passes = SeedPasses(tuple(parts.seeds), parts.random_state, parts.nested, parts.task.put)
    execution = Execution(
        context,
        parts.seeds,
        parts.strategy,
        parts.task,
        origin,
        passes,
        counts,
        reopened,
        judged_otherwise=judged_otherwise,
    )
    run.begin(ActiveParts(execution, journal, tuple(opened.values()), controls, closes))
    return run
