"""Agreement: where no reference exists, several answers to one question are asked and the majority kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tilth.arguments import of_kind
from tilth.seeds import Seed
from tilth.strategies.base import Candidate, Reply, Role, UnitCost
from tilth.strategies.check import Check, CheckContext, Table, Tallied, note
from tilth.tasks.base import Prompt, Task, Verdict


@dataclass(frozen=True)
class Agreement(Check):
    """Keeps an answer that `need` of up to `of` answers to its question agree on.

    Answers are asked until `need` agree or can no longer: with 2 of 3, a third only where two differ. What
    agrees with what is the task's to say. A row with a reference is left to the task's own check.

    The first agreeing answer becomes the row, accepted, with the share that agreed as its score. Answers
    that were outvoted stay as rejected rows of the same group, as the other side of preference pairs;
    `keep="all"` also keeps the other agreeing ones, as accepted rows.

    A vote that cannot be used (cut off, refused, empty) agrees with none. Where such votes are all that a
    majority lacks, the row is unverified; else it is rejected where there is no majority.

    Agreement is no proof: a mistake that a model makes each time agrees with itself.

    Attributes:
        need: How many must agree; a majority of `of`.
        of: How many answers are asked, at most; the strategy's own is one of them.
        keep: "first" or "all" of the agreeing answers.

    Raises:
        ValueError: `need` is no majority of `of`, or is less than 2.

    Source: 2 of 3 as in STAT (skill-targeted adaptive training); votes as in OpenMathInstruct-2.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
        >>> checks = [tilth.checks.Agreement(need=2, of=3)]
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 30, teacher=teacher, checks=checks)
        >>> run.progress.queries <= 30
        True
    """

    need: int = 2
    of: int = 3
    keep: Literal["first", "all"] = "first"

    name = "agreement"
    title = "Agreement"
    compares = True
    once_a_group = True

    def __post_init__(self) -> None:
        for name in ("need", "of"):
            of_kind(getattr(self, name), int, f"Agreement({name})", "a whole number")
        if not 2 <= self.need <= self.of or 2 * self.need <= self.of:
            raise ValueError(
                f"Agreement({self.need}, of={self.of}): need must be a majority of the answers, and 2 or more"
            )
        if self.keep not in ("first", "all"):
            raise ValueError(f'Agreement(keep={self.keep!r}): keep is "first" or "all"')

    def cost(self, task: Task) -> UnitCost:
        """One answer less than must agree, typically; one less than are asked, at most."""
        return UnitCost(teacher=self.need - 1, most_teacher=self.of - 1)

    def prompts(self, seed: Seed, task: Task) -> Iterable[tuple[Role, Prompt]]:
        """The question once more."""
        yield "teacher", task.answer(seed.question)

    async def look(self, candidate: Candidate, context: CheckContext) -> Sequence[Candidate]:
        """Asks until enough answers agree, and sorts them into groups that do."""
        if candidate.reference is not None:
            return [candidate]
        prompt = context.task.answer(candidate.question)
        votes: list[Reply] = [Reply(candidate.response), *await context.ask.many(prompt, self.need - 1)]
        groups: list[list[int]] = []
        placed = 0
        while True:
            for place in range(placed, len(votes)):
                await self._place(place, votes, groups, candidate.question, context)
            placed, best = len(votes), max(map(len, groups), default=0)
            if best >= self.need or best + self.of - len(votes) < self.need:
                break
            votes.append(await context.ask(prompt))
        return self._rows(candidate, votes, groups, context)

    async def _place(
        self,
        place: int,
        votes: Sequence[Reply],
        groups: list[list[int]],
        question: str,
        context: CheckContext,
    ) -> None:
        """Puts a vote into the group it agrees with, or into one of its own; a useless reply into none."""
        if votes[place].problem:
            return
        for group in groups:
            key = f"{self.name} {context.index}: {group[0]} and {place}"
            if await context.agree(key, votes[place], votes[group[0]], question):
                group.append(place)
                return
        if context.task.read(votes[place], question).answer is not None:
            groups.append([place])

    def _rows(
        self,
        candidate: Candidate,
        votes: Sequence[Reply],
        groups: Sequence[Sequence[int]],
        context: CheckContext,
    ) -> list[Candidate]:
        most = max(groups, key=len, default=())
        agreed = most if len(most) >= self.need else ()
        answers = [
            None if vote.problem else context.task.read(vote, candidate.question).answer for vote in votes
        ]
        useless = sum(vote.problem is not None for vote in votes)
        accepted = [*(agreed[:1] if self.keep == "first" else agreed)] or [0]
        others = [place for place in range(len(votes)) if place not in most and not votes[place].problem]
        rows = []
        for place in [*accepted, *(place for place in others if place not in accepted)]:
            found = {
                "votes": len(votes),
                "agreeing": len(most),
                "need": self.need,
                "stands": "with" if place in agreed else "against" if agreed else "alone",
                "answers": answers,
                **({"useless": useless} if useless else {}),
            }
            response = candidate.response if place == 0 else votes[place]
            row = replace(candidate, response=response, group=candidate.group or context.group)
            rows.append(note(row, self, found))
        return rows

    def verdict(self, found: Mapping[str, Any], before: Verdict) -> Verdict:
        """Accepted with the majority, rejected against it or where there is none for all that was said."""
        agreeing, votes = found["agreeing"], found["votes"]
        if found["stands"] == "with":
            return replace(before, verdict="accepted", reason=None, cause=None, score=agreeing / votes)
        if found["stands"] == "against":
            reason = f"outvoted by {agreeing} of {votes} answers"
            return replace(before, verdict="rejected", reason=reason, cause="outvoted")
        reason = f"no {found['need']} of {votes} answers agree"
        if useless := found.get("useless", 0):
            reason += f"; {useless} could not be used"
            if agreeing + useless >= found["need"]:  # nothing that was said speaks against a majority
                return (
                    before
                    if before.accepted
                    else replace(before, verdict="unverified", reason=reason, cause="no-majority")
                )
        return replace(before, verdict="rejected", reason=reason, cause="no-majority")

    def tallied(self) -> Mapping[str, Tallied]:
        """How the vote on a question ended."""
        return dict.fromkeys(("stands", "agreeing", "votes"), "value")

    def tally(self, found: Sequence[tuple[Mapping[str, Any], int]]) -> Sequence[Table]:
        """Questions by how their vote ended, and the mean share of answers that agree."""
        ended: dict[str, list[tuple[int, float]]] = {}
        for one, count in found:
            agreeing, votes = one["agreeing"], one["votes"]
            if one["stands"] not in ("with", "alone") or not _is_vote(agreeing, votes):
                continue  # what was outvoted belongs to a question that is counted
            name = f"{agreeing} of {votes}" if one["stands"] == "with" else "no majority"
            ended.setdefault(name, []).append((count, agreeing / votes))
        if not ended:
            return ()
        rows = {name: _mean(parts) for name, parts in sorted(ended.items())}
        rows["all questions"] = _mean([part for parts in ended.values() for part in parts])
        about = "questions that were put to a vote; a mistake that a model makes each time agrees with itself"
        return [Table(self.title, {"questions": "count", "answers that agree": "share"}, rows, about)]


def _is_vote(agreeing: object, votes: object) -> bool:
    return isinstance(agreeing, int) and isinstance(votes, int) and 0 <= agreeing <= votes and votes > 0


def _mean(parts: Sequence[tuple[int, float]]) -> tuple[int, float]:
    """How many questions, and their mean share."""
    questions = sum(count for count, _ in parts)
    return questions, sum(count * share for count, share in parts) / questions
