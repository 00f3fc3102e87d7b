"""What a candidate's verdict is: by its task, by what its checks found, and by its question itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from tilth.engine.recipe import Recipe
from tilth.seeds import Seed
from tilth.strategies.base import Candidate, Reply, Unit
from tilth.strategies.check import verdict_after
from tilth.tasks.base import Verdict
from tilth.tasks.causes import Why
from tilth.tasks.refusals import refuses

NOT_CHECKED = "not-checked"
"""The cause of a row that the run does not check."""


class Judging:
    """How all candidates of a run are judged: as its recipe has it.

    Attributes:
        task: How answers are checked.
        checked: Whether anything is checked.
    """

    def __init__(self, recipe: Recipe, *, checked: bool) -> None:
        self.task = recipe.task
        self.checked = checked
        self._checks = recipe.strategy.checks
        self._recipe_seeds = recipe.seeds
        self._verbatim = _ids_by(recipe.seeds, lambda seed: seed.question)

    @cached_property
    def seeds(self) -> Mapping[str, frozenset[str]]:
        """The ids of the seeds that ask a question, by its key.

        Worked out once a question is none of the seeds' by its very words: in many runs there is none.
        """
        return _ids_by(self._recipe_seeds, lambda seed: self.task.key(seed.question))

    def verdict(self, candidate: Candidate, parents: Sequence[str]) -> Verdict:
        """Of a candidate that came from these seeds; a rejection, where the reply is of no use."""
        verdict = self.verdict_of_task(candidate, parents)
        return verdict_after(self._checks, candidate.extra, verdict) if self.checked else verdict

    def verdict_of_task(self, candidate: Candidate, parents: Sequence[str]) -> Verdict:
        """What `verdict` says, what its checks found left aside."""
        if (known := self._known(candidate)) is not None:
            return known
        given = candidate.response, candidate.reference, candidate.question
        return self._after(self.task.check(*given), candidate, parents)

    def verdict_at_once(self, candidate: Candidate, parents: Sequence[str]) -> Verdict | None:
        """What `verdict` says, where it takes next to no time and waits for nothing; else None."""
        if (known := self._known(candidate)) is not None:
            return known
        given = candidate.response, candidate.reference, candidate.question
        verdict = self.task.check_at_once(*given)
        if verdict is None:
            return None
        return verdict_after(self._checks, candidate.extra, self._after(verdict, candidate, parents))

    def writes(self, question: str) -> bool:
        """Whether a question is none of the seeds'."""
        return self.task.key(question) not in self.seeds

    def _known(self, candidate: Candidate) -> Verdict | None:
        if not self.checked:
            return Verdict("unverified", reason="not checked", cause=NOT_CHECKED)
        response = candidate.response
        if isinstance(response, Reply) and response.problem:
            return Verdict("rejected", reason=response.problem, cause=response.cause)
        return None

    def _after(self, verdict: Verdict, candidate: Candidate, parents: Sequence[str]) -> Verdict:
        verdict = _in_doubt(candidate.response, verdict)
        fault = self._fault(candidate.question, parents)
        if fault is None and verdict.verdict == "unverified" and refuses(candidate.response):
            fault = Why("refused", "the model refused to reply")
        if fault is not None:
            return replace(verdict, verdict="rejected", reason=fault.reason, cause=fault.cause)
        return verdict

    def _fault(self, question: str, parents: Sequence[str]) -> Why | None:
        """What is wrong with a question that was written; a seed's own has nothing wrong."""
        if self._verbatim.get(question, frozenset()).intersection(parents):
            return None
        same = self.seeds.get(self.task.key(question), frozenset())
        if same.intersection(parents):
            return None
        if same:
            return Why("copy", f"the question of seed {min(same)}")
        if self.task.tells_answer(question):
            return Why("leaked-answer", "the question tells its answer")
        return None


def _ids_by(seeds: Iterable[Seed], key: Callable[[Seed], str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for seed in seeds:
        asked = key(seed)
        found[asked] = found.get(asked, frozenset()) | {seed.id}
    return found


def _in_doubt(response: str, verdict: Verdict) -> Verdict:
    """`verdict`, with what speaks against a reply that was found to be wrong: that may be why."""
    doubt = response.doubt if isinstance(response, Reply) else None
    if doubt is None or verdict.verdict != "rejected":
        return verdict
    return replace(verdict, reason=f"{verdict.reason}; {doubt.reason}", cause=doubt.cause)


def parents_of(candidate: Candidate, unit: Unit) -> tuple[str, ...]:
    """The ids of the seeds that a candidate came from."""
    return tuple(candidate.parents or ()) or tuple(seed.id for seed in unit.seeds)
