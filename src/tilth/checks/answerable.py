"""Answerability: a model is asked whether a written question can be answered at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tilth.errors import Malformed
from tilth.seeds import Seed
from tilth.strategies.base import Candidate, Role, UnitCost
from tilth.strategies.check import Check, CheckContext, Table, Tallied, note, unread
from tilth.strategies.structured import Form, fill_in
from tilth.tasks.base import Prompt, Task, Verdict

FORM = Form(
    "answerable",
    {"reason": "text", "answerable": "yes-no"},
    {
        "reason": "what is missing, contradictory or ambiguous, if anything",
        "answerable": "whether the question can be answered as it stands, in exactly one way",
    },
)
INSTRUCTION = (
    "Below is a question that somebody wrote. Do not answer it. Say whether it can be answered from what it "
    "says: nothing it needs is missing, nothing contradicts itself, and it has exactly one right answer."
)


@dataclass(frozen=True)
class Answerable(Check):
    """Asks the teacher whether a question that was written or rephrased can be answered; rejects it if not.

    One query a row, two where the reply is malformed; a row is left as it was where it is so twice. A seed's
    own question is not asked about. A model often calls a question answerable that is not: what it rejects
    is worth more than what it lets pass.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
        >>> checks = [tilth.checks.Answerable()]
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 30, teacher=teacher, checks=checks)
        >>> run.progress.queries <= 30
        True
    """

    name = "answerable"
    title = "Answerable"
    structured = "teacher"

    def cost(self, task: Task) -> UnitCost:
        """One query to the teacher; a second to correct it."""
        return UnitCost(teacher=1, most_teacher=2)

    def prompts(self, seed: Seed, task: Task) -> Iterable[tuple[Role, Prompt]]:
        """What is asked of the longest question."""
        yield "teacher", FORM.prompt(_content(seed.question), self.name, "schema")

    async def look(self, candidate: Candidate, context: CheckContext) -> Sequence[Candidate]:
        """Asks, unless the question is a seed's own."""
        if any(candidate.question == seed.question for seed in context.unit.seeds):
            return [candidate]
        try:
            found = await fill_in(
                context.ask,
                FORM,
                _content(candidate.question),
                self.name,
                "teacher",
                context.reply_formats["teacher"],
            )
        except Malformed as error:
            found = {"problem": str(error)}
        return [note(candidate, self, found)]

    def verdict(self, found: Mapping[str, Any], before: Verdict) -> Verdict:
        """Rejected where the question cannot be answered; as it was where the reply could not be read."""
        if problem := found.get("problem"):
            return unread(before, problem)
        if not found["answerable"]:
            reason = "the question was found not answerable"
            return replace(before, verdict="rejected", reason=reason, cause="unanswerable")
        return before

    def tallied(self) -> Mapping[str, Tallied]:
        """What was found of a question."""
        return {"answerable": "value", "problem": "given"}

    def tally(self, found: Sequence[tuple[Mapping[str, Any], int]]) -> Sequence[Table]:
        """Rows by what was found of their question."""
        counts = {"answerable": 0, "not answerable": 0, "malformed": 0}
        for one, count in found:
            told = "answerable" if one["answerable"] else "not answerable"
            counts["malformed" if one["problem"] else told] += count
        if not found:
            return ()
        about = "rows whose question was asked about; malformed replies are so after a correction, too"
        return [Table(self.title, {"rows": "count"}, {name: (n,) for name, n in counts.items()}, about)]


def _content(question: str) -> str:
    return f"{INSTRUCTION}\n\nQuestion: {question}"
