"""Measures what each strategy buys for a real language model, and for the small parser on the same rows.

    python -m tests.bench.lm_study                  the SQL demo: its simulated teacher's rows
    python -m tests.bench.lm_study --task gsm8k     GSM8K: a language model on this machine teaches itself
    python -m tests.bench.lm_study --report         writes the page with what is measured so far

The student is `lora` on the small model (135 million parameters) that is found on this machine. A study
takes hours on two cores. Stopped by Ctrl-C, or killed, the same command goes on with the file in --folder;
each time it writes its part of tests/bench/LM_STUDY.md, its figures, and its cells as CSV beside them.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import polars as pl
from tests.bench.pages import HERE, IMAGES, accuracies, crossings, made_by, put

import tilth
from tilth.caching import cache_folder
from tilth.studies import curves

PAGE = HERE / "LM_STUDY.md"
HEADINGS = {
    "sql": "The SQL demo with a language model as student",
    "gsm8k": "GSM8K with one language model as teacher and student",
}
QUESTIONS = 100
SHOWN = {"sql": "same"}
"""The test set of a study whose chart, of the language model alone, stands in the README."""


def sql_study() -> dict[str, Any]:
    """The SQL demo's grid; the sketch parser learns the same rows."""
    sets = ("same", "held-out", "hand-written")
    return {
        "seeds": tilth.demo.seeds(100, task="sql"),
        "test": {one: tilth.demo.questions(one, "test", task="sql").head(QUESTIONS) for one in sets},
        "sizes": [25, 100],
        "ratios": [1, 4, 16],
        "replicates": 2,
        "student": ["lora", "sketch"],
        "teacher": tilth.demo.teacher(),
    }


def gsm8k_study() -> dict[str, Any]:
    """GSM8K's own questions; the small model is teacher and student. It writes some 40 tokens a second."""
    data = Path(os.environ.get("TILTH_TEST_DATA", HERE.parents[2] / "shared" / "data"))
    columns = {"question": "question", "answer": "answer", "task": "numeric"}
    seeds = tilth.read_seeds(data / "gsm8k_train_1000.jsonl", **columns)
    questions = tilth.read_seeds(data / "gsm8k_test_300.jsonl", **columns)
    return {
        "seeds": seeds.subset(25, 0),
        "test": {"GSM8K": questions.subset(QUESTIONS, 0)},
        "ratios": [1, 4, 16],
        "replicates": 1,
        "student": ["lora", "parser"],
        "teacher": tilth.local(max_tokens=256),
    }


STUDIES = {"sql": sql_study, "gsm8k": gsm8k_study}


