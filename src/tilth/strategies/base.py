"""The contract a strategy keeps: a short coroutine that asks, and yields candidates."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self

from tilth.options import fields
from tilth.seeds import Seed, Seeds
from tilth.tasks.base import Message, Prompt, Task

if TYPE_CHECKING:
    from tilth.strategies.check import Check
    from tilth.strategies.rounds import RoundStart
    from tilth.tasks.causes import Why
    from tilth.teacher import Teacher

Role = Literal["teacher", "writer", "judge", "student"]
"""Who is asked. A student is asked by a study, and never inside a unit."""
ROLES: tuple[Role, ...] = ("writer", "teacher", "judge")
"""In the order in which a unit typically asks them: what a later one is shown holds earlier replies."""
Ingredient = Literal["answers", "rephrases", "new questions"]
"""What rows are made of: answers to the seeds' own questions, to rephrased ones, or to new ones."""
INGREDIENTS: tuple[Ingredient, ...] = ("answers", "rephrases", "new questions")
State = Any
"""What `prepare` hands to later hooks: anything that JSON can hold."""


class Reply(str):
    """A reply as a strategy sees it: its text, and whether it is of use.

    Attributes:
        problem: Why it cannot be used (cut off, refused, empty ...), in a few words, or None.
        cause: The same in a word for machines, one of `tilth.tasks.CAUSES`, or None.
        doubt: What speaks against it though it can be used, or None: told where it is found to be wrong.

    Example:
        >>> reply = tilth.strategies.Reply("The answer is", "cut off at the reply limit", "cut-off")
        >>> reply.split()[0], reply.problem
        ('The', 'cut off at the reply limit')
    """

    __slots__ = ("cause", "doubt", "problem")
    problem: str | None
    cause: str | None
    doubt: Why | None

    def __new__(
        cls, text: str, problem: str | None = None, cause: str | None = None, doubt: Why | None = None
    ) -> Self:
        reply = super().__new__(cls, text)
        reply.problem, reply.cause, reply.doubt = problem, cause, doubt
        return reply


@dataclass(frozen=True, slots=True)
class UnitCost:
    """What one unit costs and yields.

    Attributes:
        teacher: Queries to the teacher, typically.
        writer: Queries to the writer, typically.
        rows: Rows a unit yields, at most.
        most_teacher: Most queries to the teacher; `teacher` where not given.
        most_writer: Most queries to the writer; `writer` where not given.
        judge: Queries to the judge, typically.
        most_judge: Most queries to the judge; `judge` where not given.

    Example:
        >>> cost = tilth.UnitCost(writer=1, teacher=1, rows=1)
        >>> cost.queries, cost.most_queries
        (2, 2)
    """

    teacher: int = 0
    writer: int = 0
    rows: int = 1
    most_teacher: int | None = None
    most_writer: int | None = None
    judge: int = 0
    most_judge: int | None = None

    def typical(self, role: Role) -> int:
        """The queries a unit typically puts to `role`."""
        typical: int = getattr(self, role)
        return typical

    def most(self, role: Role) -> int:
        """The most queries a unit may put to `role`."""
        most: int | None = getattr(self, f"most_{role}")
        return self.typical(role) if most is None else most

    @property
    def queries(self) -> int:
        """Queries a unit typically takes."""
        return sum(self.typical(role) for role in ROLES)

    @property
    def most_queries(self) -> int:
        """The most queries a unit may take."""
        return sum(self.most(role) for role in ROLES)

    def plus(self, other: UnitCost, times: int = 1) -> UnitCost:
        """This and `other` so many times over, with the rows of this."""
        return UnitCost(
            teacher=self.teacher + times * other.teacher,
            writer=self.writer + times * other.writer,
            rows=self.rows,
            most_teacher=self.most("teacher") + times * other.most("teacher"),
            most_writer=self.most("writer") + times * other.most("writer"),
            judge=self.judge + times * other.judge,
            most_judge=self.most("judge") + times * other.most("judge"),
        )


