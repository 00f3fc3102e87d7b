"""Training one student on one set of rows: `tilth.train`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tilth import tasks
from tilth.arguments import kind_of, path_of, random_state_of
from tilth.engine.run import Run
from tilth.errors import StudentError
from tilth.seeds import Seeds, TaskLike
from tilth.students import registry
from tilth.students.base import Model, Student, TrainFunction, TrainingProgress, TrainingSetting

if TYPE_CHECKING:
    import polars as pl


def train(
    rows: Run | pl.DataFrame,
    student: str | Student | TrainFunction = "lora",
    *,
    task: str | TaskLike | None = None,
    validation: pl.DataFrame | Seeds | None = None,
    folder: str | Path | None = None,
    random_state: int = 0,
    report: Callable[[TrainingProgress], None] | None = None,
) -> Model:
    """Trains a student on the rows of a run, here and now, and gives it back to be asked.

    What it takes is told before by `tilth.students.get(student).plan(rows, questions)`.

    Args:
        rows: A run, whose rows that were not rejected are learnt, or a frame with question and response,
            all of whose rows are.
        student: A name, with options as in "lora(target=response)", a student, or your own `train(rows)`.
        task: How responses are read; the run's, unless given.
        validation: Questions with references that the training may look at, to stop early: seeds, or a frame
            with question and reference.
        folder: Where a training that takes minutes keeps where it stands: interrupted by Ctrl-C, or killed,
            the same call goes on from there. In the end it holds the adapter, as plain peft loads it.
        random_state: What its draws come from. The same rows and random_state give the same answers, on one
            machine.
        report: Called every few steps with a `TrainingProgress`: step, steps, loss, seconds.

    Raises:
        StudentError: There is no such student, it does not suit the task, it cannot be trained here, or the
            folder holds another training.
        ModelMissing: Its language model is not on this machine.
        TypeError: `rows` is neither a run nor a frame.

    Example:
        >>> run = tilth.generate_sync(tilth.demo.seeds(20), "new-question", 80, teacher=tilth.demo.teacher())
        >>> model = tilth.train(run, "parser")
        >>> model.trained_on
        40
        >>> model.answer(["One of the tickets costs $16. How much do 8 tickets cost?"])
        ['128']
    """
    import polars as pl

    if isinstance(rows, Run):
        chosen = None if task is None else tasks.get(task)
        chosen, frame = chosen or rows.task, rows.rows.filter(pl.col("verdict") != "rejected")
    elif isinstance(rows, pl.DataFrame):
        chosen, frame = None if task is None else tasks.get(task), rows
    else:
        raise TypeError(f"rows are {kind_of(rows)}; pass a run, or a polars frame with question and response")
    learner = registry.get(student)
    if chosen is not None:
        learner = registry.fitting(learner, chosen.name)
    setting = TrainingSetting(
        chosen, _pairs(validation), None if folder is None else path_of(folder, "folder")
    )
    if report is not None:
        setting = replace(setting, report=report)
    return learner.train_in(frame, random_state_of(random_state), setting)


def _pairs(validation: pl.DataFrame | Seeds | None) -> list[tuple[str, str]]:
    """Questions and references, those without a reference left out."""
    import polars as pl

    if validation is None:
        return []
    frame = validation.frame if isinstance(validation, Seeds) else validation
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(
            f"validation is {kind_of(validation)}; pass seeds, or a frame with question and reference"
        )
    if "reference" not in frame.columns and "answer" in frame.columns:
        frame = frame.rename({"answer": "reference"})
    if missing := [name for name in ("question", "reference") if name not in frame.columns]:
        raise StudentError(f"validation: column {missing[0]!r} is missing; it has {', '.join(frame.columns)}")
    return frame.select(pl.col("question", "reference").cast(pl.String)).drop_nulls().rows()
