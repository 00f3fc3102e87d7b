"""The commands that grow rows: `demo`, `generate` and `resume`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tilth
from tilth.cli import ABORTED, DONE, FAILED, UsageError
from tilth.cli.databases import sql_task
from tilth.cli.terminal import follow, follow_study, say, table
from tilth.demo.knobs import Knobs
from tilth.engine.file import queries
from tilth.errors import ConfirmationNeeded
from tilth.strategies import registry
from tilth.strategies.check import Checked, with_checks

if TYPE_CHECKING:
    from tilth.demo.splits import DemoTask
    from tilth.engine.budget import Budget
    from tilth.engine.run import Run
    from tilth.seeds import Seeds
    from tilth.strategies.base import Strategy
    from tilth.strategies.check import Check
    from tilth.teacher import Teacher

DEMO_STRATEGIES = ("answer-augmentation", "question-rephrase", "new-question")
DEMO_QUERIES = 300
DEMO_SEEDS, DEMO_RATIOS = 25, (1, 2, 4, 8)
"""The demo's study: small enough to take some seconds."""


def demo(options: Namespace) -> int:
    """Grows the demo's seeds with each strategy, each under 300 queries, and measures what data buys."""
    import polars as pl

    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    seeds, teacher = tilth.demo.seeds(task=options.task), tilth.demo.teacher()
    say(f"{len(seeds)} seeds, {DEMO_QUERIES} queries for each of {len(DEMO_STRATEGIES)} strategies.")
    runs: list[Run] = []
    for name in DEMO_STRATEGIES:
        run = tilth.start(
            seeds, name, tilth.Budget(queries=DEMO_QUERIES), teacher=teacher, path=out / f"{name}.tilth"
        )
        runs.append(follow(run, name))
        if run.status != "finished":
            break
    table(runs)
    rows = pl.concat([run.rows for run in runs])
    if not rows.is_empty():
        for path, form, about in (
            (out / "rows.parquet", "parquet", "all columns, every verdict"),
            (out / "train.jsonl", "chat", "chat messages; accepted and unverified rows"),
        ):
            verdicts = {"verdicts": ("accepted", "unverified", "rejected")} if form == "parquet" else {}
            say(f"{tilth.save(rows, path, form, **verdicts)}: {about}")
    for run in runs:
        say(f"{_near(run.path)}: the run itself; `tilth show {_near(run.path)}`")
    code = _code(runs[-1])
    return _demo_study(out, options.task) if code == DONE and runs[-1].status == "finished" else code


def _demo_study(out: Path, task: DemoTask) -> int:
    """Trains small students on what each strategy grows at each amount of data, and draws it."""
    study = follow_study(
        tilth.start_study(
            tilth.demo.seeds(DEMO_SEEDS, task=task),
            test={"same": tilth.demo.questions("same", "test", task=task)},
            ratios=DEMO_RATIOS,
            teacher=tilth.demo.teacher(),
            path=out / "study.tilth",
        ),
        "study",
    )
    study.wait()
    if study.status != "finished":
        return ABORTED if study.status == "aborted" else DONE
    figure = tilth.chart(study)
    say(f"A study of {study.progress.cells} trained students: {_near(study.path)}")
    for suffix in ("svg", "png"):
        say(f"{figure.save(out / f'study.{suffix}')}: accuracy by strategy and amount of data")
    return DONE


def _near(path: Path) -> Path:
    """The path as seen from here, where that is shorter."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def generate(options: Namespace) -> int:
    """Grows rows from the user's seeds with a model."""
    if options.queries is None and options.usd is None:
        asked = "a limit is missing beside --rows" if options.rows is not None else "a budget is missing"
        raise UsageError(f"{asked}; pass --queries N, --usd X or both")
    seeds = tilth.read_seeds(
        options.seeds,
        question=options.question,
        answer=None if options.no_answer else options.answer,
        task=sql_task(options.database) if options.task == "sql" else options.task,
    )
    teacher = tilth.Teacher(options.model, base_url=options.base_url)
    writer = tilth.Teacher(options.writer, base_url=options.base_url) if options.writer else None
    budget = tilth.Budget(queries=options.queries, usd=options.usd, rows=options.rows)
    path = Path(options.out) if options.out else None
    strategy = with_checks(registry.get(options.strategy), _checks(options))
    return _run(seeds, strategy, budget, teacher, writer, path, options.random_state, options)


