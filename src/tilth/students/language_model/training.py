"""Fine-tuning: AdamW on an adapter's matrices, loss on answers only, going on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional

from tilth.students.base import TrainingProgress
from tilth.students.language_model.adapter import Adapter
from tilth.students.language_model.checkpoint import Checkpoint
from tilth.students.language_model.course import Course
from tilth.students.language_model.encoding import Encoded, batches, padded
from tilth.students.language_model.presets import Hyperparameters
from tilth.students.language_model.pretrained import Pretrained, head_on

_REPORT_STEPS = 5
_KEEP_SECONDS = 30.0
"""How long a killed training may have worked in vain."""

_VALIDATIONS = 10
"""How often validation loss is measured in a training."""


def fine_tune(
    model: Pretrained,
    adapter: Adapter,
    rows: Sequence[Encoded],
    how: Hyperparameters,
    *,
    random_state: int,
    validation: Sequence[Encoded] = (),
    patience: int | None = None,
    checkpoint: Checkpoint | None = None,
    report: Callable[[TrainingProgress], None],
) -> Course:
    """Trains `adapter` on `rows`; it holds the result, whatever ends the training.

    Args:
        model: The frozen model.
        adapter: New, or as another training left it.
        rows: What is learnt; at least one.
        how: Steps, rates, sizes.
        random_state: Decides the order of rows.
        validation: Rows whose loss is measured ten times on the way, and at the end.
        patience: Ends it after so many measures without a better one, and takes the best; None: never.
        checkpoint: Where the training stands is kept there every half minute, and when it is interrupted.
        report: Called every few steps.
    """
    steps = how.steps_for(len(rows))
    loop = _Loop(model, adapter, how, steps)
    course, best = Course(), None
    if checkpoint is not None and (kept := checkpoint.read()) is not None:
        course = kept.course
        adapter.restore(kept.adapter)
        loop.optimizer.load_state_dict(kept.optimizer)
        best = kept.best
    order = batches([len(row.tokens) for row in rows], how.batch_size, random_state)
    for _ in course.losses:
        next(order)
    began, kept_at, reported = time.monotonic() - course.seconds, time.monotonic(), len(course.losses)
    every = max(1, steps // _VALIDATIONS)

    def keep() -> None:
        if checkpoint is not None:
            checkpoint.write(adapter, loop.optimizer, course, best)

    with adapter.on(model.network), _checkpointing(model.network, on=how.checkpointing):
        try:
            while len(course.losses) < steps and (patience is None or course.since_best < patience):
                batch = [rows[place] for place in next(order)]
                course.losses.append(loop.step(batch, len(course.losses)))
                course.tokens += sum(len(row.tokens) for row in batch)
                done = len(course.losses)
                course.seconds = time.monotonic() - began
                measured = None
                if validation and (done % every == 0 or done == steps):
                    measured = loop.loss_on(validation)
                    course.validation.append((done, measured))
                    if course.since_best == 0:
                        best = adapter.state()
                if measured is not None or done - reported >= _REPORT_STEPS or done == steps:
                    recent = course.losses[reported:]
                    reported = done
                    mean = sum(recent) / len(recent)
                    report(TrainingProgress(done, steps, mean, measured, course.seconds))
                if time.monotonic() - kept_at > _KEEP_SECONDS:
                    keep()
                    kept_at = time.monotonic()
        except KeyboardInterrupt:
            keep()
            raise
    if patience is not None and best is not None:
        adapter.restore(best)
    return course


class _Loop:
    """One step after another on an adapted model."""

    def __init__(self, model: Pretrained, adapter: Adapter, how: Hyperparameters, steps: int) -> None:
        self._model, self._how = model, how
        self._matrices = adapter.parameters()
        self.optimizer = torch.optim.AdamW(
            self._matrices, lr=how.learning_rate, betas=(0.9, 0.99), weight_decay=0.0
        )
        self._steps = steps

    def step(self, batch: Sequence[Encoded], done: int) -> float:
        """Learns from a batch, a few rows in memory at a time, behind `done` steps; gives its mean loss."""
        learnt = sum(len(row.tokens) - row.asked for row in batch)
        loss = 0.0
        for start in range(0, len(batch), self._how.micro_batch_size):
            part = self._loss(batch[start : start + self._how.micro_batch_size]) / learnt
            part.backward()
            loss += part.item()
        torch.nn.utils.clip_grad_norm_(self._matrices, 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self._how.rate(done, self._steps)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss

    def loss_on(self, rows: Sequence[Encoded]) -> float:
        """The mean loss of a token on rows that are not learnt."""
        size = self._how.micro_batch_size
        with torch.no_grad():
            total: float = sum(self._loss(rows[i : i + size]).item() for i in range(0, len(rows), size))
        return total / sum(len(row.tokens) - row.asked for row in rows)

    def _loss(self, rows: Sequence[Encoded]) -> torch.Tensor:
        """The summed loss of the learnt tokens."""
        ids, writes = padded(rows, self._model.device)
        network = self._model.network
        with head_on(network, lambda hidden: hidden[writes]):
            logits = network(input_ids=ids, use_cache=False).logits
        goal = torch.roll(ids, -1, 1)[writes]
        return functional.cross_entropy(logits.float(), goal, reduction="sum")


@contextmanager
def _checkpointing(model: Any, *, on: bool) -> Iterator[None]:
    if not on:
        yield
        return
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train()  # layers look at it before they save memory
    try:
        yield
    finally:
        model.gradient_checkpointing_disable()
        model.eval()
