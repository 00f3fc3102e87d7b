"""Checks that ask: what further replies say of a candidate, beside the task's own check of its answer."""

from __future__ import annotations

import asyncio
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from tilth.seeds import Seed, Seeds
from tilth.strategies.base import Ask, Candidate, Passes, Reply, Role, State, Strategy, Unit, UnitCost
from tilth.strategies.structured import probe
from tilth.tasks.base import Prompt, Task, Verdict

if TYPE_CHECKING:
    from tilth.strategies.base import UnitResult
    from tilth.strategies.rounds import RoundStart
    from tilth.teacher import Teacher
    from tilth.teacher.client import ReplyFormat

EVIDENCE = "checks"
"""Where a row's `extra` keeps what its checks found, by their names."""

ColumnKind = Literal["count", "share", "number"]
"""What a column of a `Table` holds: how many, parts of a whole from 0 to 1, or other numbers."""

Tallied = Literal["value", "given"]
"""What of a field a check counts by: its value, where there are few; or whether it is there, and not null."""

_REPLY_FORMATS = "structured"


@dataclasses.dataclass(frozen=True, slots=True)
class CheckContext:
    """What a check looks with: the unit's asks, the task, the unit, and how replies are structured.

    Attributes:
        ask: Puts prompts to the models.
        task: How questions are put and answers compared.
        unit: The unit whose candidate is looked at.
        index: The candidate's place in it.
        reply_formats: How each role gives structured replies.

    Example:
        >>> passes = tilth.strategies.passes.SeedPasses(tuple(tilth.demo.seeds(3)), random_state=0)
        >>> task = tilth.tasks.get("numeric")
        >>> context = tilth.strategies.CheckContext(None, task, passes.unit(2), index=0, reply_formats={})
        >>> context.group
        '2:0'
    """

    ask: Ask
    task: Task
    unit: Unit
    index: int
    reply_formats: Mapping[Role, ReplyFormat]

    async def agree(self, key: str, one: str, other: str, question: str) -> bool:
        """Whether two replies to a question agree; found out once, and journalled under `key`."""

        async def agreed() -> bool:
            # in a thread, for it may wait for a worker process
            return (await asyncio.to_thread(self.task.check, one, other, question)).accepted

        same: bool = await self.ask.decide(key, agreed)
        return same

    @property
    def group(self) -> str:
        """A name for what is made of this candidate, unlike that of any other of the run."""
        return f"{self.unit.number}:{self.index}"


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Numbers that a check shows of what it found, in `run.quality` and the Quality tab.

    Attributes:
        title: What stands above it.
        columns: What each column holds, by its heading; a first one without a heading names the rows.
        rows: The values of each row, by its name: one for each column, None for what is not known.
        about: What they say, and what they do not, in a few words.

    Example:
        >>> from tilth.strategies.check import Table
        >>> table = Table("Politeness", {"rows": "count", "of all": "share"}, {"polite": (3, 0.75)})
        >>> table.to_json()["rows"]
        [{'name': 'polite', 'values': [3, 0.75]}]
    """

    title: str
    columns: Mapping[str, ColumnKind]
    rows: Mapping[str, Sequence[float | None]]
    about: str = ""

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON holds it, columns and rows in their order."""
        return {
            "title": self.title,
            "columns": [{"name": name, "kind": kind} for name, kind in self.columns.items()],
            "rows": [{"name": name, "values": list(values)} for name, values in self.rows.items()],
            "about": self.about,
        }