def _checks(options: Namespace) -> list[Check]:
    """The checks that ask which were asked for."""
    chosen: list[Check] = [tilth.checks.Agreement()] if options.agreement else []
    if options.judge:
        model = tilth.Teacher(options.judge, base_url=options.base_url)
        chosen.append(tilth.checks.Judge(model, options.rubric))
    return chosen


def resume(options: Namespace) -> int:
    """Goes on with a run where it stopped, with the models and settings its file names."""
    path = Path(options.file)
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    stored = tilth.open_run(path)
    record = queries.run_record(path)
    identity, max_tokens = record["identity"], record["settings"]["max_tokens"]
    teacher = _again(identity["teacher"], max_tokens["teacher"], options.base_url, simulated=stored.simulated)
    writer = None
    if identity["writer"] != identity["teacher"]:
        writer = _again(
            identity["writer"], max_tokens["writer"], options.base_url, simulated=stored.simulated
        )
    if stored.strategy is None:
        raise UsageError(f"the strategy {stored.strategy_name} is not installed here; install what brings it")
    strategy = _asking(stored.strategy, max_tokens, options.base_url)
    seeds = _seeds(stored, options.database)
    budget = tilth.Budget(
        queries=stored.budget.queries if options.queries is None else options.queries,
        tokens=stored.budget.tokens,
        usd=stored.budget.usd if options.usd is None else options.usd,
        rows=stored.budget.rows if options.rows is None else options.rows,
    )
    return _run(seeds, strategy, budget, teacher, writer, path, identity["random_state"], options)


def _asking(strategy: Strategy, max_tokens: Mapping[str, int], base_url: str | None) -> Strategy:
    """The strategy of a file with a judge that can be asked, where it has one."""
    checks = [
        replace(check, model=_again(check.model.identity(), max_tokens["judge"], base_url, simulated=False))
        if isinstance(check, tilth.checks.Judge)
        else check
        for check in strategy.checks
    ]
    return with_checks(strategy.strategy, checks) if isinstance(strategy, Checked) else strategy


def _seeds(stored: Run, databases: Sequence[str] | None) -> Seeds:
    """The run's seeds, with the database that a file cannot hold where they need one."""
    if stored.seeds.task_name == "sql":
        return replace(stored.seeds, task=sql_task(databases, simulated=stored.simulated))
    if stored.task is None:
        raise UsageError(
            f"the task {stored.seeds.task_name} is not installed here as it was; go on with it in Python"
        )
    return stored.seeds


def _again(identity: Mapping[str, Any], max_tokens: int, base_url: str | None, *, simulated: bool) -> Teacher:
    """The model that a run's file describes."""
    knobs = Knobs.of(identity["model"]) if simulated else None
    if knobs:
        return tilth.demo.teacher(knobs.skill, knobs.drift)
    sampling = dict(identity["sampling"])
    known: dict[str, Any] = {
        name: sampling.pop(name, None) for name in ("temperature", "top_p", "reasoning_effort")
    }
    return tilth.Teacher(
        identity["model"],
        base_url=base_url,
        system=identity["system"],
        structured=identity.get("structured"),
        max_tokens=max_tokens,
        extra_body=sampling,
        **known,
    )


def _run(
    seeds: Seeds,
    strategy: Strategy,
    budget: Budget,
    teacher: Teacher,
    writer: Teacher | None,
    path: Path | None,
    random_state: int,
    options: Namespace,
) -> int:
    begin = partial(
        tilth.start,
        seeds,
        strategy,
        budget,
        teacher=teacher,
        writer=writer,
        path=path,
        random_state=random_state,
    )
    try:
        run = begin(confirm=options.yes)
    except ConfirmationNeeded:
        plan = tilth.plan(seeds, strategy, budget, teacher=teacher, writer=writer)
        _confirm(plan.usd, teacher.name)
        run = begin(confirm=True)
    follow(run, run.strategy_name)
    table([run])
    reason = f" ({run.progress.reason})" if run.progress.reason else ""
    say(f"{_near(run.path)}: the run, {run.status}{reason}")
    if options.save and run.progress.rows:
        say(f"{run.save(options.save, format=options.format)}: its rows")
    return _code(run)


def _confirm(usd: float | None, model: str) -> None:
    about = "real money" if usd is None else f"about ${usd:,.2f}"
    question = f"This will cost {about} at {model}, and no limit in dollars is set."
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Pass --usd X for a limit, or --yes")
    if input(f"{question} Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise UsageError("not started")


def _code(run: Run) -> int:
    if run.error is not None:
        raise run.error
    return {"aborted": ABORTED, "failed": FAILED}.get(run.status, DONE)
