"""The command that shows all of it without a key or a network: `demo`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import tilth
from tilth.cli import ABORTED, DONE
from tilth.cli.running import code_of, near
from tilth.cli.show import reasons
from tilth.cli.terminal import follow, follow_study, say, table
from tilth.export import KEPT, VERDICTS
from tilth.printable import printable

if TYPE_CHECKING:
    from tilth.demo.splits import DemoTask
    from tilth.engine.budget import Budget
    from tilth.engine.run import Run
    from tilth.seeds import Seeds
    from tilth.teacher import Teacher

DEMO_STRATEGIES = ("answer-augmentation", "question-rephrase", "new-question")
DEMO_QUERIES = 300
DEMO_SEEDS, DEMO_RATIOS = 25, (1, 2, 4, 8)
"""The demo's study: small enough to take some seconds."""
LOCAL_QUERIES = 24
"""For each strategy, of a model on this machine: a small one answers about once a second."""
_SHOWN = 300


def demo(options: Namespace) -> int:
    """Grows the demo's seeds with each strategy, each under 300 queries, and measures what data buys."""
    import polars as pl

    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    is_local = options.local is not None
    seeds = tilth.demo.seeds(task=options.task)
    teacher = tilth.local(options.local or None) if is_local else tilth.demo.teacher()
    budget = tilth.Budget(queries=LOCAL_QUERIES if is_local else DEMO_QUERIES)
    say(f"{len(seeds)} seeds, {budget.queries} queries for each of {len(DEMO_STRATEGIES)} strategies.")
    if is_local:
        _say_how_long(seeds, budget, teacher)
    runs: list[Run] = []
    for name in DEMO_STRATEGIES:
        # the files of several models and of the simulation lie side by side
        file = f"{name}-{teacher.name}.tilth" if is_local else f"{name}.tilth"
        run = tilth.start(seeds, name, budget, teacher=teacher, path=out / file)
        runs.append(follow(run, name))
        if run.status != "finished":
            break
    table(runs)
    rows = pl.concat([run.rows for run in runs])
    for path, form, verdicts, about in (
        (out / "rows.parquet", "parquet", VERDICTS, "all columns, every verdict"),
        (out / "train.jsonl", "chat", KEPT, "chat messages; accepted and unverified rows"),
    ):
        if rows["verdict"].is_in(verdicts).any():  # a weak model may give none to keep
            say(f"{tilth.save(rows, path, form, verdicts)}: {about}")
    for run in runs:
        say(f"{near(run.path)}: the run itself; `tilth show {near(run.path)}`")
    code = code_of(runs[-1])
    if is_local:
        _show_mistakes(runs)
        return code
    return _study(out, options.task) if code == DONE and runs[-1].status == "finished" else code


def _say_how_long(seeds: Seeds, budget: Budget, teacher: Teacher) -> None:
    plans = [tilth.plan(seeds, name, budget, teacher=teacher) for name in DEMO_STRATEGIES]
    typical, most = sum(p.seconds for p in plans), sum(p.seconds_range.high for p in plans)
    say(f"{teacher.name} answers on this machine: real text, real mistakes, no cost.")
    say(f"About {_minutes(typical)}, at most {_minutes(most)}; {plans[0].sources['seconds']}.")


def _minutes(seconds: float) -> str:
    return f"{max(1, round(seconds / 60))} min"


def _show_mistakes(runs: Sequence[Run]) -> None:
    """What the model got wrong, counted, and some of it as it wrote it: one row for each cause."""
    shown: set[str] = set()
    for run in runs:
        say(f"{run.strategy_name}:")
        reasons(run)
        for row in run.rows.iter_rows(named=True):
            if row["verdict"] == "rejected" and row["cause"] not in shown:
                shown.add(row["cause"])
                say(f"  asked: {printable(row['question'], _SHOWN)}")
                say(f"  wrote: {printable(row['response'], _SHOWN)}")
                say(f"  {printable(row['reason'], _SHOWN)}")


def _study(out: Path, task: DemoTask) -> int:
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
    file = near(study.path)
    say(f"{file}: a study of {study.progress.cells} trained students; `tilth show {file}`")
    for suffix in ("svg", "png"):
        say(f"{figure.save(out / f'study.{suffix}')}: accuracy by strategy and amount of data")
    return DONE
