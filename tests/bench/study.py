"""Measures a demo study: what each strategy buys on three test sets, and what training and fitting cost.

    python -m tests.bench.study
    python -m tests.bench.study --task sql

runs it (about a minute on two cores, SQL two) and writes its part of tests/bench/RESULTS.md, with figures.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from tests.bench.pages import HERE, IMAGES, accuracies, crossings, made_by, put

import tilth
from tilth.studies import curves

SETS = ("same", "held-out", "hand-written")
PARTS = {"numeric": "The demo study", "sql": "The demo study of text-to-SQL"}
"""Each task's heading in the page; its part reaches to the next."""

IMPORTS = {
    "numeric": "import sklearn.svm, sklearn.feature_extraction.text",
    "sql": "import sklearn.svm, sklearn.feature_extraction.text, sqlglot",
}


def main() -> None:
    """Runs the study and writes its part of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--task", choices=PARTS, default="numeric")
    task = parser.parse_args().task
    prefix = "study" if task == "numeric" else f"study-{task}"
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        study = tilth.study_sync(
            tilth.demo.seeds(100, task=task),
            test={name: tilth.demo.questions(name, "test", task=task) for name in SETS},
            sizes=[25, 100],
            ratios=[1, 2, 4, 8, 16],
            replicates=3,
            teacher=tilth.demo.teacher(),
            path=Path(folder) / "demo.tilth",
        )
        wall = time.monotonic() - began
        fitting = time.process_time()
        passed = {name: _fitted(study, name) for name in SETS}
        fitting = time.process_time() - fitting
        figures = {name: tilth.chart(study, test=name) for name in SETS}
        IMAGES.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            figure.save(IMAGES / f"{prefix}-{name}.svg")
        page = HERE / "RESULTS.md"
        put(page, PARTS[task], _part(study, task, prefix, passed, wall, fitting))
    print(page)


def _fitted(study: tilth.Study, name: str) -> pl.DataFrame:
    """Curves with their bands, and the crossings, of one test set; gives the crossings."""
    chosen = pl.col("test") == name
    frame, outcomes = study.frame.filter(chosen), study.outcomes.filter(chosen)
    assert curves.accuracy(frame, outcomes).height
    return curves.crossings(frame, outcomes).filter(pl.col("overtaken") == "answer-augmentation")


def _importing(task: str) -> float:
    """CPU seconds that a process takes to import what the students need."""
    command = [sys.executable, "-c", IMPORTS[task]]
    subprocess.run(command, check=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _part(
    study: tilth.Study,
    task: str,
    prefix: str,
    passed: dict[str, pl.DataFrame],
    wall: float,
    fitting: float,
) -> str:
    frame = study.frame
    command = "python -m tests.bench.study" + (f" --task {task}" if task != "numeric" else "")
    aside = ", the processes that run queries aside" if task == "sql" else ""
    training = frame.unique("cell_id")["seconds"].sum()
    lines = [
        f"# {PARTS[task]}",
        "",
        f"Simulated teacher (`tilth.demo`, skill 1, drift 0.3) and the student `{frame['student'][0]}`:",
        "these figures show how the tools work and say nothing about any language model.",
        "",
        made_by(command, "scikit-learn") + ".",
        "",
        f"{frame['cell_id'].n_unique()} cells, {study.progress.queries:,} queries (its largest columns take",
        f"{study.progress.most_queries:,}), {wall:.0f} s in all. Training and measuring every cell on three",
        f"test sets took {training:.1f} CPU s{aside}, in which each process",
        f"imported what a student needs once ({_importing(task):.1f} CPU s);",
        f"fitting curves, bands and crossings took {fitting:.1f} CPU s.",
        "",
    ]
    for name, crossed in passed.items():
        lines += [f"## Test set “{name}”", "", f"![{name}](../../.github/images/{prefix}-{name}.svg)", ""]
        lines += [*accuracies(frame.filter(pl.col("test") == name)), ""]
        lines += ["From which ratio on a strategy stays above answer augmentation (95 % interval):", ""]
        lines += [*crossings(crossed), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
