"""The command that shows all of it without a key or a network: `demo`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import tilth
from tilth.cli import ABORTED, DONE
from tilth.cli.running import code_of, near
from tilth.cli.terminal import follow, follow_study, say, table
from tilth.export import KEPT, VERDICTS

if TYPE_CHECKING:
    from tilth.demo.splits import DemoTask
    from tilth.engine.run import Run

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
        for path, form, verdicts, about in (
            (out / "rows.parquet", "parquet", VERDICTS, "all columns, every verdict"),
            (out / "train.jsonl", "chat", KEPT, "chat messages; accepted and unverified rows"),
        ):
            say(f"{tilth.save(rows, path, form, verdicts)}: {about}")
    for run in runs:
        say(f"{near(run.path)}: the run itself; `tilth show {near(run.path)}`")
    code = code_of(runs[-1])
    return _study(out, options.task) if code == DONE and runs[-1].status == "finished" else code


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
