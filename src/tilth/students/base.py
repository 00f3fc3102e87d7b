"""What a student is: trained on rows and nothing else, then asked questions."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from tilth import options as written
from tilth.errors import StudentError
from tilth.tasks.base import Task

if TYPE_CHECKING:
    import polars as pl

_Read = TypeVar("_Read")

Answers = Sequence[str | None]
AnswerFunction = Callable[[Sequence[str]], Answers]
"""Takes questions, gives as many answers; None where it has none."""


@dataclass(frozen=True, slots=True)
class StudentAnswer:
    """What a student answered to one question.

    Attributes:
        text: The answer; None where it has none.
        cut_off: Whether it met the limit on its length before its end.
    """

    text: str | None
    cut_off: bool = False


class Model(ABC):
    """A trained student.

    Attributes:
        trained_on: Rows it could read and learnt from.
        skipped: Rows it was given but could not read, such as responses without an expression.
        limited: Whether its answers have a limit on their length, so that one can be cut off.
        machine: What it was trained and asked on, such as "cpu float32", where its answers depend on that.
    """

    trained_on: int
    skipped: int
    limited: bool = False
    machine: str | None = None

    @abstractmethod
    def answer(self, questions: Sequence[str]) -> list[str | None]:
        """An answer to each question, in order; None where it has none."""

    def answers(self, questions: Sequence[str]) -> list[StudentAnswer]:
        """The same, and which of them were cut off."""
        return [StudentAnswer(text) for text in self.answer(questions)]


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a training stands.

    Attributes:
        step: Steps done, of `steps`.
        steps: Steps planned.
        loss: The mean loss of a token that is learnt, over the steps since the last report.
        validation_loss: The same on validation questions, where it was measured at this step.
        seconds: Wall seconds since it began, sittings before this one with them.
    """

    step: int
    steps: int
    loss: float
    validation_loss: float | None
    seconds: float


def _unheard(_: TrainingProgress) -> None:
    """Reports to nobody."""


@dataclass(frozen=True)
class TrainingSetting:
    """What a training has around it, beside its rows. A student uses of it what it can.

    Attributes:
        task: The task of the rows; None where it is not known.
        validation: Questions and references that the training may look at, to stop early.
        folder: Where it leaves what a later training of the same rows goes on from, its adapter included;
            None: nowhere.
        report: Called with where it stands, every few steps.
    """

    task: Task | None = None
    validation: Sequence[tuple[str, str]] = ()
    folder: Path | None = None
    report: Callable[[TrainingProgress], None] = _unheard


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What a training takes on this machine, its answers included; None where it is not known.

    Attributes:
        seconds: Wall seconds on one core, where it is trained on cores: a study trains one on each.
        memory: Bytes its process needs at most.
        usd: US dollars.
        at_once: How many trainings can go on side by side, such as 1 on a GPU; None: as many as cores and
            memory allow.
    """

    seconds: float | None = None
    memory: int | None = None
    usd: float | None = None
    at_once: int | None = None


class Student(ABC):
    """Something that learns from rows. Instances are picklable and hold no state between trainings.

    Its options are the fields of the subclass, a frozen dataclass.

    Attributes:
        name: How users and frames call it.
        about: What it can and what it cannot show, in a sentence or two.
        cost: What a training takes, as measured, with the machine it was measured on.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    cost: ClassVar[str]
    tasks: ClassVar[tuple[str, ...] | None] = None
    """The tasks whose responses it can read, by name; None for any."""
    needs_memory: ClassVar[int] = 0
    """Bytes that a process needs to train one, where that is much; 0 elsewhere."""
    gains_from_answers: ClassVar[bool | None] = None
    """Whether a second answer to a question teaches it anything; None where that is not known."""
    told: ClassVar[tuple[str, ...]] = ()
    """Options that frames and charts tell of it always, also where they are as they come."""

    @abstractmethod
    def train(self, rows: pl.DataFrame, random_state: int = 0) -> Model:
        """A model that has seen `rows` and nothing else.

        `rows` holds at least `question` and `response` (strings; null is skipped). Which verdicts to
        train on is the caller's choice. The same rows and random_state give the same answers.

        Raises:
            StudentError: `rows` lacks a column.
        """

    def train_in(self, rows: pl.DataFrame, random_state: int, setting: TrainingSetting) -> Model:
        """The same, for a student that has use for what a study knows beside the rows."""
        return self.train(rows, random_state)

    def untrained(self, setting: TrainingSetting) -> Model | None:
        """What it is before it has seen a row, where that can answer at all: a study's zero-shot cell."""
        return None

    @classmethod
    def installed(cls) -> bool:
        """Whether this machine has what it needs as it comes. Takes a moment at most."""
        return True

    def suited_to(self, task: str) -> Student:
        """The same with every option named that it would take from the task, of this name."""
        return self

    def machine(self) -> str | None:
        """What it would be trained and asked on here, as `Model.machine` has it.

        Called in the process that trains: it may load what it needs.
        """
        return None

    def plan(self, rows: int, questions: int) -> TrainingPlan | None:
        """What it takes to learn from so many rows and answer so many questions; None where that is nothing.

        Called before anything is asked or paid: it must take no more than a moment.

        Raises:
            StudentError: It cannot be trained here, for something it needs is not installed or not there.
        """
        return None

    def options(self) -> dict[str, Any]:
        """Its settings that decide its answers, as JSON.

        Raises:
            StudentError: A field holds what JSON cannot; such a student tells its options itself.
        """
        try:
            found: dict[str, Any] = json.loads(json.dumps(written.fields(self)))
        except (TypeError, ValueError) as error:
            raise StudentError(
                f"student {self.name!r}: its options are no JSON ({error}); define options() to tell them"
            ) from error
        return found

    def identity(self) -> dict[str, Any]:
        """What decides its answers beside rows and random_state, as JSON: its name and `options`."""
        return {"name": self.name, "options": self.options()}


