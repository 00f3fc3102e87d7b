"""The student `lora`: a causal language model of any kind, fine-tuned on rows on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tilth.arguments import path_of
from tilth.engine.file.format.digests import digest
from tilth.errors import ModelMissing, StudentError
from tilth.students.base import (
    Model,
    Student,
    StudentAnswer,
    TrainingPlan,
    TrainingSetting,
    examples,
)
from tilth.students.language_model.course import Course
from tilth.students.language_model.files import found, parameters_of
from tilth.students.language_model.presets import EXPRESSION_STEPS, PRESETS, Device, Hyperparameters
from tilth.students.language_model.targets import Target, answered, learnt, target_for

if TYPE_CHECKING:
    import polars as pl

    from tilth.students.language_model.adapter import Adapter
    from tilth.students.language_model.pretrained import Pretrained

Preset = Literal["laptop", "one-gpu", "chan2024"]

_VERSION = 1
"""Raised whenever the same rows and settings give other answers: what is measured is kept by it."""

_SHORT_ANSWER, _LONG_ANSWER = 64, 512
"""Tokens of an answer at most: where the target is short, and where it is a whole response."""

_SECONDS, _SLOWER = 2.6e-11, 3
"""Seconds for a token and a parameter where a processor computes in bfloat16 (measured: 3.5 ms a token with
135 million, one core of an AMD EPYC that had other work too), and how much longer it takes elsewhere."""

_SHORT_ROW, _LONG_ROW = 45, 90
"""Tokens of a row where the target is short, and of one with a whole response, as the demos have them."""

_MEMORY, _PARAMETER_MEMORY = 2 * 2**30, 6
"""Bytes that a training takes at least, torch with it, and for each parameter."""

_MOST_VALIDATION = 64
"""Validation questions whose loss is measured: ten times in a training."""

_MOST = 10**6
"""Of any setting that is a whole number: far beyond what a training ends with."""


@dataclass(frozen=True)
class Lora(Student):
    """A causal language model with LoRA on all its linear layers, loss on the answers only.

    Attributes:
        model: A folder, a model of the Hub ("HuggingFaceTB/SmolLM2-135M-Instruct") that is in its cache, or a
            .gguf file; the small model that is installed, where not given. Nothing is downloaded.
        preset: Where all else comes from: "laptop", "one-gpu" or "chan2024" (Chan et al., 2409.19759).
        target: What is learnt of a row: the whole "response", the "answer" alone, the SQL "query" alone, or
            an "expression" that a calculator ends. Where not given: with the preset "laptop" the shortest
            that the task has, with others the response.
        steps: Steps of a training, in place of the preset's.
        learning_rate: At its peak, in place of the preset's.
        batch_size: Rows of a step, in place of the preset's.
        rank: Of the LoRA matrices, in place of the preset's.
        max_new_tokens: Tokens of an answer at most; 64 where the target is short, 512 for responses.
        patience: Ends a training after so many measures of the validation loss (ten in a training) without a
            better one, and takes the best; None: never.
        device: "cuda", "mps" or "cpu"; a GPU where there is one, unless given.
    """

    name = "lora"
    about = (
        "A real language model, fine-tuned on the rows. It shows what data does to a language model, and its "
        "own size shows with it. What it learns of a row is its target: with a short one it says nothing "
        "about explanations."
    )
    cost = (
        "Measured with the preset laptop on 135 million parameters: 160 CPU s for 150 steps on SQL rows, 8 "
        "for 100 questions, 2.8 GB (one core of an AMD EPYC with bfloat16; two to three times that without)."
    )
    needs_memory: ClassVar[int] = 3 * 2**30
    told: ClassVar[tuple[str, ...]] = ("target",)

    model: str | None = None
    preset: Preset = "laptop"
    target: Target | None = None
    steps: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    rank: int | None = None
    max_new_tokens: int | None = None
    patience: int | None = None
    device: Device | None = None

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise StudentError(f"preset={self.preset!r} is unknown; choose one of {', '.join(PRESETS)}")
        for name in ("steps", "batch_size", "rank", "max_new_tokens", "patience"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or not 1 <= value <= _MOST):
                raise StudentError(f"{name}={value!r}: give a whole number from 1 to {_MOST:,}")
        for name in ("model", "target", "device"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise StudentError(f"{name}={value!r}: give a text")
        rate: object = self.learning_rate
        if rate is not None and not (isinstance(rate, int | float) and 0 < rate < 1):
            raise StudentError(f"learning_rate={rate!r}: give a number above 0 and below 1, such as 1e-3")

    @property
    def hyperparameters(self) -> Hyperparameters:
        """How it is trained: the preset's, with what was given in its place."""
        given = {
            name: value
            for name in ("steps", "learning_rate", "batch_size", "rank")
            if (value := getattr(self, name)) is not None
        }
        if self.steps is not None:
            given["epochs"] = _MOST  # a preset's bound on them is for its own steps
        return replace(PRESETS[self.preset], **given)

    @classmethod
    def installed(cls) -> bool:
        """Whether torch and its like are there, and a model where none is named."""
        if not all(map(find_spec, ("torch", "transformers", "safetensors"))):
            return False
        try:
            found(None)
        except ModelMissing:
            return False
        return True

    def suited_to(self, task: str) -> Lora:
        """The same with its target named, where that comes from the task."""
        return replace(self, target=self._target(task))

    def options(self) -> dict[str, Any]:
        """Its fields; the model by its name, wherever it lies."""
        return {**super().options(), "model": found(self.model).title}

    def identity(self) -> dict[str, Any]:
        """Its options, what they and the preset come to, and the content of the model."""
        return {
            **super().identity(),
            "version": _VERSION,
            "content": found(self.model).digest,
            "hyperparameters": asdict(self.hyperparameters),
        }

    def machine(self) -> str:
        """The processor or GPU, and the type of numbers it trains and answers in."""
        with _torch_needed():
            from tilth.students.language_model.pretrained import device_of, machine_of
        return machine_of(device_of(self.device))

    def plan(self, rows: int, questions: int) -> TrainingPlan:
        """What it takes here, roughly: seconds as measured on a processor, unknown on a GPU; memory."""
        with _torch_needed():
            from tilth.students.language_model.pretrained import computes_bfloat16, device_of
        device = device_of(self.device)
        parameters = parameters_of(found(self.model))
        memory = _MEMORY + _PARAMETER_MEMORY * parameters
        if device.type != "cpu":
            return TrainingPlan(memory=memory, usd=0.0, at_once=1)
        how = self._hyperparameters_for(self.target)
        length = _LONG_ROW if self.target == "response" else _SHORT_ROW
        tokens = how.steps_for(rows) * how.batch_size * length + questions * length
        second = _SECONDS if computes_bfloat16(device) else _SECONDS * _SLOWER
        return TrainingPlan(seconds=tokens * parameters * second, memory=memory, usd=0.0)

    def train(self, rows: pl.DataFrame, random_state: int = 0) -> LoraModel:
        """Fine-tunes on `rows`; those without the target, and those that are too long, are skipped.

        Raises:
            ModelMissing: The model is not on this machine.
            StudentError: It cannot be loaded, `rows` lacks a column, or `tilth[train]` is not installed.
        """
        return self.train_in(rows, random_state, TrainingSetting())

    def train_in(self, rows: pl.DataFrame, random_state: int, setting: TrainingSetting) -> LoraModel:
        """The same with the rows' task, from where the folder's training stopped, with reports.

        The folder then holds the adapter, as `LoraModel.save` writes it. One that holds it already is read.
        """
        given = examples(rows)
        target = self._target(None if setting.task is None else setting.task.name)
        base = self._loaded()
        from tilth.students.language_model.adapter import Adapter
        from tilth.students.language_model.checkpoint import Checkpoint
        from tilth.students.language_model.encoding import encoded
        from tilth.students.language_model.training import fine_tune

        how = self._hyperparameters_for(target)
        pairs = [(q, text) for q, response in given if (text := learnt(q, response, target, setting.task))]
        unseen = [] if self.patience is None else self._unseen(setting, target)
        learnt_rows = encoded(base, pairs, how.max_length)
        adapter = Adapter.drawn(base.network, how.rank, how.alpha, random_state)
        checkpoint = None
        if setting.folder is not None:
            key = digest([self.identity(), pairs, unseen, random_state, target])
            checkpoint = Checkpoint(setting.folder, key)
        course = None if checkpoint is None else checkpoint.finished(adapter)
        if course is None:
            course = Course()
            if checkpoint is not None:
                checkpoint.claim()
            if learnt_rows:
                course = fine_tune(
                    base,
                    adapter,
                    learnt_rows,
                    how,
                    random_state=random_state,
                    validation=encoded(base, unseen, how.max_length),
                    patience=self.patience,
                    checkpoint=checkpoint,
                    report=setting.report,
                )
            if checkpoint is not None:
                checkpoint.finish(adapter, base.name, course)
        skipped = len(given) - len(learnt_rows)
        return LoraModel(base, adapter, target, self._limit(target), len(learnt_rows), skipped, course)

    def untrained(self, setting: TrainingSetting) -> LoraModel:
        """The model as it is, asked the same way."""
        target = self._target(None if setting.task is None else setting.task.name)
        return LoraModel(self._loaded(), None, target, self._limit(target), 0, 0, Course())

    def _unseen(self, setting: TrainingSetting, target: Target) -> list[tuple[str, str]]:
        """The validation questions that decide when it stops, with what is to be written to them."""
        asked = setting.validation[:_MOST_VALIDATION]
        return [(q, text) for q, said in asked if (text := learnt(q, said, target, setting.task))]

    def _target(self, task: str | None) -> Target:
        return target_for(self.target, task, small=self.preset == "laptop")

    def _limit(self, target: Target) -> int:
        return self.max_new_tokens or (_LONG_ANSWER if target == "response" else _SHORT_ANSWER)

    def _hyperparameters_for(self, target: Target | None) -> Hyperparameters:
        how = self.hyperparameters
        if target == "expression" and self.preset == "laptop" and self.steps is None:
            return replace(how, steps=EXPRESSION_STEPS)
        return how

    def _loaded(self) -> Pretrained:
        with _torch_needed():
            from tilth.students.language_model.pretrained import device_of, pretrained
        return pretrained(found(self.model), device_of(self.device))


