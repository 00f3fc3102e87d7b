"""The process that faults befall: it grows a run and notes, unbuffered, what it was told is safe."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import tilth
from tilth.engine.events import Sampled
from tilth.engine.run import OVER
from tilth.strategies.base import Ask, Candidate, Strategy, Unit, UnitCost
from tilth.tasks.base import Task

NOTES = "TILTH_FAULTS_NOTES"
"""Names the file of notes, where they are wanted."""


def fingerprint(text: str) -> str:
    """A short name of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def note(*words: object) -> None:
    """Appends a line to the notes in one write that no kill can cut in two."""
    if path := os.environ.get(NOTES):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, (" ".join(map(str, words)) + "\n").encode())
        os.close(file)


@dataclass(frozen=True)
class Noting(Strategy):
    """Rephrases and answers, noting each reply as soon as it is handed on."""

    name = "test-noting"
    title = "Noting"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(writer=1, teacher=1)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        question = await ask(task.rephrase(unit.seed), role="writer")
        note("question", unit.number, fingerprint(question))
        response = await ask(task.answer(question))
        note("response", unit.number, fingerprint(response))
        yield Candidate(question, response, unit.seed.reference)


def grow(seeds: str, base_url: str, budget: int, path: str, timeout: float = 60.0) -> tilth.Run:
    """Starts or resumes the run."""
    teacher = tilth.Teacher("test-model", base_url=base_url, concurrency=8, max_tokens=600, timeout=timeout)
    return tilth.start(tilth.read_seeds(seeds), Noting(), budget, teacher=teacher, path=path)


if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    largest = arguments.pop("largest_file", resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    run = grow(**arguments)
    subscription = run.subscribe()
    while run.status not in OVER:
        subscription.wait(0.05)
        for event in subscription.drain():
            if isinstance(event, Sampled):
                note("row", event.arrival)
    run.wait()
