"""A model for the tests of checks: it answers by a rule of the test's own, and keeps what it was asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tilth
from tilth.seeds import Seeds
from tilth.teacher import CallError
from tilth.teacher.call_error import CallErrorKind

Rule = Callable[[str, int], str]
"""Takes a prompt's last message and how often it was asked before; gives the reply."""


class Scripted:
    """Replies by its rule.

    Attributes:
        asked: The messages of every completed call.
        formats: Their response formats, None where there was none.
    """

    def __init__(
        self, rule: Rule, *, takes_schema: bool = True, refused: Mapping[str, int] | None = None
    ) -> None:
        """`refused` has the status that each type of response format is answered with."""
        self.rule, self.takes_schema, self.refused = rule, takes_schema, dict(refused or {})
        self.asked: list[Sequence[Mapping[str, str]]] = []
        self.formats: list[Mapping[str, Any] | None] = []
        self._times: Counter[str] = Counter()

    async def __call__(
        self,
        messages: Sequence[Mapping[str, str]],
        response_format: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> str:
        if response_format is not None and not self.takes_schema:
            raise CallError("response_format is not supported", kind="bad-request", status=400)
        if response_format is not None and (status := self.refused.get(response_format["type"])):
            kind: CallErrorKind = "bad-request" if status < 500 else "server"
            raise CallError("Input should be 'text'", kind=kind, status=status)
        last = messages[-1]["content"]
        before = self._times[last]
        self._times[last] += 1
        self.asked.append(messages)
        self.formats.append(response_format)
        return self.rule(last, before)

    def count(self, word: str) -> int:
        """Completed calls whose last message holds `word`."""
        return sum(word in messages[-1]["content"] for messages in self.asked)


def asked_number(prompt: str) -> int:
    """The number in the question of `seeds`."""
    found = re.search(r"Count (\d+)", prompt)
    assert found, prompt
    return int(found[1])


def seeds(count: int = 4, *, references: bool = False) -> Seeds:
    """Questions "Count 0?", "Count 1?" ..., with the number itself for an answer."""
    records = [{"question": f"Count {i}?", "answer": str(i)} for i in range(count)]
    return tilth.read_seeds(records, answer="answer" if references else None, name="counts")


def grow(
    model: Scripted,
    checks: Sequence[Any],
    *,
    count: int = 4,
    budget: int = 100,
    references: bool = False,
    **options: Any,
) -> tilth.Run:
    """One pass of answers over the seeds, their rows going through `checks`."""
    given = {"teacher": tilth.Teacher(model, concurrency=1), "path": "run.tilth", "checks": checks}
    return tilth.generate_sync(seeds(count, references=references), OnePass(), budget, **{**given, **options})


class OnePass(tilth.Strategy):
    """Answers every seed once."""

    name = "test-one-pass"
    title = "One pass"

    def cost(self, task: Any) -> tilth.UnitCost:
        return tilth.UnitCost(teacher=1)

    def units(self, seeds: Seeds, round: int, state: Any, results: Any, passes: Any) -> Any:
        return [passes.unit(number) for number in range(len(seeds))] if round == 0 else ()

    async def grow(self, unit: Any, ask: Any, task: Any) -> Any:
        seed = unit.seed
        yield tilth.Candidate(seed.question, await ask(task.answer(seed.question)), seed.reference)
