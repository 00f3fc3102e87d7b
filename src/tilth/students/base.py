"""What a student is: trained on rows and nothing else, then asked questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

from tilth.errors import StudentError

if TYPE_CHECKING:
    import polars as pl

_Read = TypeVar("_Read")

Answers = Sequence[str | None]
AnswerFunction = Callable[[Sequence[str]], Answers]
"""Takes questions, gives as many answers; None where it has none."""


class Model(ABC):
    """A trained student.

    Attributes:
        trained_on: Rows it could read and learnt from.
        skipped: Rows it was given but could not read, such as responses without an expression.
    """

    trained_on: int
    skipped: int

    @abstractmethod
    def answer(self, questions: Sequence[str]) -> list[str | None]:
        """An answer to each question, in order; None where it has none."""


class Student(ABC):
    """Something that learns from rows. Instances are picklable and hold no state between trainings.

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

    @abstractmethod
    def train(self, rows: pl.DataFrame, random_state: int = 0) -> Model:
        """A model that has seen `rows` and nothing else.

        `rows` holds at least `question` and `response` (strings; null is skipped). Which verdicts to
        train on is the caller's choice. The same rows and random_state give the same answers.

        Raises:
            StudentError: `rows` lacks a column.
        """


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