class Check(ABC):
    """A check that asks. Its options are the fields of the subclass, a frozen dataclass.

    It works in two steps, so that what was paid for can be checked anew: `look` asks, and notes in the
    candidate what it found; `verdict` says what follows from that, without asking. What it found in a whole
    run it counts itself, by `tallied` and `tally`. Others add checks through the entry point `tilth.checks`.

    Attributes:
        name: How users and files call it.
        title: How a control calls it.
        version: Raised whenever it would ask or find otherwise.
        structured: The role it asks for structured replies, or None.
        compares: Whether it compares answers with each other, which not every task can.
        once_a_group: Whether `tally` is given a finding once for all rows of a group, not for each.
        rejected_too: Whether it also looks at rows that are rejected already, which cannot change that.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Polite(tilth.Check):
        ...     '''Rejects the rows of a model that does not thank for their question.'''
        ...     name, title = "polite", "Polite"
        ...
        ...     def prompts(self, seed, task):
        ...         yield "teacher", self.prompt(seed.question)
        ...
        ...     def prompt(self, question):
        ...         message = {"role": "user", "content": f"Thank for: {question}"}
        ...         return tilth.tasks.Prompt((message,), "polite")
        ...
        ...     def cost(self, task):
        ...         return tilth.UnitCost(teacher=1)
        ...
        ...     async def look(self, candidate, context):
        ...         reply = await context.ask(self.prompt(candidate.question))
        ...         return [tilth.strategies.note(candidate, self, {"thanked": "thank" in reply.lower()})]
        ...
        ...     def verdict(self, found, before):
        ...         if found["thanked"]:
        ...             return before
        ...         return tilth.Verdict("rejected", before.answer, "nobody thanked", cause="impolite")
        >>> async def model(messages, **settings):
        ...     return "The answer is 5."
        >>> seeds = tilth.read_seeds([{"question": f"How much is {n} + 2?"} for n in range(3)], answer=None)
        >>> run = tilth.generate_sync(
        ...     seeds, "answer-augmentation", 6, teacher=tilth.Teacher(model), checks=[Polite()]
        ... )
        >>> run.rows["verdict"].to_list()
        ['rejected', 'rejected', 'rejected']
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int] = 1
    structured: ClassVar[Role | None] = None
    compares: ClassVar[bool] = False
    once_a_group: ClassVar[bool] = False
    rejected_too: bool = False

    @abstractmethod
    def cost(self, task: Task) -> UnitCost:
        """What a candidate typically and at most costs; `rows` counts for nothing."""

    @abstractmethod
    def prompts(self, seed: Seed, task: Task) -> Iterable[tuple[Role, Prompt]]:
        """Its longest prompts for a seed, replies aside: what reservations go by."""

    @abstractmethod
    async def look(self, candidate: Candidate, context: CheckContext) -> Sequence[Candidate]:
        """The candidate with what was found noted, and what else came of asking."""

    @abstractmethod
    def verdict(self, found: Mapping[str, Any], before: Verdict) -> Verdict:
        """What follows from what `look` found, after the checks before this one. Asks nothing.

        A verdict that is not "accepted" has a cause: one of `tilth.tasks.CAUSES`, or a word of the check's
        own, short, in lower case, with hyphens. Where what was asked could not be read, `unread` is right.
        """

    def models(self) -> Mapping[Role, Teacher]:
        """The models it brings with it."""
        return {}

    def identity(self) -> dict[str, Any]:
        """What decides what it asks, as JSON."""
        return {"name": self.name, "version": self.version, "options": self.options()}

    def options(self) -> dict[str, Any]:
        """Its fields that decide what it asks, as JSON."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def verdict_options(self) -> dict[str, Any]:
        """What else decides its verdicts, as JSON. Where it changes, stored rows are checked anew."""
        return {}

    @classmethod
    def restored(cls, options: Mapping[str, Any], verdict_options: Mapping[str, Any]) -> Self:
        """The check of these `options()` and `verdict_options()`, to read or verify a file with."""
        return cls(**options, **verdict_options)

    def tallied(self) -> Mapping[str, Tallied]:
        """The fields of what `look` found that `tally` goes by: their value, or whether they were given."""
        return {}

    def tally(self, found: Sequence[tuple[Mapping[str, Any], int]]) -> Sequence[Table]:
        """What is shown of a run's findings, in which order.

        Args:
            found: Each combination of what `tallied` names, and how many rows have it. Yes and no are 1 and
                0, lists and objects their JSON, and what is not there is None. A file may hold anything: what
                the check cannot have noted is to be left out.
        """
        return ()


def note(candidate: Candidate, check: Check, found: Mapping[str, Any]) -> Candidate:
    """The candidate with what `check` found.

    Example:
        >>> candidate = tilth.Candidate("How much is 2 + 3?", "5")
        >>> tilth.strategies.note(candidate, tilth.checks.Resolve(), {"agrees": True}).extra
        {'checks': {'re-solve': {'agrees': True}}}
    """
    evidence = {**candidate.extra.get(EVIDENCE, {}), check.name: dict(found)}
    return replace(candidate, extra={**candidate.extra, EVIDENCE: evidence})


def unread(before: Verdict, problem: str) -> Verdict:
    """The verdict where a check's own reply could not be read: an accepted row stays so, no row is rejected.

    Example:
        >>> before = tilth.Verdict("unverified", "5", "no reference", "no-reference")
        >>> tilth.strategies.unread(before, "judge: no JSON object").cause
        'malformed'
    """
    if before.verdict != "unverified":
        return before
    return replace(before, reason=problem, cause="malformed")


def verdict_after(checks: Sequence[Check], extra: Mapping[str, Any], verdict: Verdict) -> Verdict:
    """The verdict after all checks; what an earlier one rejected stays rejected."""
    found = extra.get(EVIDENCE, {})
    for check in checks:
        if verdict.verdict == "rejected":
            break
        if check.name in found:
            verdict = check.verdict(found[check.name], verdict)
    return verdict


