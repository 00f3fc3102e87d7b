"""Measures one training of the student `lora` with the preset laptop: what it learns, and what it costs.

    python -m tests.bench.lm_cell

takes some five minutes of one core where that computes in bfloat16, and writes its part of
tests/bench/LM_STUDY.md. The model is the small one that is found on this machine.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from tests.bench.pages import HERE, made_by, put

import tilth
from tilth.caching import CACHE_VARIABLE, cache_folder

HEADING = "One cell with a language model"
QUERIES, QUESTIONS, MADE = 800, 100, 24
ONE_THREAD = {"OMP_NUM_THREADS": "1"}


def main() -> None:
    """Runs each measurement in a process of its own, and writes the part."""
    if len(sys.argv) > 1:
        print(json.dumps(MEASURES[sys.argv[1]](Path(sys.argv[2]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        grown(where)
        figures = [figure for name in MEASURES for figure in measured(name, where)]
    lines = [
        f"# {HEADING}",
        "",
        made_by("python -m tests.bench.lm_cell", "torch", "transformers"),
        f"with a load of {os.getloadavg()[0]:.1f}; one thread. SQL demo, new questions from",
        f"100 seeds, {QUERIES} queries, {QUESTIONS} questions of the set “same”.",
        "",
        "| what | goal | measured |",
        "| --- | --- | --- |",
        *(f"| {what} | {goal} | {found} |" for what, goal, found in figures),
    ]
    put(HERE / "LM_STUDY.md", HEADING, "\n".join(lines))
    print("\n".join(lines))


def grown(folder: Path) -> tilth.Run:
    """The run whose rows are learnt; grown once, then read."""
    path = folder / "rows.tilth"
    seeds = tilth.demo.seeds(100, task="sql")
    return tilth.generate_sync(seeds, "new-question", QUERIES, teacher=tilth.demo.teacher(), path=path)


def measured(name: str, folder: Path) -> list[tuple[str, str, str]]:
    """The figures of a measurement, made in a process of its own that finds no cell measured before."""
    cache = folder / "cache"
    if not cache.is_dir():
        cache.mkdir()
        (cache / "models").symlink_to(cache_folder("models"))
    command = [sys.executable, "-m", "tests.bench.lm_cell", name, str(folder)]
    environment = {**os.environ, **ONE_THREAD, CACHE_VARIABLE: str(cache)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [tuple(one) for one in json.loads(done.stdout.splitlines()[-1])]


def cell(folder: Path) -> list[tuple[str, str, str]]:
    """Trains on the rows and asks; loading the model is part of it."""
    run, questions = grown(folder), tilth.demo.questions("same", "test", task="sql").head(QUESTIONS)
    task = tilth.tasks.get(tilth.demo.seeds(1, task="sql").task)
    began = time.process_time()
    model = tilth.train(run, "lora")
    trained = time.process_time()
    answers = model.answers(questions["question"].to_list())
    asked = time.process_time()
    right = sum(
        one.text is not None and task.check(one.text, reference, question).accepted
        for one, reference, question in zip(
            answers, questions["reference"], questions["question"], strict=True
        )
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rows = f"{model.trained_on} rows, {len(model.course.losses)} steps, {model.machine}"
    return [
        (f"right answers ({rows})", "at least 50 %", f"{right / QUESTIONS:.0%}"),
        (
            "CPU s of the cell, loading the model and answering with it",
            "at most 250",
            f"{asked - began:.0f} (training {trained - began:.0f}, answers {asked - trained:.0f})",
        ),
        ("peak memory", "under 3 GB", f"{peak:.1f} GB"),
    ]


def speaking(folder: Path) -> list[tuple[str, str, str]]:
    """The same number of tokens by Tilth and by transformers' own generation, in turn, three times each."""
    import torch

    from tilth.students.language_model.generation import written
    from tilth.students.language_model.pretrained import Pretrained

    class Endless(Pretrained):
        ends = frozenset[int]()

    base = tilth.students.Lora()._loaded()
    asked = tilth.demo.questions("same", "test", task="sql")["question"].head(64).to_list()
    prompts = [base.chat.prompt(question) for question in asked]
    endless = Endless(base.network, base.tokenizer, base.name, base.device)

    def ours() -> None:
        written(endless, prompts, MADE)

    def theirs() -> None:
        tokenizer = base.tokenizer
        tokenizer.padding_side = "left"
        given: Any = tokenizer(prompts, add_special_tokens=False, padding=True, return_tensors="pt")
        with torch.inference_mode():
            base.network.generate(**given, max_new_tokens=MADE, min_new_tokens=MADE, do_sample=False)

    times = {ours: [], theirs: []}
    for _ in range(3):
        for speak in (ours, theirs):
            times[speak].append(_cpu(speak) / len(prompts) / MADE * 1e3)
    mine, plain = (sorted(times[speak])[1] for speak in (ours, theirs))
    return [
        (
            "CPU ms a token of an answer, 64 questions at once",
            "no more than plain transformers",
            f"{mine:.1f} (transformers {plain:.1f})",
        )
    ]


def _cpu(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def overhead(folder: Path) -> list[tuple[str, str, str]]:
    """What a study's processes take beside the training and asking that it books to its cell."""
    began = _cpu_of_all()
    study = tilth.study_sync(
        tilth.demo.seeds(100, task="sql"),
        test=tilth.demo.questions("same", "test", task="sql").head(QUESTIONS),
        strategies=["new-question"],
        ratios=[QUERIES / 100],
        replicates=1,
        student="lora",
        teacher=tilth.demo.teacher(),
        path=folder / "study.tilth",
        reuse=[folder / "rows.tilth"],
    )
    told = [*study.frame["seconds"], *study.base_lines["seconds"]]
    spent = _cpu_of_all() - began
    return [
        (
            f"a study's CPU s beside those booked to its {len(told)} cells",
            "at most 5 %",
            f"{spent - sum(told):.0f} of {spent:.0f} ({(spent - sum(told)) / sum(told):.1%})",
        )
    ]


def _cpu_of_all() -> float:
    """CPU seconds of this process and of those it started, whether they have ended or not."""
    own, ended = psutil.Process(), resource.getrusage(resource.RUSAGE_CHILDREN)
    times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
    return ended.ru_utime + ended.ru_stime + sum(one.user + one.system for one in times)


MEASURES = {"cell": cell, "speaking": speaking, "overhead": overhead}


if __name__ == "__main__":
    main()
