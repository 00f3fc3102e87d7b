"""Students that behave as language models do: they take long, go on where they were, and are cut off."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tilth.students import Model, Student, StudentAnswer, StudentError, TrainingPlan
from tilth.students.base import TrainingProgress, TrainingSetting

MACHINE = "cpu for tests"


class Said(Model):
    """Answers with the number of rows it has seen; every second answer is cut off."""

    skipped = 0
    limited = True
    machine = MACHINE

    def __init__(self, trained_on: int) -> None:
        self.trained_on = trained_on

    def answer(self, questions: Sequence[str]) -> list[str | None]:
        return [answer.text for answer in self.answers(questions)]

    def answers(self, questions: Sequence[str]) -> list[StudentAnswer]:
        return [StudentAnswer(str(self.trained_on % 4), place % 2 == 0) for place in range(len(questions))]


@dataclass(frozen=True)
class Learner(Student):
    """Takes steps, each with a report and something to go on from, and notes what it does in a folder.

    It waits at step `held` until the file "go" is there.
    """

    log: str
    steps: int = 4
    target: str = "query"
    held: int | None = None
    fault: str | None = None
    name = "learner"
    about = cost = "for tests"
    needs_memory = 1_000_000
    told = ("target",)

    def options(self) -> dict[str, Any]:
        return {"steps": self.steps, "target": self.target}

    def machine(self) -> str:
        return MACHINE

    def plan(self, rows: int, questions: int) -> TrainingPlan:
        if self.fault == "absent":
            raise StudentError("learner needs what is not installed")
        return TrainingPlan(seconds=rows + 0.5 * questions, memory=self.needs_memory)

    def train(self, rows: pl.DataFrame, random_state: int = 0) -> Model:
        return self.train_in(rows, random_state, TrainingSetting())

    def train_in(self, rows: pl.DataFrame, random_state: int, setting: TrainingSetting) -> Model:
        if self.fault == "told":
            raise StudentError("it has no base model")
        if self.fault == "raised":
            raise OSError("no such model")
        if self.fault == "killed":
            os._exit(9)
        mark = None if setting.folder is None else setting.folder / "step"
        first = int(mark.read_text()) if mark is not None and mark.exists() else 0
        self._note(f"trained from {first} on {rows.height} rows, {len(setting.validation)} to look at")
        for step in range(first, self.steps):
            if mark is not None:
                part = mark.with_name("part")
                part.write_text(str(step))
                part.replace(mark)
            setting.report(TrainingProgress(step, self.steps, 1 / (step + 1), None, 2.0 * step))
            if step == self.held:
                self._note(f"held by {os.getpid()}")
                while not (Path(self.log) / "go").exists():
                    time.sleep(0.01)
                    setting.report(TrainingProgress(step, self.steps, 1 / (step + 1), None, 2.0 * step))
        return Said(rows.height)

    def untrained(self, setting: TrainingSetting) -> Model:
        self._note("untrained")
        return Said(0)

    def _note(self, what: str) -> None:
        with (Path(self.log) / "log").open("a") as log:
            log.write(f"{what}\n")

    def notes(self, of: str) -> list[str]:
        """What was noted so far that begins like this."""
        log = Path(self.log) / "log"
        return [line for line in log.read_text().splitlines() if line.startswith(of)] if log.exists() else []
