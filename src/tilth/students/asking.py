"""What a student is whose model stands elsewhere: it is asked through a study, on an account of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Protocol

from tilth.engine.budget import Amount
from tilth.errors import StudentError
from tilth.students.base import Student, TrainingSetting
from tilth.tasks.base import Prompt, Task
from tilth.teacher import Price, Teacher

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Done:
    """What came of a piece of paid work.

    Attributes:
        text: What is to be known of it, kept in the study's file.
        tokens: Tokens it was billed for; None where nobody said: then it is booked as it was reserved.
        nano: What that costs in nano-dollars, 0 where a price is unknown.
        model: The model that it made.
        failure: Why it is of no use, to be raised; the next start does it anew.
        again: Whether to do it anew at once instead.
    """

    text: str
    tokens: int | None
    nano: int
    model: str | None = None
    failure: Exception | None = None
    again: bool = False


class Unbilled(Exception):
    """A piece of paid work was never begun, and nothing is billed for it; its cause is what to tell."""


class PaidWork(Protocol):
    """What a study offers to a student that has work done elsewhere before it is asked. Used in its loop.

    Attributes:
        study_id: The study that it is for.
        patience: Seconds of nothing but failures after which it is to give up.
    """

    study_id: str
    patience: float

    async def once(
        self,
        purpose: str,
        request: Mapping[str, Any],
        worst: Amount,
        do: Callable[[bool, int], Awaitable[Done]],
    ) -> str:
        """The text of what `do` came to, which is done once in the study's file, whatever kills it.

        That it is about to be done, at `worst`, is durable before `do` is called. It is called with whether
        an earlier process may have begun the same, which it is to look for first, and with how often it came
        to nothing before. What it raises leaves it in doubt, and the next start calls it again; `Unbilled`
        takes the reservation back.

        Raises:
            DoesNotFit: It does not fit under `student_budget`.
        """

    async def pause(self, seconds: float) -> None:
        """Waits; raises `CancelledError` once the study is stopped: the work is left for later."""

    def tell(self, piece: str, what: str | None) -> None:
        """Says what a piece of work waits for, in a line; None: for nothing any more."""

    def leave(self, piece: str, what: str | None) -> None:
        """Says what of it goes on elsewhere if the study ends now, in a line; None: nothing."""


class AskingStudent(Student):
    """A student that is a model behind an endpoint. Each answer of it is a query, which somebody pays for.

    A study asks it in the runner's loop, one cell after the other, within `student_budget`; a few cells ahead
    may learn meanwhile. It says what is to be asked, and never asks itself. It is a frozen dataclass, as
    other students are.
    """

    priced_by: ClassVar[str] = "a model with price=tilth.Price(prompt=…, completion=…)"
    """What tells its price where it is unknown, in words that follow its name."""

    @property
    @abstractmethod
    def asked(self) -> Teacher:
        """The model that is asked, as it is before it has learnt anything."""

    @property
    def learnt(self) -> Teacher:
        """The model that is asked once it has learnt, as far as its price goes."""
        return self.asked

    async def learn(self, rows: pl.DataFrame, random_state: int, task: Task, work: PaidWork) -> Teacher:
        """The model that is asked in a cell of these rows, of which there is at least one."""
        return self.asked

    def learning(self, rows: pl.DataFrame, task: Task) -> tuple[int, Price | None] | None:
        """Tokens that learning from rows is billed for, about, and their price; None where it is free."""
        return None

    def prompts(self, rows: pl.DataFrame, questions: Sequence[str], task: Task) -> list[Prompt]:
        """What is put to the model for each question, in order; the same for the same rows and questions.

        `rows` holds `question` and `response`, and may be empty: then it is what it is untrained.

        Raises:
            StudentError: `rows` lacks a column.
        """
        return [task.answer(question) for question in questions]

    def train(self, rows: pl.DataFrame, random_state: int = 0) -> NoReturn:
        """Refuses: what it costs is to be limited, and that is a study's work."""
        self._refuse()

    def untrained(self, setting: TrainingSetting) -> NoReturn:
        """Refuses likewise; a study asks it without rows."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise StudentError(
            f"student {self.name!r} asks a model, which may cost money: measure it by tilth.study(..., "
            "student=..., student_budget=...)"
        )
