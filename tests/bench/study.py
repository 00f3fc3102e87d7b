"""Measures the demo study: what each strategy buys on three test sets, and what training and fitting cost.

    python -m tests.bench.study

runs it (about a minute on two cores), writes tests/bench/RESULTS.md and the figures it shows.
"""

from __future__ import annotations

import datetime
import platform
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import polars as pl

import tilth
from tilth.studies import curves

HERE = Path(__file__).resolve().parent
IMAGES = HERE.parent.parent / ".github" / "images"
SETS = ("same", "held-out", "hand-written")


def main() -> None:
    """Runs the study and writes its page."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        study = tilth.study_sync(
            tilth.demo.seeds(100),
            test={name: tilth.demo.questions(name, "test") for name in SETS},
            sizes=[25, 100],
            ratios=[1, 2, 4, 8, 16],
            replicates=3,
            teacher=tilth.demo.teacher(),
            path=Path(folder) / "demo.tilth",
        )
        wall = time.monotonic() - began
        fitting = time.process_time()
        figures = {name: tilth.chart(study, test=name) for name in SETS}
        crossings = {name: _crossings(study, name) for name in SETS}
        fitting = time.process_time() - fitting
        IMAGES.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            figure.save(IMAGES / f"study-{name}.svg")
        (HERE / "RESULTS.md").write_text(_page(study, crossings, wall, fitting), encoding="utf-8")
    print(HERE / "RESULTS.md")


def _crossings(study: tilth.Study, name: str) -> pl.DataFrame:
    chosen = pl.col("test") == name
    return curves.crossings(study.frame.filter(chosen), study.outcomes.filter(chosen)).filter(
        pl.col("overtaken") == "answer-augmentation"
    )


def _page(study: tilth.Study, crossings: dict[str, pl.DataFrame], wall: float, fitting: float) -> str:
    frame = study.frame
    training = frame.unique("cell_id")["seconds"].sum()
    lines = [
        "# The demo study",
        "",
        "Simulated teacher (`tilth.demo`, skill 1, drift 0.3) and the student `parser`: these figures show how the",
        "tools work and say nothing about any language model.",
        "",
        "Made by `python -m tests.bench.study` on "
        f"{datetime.date.today():%Y-%m-%d} with tilth {version('tilth')}, scikit-learn {version('scikit-learn')}, "
        f"Python {platform.python_version()}, two shared cores.",
        "",
        f"{frame['cell_id'].n_unique()} cells, {study.progress.queries:,} queries (the most of its columns, "
        f"{study.progress.most_queries:,}); {wall:.0f} s in all. Training and measuring every cell on three test "
        f"sets took {training:.1f} CPU s, fitting curves, crossings and bands {fitting:.1f} CPU s.",
        "",
    ]
    for name, passed in crossings.items():
        lines += [f"## Test set “{name}”", "", f"![{name}](../../.github/images/study-{name}.svg)", ""]
        lines += [*_accuracies(frame.filter(pl.col("test") == name)), ""]
        lines += ["From which ratio on a strategy stays above answer augmentation (95 % interval):", ""]
        lines += [*_passings(passed), ""]
    return "\n".join(lines)


def _accuracies(frame: pl.DataFrame) -> list[str]:
    ratios = frame["ratio"].unique().sort().to_list()
    lines = [
        "| seeds | strategy | " + " | ".join(f"{ratio:g}" for ratio in ratios) + " |",
        "| --- | --- |" + " --- |" * len(ratios),
    ]
    for (seeds, strategy), cells in frame.group_by("seeds", "strategy", maintain_order=True):
        means = dict(cells.group_by("ratio").agg(pl.col("accuracy").mean()).iter_rows())
        lines.append(f"| {seeds} | {strategy} | " + " | ".join(f"{means[r]:.1%}" for r in ratios) + " |")
    return lines


def _passings(passed: pl.DataFrame) -> list[str]:
    lines = ["| seeds | strategy | ratio | interval |", "| --- | --- | --- | --- |"]
    for row in passed.iter_rows(named=True):
        at = f"{row['crossing']:.1f}" if row["crossing"] else row["state"]
        low = "≤1" if row["low"] in (None, float("-inf")) else f"{row['low']:.1f}"
        high = f">{row['last']:g}" if row["high"] in (None, float("inf")) else f"{row['high']:.1f}"
        lines.append(f"| {row['seeds']} | {row['passing']} | {at} | {low} to {high} |")
    return lines


if __name__ == "__main__":
    main()
