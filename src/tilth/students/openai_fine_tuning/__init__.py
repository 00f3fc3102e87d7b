"""A student that an endpoint trains: rows to a fine-tuning job, and the tuned model is measured."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tilth.arguments import of_kind
from tilth.engine.budget import Amount
from tilth.engine.file.format.digests import digest
from tilth.errors import StudentError, TeacherError
from tilth.students.asking import AskingStudent, Done, PaidWork, Unbilled
from tilth.students.base import examples
from tilth.students.openai_fine_tuning.api import open_api, refuse_without_api
from tilth.students.openai_fine_tuning.tuning import Tuning, cancelled, failure_of, tokens_of, tuned
from tilth.teacher import CallError, Price, Teacher, prices

if TYPE_CHECKING:
    import polars as pl

    from tilth.tasks.base import Task

__all__ = ["OpenAIFineTuning"]

_SLACK = 64
"""Tokens that a chat format may add to each row."""
_CHARACTERS_PER_TOKEN = 4
_MOST_EPOCHS = 50
_LONGEST_SUFFIX = 18
"""Characters that every model takes."""
_SEEDS = 1 << 31
_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class OpenAIFineTuning(AskingStudent):
    """A model that is trained on rows by the OpenAI fine-tuning API, at any `base_url` that has it.

    A cell's rows are uploaded as conversations, one job trains on them, and the tuned model is asked the test
    questions at temperature 0. Without rows the model itself is asked. Cells of the same rows share a job; up
    to four are at work at once. That a job is about to be created stands in the study's file before it is, so
    a restart finds the job again and never starts a second. A study that is stopped or aborted leaves it
    running, and says so.

    Attributes:
        model: The model that is trained, as a `tilth.Teacher` with its key; it needs no `price`.
        epochs: How often the rows are gone through: a fixed number, so that the price is known before.
        training_price: US dollars per million trained tokens, as your endpoint's price list has it; None for
            unknown, with which `student_budget` can have no limit in dollars.
        answer_price: What the tuned model's tokens cost; looked up in `genai-prices`, unless given.
        suffix: Put into the tuned model's name.

    Raises:
        StudentError: No model, or an option that cannot be meant.

    Example:
        >>> student = tilth.students.OpenAIFineTuning(
        ...     tilth.Teacher("gpt-4o-mini-2024-07-18", api_key="a key"),
        ...     epochs=2,
        ...     training_price=3.0,
        ... )
        >>> test = tilth.demo.questions("same", "test").head(20)
        >>> grid = {"strategies": ["new-question"], "ratios": [4], "replicates": 1, "test": test}
        >>> planned = tilth.plan_study(
        ...     tilth.demo.seeds(20), teacher=tilth.demo.teacher(), student=student, **grid
        ... )
        >>> planned.student.queries, 0 < planned.student.usd < 1
        (21, True)
    """

    name = "openai-fine-tuning"
    about = (
        "A model that its endpoint trains on the rows. It shows what they teach a real model, for its price."
    )
    cost = "Trained tokens times epochs at the endpoint's price, and a query for each test question."
    priced_by = "training_price=…, dollars per million trained tokens, and answer_price=tilth.Price(…)"
    model: Teacher | None = None
    epochs: int = 3
    training_price: float | None = None
    answer_price: Price | None = None
    suffix: str = "tilth"

    def __post_init__(self) -> None:
        refuse_without_api(_given(self.model))
        if type(self.epochs) is not int or not 1 <= self.epochs <= _MOST_EPOCHS:
            raise StudentError(f"epochs={self.epochs!r}: give a whole number from 1 to {_MOST_EPOCHS}")
        suffix = self.suffix
        fits = type(suffix) is str and 0 < len(suffix) <= _LONGEST_SUFFIX
        if not (fits and suffix.isascii() and suffix.isprintable()):
            raise StudentError(f"suffix={suffix!r}: give 1 to {_LONGEST_SUFFIX} plain characters")
        if self.training_price is not None:
            self._trained_at()
        if self.answer_price is not None:
            of_kind(self.answer_price, Price, "answer_price", "what tilth.Price(…) gives")

    @cached_property
    def asked(self) -> Teacher:
        """The model before it is trained, at temperature 0."""
        return _given(self.model).greedy()

    @cached_property
    def learnt(self) -> Teacher:
        """A tuned model, by its price."""
        return self._tuned(f"ft:{self.asked.name}:tilth::tilth")

    def options(self) -> dict[str, Any]:
        """The model by its name, the epochs, and what else decides answers; no price."""
        told = self.asked.identity()
        usual = {"model": None, "system": None, "sampling": {"temperature": 0.0}}
        others = {name: value for name, value in told.items() if value != usual.get(name)}
        return {**others, "epochs": self.epochs}

    def learning(self, rows: pl.DataFrame, task: Task) -> tuple[int, Price | None] | None:
        """Trained tokens, from four characters each, times epochs."""
        size = sum(map(_size, self._conversations(rows, task)))
        return round(self.epochs * size / _CHARACTERS_PER_TOKEN), self._trained_at()

    async def learn(self, rows: pl.DataFrame, random_state: int, task: Task, work: PaidWork) -> Teacher:
        """The tuned model, once its job is over; what it costs is reserved before it is created.

        Raises:
            StudentError: The job failed, or the endpoint has no such API.
            TeacherError: The endpoint refuses the key, the file or the job.
            EndpointUnavailable: It gives nothing but failures.
        """
        conversations = await asyncio.to_thread(self._conversations, rows, task)
        if not conversations:
            return self.asked
        data = "".join(
            json.dumps({"messages": one}, ensure_ascii=False) + "\n" for one in conversations
        ).encode("utf-8", "replace")
        what = {
            "model": self.asked.name,
            "seed": random_state % _SEEDS,
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": self.epochs}}},
        }
        body = {**what, "suffix": self.suffix}  # a name decides nothing: under another the job is the same
        request = {**what, "rows": len(conversations), "data": hashlib.sha256(data).hexdigest()}
        price = self._trained_at()
        size = self.epochs * sum(len(json.dumps(one).encode()) + _SLACK for one in conversations)

        async def do(begun: bool, earlier: int) -> Done:
            tag = digest([work.study_id, request, earlier])[:32]
            async with AsyncExitStack() as stack:
                try:
                    api = await stack.enter_async_context(open_api(self.asked))
                except (StudentError, TeacherError) as error:
                    if begun:
                        raise
                    raise Unbilled from error
                job = await tuned(api, Tuning(tag, data, body, begun), work)
                failure = failure_of(job, api.where)
            found = {"job": job.id, "status": job.told, "model": job.model, "tokens": job.tokens}
            nano = price.nano_dollars(job.tokens or 0, 0) if price else 0
            # who cancelled one that a stopped study had left, and goes on with it, wants another
            again = begun and job.stage == "cancelled"
            return Done(json.dumps(found), tokens_of(job), nano, job.model, failure, again)

        worst = Amount(1, size, price.nano_dollars(size, 0) if price else 0)
        told = json.loads(await work.once("fine-tuning", request, worst, do))
        return self._tuned(str(told["model"]))

    def cancel(self, job: str) -> str:
        """Cancels a job at the endpoint, such as one that a stopped study left running; gives its status.

        A study whose job was cancelled starts another when it goes on.

        Raises:
            TeacherError: The endpoint refuses it, or cannot be reached.
        """
        of_kind(job, str, "job", "a job's id, such as a stopped study says it")

        async def work() -> str:
            async with open_api(self.asked) as api:
                return (await cancelled(api, job)).told

        try:
            with ThreadPoolExecutor(1) as thread:  # the caller may have a loop that is running
                return thread.submit(asyncio.run, work()).result()
        except (CallError, TimeoutError) as error:
            raise TeacherError(f"job {job} could not be cancelled: {error}") from error

    def _tuned(self, name: str) -> Teacher:
        base = self.asked
        where = base.address or ""
        price = self.answer_price or prices.find(name, where)
        if price is None and where != _OPENAI:  # most others ask the same for a tuned model
            price = base.price()
        return base.tuned(name, price)

    def _trained_at(self) -> Price | None:
        if self.training_price is None:
            return None
        try:
            return Price(prompt=Decimal(str(self.training_price)), completion=Decimal(0))
        except (TypeError, ValueError, ArithmeticError) as error:
            raise StudentError(
                f"training_price={self.training_price!r}: give US dollars per million trained tokens"
            ) from error

    def _conversations(self, rows: pl.DataFrame, task: Task) -> list[Sequence[dict[str, str]]]:
        """Each row as the model is asked it, with its response."""
        found: list[Sequence[dict[str, str]]] = []
        for question, response in examples(rows):
            if question.strip() and response.strip():
                asked = self.asked.request(task.answer(question))["messages"]
                found.append([*asked, {"role": "assistant", "content": response}])
        return found


def _size(conversation: Sequence[dict[str, str]]) -> int:
    return sum(len(message["content"]) for message in conversation)


def _given(model: Teacher | None) -> Teacher:
    if model is None:
        raise StudentError(
            "student 'openai-fine-tuning' needs a model to train: "
            'tilth.students.OpenAIFineTuning(tilth.Teacher("gpt-4.1-mini-2025-04-14"), training_price=…)'
        )
    given: Teacher = of_kind(
        model, Teacher, "model", 'a tilth.Teacher, such as tilth.Teacher("gpt-4.1-mini-2025-04-14")'
    )
    return given
