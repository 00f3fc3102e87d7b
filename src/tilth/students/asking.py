"""What a student is whose model stands elsewhere: it is asked through a study, on an account of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from tilth.errors import StudentError
from tilth.students.base import Student
from tilth.tasks.base import Prompt, Task
from tilth.teacher import Teacher

if TYPE_CHECKING:
    import polars as pl


class AskingStudent(Student):
    """A student that is a model behind an endpoint. Each answer of it is a query, which somebody pays for.

    A study asks it in the runner's loop, one cell after the other, within `student_budget`. It says what is
    to be asked, and never asks itself. It is a frozen dataclass, as other students are.
    """

    @property
    @abstractmethod
    def asked(self) -> Teacher:
        """The model that is asked, as it is before it has learnt anything."""

    @abstractmethod
    def prompts(self, rows: pl.DataFrame, questions: Sequence[str], task: Task) -> list[Prompt]:
        """What is put to the model for each question, in order; the same for the same rows and questions.

        `rows` holds `question` and `response`, and may be empty: then it is what it is untrained.

        Raises:
            StudentError: `rows` lacks a column.
        """

    def train(self, rows: pl.DataFrame, random_state: int = 0) -> NoReturn:
        """Refuses: what it costs is to be limited, and that is a study's work."""
        raise StudentError(
            f"student {self.name!r} asks a model, which may cost money: measure it by tilth.study(..., "
            f"student=..., student_budget=...)"
        )