class Checked(Strategy):
    """A strategy whose candidates go through checks that ask, in order.

    Args:
        strategy: What grows the candidates.
        checks: What looks at them. One of each kind, at most.

    Raises:
        ValueError: Two checks of one kind.
    """

    def __init__(self, strategy: Strategy, checks: Sequence[Check]) -> None:
        names = [check.name for check in checks]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(
                f"checks: {', '.join(sorted(twice))} stands there more than once; give each once"
            )
        self.strategy, self.checks = strategy, tuple(checks)
        for trait in ("name", "title", "version", "needs", "nested", "ingredients", "begins_as"):
            setattr(self, trait, getattr(strategy, trait))

    def identity(self) -> dict[str, Any]:
        """The strategy's, and its checks'."""
        return {**self.strategy.identity(), "checks": [check.identity() for check in self.checks]}

    def models(self) -> Mapping[Role, Teacher]:
        """The strategy's, and its checks'."""
        found = dict(self.strategy.models())
        for check in self.checks:
            found |= check.models()
        return found

    def prompts(self, seed: Seed, task: Task) -> Iterable[tuple[Role, Prompt]]:
        """The strategy's, and its checks'."""
        yield from self.strategy.prompts(seed, task)
        for check in self.checks:
            yield from check.prompts(seed, task)

    def cost(self, task: Task) -> UnitCost:
        """The strategy's, and its checks' for every row."""
        return self._with_checks(self.strategy.cost(task), task)

    def unit_cost(self, unit: Unit, task: Task) -> UnitCost:
        """The strategy's for this unit, and its checks' for every row."""
        return self._with_checks(self.strategy.unit_cost(unit, task), task)

    def _with_checks(self, cost: UnitCost, task: Task) -> UnitCost:
        rows = cost.rows
        for check in self.checks:
            cost = cost.plus(check.cost(task), rows)
        return cost

    async def prepare(self, seeds: Seeds, ask: Ask, task: Task) -> State:
        """The strategy's own; and how each model that is asked for structured replies gives them."""
        inner = await self.strategy.prepare(seeds, ask, task)
        roles = dict.fromkeys(check.structured for check in self.checks if check.structured)
        return {"inner": inner, _REPLY_FORMATS: {role: await probe(ask, role) for role in roles}}

    async def before_round(self, seeds: Seeds, start: RoundStart, state: State, task: Task) -> State:
        """The strategy's own."""
        inner = await self.strategy.before_round(seeds, start, state["inner"], task)
        return {**state, "inner": inner}

    def units(
        self, seeds: Seeds, round: int, state: State, results: Sequence[UnitResult], passes: Passes
    ) -> Iterable[Unit]:
        """The strategy's, each with what preparing found."""
        for unit in self.strategy.units(seeds, round, state["inner"], results, passes):
            yield replace(unit, data={**unit.data, _REPLY_FORMATS: state[_REPLY_FORMATS]})

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        """The strategy's candidates, each after all checks."""
        index = 0
        async for candidate in self.strategy.grow(unit, ask, task):
            context = CheckContext(ask, task, unit, index, unit.data[_REPLY_FORMATS])
            for looked in await self._through(candidate, context):
                yield looked
            index += 1

    async def _through(self, candidate: Candidate, context: CheckContext) -> list[Candidate]:
        """The candidate after all checks, and what they made of it. Only it goes on to the next check.

        The first rejection ends it, but for checks that look at rejected rows too.
        """
        if isinstance(candidate.response, Reply) and candidate.response.problem:
            return [candidate]  # it is rejected as it is
        beside: list[Candidate] = []
        rejected = False
        for place, check in enumerate(self.checks):
            if not check.rejected_too:
                rejected = rejected or await self._rejected(candidate, place, context)
                if rejected:
                    continue
            candidate, *others = await check.look(candidate, context)
            beside += others
        return [candidate, *beside]

    async def _rejected(self, candidate: Candidate, place: int, context: CheckContext) -> bool:
        """Whether the task, or a check before that `place`, rejects the candidate.

        Journalled, for a verdict may turn out otherwise later: by another threshold or other databases.
        """

        async def found() -> bool:
            given = candidate.response, candidate.reference, candidate.question
            verdict = context.task.check_at_once(*given)
            if verdict is None:
                verdict = await asyncio.to_thread(context.task.check, *given)
            return verdict_after(self.checks[:place], candidate.extra, verdict).verdict == "rejected"

        key = f"rejected before {self.checks[place].name} {context.index}"
        rejected: bool = await context.ask.decide(key, found, older=False)
        return rejected


def with_checks(strategy: Strategy, checks: Sequence[Check]) -> Strategy:
    """The strategy, its rows going through these checks."""
    return Checked(strategy, checks) if checks else strategy
