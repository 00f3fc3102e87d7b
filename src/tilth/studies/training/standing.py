"""Where trainings of minutes stand, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tilth.students.base import TrainingProgress


@dataclass(frozen=True)
class TrainingStanding:
    """Where a training of a study stands that goes on now.

    Attributes:
        cell_id: The cell that it is for.
        told: The cell and the student in words.
        step: Steps done, of `steps`; both 0 before the first report.
        steps: Steps planned.
        loss: The mean loss of a token over the last steps; None before the first report.
        validation_loss: The same on validation questions, where it was measured.
        seconds: Wall seconds since it began, earlier sittings with them.
        seconds_left: Until its last step, at the pace so far; None before it can be told.
    """

    cell_id: str
    told: str
    step: int
    steps: int
    loss: float | None
    validation_loss: float | None
    seconds: float
    seconds_left: float | None


def standing_of(cell_id: str, told: str, report: TrainingProgress | None, seconds: float) -> TrainingStanding:
    """Where a training stands by its last report; `seconds` is since it began, where it has made none."""
    if report is None:
        return TrainingStanding(cell_id, told, 0, 0, None, None, seconds, None)
    left = None
    if report.step > 0:
        left = report.seconds / report.step * max(0, report.steps - report.step)
    return TrainingStanding(
        *(cell_id, told, report.step, report.steps, report.loss, report.validation_loss, report.seconds),
        seconds_left=left,
    )


def in_words(training: Sequence[TrainingStanding]) -> str:
    """The training that has come farthest of those that go on, and how many others do; "" where none does.

    Example:
        >>> from tilth.studies.training.standing import TrainingStanding, in_words
        >>> one = TrainingStanding("a", "student lora", 60, 150, 0.412, None, 52.0, 78.0)
        >>> in_words([one, one])
        'training: step 60 of 150, loss 0.41, 1:18 left, and 1 more'
    """
    if not training:
        return ""
    one = max(training, key=lambda each: each.step / max(1, each.steps) if each.step < each.steps else -1)
    parts = []
    if one.loss is not None:
        parts += [f"step {one.step:,} of {one.steps:,}", f"loss {one.loss:.2f}"]
    if one.steps and one.step >= one.steps:
        parts.append("asked its questions")
    elif one.seconds_left is not None:
        left = math.ceil(one.seconds_left)
        hours = f"{left // 3600}:{left // 60 % 60:02}" if left >= 3600 else f"{left // 60}"
        parts.append(f"{hours}:{left % 60:02} left")
    if len(training) > 1:
        parts.append(f"and {len(training) - 1} more")
    return f"training: {', '.join(parts)}" if parts else "training"
