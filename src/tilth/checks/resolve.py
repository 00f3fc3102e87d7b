"""Re-solving: the question is solved once more by another way, and the answers are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tilth.seeds import Seed
from tilth.strategies.base import Candidate, Role, UnitCost
from tilth.strategies.check import Check, CheckContext, Table, Tallied, note
from tilth.tasks.base import Prompt, Task, Verdict

OTHER_WAY = (
    "Work on the task below independently, by another way than the first that comes to mind. "
    "Before you give your answer, check it against everything the task says."
)
"""What is put before the task's own prompt for an answer."""


@dataclass(frozen=True)
class Resolve(Check):
    """Solves a row's question again by another way; rejects the row where the answers differ.

    A row with no reference is accepted where they agree. One query a row. Unlike `Agreement` the second
    answer comes from another prompt, and no third one decides.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
        >>> checks = [tilth.checks.Resolve()]
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 30, teacher=teacher, checks=checks)
        >>> run.progress.queries <= 30
        True
    """

    name = "re-solve"
    title = "Solve again"
    compares = True

    def cost(self, task: Task) -> UnitCost:
        """One query to the teacher."""
        return UnitCost(teacher=1)

    def prompts(self, seed: Seed, task: Task) -> Iterable[tuple[Role, Prompt]]:
        """The question by another way."""
        yield "teacher", _other_way(task.answer(seed.question))

    async def look(self, candidate: Candidate, context: CheckContext) -> Sequence[Candidate]:
        """Asks once, and compares."""
        task, question = context.task, candidate.question
        second = await context.ask(_other_way(task.answer(question)))
        key = f"{self.name} {context.index}"
        same = not second.problem and await context.agree(key, candidate.response, second, question)
        answer = None if second.problem else task.read(second, question).answer
        return [note(candidate, self, {"agrees": same, "answer": answer, "problem": second.problem})]

    def verdict(self, found: Mapping[str, Any], before: Verdict) -> Verdict:
        """Rejected where the answers differ; else accepted, if nothing else was known."""
        if found["problem"] or found["answer"] is None:
            reason = "the second solution could not be read"
            return before if before.accepted else replace(before, reason=reason, cause="unread-solution")
        if not found["agrees"]:
            reason = "a second solution has another answer"
            return replace(before, verdict="rejected", reason=reason, cause="other-solution")
        if before.accepted:
            return before
        return replace(before, verdict="accepted", reason=None, cause=None, score=1.0)

    def tallied(self) -> Mapping[str, Tallied]:
        """How a second solution compares."""
        return {"agrees": "value", "answer": "given"}

    def tally(self, found: Sequence[tuple[Mapping[str, Any], int]]) -> Sequence[Table]:
        """Rows by how a second solution compares."""
        counts = {"same answer": 0, "another answer": 0, "unreadable": 0}
        for one, count in found:
            told = "same answer" if one["agrees"] else "another answer"
            counts[told if one["answer"] else "unreadable"] += count
        if not found:
            return ()
        about = "rows that were solved again by another way"
        return [Table(self.title, {"rows": "count"}, {name: (n,) for name, n in counts.items()}, about)]


def _other_way(prompt: Prompt) -> Prompt:
    first, *rest = prompt.messages
    opening = {**first, "content": f"{OTHER_WAY}\n\n{first['content']}"}
    return Prompt((opening, *rest), "re-solve", prompt.read, prompt.response_format)