@dataclass(frozen=True)
class Unit:
    """One piece of work: a seed, or a few, grown once.

    Attributes:
        number: Place in the run's order, from 0; pass x seeds + position.
        seeds: The seeds it grows.
        passing: Which pass over the seeds it belongs to, from 0.
        round: Which round it belongs to, from 0.
        drawn: What its `rng` is seeded with, drawn from (random_state, number).
        data: What a strategy's own `units` wants to tell its `grow`; JSON.

    Example:
        >>> passes = tilth.strategies.passes.SeedPasses(tuple(tilth.demo.seeds(10)), random_state=0)
        >>> unit = passes.unit(12)  # the third of the second time over ten seeds
        >>> unit.passing, len(unit.seeds)
        (1, 1)
    """

    number: int
    seeds: tuple[Seed, ...]
    passing: int
    round: int
    drawn: int
    data: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def rng(self) -> random.Random:
        """Its only source of randomness."""
        return random.Random(self.drawn)

    @property
    def seed(self) -> Seed:
        """The first seed; the only one, for most strategies."""
        return self.seeds[0]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a unit yields: a question and a response, to be checked.

    Attributes:
        question: The question of the training example.
        response: The reply that answers it.
        reference: What the check compares with; None where nothing is known.
        messages: The whole conversation, for examples of more than one turn.
        group: Names rows that belong together, such as several answers to one question.
        parents: Ids of the seeds it came from; the unit's own seeds where not given.
        score: 0 to 1, where the strategy has one.
        extra: Anything else worth keeping; JSON.

    Example:
        >>> tilth.Candidate("How much is 2 + 3?", "2 + 3 = 5. The answer is 5.").reference is None
        True
    """

    question: str
    response: str
    reference: str | None = None
    messages: tuple[Message, ...] | None = None
    group: str | None = None
    parents: tuple[str, ...] | None = None
    score: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Ask(Protocol):
    """Puts prompts to models for one unit. Durable: a journalled reply is returned and nothing is spent.

    Example:
        >>> class Twice(tilth.Strategy):
        ...     '''Answers every seed twice.'''
        ...     name, title = "twice", "Two answers"
        ...
        ...     def cost(self, task):
        ...         return tilth.UnitCost(teacher=2, rows=2)
        ...
        ...     async def grow(self, unit, ask, task):
        ...         for reply in await ask.many(task.answer(unit.seed.question), 2):
        ...             yield tilth.Candidate(unit.seed.question, reply, unit.seed.reference)
        >>> run = tilth.generate_sync(tilth.demo.seeds(5), Twice(), 10, teacher=tilth.demo.teacher())
        >>> run.rows.height
        10
    """

    async def __call__(self, prompt: Prompt, role: Role = "teacher") -> Reply:
        """The reply to `prompt`, read as the prompt says.

        Raises:
            Unreadable: It cannot be read so.
            UnitFailed: The endpoint refused the request for good.
        """
        ...

    async def many(self, prompt: Prompt, k: int, role: Role = "teacher") -> list[Reply]:
        """`k` replies to the same prompt, in order of asking. Each is a query of its own."""
        ...

    def structured(self, role: Role) -> str | None:
        """How that role's model gives structured replies, as `Teacher(structured=...)` says; else None."""
        ...

    async def decide(self, key: str, fn: Callable[[], Awaitable[Any]], *, older: Any = None) -> Any:
        """The JSON result of `fn`, run once and journalled under `key`; a resume reads it.

        `fn` may ask; what it asked is not asked again either. `older` is what a finished unit is taken to
        have decided whose journal lacks `key`, for it is of a version that did not decide this; None if none.
        """
        ...


@dataclass(frozen=True, slots=True)
class UnitResult:
    """How a unit ended, as later rounds see it: its number, outcome and rows.

    Example:
        >>> result = tilth.strategies.UnitResult(number=0, outcome="grown", rows=({"verdict": "accepted"},))
        >>> sum(row["verdict"] == "accepted" for row in result.rows)
        1
    """

    number: int
    outcome: str
    rows: tuple[Mapping[str, Any], ...]


