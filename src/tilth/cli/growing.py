"""The commands that grow rows: `demo`, `generate` and `resume`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tilth
from tilth.cli import ABORTED, DONE, FAILED, UsageError
from tilth.cli.terminal import follow, say, table
from tilth.demo.knobs import Knobs
from tilth.engine import reading
from tilth.engine.start import ConfirmationNeeded

if TYPE_CHECKING:
    from tilth.engine.budget import Budget
    from tilth.engine.run import Run
    from tilth.engine.strategy import Strategy
    from tilth.seeds import Seeds
    from tilth.teacher import Teacher

DEMO_STRATEGIES = ("answer-augmentation", "question-rephrase", "new-question")
DEMO_QUERIES = 300


def demo(options: Namespace) -> int:
    """Grows the demo's seeds with each strategy, each under 300 queries, into one folder."""
    import polars as pl

    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    seeds, teacher = tilth.demo.seeds(), tilth.demo.teacher()
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
        say(f"{run.path}: the run itself; `tilth show {run.path}`")
    return _code(runs[-1])


def generate(options: Namespace) -> int:
    """Grows rows from the user's seeds with a model."""
    if options.queries is None and options.usd is None:
        raise UsageError("a budget is missing; pass --queries N, --usd X or both")
    seeds = tilth.read_seeds(
        options.seeds,
        question=options.question,
        answer=None if options.no_answer else options.answer,
        task=options.task,
    )
    teacher = tilth.Teacher(options.model, base_url=options.base_url)
    writer = tilth.Teacher(options.writer, base_url=options.base_url) if options.writer else None
    budget = tilth.Budget(queries=options.queries, usd=options.usd)
    path = Path(options.out) if options.out else None
    return _run(seeds, options.strategy, budget, teacher, writer, path, options.random_state, options)


def resume(options: Namespace) -> int:
    """Goes on with a run where it stopped, with the models and settings its file names."""
    path = Path(options.file)
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    stored = tilth.open_run(path)
    record = reading.head(path)
    identity, limits = record["identity"], record["settings"]["max_tokens"]
    teacher = _again(identity["teacher"], limits["teacher"], options.base_url, simulated=stored.simulated)
    writer = None
    if identity["writer"] != identity["teacher"]:
        writer = _again(identity["writer"], limits["writer"], options.base_url, simulated=stored.simulated)
    if stored.strategy is None:
        raise UsageError(f"the strategy {stored.strategy_name} is not installed here; install what brings it")
    budget = tilth.Budget(
        queries=stored.budget.queries if options.queries is None else options.queries,
        tokens=stored.budget.tokens,
        usd=stored.budget.usd if options.usd is None else options.usd,
    )
    return _run(
        stored.seeds, stored.strategy, budget, teacher, writer, path, identity["random_state"], options
    )


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
        max_tokens=max_tokens,
        extra_body=sampling,
        **known,
    )


def _run(
    seeds: Seeds,
    strategy: str | Strategy,
    budget: Budget,
    teacher: Teacher,
    writer: Teacher | None,
    path: Path | None,
    random_state: int,
    options: Namespace,
) -> int:
    def begin(*, confirm: bool) -> Run:
        return tilth.start(
            seeds,
            strategy,
            budget,
            teacher=teacher,
            writer=writer,
            path=path,
            random_state=random_state,
            confirm=confirm,
        )

    try:
        run = begin(confirm=options.yes)
    except ConfirmationNeeded:
        plan = tilth.plan(seeds, strategy, budget, teacher=teacher, writer=writer)
        _confirm(plan.usd, teacher.name)
        run = begin(confirm=True)
    follow(run, run.strategy_name)
    table([run])
    say(f"{run.path}: the run, {run.status}{f' ({run.progress.reason})' if run.progress.reason else ''}")
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