@contextmanager
def _torch_needed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise StudentError(
            f'student "lora" needs {error.name}, which is not installed: pip install "tilth[train]"'
        ) from None


class LoraModel(Model):
    """A fine-tuned language model, or an untrained one.

    Attributes:
        course: How its training went: `losses` by step, `validation`, `seconds`, `tokens`.
        target: What it writes.
    """

    limited = True

    def __init__(
        self,
        base: Pretrained,
        adapter: Adapter | None,
        target: Target,
        max_new_tokens: int,
        trained_on: int,
        skipped: int,
        course: Course,
    ) -> None:
        from tilth.students.language_model.pretrained import machine_of

        self.trained_on, self.skipped, self.course, self.target = trained_on, skipped, course, target
        self.machine = machine_of(base.device)
        self._base, self._adapter, self._max_new_tokens = base, adapter, max_new_tokens

    def answer(self, questions: Sequence[str]) -> list[str | None]:
        """The likeliest answer to each question."""
        return [one.text for one in self.answers(questions)]

    def answers(self, questions: Sequence[str]) -> list[StudentAnswer]:
        """The same, and which of them were cut off. An expression that was is no answer."""
        from tilth.students.language_model.generation import written

        prompts = [self._base.chat.prompt(question) for question in questions]
        with nullcontext() if self._adapter is None else self._adapter.on(self._base.network):
            texts = written(self._base, prompts, self._max_new_tokens)
        return [StudentAnswer(answered(text, self.target), cut_off) for text, cut_off in texts]

    def save(self, folder: str | Path) -> Path:
        """Writes the adapter as peft does: `peft.PeftModel.from_pretrained(model, folder)` loads it.

        Raises:
            StudentError: It was not trained.
        """
        if self._adapter is None:
            raise StudentError("an untrained model has no adapter to save")
        where = path_of(folder)
        self._adapter.save(where, self._base.name)
        return where
