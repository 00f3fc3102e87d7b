"""Measures how far trainings of the student `lora` on the same rows lie apart: the noise of a training.

    python -m tests.bench.lm_noise

trains six times with another `random_state`, a training on each core, which takes some ten minutes on two
cores, and writes its part of tests/bench/LM_STUDY.md. Replicates of a study differ by it, and by their rows.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.bench.lm_cell import ONE_THREAD, QUERIES, QUESTIONS, grown
from tests.bench.pages import HERE, made_by, put

import tilth

HEADING = "The noise between trainings on the same rows"
TRAININGS = 6
SETS = ("same", "held-out", "hand-written")


def main() -> None:
    """Trains each in a process of its own, and writes the part."""
    if len(sys.argv) > 1:
        print(json.dumps(trained(Path(sys.argv[1]), int(sys.argv[2]))))
        return
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        grown(Path(folder))
        found = list(pool.map(partial(measured, Path(folder)), range(TRAININGS)))
    lines = [
        f"# {HEADING}",
        "",
        made_by("python -m tests.bench.lm_noise", "torch", "transformers") + ".",
        f"SQL demo, new questions from 100 seeds, {QUERIES} queries;",
        f"{TRAININGS} trainings of the small model that differ in `random_state` alone.",
        "",
        "| test set | questions | right in each training | mean | standard deviation | sampling error |",
        "| --- | --- | --- | --- | --- | --- |",
        *(line(name, [one[name] for one in found]) for name in SETS),
    ]
    put(HERE / "LM_STUDY.md", HEADING, "\n".join(lines))
    print("\n".join(lines))


def line(name: str, answered: list[tuple[int, int]]) -> str:
    """A test set's row: the trainings' shares, and the sampling error of one of them to hold them against."""
    asked = answered[0][1]
    shares = [right / asked for right, _ in answered]
    mean = statistics.mean(shares)
    each = ", ".join(f"{share:.1%}" for share in shares)
    sampling = math.sqrt(mean * (1 - mean) / asked)
    spread = f"{100 * statistics.stdev(shares):.1f} points | {100 * sampling:.1f} points"
    return f"| {name} | {asked} | {each} | {mean:.1%} | {spread} |"


def measured(folder: Path, random_state: int) -> dict[str, tuple[int, int]]:
    """A training in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.lm_noise", str(folder), str(random_state)]
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True, check=True
    )
    return {name: tuple(counts) for name, counts in json.loads(done.stdout.splitlines()[-1]).items()}


def trained(folder: Path, random_state: int) -> dict[str, tuple[int, int]]:
    """How many questions of each test set are answered right, of how many."""
    run = grown(folder)
    model = tilth.train(run, "lora", random_state=random_state)
    tests = {name: tilth.demo.questions(name, "test", task="sql").head(QUESTIONS) for name in SETS}
    answers = {name: model.answer(frame["question"].to_list()) for name, frame in tests.items()}
    frame, _ = tilth.results(answers, test=tests, run=run, student="lora")
    return {name: (right, asked) for name, right, asked in frame.select("test", "correct", "n_test").rows()}


if __name__ == "__main__":
    main()
