"""A check as another package brings it: its rows must say please. It comes by the entry point only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tilth.seeds import Seed
from tilth.strategies.base import Candidate, Role, UnitCost
from tilth.strategies.check import Check, CheckContext, Table, Tallied, note
from tilth.tasks.base import Prompt, Task, Verdict


@dataclass(frozen=True)
class Polite(Check):
    """Asks the teacher how many times a response says please; rejects what does not."""

    word: str = "please"

    name = "polite"
    title = "Politeness"
    rejected_too = True

    def cost(self, task: Task) -> UnitCost:
        """One query."""
        return UnitCost(teacher=1)

    def prompts(self, seed: Seed, task: Task) -> Iterable[tuple[Role, Prompt]]:
        """The one prompt."""
        yield "teacher", self._prompt(seed.question)

    async def look(self, candidate: Candidate, context: CheckContext) -> Sequence[Candidate]:
        """Asks once."""
        reply = await context.ask(self._prompt(candidate.response))
        return [note(candidate, self, {"times": sum(map(int, filter(str.isdigit, reply)))})]

    def verdict(self, found: Mapping[str, Any], before: Verdict) -> Verdict:
        """Rejected where it was not said once."""
        if found["times"]:
            return before
        return replace(before, verdict="rejected", reason=f"no {self.word} in it", cause="impolite")

    def tallied(self) -> Mapping[str, Tallied]:
        """How many times it was said."""
        return {"times": "value"}

    def tally(self, found: Sequence[tuple[Mapping[str, Any], int]]) -> Sequence[Table]:
        """Rows by how often it was said."""
        total = sum(count for _, count in found)
        rows = {f"said {one['times']} times": (count, count / total) for one, count in found}
        return [Table("How polite", {"rows": "count", "of all": "share"}, rows, "rows that were asked about")]

    def _prompt(self, text: str) -> Prompt:
        content = f"How many times does this say {self.word}? Reply with a digit.\n\n{text}"
        return Prompt(({"role": "user", "content": content},), self.name)
