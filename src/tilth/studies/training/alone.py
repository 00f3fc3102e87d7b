"""One training of minutes, in a process of its own: never done twice, gone on with where it was ended."""

from __future__ import annotations

import json
import math
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path

from tilth.errors import StudentError
from tilth.students.base import TrainingProgress, TrainingSetting
from tilth.studies.training.cache import CellCache, Keys
from tilth.studies.training.machine import give_back_memory
from tilth.studies.training.measure import CellAnswers, Job, Training, asked, marked
from tilth.studies.training.orphans import ended_with

_EVERY = 0.5
"""Seconds between two reports that are written down, the last step's aside."""

_TAIL = 4096
"""Bytes read of the end of a file of reports: the last one is in there."""


def train_alone(job: Job, cache: Path, reports: Path, parent: int) -> CellAnswers:
    """The answers of a job's only training, from the cache or anew.

    Args:
        job: Holds one training.
        cache: The folder of the cache.
        reports: The file in which it says where it stands.
        parent: The process that wants them: without it this one ends.

    Raises:
        StudentError: It could not be trained; the message names the cell.
    """
    [training] = job.trainings
    said = Reports(reports)
    try:
        with ended_with(parent):
            return _trained(job, training, CellCache(cache), said)
    except StudentError as error:
        told = training.told
        raise error if str(error).startswith(told) else StudentError(f"{told}: {error}") from error
    except Exception as error:
        raise StudentError(f"{training.told}: {type(error).__name__}: {error}") from error
    finally:
        said.end()
        give_back_memory()


def _trained(job: Job, training: Training, cache: CellCache, reports: Reports) -> CellAnswers:
    keys = Keys.of(job, training)
    with ExitStack() as held:
        # another process may be at the same one: then its answers will do
        keeps = _taken(cache, keys, held)
        if keeps and (found := cache.get(keys, job.tests)) is not None:
            cache.done(keys)
            return marked(job, training, found.replies, found.seconds, {})
        began = time.process_time()
        folder = cache.training(keys) if keeps and not training.untrained else None
        setting = TrainingSetting(job.task, job.validation, folder, reports.put)
        replies = asked(job, training, setting)
        seconds = time.process_time() - began
        if keeps:
            cache.put(keys, replies, seconds)
            cache.done(keys)
        return marked(job, training, replies, seconds, {})


def _taken(cache: CellCache, keys: Keys, held: ExitStack) -> bool:
    """Whether the training is this process's alone and can be kept; False where nothing can be written."""
    try:
        held.enter_context(cache.lock(keys))
        cache.training(keys).mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


class Reports:
    """Where a training writes down how far it is, for the process that started it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._due = 0.0
        with suppress(OSError):
            path.touch()

    def put(self, progress: TrainingProgress) -> None:
        """Writes a report, where the last one is not too fresh. What cannot be written is lost."""
        now = time.monotonic()
        if now < self._due and progress.step < progress.steps:
            return
        self._due = now + _EVERY
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(progress)) + "\n")

    def end(self) -> None:
        """Removes them."""
        with suppress(OSError):
            self._path.unlink()


def last_report(path: Path) -> TrainingProgress | None:
    """The last whole report in a file; None before the first.

    Raises:
        FileNotFoundError: The training has not begun, or has ended.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        lines = file.read(_TAIL).split(b"\n")[:-1]
    for line in reversed(lines):
        with suppress(ValueError, TypeError, KeyError):
            return _read(json.loads(line))
    return None


def _read(told: dict[str, float | None]) -> TrainingProgress:
    step, steps, loss, seconds = (float(told[name] or 0) for name in ("step", "steps", "loss", "seconds"))
    if not all(map(math.isfinite, (step, steps, seconds))):
        raise ValueError("no numbers")
    validation_loss = told["validation_loss"]
    known = None if validation_loss is None else float(validation_loss)
    return TrainingProgress(int(step), int(steps), loss, known, seconds)