class TrainFunction(Protocol):
    """A user's own student: `train(rows)` gives a function from questions to answers."""

    def __call__(self, rows: pl.DataFrame, /) -> AnswerFunction | Model: ...


@dataclass(frozen=True)
class FunctionStudent(Student):
    """A user's own `train(rows)`. Picklable where the function is: define it at the top of a module.

    It gets no random_state; a function that draws should fix its own.
    """

    function: TrainFunction
    about = "Your own function; what it can show is yours to say."
    cost = "not measured"

    @property
    def name(self) -> str:  # type: ignore[override]
        """The function's name."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def options(self) -> dict[str, Any]:
        """None that could be told: a function is known by its name."""
        return {}

    def train(self, rows: pl.DataFrame, random_state: int = 0) -> Model:
        """Calls the function with `rows`."""
        trained = self.function(rows)
        if isinstance(trained, Model):
            return trained
        if not callable(trained):
            raise StudentError(
                f"student {self.name!r}: train(rows) gave {type(trained).__name__}; "
                "return a function from a list of questions to a list of answers"
            )
        return _FunctionModel(trained, self.name, rows.height)


class _FunctionModel(Model):
    skipped = 0

    def __init__(self, function: AnswerFunction, name: str, trained_on: int) -> None:
        self.function = function
        self.name = name
        self.trained_on = trained_on

    def answer(self, questions: Sequence[str]) -> list[str | None]:
        answers = list(self.function(questions))
        if len(answers) != len(questions):
            raise StudentError(
                f"student {self.name!r}: {len(answers)} answers to {len(questions)} questions; "
                "return one for each, None where there is none"
            )
        return [None if answer is None else str(answer) for answer in answers]


def examples(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """The (question, response) pairs of `rows`, nulls left out.

    Raises:
        StudentError: A column is missing or holds no text.
    """
    import polars as pl

    for column in ("question", "response"):
        if column not in rows.columns:
            raise StudentError(
                f"rows: column {column!r} is missing; a student trains on question and response"
            )
        if rows.schema[column] not in (pl.String, pl.Null):
            raise StudentError(f"rows: column {column!r} is {rows.schema[column]}; it must be String")
    return rows.select("question", "response").drop_nulls().rows()


def votes(
    examples: Iterable[tuple[str, str]], read: Callable[[str, str], _Read | None]
) -> dict[str, Counter[_Read]]:
    """How often each question's responses were read to what; those that read to None are left out."""
    counted: dict[str, Counter[_Read]] = defaultdict(Counter)
    for (question, response), times in Counter(examples).items():
        said = read(question, response)
        if said is not None:
            counted[question][said] += times
    return counted
