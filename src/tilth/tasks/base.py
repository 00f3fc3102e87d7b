"""What a task is: how a question is put, how an answer is read and how it is checked."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from tilth.seeds import Seed
from tilth.tasks.likeness import question_key
from tilth.tasks.question_ends import tells_answer

Message = Mapping[str, str]
"""One chat message: `role` ("system", "user" or "assistant") and `content`."""

VerdictName = Literal["accepted", "rejected", "unverified"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages for one ask, and how to read the reply.

    Attributes:
        messages: The messages to send, without the teacher's own system prompt.
        purpose: What the ask is for, for journals and charts: "answer", "rephrase", "new-question", ...
        read: Takes the reply's text (reasoning in `<think>` tags removed) to what the strategy wants;
            raises `Unreadable`. None hands the reply on whole, reasoning included.
        response_format: A response format as the OpenAI API takes it, or None.
        tentative: Whether the endpoint may be unable to take this form of request: repeated answers of
            status 500 then count as a refusal, as some servers give them instead of a 400.
        read_cut_off: Takes the text of a reply that reached its limit before its end to what the strategy
            wants; raises `Unreadable` unless that is surely whole. None: no such reply can be read.

    Example:
        >>> prompt = tilth.tasks.get("numeric").answer("How much is 2 + 3?")
        >>> prompt.purpose, prompt.messages[-1]["role"]
        ('answer', 'user')
    """

    messages: tuple[Message, ...]
    purpose: str
    read: Callable[[str], str] | None = None
    response_format: Mapping[str, Any] | None = None
    tentative: bool = False
    read_cut_off: Callable[[str], str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a text.

    Attributes:
        answer: The answer in the task's normal form, or None where nothing could be read.
        span: Start and end, in characters of the text, of the part that was read.
        reason: Why nothing was read, in a few words, where `answer` is None.
        cause: The same in a word for machines; one of `tilth.tasks.CAUSES`, or the task's own.

    Example:
        >>> tilth.tasks.get("numeric").read("So it is $18.").answer
        '18'
    """

    answer: str | None
    span: tuple[int, int] | None = None
    reason: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of a reply.

    Attributes:
        verdict: "accepted", "rejected" or "unverified" (nothing could tell).
        answer: The answer that was read, in the task's normal form, or None.
        reason: Why it is not accepted, or what makes little of it that it is, in a few words for people,
            which nothing depends on.
        cause: The same in a word for machines: one of `tilth.tasks.CAUSES`, or a check's own.
        score: 0 to 1 where the check gives one.
        span: The part of the reply that was read, as in `Reading`.

    Example:
        >>> verdict = tilth.check("The answer is 17.", reference="18")
        >>> verdict.verdict, verdict.reason
        ('rejected', '17 is not 18')
    """

    verdict: VerdictName
    answer: str | None = None
    reason: str | None = None
    cause: str | None = None
    score: float | None = None
    span: tuple[int, int] | None = None

    @property
    def accepted(self) -> bool:
        """Whether the reply agreed with the reference."""
        return self.verdict == "accepted"


def shortened(text: str) -> str:
    """A text as a reason quotes it: at most 60 characters."""
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True)
class Task(ABC):
    """How questions of one kind are put, read and checked.

    A task is pure: the same text gives the same reading and verdict, in any process. Its prompts are
    templates a user can read (`task.prompts`) and replace (`Numeric(prompts={"answer": "..."})`).

    Attributes:
        prompts: Template by purpose ("answer", "rephrase", "new-question"), with `{question}` where
            the question goes.

    Example:
        >>> task = tilth.tasks.get("numeric")
        >>> task.read("2 + 3 = 5. The answer is 5.").answer
        '5'
        >>> task.check("The answer is 6.", "5").reason
        '6 is not 5'
    """

    name: ClassVar[str]
    version: ClassVar[int]
    prompts: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @property
    def comparable(self) -> bool:
        """Whether two replies can be compared with each other, as agreement needs it."""
        return True

    @abstractmethod
    def answer(self, question: str) -> Prompt:
        """The prompt that asks for a full answer to `question`."""

    @abstractmethod
    def rephrase(self, seed: Seed) -> Prompt:
        """The prompt that asks for the seed's question in other words; its reply reads to a question."""

    @abstractmethod
    def write_new_question(self, seed: Seed) -> Prompt:
        """The prompt that asks for a new question of the seed's kind; its reply reads to a question."""

    @abstractmethod
    def read(self, text: str, question: str | None = None) -> Reading:
        """Reads the answer from a reply or a reference. Never raises, whatever the text.

        `question` is the question as it was put, for tasks whose answers cannot be read without it.
        """

    @abstractmethod
    def check(self, response: str, reference: str | None, question: str | None = None) -> Verdict:
        """Compares a reply with a reference. Never raises, and ends within the task's own time limit.

        A verdict that is not "accepted" has a cause and a reason.
        """

    def check_at_once(
        self, response: str, reference: str | None, question: str | None = None
    ) -> Verdict | None:
        """What `check` says, where it is found within milliseconds and without waiting; else None.

        It spares a verdict the way to a thread, which costs more than most verdicts do.
        """
        return None

    def fault(self, seed: Seed) -> str | None:
        """Why this task cannot take the seed, in a line that says what to do, or None."""
        return None

    def put(self, seed: Seed, rng: random.Random) -> Seed:
        """The seed as one unit puts it: as it is, unless a task words or orders it anew. Draws from `rng`."""
        return seed

    def key(self, question: str) -> str:
        """What is the same of two questions that say the same: case, spacing and punctuation aside."""
        return question_key(question)

    def tells_answer(self, question: str) -> bool:
        """Whether a written question states its answer behind what it asks."""
        return tells_answer(question)

    def identity(self) -> dict[str, Any]:
        """What of this task decides what is asked, as JSON."""
        return {"name": self.name, "version": self.version, "prompts": dict(self.prompts)}

    def verdict_options(self) -> dict[str, Any]:
        """What else decides verdicts, as JSON. Where it changes, stored rows are checked anew."""
        return {}

    def not_rerun(self, verdict_options: Mapping[str, Any]) -> str | None:
        """What verdicts by these options had run, and this task does not, in a word; None where nothing."""
        return None

    @classmethod
    def restored(cls, identity: Mapping[str, Any], verdict_options: Mapping[str, Any]) -> Self:
        """The task that has this `identity()` and these `verdict_options()`, to read or verify a file with.

        One that would run or open what the file names is restored so that it does not: the file may be a
        stranger's.

        Raises:
            ValueError, TypeError, KeyError: It cannot be made from its identity alone.
        """
        return cls(prompts=identity["prompts"])
