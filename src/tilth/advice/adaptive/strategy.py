"""The strategy that decides as it grows: pools for every arm, measured in rounds; then one arm alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from tilth.advice.adaptive import policy, pools
from tilth.advice.adaptive.decisions import ADAPTIVE, CHANGED, KEY, cells_frame
from tilth.arguments import of_kind
from tilth.errors import BudgetError, JournalError, StrategyError
from tilth.strategies.base import (
    Ask,
    Candidate,
    Ingredient,
    Passes,
    State,
    Strategy,
    Unit,
    UnitCost,
    UnitResult,
)

if TYPE_CHECKING:
    from tilth.advice.advice import Advice
    from tilth.seeds import Seeds
    from tilth.strategies.rounds import RoundStart
    from tilth.students.base import Student, TrainFunction
    from tilth.studies.test_sets import TestSet
    from tilth.tasks.base import Task


_DIGEST = re.compile("[0-9a-f]{16}")
"""What a file knows of validation questions."""


@dataclass(frozen=True, eq=False)
class Adaptive(Strategy):
    """Measure what each strategy buys while growing, then spend the rest on the one that is ahead.

    It grows pools of answers, rephrased questions and new ones, of which the rows of every arm are made:
    `answer-augmentation`, `question-rephrase`, `new-question` and `answers-then-new`. After each round it
    trains a student for each arm and asks it the validation questions, at ratio .5, 1, 2, 3, 4 and doublings
    from there. It goes on until the choice is expected to lose less than two points, or the next pools would
    take more than a third of the budget; then it commits. Every row that was bought is among the run's rows:
    train on all of them. `tilth.decisions(run)` tells each decision with its reason. Decisions stand: a limit
    that is raised later goes into the arm that was committed to.

    Below ratio 16 it is not expected to pay: what pools for measuring take costs about as much as a better
    choice brings. What it buys there is known odds, and safety against a wrong default. See
    `python -m tests.bench.advice` for what it brought.

    Args:
        validation: Questions with references that decisions may see, 100 at least, better 300: a frame with
            question and reference, or seeds. None of them may be a seed.
        student: Who is trained, as `tilth.study` takes one; the task's usual one where not given.
        commits: False ends the run where it would commit: a pilot. With True the same file goes on.

    Raises:
        ValueError: No validation questions, or fewer than 100.
        StudentError: There is no such student, or it is one that is asked elsewhere.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(50), tilth.demo.teacher()
        >>> strategy = tilth.Adaptive(tilth.demo.questions().head(300))
        >>> run = tilth.generate_sync(seeds, strategy, 1_000, teacher=teacher)
        >>> run.progress.queries, tilth.decisions(run)["then"].to_list()[-1]
        (999, 'commit')
    """

    validation: TestSet | str | None = None
    student: str | Student | TrainFunction | Mapping[str, Any] | None = None
    commits: bool = True

    name = ADAPTIVE
    title = "Adaptive"
    nested: ClassVar[bool] = False
    by_name: ClassVar[bool] = False

    def __post_init__(self) -> None:
        from tilth import tasks
        from tilth.advice.evidence import LEAST_QUESTIONS
        from tilth.seeds import Seeds
        from tilth.studies.test_sets import VALIDATION, questions_of

        if self.validation is None:
            raise ValueError(
                "adaptive decides by validation questions: pass tilth.Adaptive(validation=questions), a "
                "frame with question and reference"
            )
        if self.student is not None:
            object.__setattr__(self, "student", _student(self.student))
        of_kind(self.commits, bool, "commits", "True or False")
        if isinstance(self.validation, str) and _DIGEST.fullmatch(self.validation):
            return
        given: Any = self.validation
        task = tasks.get(given.task if isinstance(given, Seeds) else "numeric")  # words seeds only
        questions = questions_of(given, VALIDATION, task)
        if questions.height < LEAST_QUESTIONS:
            raise ValueError(
                f"adaptive: {questions.height} validation questions tell nothing of a difference between "
                f"strategies; give {LEAST_QUESTIONS} at least, better 300"
            )
        object.__setattr__(self, "validation", questions)

    def identity(self) -> dict[str, Any]:
        """Of the validation questions it holds the digest: it is enough to replay a run."""
        from tilth.engine.file.format.digests import digest

        student: Any = self.student
        validation: Any = self.validation
        if not isinstance(validation, str):
            validation = digest(validation.select("question", "reference").rows())[:16]
        told = {"validation": validation, "student": None if student is None else student.identity()}
        return {"name": self.name, "version": self.version, "options": told}

    def cost(self, task: Task) -> UnitCost:
        """What most of its units cost: those that write a question and answer it."""
        return pools.GROWERS["new questions"].cost(task)

    def unit_cost(self, unit: Unit, task: Task) -> UnitCost:
        """That of its pool."""
        return pools.GROWERS[unit.data.get(pools.PART, "new questions")].cost(task)

    async def before_round(self, seeds: Seeds, start: RoundStart, state: State, task: Task) -> State:
        """The decisions so far, and the one for this round, which is made once."""
        rounds = list(state or ())[: start.number]
        if rounds and rounds[-1]["then"] == "commit":
            return rounds
        decide = partial(self._decided, seeds, start, rounds, task)
        made = await start.decide(f"{KEY}{start.number}", decide)
        if not (isinstance(made, dict) and made.get("then") in ("measure", "commit")):
            raise JournalError(CHANGED)
        return [*rounds, made]

    def units(
        self, seeds: Seeds, round: int, state: State, results: Sequence[UnitResult], passes: Passes
    ) -> Iterable[Unit]:
        """What is still lacking of the pools that are measured next, or the chosen arm without end."""
        if round >= len(state):
            return
        try:
            steps = self._steps(state[round], len(seeds))
        except (KeyError, TypeError, ValueError) as error:
            raise JournalError(CHANGED) from error
        for part, place in steps:
            yield pools.unit_of(passes, part, place, len(seeds), round)

    def _steps(self, decided: Mapping[str, Any], seeds: int) -> Iterator[tuple[Ingredient, int]]:
        have = pools.read_counts(decided["have"])
        if decided["then"] == "measure":
            return pools.growth(have, pools.read_counts(decided["want"]))
        return pools.ahead(pools.ARMS[decided["arm"]], have, seeds) if self.commits else iter(())

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        """As its pool's own strategy does; the row says which pool that is."""
        part = unit.data[pools.PART]
        async for candidate in pools.GROWERS[part].grow(unit, ask, task):
            yield replace(candidate, extra={**candidate.extra, pools.PART: part})

    async def _decided(
        self, seeds: Seeds, start: RoundStart, rounds: Sequence[Mapping[str, Any]], task: Task
    ) -> dict[str, Any]:
        from tilth.advice.adaptive.cells import Pilot, arms_at, measured
        from tilth.advice.advise import DEFAULT
        from tilth.studies.options import student_options

        if start.queries is None:
            raise BudgetError(
                "adaptive plans by queries: give Budget(queries=…), with usd= beside it as a limit"
            )
        count = len(seeds)
        learner, questions = self._learner(seeds, task)
        if not rounds:
            await asyncio.to_thread(_refuse_unreadable, questions, task)
        about = {
            "seeds": count,
            "task": task.name,
            "student": learner.name,
            "student_options": student_options(learner),
            "random_state": start.random_state,
        }
        cells = [cell for one in rounds for cell in one["cells"]]
        found: list[dict[str, Any]] = []
        advice = None
        if rounds:
            pilot = Pilot(count, task, learner, questions, start.random_state)
            had = [(cell["arm"], cell["ratio"]) for cell in cells]
            found = await measured(pilot, arms_at(rounds[-1]["ratio"], had), start.results)
            frames = cells_frame([*cells, *found], {**about, "teacher": ""})
            advice = await asyncio.to_thread(self._advised, seeds, start, frames)
        last = rounds[-1]["ratio"] if rounds else None
        have = rounds[-1]["want"] if rounds else pools.NOTHING
        ahead = policy.next_ratio(last)
        while (want := pools.stage(ahead, count, task)) == have:  # of very few seeds a stage may add nothing
            last, ahead = ahead, policy.next_ratio(ahead)
        step = policy.step(last, _share(start, have, want, task), advice.expected_loss if advice else None)
        doubt = None if rounds else policy.doubt(start.queries / count)
        lacking = "no row was there to be learnt" if found and not any(one["rows"] for one in found) else None
        return {
            "round": start.number,
            "queries": start.spent_queries,
            "usd": start.spent_usd,
            "cells": found,
            "about": about,
            "arm": advice.strategy if advice else DEFAULT,
            "words": advice.words if advice else "not measured",
            "within": advice.within if advice else None,
            "expected_loss": advice.expected_loss if advice else None,
            "then": "commit" if step.ratio is None else "measure",
            "ratio": step.ratio,
            "have": dict(have),
            "want": dict(want),
            "reason": "; ".join(filter(None, (step.reason, lacking, doubt))),
        }

    def _advised(self, seeds: Seeds, start: RoundStart, evidence: Any) -> Advice:
        from tilth.advice.advise import advised
        from tilth.engine.budget import Budget

        budget = Budget(queries=start.queries, usd=start.usd if start.spent_usd else None)
        return advised(seeds, budget, evidence=evidence)

    def _learner(self, seeds: Seeds, task: Task) -> tuple[Student, list[tuple[str, str]]]:
        """The student, which can be trained here, and the questions it is asked."""
        from tilth import students
        from tilth.studies.test_sets import VALIDATION, refuse_shared_questions

        questions: Any = self.validation
        if isinstance(questions, str):
            raise StrategyError(
                "adaptive: the file knows its validation questions by their digest only; pass them again: "
                "tilth.Adaptive(validation=questions)"
            )
        try:
            refuse_shared_questions(seeds, {VALIDATION: questions})
        except ValueError as error:
            raise StrategyError(f"adaptive: {error}") from None
        given: Any = self.student
        learner = students.usual(task.name) if given is None else students.fitting(given, task.name)
        learner.plan(len(seeds), questions.height)
        return learner, questions.select("question", "reference").rows()