class Strategy(ABC):
    """A way to grow rows from seeds.

    A strategy knows nothing of budgets, retries, limits, journals or widgets; `ask` does all that.
    Randomness comes only from `unit.rng`; no clock, no global. Options are the fields of the subclass,
    a frozen dataclass, and are part of a run's identity.

    Attributes:
        name: How users call it.
        title: How a control or a chart calls it.
        version: Raised whenever its rows would change.
        needs: Columns its seeds must have: "question", "reference" where it cannot do without, and the names
            in `Seed.extra` that it reads itself, which are then not told as columns that no prompt holds.
        nested: Whether a smaller budget's rows are a prefix of a larger budget's.
        ingredients: What its rows are made of from ratio 1 on, in shares that add up to 1: how alike the
            curves of two strategies are believed to be before they are measured. Nothing: not known.
        begins_as: The name of the strategy that it is until every seed is grown once; None: of none.
        by_name: Whether its name is enough to have it: False where an option must be given.

    Example:
        >>> class Shorter(tilth.Strategy):
        ...     '''Answers every seed, and asks for few words.'''
        ...     name, title = "shorter", "Shorter answers"
        ...
        ...     def cost(self, task):
        ...         return tilth.UnitCost(teacher=1)
        ...
        ...     async def grow(self, unit, ask, task):
        ...         question = unit.seed.question + " Answer in few words."
        ...         reply = await ask(task.answer(question))
        ...         yield tilth.Candidate(unit.seed.question, reply, unit.seed.reference)
        >>> run = tilth.generate_sync(tilth.demo.seeds(10), Shorter(), 10, teacher=tilth.demo.teacher())
        >>> run.rows.height
        10
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[str]] = frozenset({"question"})
    nested: ClassVar[bool] = True
    ingredients: ClassVar[Mapping[Ingredient, float]] = {}
    begins_as: ClassVar[str | None] = None
    by_name: ClassVar[bool] = True
    checks: Sequence[Check] = ()
    """Checks that ask, which its candidates go through; see `Checked`."""

    def identity(self) -> dict[str, Any]:
        """What of this strategy decides a run's rows, as JSON."""
        return {"name": self.name, "version": self.version, "options": fields(self)}

    def models(self) -> Mapping[Role, Teacher]:
        """The models it brings with it, by role; teacher and writer are the run's."""
        return {}

    def prompts(self, seed: Seed, task: Task) -> Iterable[tuple[Role, Prompt]]:
        """The longest prompts it may put for a seed, earlier replies aside: what reservations go by."""
        for prompt in (task.answer(seed.question), task.rephrase(seed), task.write_new_question(seed)):
            yield "writer", prompt
            yield "teacher", prompt

    @abstractmethod
    def cost(self, task: Task) -> UnitCost:
        """What a unit typically and at most costs, for plans and reservations."""

    @abstractmethod
    def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        """Grows one unit: asks, and yields candidates."""

    def unit_cost(self, unit: Unit, task: Task) -> UnitCost:
        """What this unit costs, where units differ."""
        return self.cost(task)

    async def prepare(self, seeds: Seeds, ask: Ask, task: Task) -> State:
        """Work before the first round; its asks and decisions are journalled as unit -1."""
        return None

    async def before_round(self, seeds: Seeds, start: RoundStart, state: State, task: Task) -> State:
        """The state for the round that `start` tells of, from what earlier rounds gave.

        What it draws, trains or chooses goes through `start.decide`, so that a resume reads it.
        """
        return state

    def units(
        self, seeds: Seeds, round: int, state: State, results: Sequence[UnitResult], passes: Passes
    ) -> Iterable[Unit]:
        """The units of a round. Empty ends the run; a round is a barrier.

        The default is one endless round of passes: every seed once in a drawn order, then again.
        """
        return passes.units() if round == 0 else ()


class Passes(Protocol):
    """The order that all strategies of a replicate share.

    Example:
        >>> Answers = tilth.strategies.available()["answer-augmentation"]
        >>> class Once(Answers):
        ...     '''Answers every seed once, and has no more units.'''
        ...     name, title = "once", "One answer"
        ...
        ...     def units(self, seeds, round, state, results, passes):
        ...         return [passes.unit(number) for number in range(len(seeds))] if round == 0 else ()
        >>> run = tilth.generate_sync(tilth.demo.seeds(5), Once(), 100, teacher=tilth.demo.teacher())
        >>> run.progress.reason
        'the strategy has no more units'
    """

    def units(self) -> Iterable[Unit]:
        """Endless: pass p is a permutation of the seeds drawn from (random_state, p)."""
        ...

    def unit(self, number: int, *, round: int = 0, data: Mapping[str, Any] | None = None) -> Unit:
        """The unit of that number, for strategies that make their own rounds."""
        ...