def main() -> None:
    """Runs a study, or goes on with it, and writes its part of the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=STUDIES, default="sql")
    parser.add_argument("--folder", type=Path, default=cache_folder("bench"), help="%(default)s")
    parser.add_argument("--report", action="store_true", help="measure nothing more")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / f"lm-study-{options.task}.tilth"
    if options.report:
        study = tilth.open_study(path)
    else:
        study = tilth.start_study(**STUDIES[options.task](), path=path)
        try:
            study.wait()
        except KeyboardInterrupt:
            study.abort()
            study.wait()
    write(study, options.task)
    print(f"{study.progress.cells} of {study.progress.all_cells} cells: {PAGE}")


def write(study: tilth.Study, task: str) -> None:
    """Writes the part of the page, its figures and its cells."""
    frame = study.frame
    columns = [name for name in frame.columns if name not in ("study_id", "run_id")]
    cells = pl.concat([frame, study.base_lines]).select(columns)
    cells.write_csv(HERE / f"lm_study_{task}.csv", float_precision=6)
    IMAGES.mkdir(parents=True, exist_ok=True)
    lines = [f"# {HEADINGS[task]}", "", *_made(study, task), ""]
    for test in frame["test"].unique(maintain_order=True):
        name = f"lm-study-{task}-{test}"
        tilth.chart(study, test=test).save(IMAGES / f"{name}.svg")
        lines += [f"## Test set “{test}”", "", f"![{test}](../../.github/images/{name}.svg)", ""]
        for student in frame["student"].unique(maintain_order=True):
            lines += [f"### Student {student}", "", *_measured(study, test, student)]
    if task in SHOWN:
        alone = frame.filter(student="lora")
        figure = tilth.chart(alone, study.outcomes, base_lines=study.base_lines, test=SHOWN[task])
        figure.save(IMAGES / f"lm-study-{task}.svg")
    put(PAGE, HEADINGS[task], "\n".join(lines))


def _made(study: tilth.Study, task: str) -> list[str]:
    frame = study.frame
    own = pl.concat([frame, study.base_lines]).filter(pl.col("student") == "lora").unique("cell_id")
    command = "python -m tests.bench.lm_study" + (f" --task {task}" if task != "sql" else "")
    seconds = own["seconds"].drop_nulls()
    state = "" if study.status == "finished" else f" So far {study.progress.cells} of"
    state += "" if study.status == "finished" else f" {study.progress.all_cells} cells are measured."
    return [
        made_by(command, "torch", "transformers") + f".{state}",
        "",
        f"Students `lora`: {', '.join(sorted(own['student_options'].unique()))}, on",
        f"{', '.join(sorted(own['machine'].drop_nulls().unique()))}.",
        f"{own.height} cells of it took {seconds.sum() / 3600:.1f} CPU hours, {seconds.median():.0f} CPU s",
        f"the median cell; {study.progress.seconds / 3600:.1f} hours went by. Yield: {_yield(study)}.",
    ]


def _yield(study: tilth.Study) -> str:
    """Verdicts of the rows of all runs, and how many queries gave none."""
    rows = pl.concat([run.open().rows.select("verdict", "cause") for run in study.runs])
    queries = study.progress.queries
    told = rows.group_by("verdict").len().sort("len", descending=True)
    parts = [f"{count:,} {verdict}" for verdict, count in told.iter_rows()]
    causes = rows["cause"].drop_nulls().value_counts(sort=True).head(4)
    why = ", ".join(f"{cause} {count:,}" for cause, count in causes.iter_rows())
    return f"{queries:,} queries, {rows.height:,} rows: {', '.join(parts)}" + (f" ({why})" if why else "")


def _measured(study: tilth.Study, test: str, student: str) -> list[str]:
    chosen = (pl.col("test") == test) & (pl.col("student") == student)
    frame = study.frame.filter(chosen)
    lines = [*accuracies(frame), ""]
    base = study.base_lines.filter(chosen)
    for name, cells in base.group_by("strategy", "seeds", maintain_order=True):
        told = ", ".join(f"{share:.0%}" for share in cells["accuracy"])
        lines.append(f"- {name[0]}, {name[1]} seeds: {told}")
    spread = _spread(frame)
    if spread is not None:
        lines += ["", f"Two replicates of a cell differ by {spread:.1f} points on average."]
    cut_off = frame["cut_off"].drop_nulls()
    if cut_off.len():
        lines += ["", f"Answers cut off: {cut_off.mean():.1%} on average, {cut_off.max():.1%} at most."]
    outcomes = study.outcomes.filter(pl.col("cell_id").is_in(frame["cell_id"].to_list()))
    passed = curves.crossings(frame, outcomes.filter(pl.col("test") == test))
    passed = passed.filter(pl.col("overtaken") == "answer-augmentation")
    lines += ["", "From which ratio on a strategy stays above answer augmentation (95 % interval):", ""]
    return [*lines, *crossings(passed), ""]


def _spread(frame: pl.DataFrame) -> float | None:
    """The mean difference of two replicates of a cell, in percentage points."""
    pairs = frame.group_by("seeds", "strategy", "ratio").agg(
        pl.len(), (pl.col("accuracy").max() - pl.col("accuracy").min()).alias("apart")
    )
    apart = pairs.filter(pl.col("len") == 2)["apart"].mean()
    return None if apart is None else 100 * float(apart)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