def _refuse_unreadable(questions: Sequence[tuple[str, str]], task: Task) -> None:
    """Raises where the task cannot take a question's reference: every student would err there."""
    from tilth.seeds.seed import Seed

    told = (task.fault(Seed(str(place), place, *one)) for place, one in enumerate(questions))
    faults = [one for one in told if one is not None]
    if faults:
        raise StrategyError(
            f"adaptive: {len(faults)} of {len(questions)} validation questions are none of the task "
            f"{task.name}; the first: {faults[0]}"
        )


def _student(given: Any) -> Student:
    from tilth import students
    from tilth.errors import StudentError
    from tilth.students.asking import AskingStudent

    if isinstance(given, Mapping):  # as a file keeps it
        given = students.get(given["name"], **given["options"])
    found = students.get(given)
    if isinstance(found, AskingStudent):
        raise StudentError(
            f"student {found.name!r} is asked elsewhere, which is paid apart; adaptive trains students on "
            "this machine: compare the strategies in a study instead, and pass that to tilth.advise"
        )
    return found


def _share(start: RoundStart, have: pools.Counts, want: pools.Counts, task: Task) -> float:
    """The share of the budget that pools will have taken once they are grown from `have` to `want`."""
    before, after = pools.queries_of(have, task), pools.queries_of(want, task)
    # what was spent tells what else a row takes, such as checks
    times = start.spent_queries / before if before else 1.0
    shares = [after * times / (start.queries or 1)]
    if start.usd is not None and start.spent_usd and before:
        shares.append(after * start.spent_usd / before / start.usd)
    return max(shares)
