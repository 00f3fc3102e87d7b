"""What the simulated teacher is measured by at any task: its replies, what they are worth, what one takes."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from tilth.demo.knobs import Knobs
from tilth.demo.model import reply
from tilth.seeds import Seed
from tilth.tasks import Task


class Asked(Protocol):
    """A question of a set, with whatever says what is right."""

    @property
    def question(self) -> str: ...


One = TypeVar("One", bound=Asked)
Meant = TypeVar("Meant")


class Measured(ABC, Generic[One, Meant]):
    """The simulation at one task.

    Attributes:
        task: Puts the questions and reads the answers.
        read_question: The simulation's cached reader; None where it cannot read a question.
        asked: How many questions the shares and times of the table are made of.
    """

    def __init__(self, task: Task, read_question: Any, asked: int) -> None:
        self.task, self.read_question, self.asked = task, read_question, asked

    @abstractmethod
    def meant(self, one: One) -> Meant:
        """What a question means."""

    @abstractmethod
    def gist(self, reading: Any) -> Meant:
        """What a question means by its reading."""

    @abstractmethod
    def reads_right(self, one: One) -> bool:
        """Whether the reader takes a question as it is meant."""

    @abstractmethod
    def agrees(self, knobs: Knobs, question: str, temperature: float, seed: int, meant: Meant) -> bool:
        """Whether the simulation answers a question by what is meant."""

    def ask(self, knobs: Knobs, purpose: str, question: str, temperature: float, seed: int) -> str:
        """The simulation's reply to one of the task's own prompts."""
        shown = Seed("s", 0, question)
        prompt = {
            "answer": lambda: self.task.answer(question),
            "rephrase": lambda: self.task.rephrase(shown),
            "new-question": lambda: self.task.write_new_question(shown),
        }[purpose]()
        return reply(knobs, prompt.messages, temperature, seed)

    def written(self, knobs: Knobs, purpose: str, question: str, temperature: float, seed: int) -> str:
        """The question that a writer ask brings."""
        text = self.ask(knobs, purpose, question, temperature, seed)
        assert text.startswith("Question: ")
        return text.removeprefix("Question: ")

    def read_right(self, asked: Sequence[One]) -> float:
        """The share of questions that are read as they are meant, nothing injected."""
        return sum(map(self.reads_right, asked)) / len(asked)

    def answers_right(self, knobs: Knobs, asked: Sequence[One], temperature: float) -> float:
        """Answer augmentation: the share of right answers."""
        right = [
            self.agrees(knobs, one.question, temperature, place, self.meant(one))
            for place, one in enumerate(asked)
        ]
        return sum(right) / len(right)

    def rephrases_right(self, knobs: Knobs, asked: Sequence[One], temperature: float) -> float:
        """Question rephrase: the share of rephrasings that are answered as their seed is."""
        right = []
        for place, one in enumerate(asked):
            question = self.written(knobs, "rephrase", one.question, temperature, place)
            right.append(self.agrees(knobs, question, temperature, place, self.meant(one)))
        return sum(right) / len(right)

    def new_questions_right(self, knobs: Knobs, asked: Sequence[One], temperature: float) -> float:
        """New question: the share answered as the reader reads them; a misreading of its own goes unseen."""
        right = []
        for place, one in enumerate(asked):
            question = self.written(knobs, "new-question", one.question, temperature, place)
            reading = self.read_question(question)
            right.append(
                reading is not None and self.agrees(knobs, question, temperature, place, self.gist(reading))
            )
        return sum(right) / len(right)

    def milliseconds(self, purpose: str, questions: Sequence[str]) -> float:
        """CPU milliseconds of a reply in this process, HTTP left out."""
        self.read_question.cache_clear()
        started = time.process_time()
        for place, question in enumerate(questions):
            self.ask(Knobs(), purpose, question, 0.7, place)
        return 1000 * (time.process_time() - started) / len(questions)

    def lines_read(self, sets: dict[str, Sequence[One]]) -> Iterator[str]:
        """The table's lines on reading."""
        for name, asked in sets.items():
            yield f"| read right: {name} | {self.read_right(asked):.1%} |"

    def lines_right(self, skill: float, fresh: Sequence[One]) -> Iterator[str]:
        """The table's lines on labels at a skill."""
        for name, share in (
            ("answer-augmentation", self.answers_right),
            ("question-rephrase", self.rephrases_right),
            ("new-question", self.new_questions_right),
        ):
            value = share(Knobs(skill=skill), fresh[: self.asked], 0.7)
            yield f"| labels right at T 0.7, skill {skill:g}, drift 0.3: {name} | {value:.1%} |"

    def lines_spent(self, fresh: Sequence[One]) -> Iterator[str]:
        """The table's lines on time."""
        for purpose in ("answer", "rephrase", "new-question"):
            spent = self.milliseconds(purpose, [one.question for one in fresh[: self.asked]])
            yield f"| CPU ms a reply, HTTP left out: {purpose} | {spent:.2f} |"
