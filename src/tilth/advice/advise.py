"""`tilth.advise`: which strategy to spend a budget on, how sure that is, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tilth import students
from tilth.advice.adaptive.pilot import pilot, refusal, told
from tilth.advice.advice import Advice
from tilth.advice.evidence import read_evidence
from tilth.advice.reasons import assumptions, reasons
from tilth.advice.seeds_worth import seeds_worth
from tilth.advice.unmeasured import unmeasured
from tilth.advice.weighing import Weighing
from tilth.arguments import of_kind, random_state_of
from tilth.engine.budget import Budget
from tilth.engine.recipe import seeds_given
from tilth.errors import BudgetError, tell
from tilth.strategies import registry as strategies

if TYPE_CHECKING:
    from tilth.advice.evidence import Source
    from tilth.seeds import Seeds
    from tilth.students.base import Student, TrainFunction
    from tilth.studies.test_sets import TestSet
    from tilth.teacher import Teacher

DEFAULT = "answers-then-new"
"""The strategy that evidence must beat: where the student and the teacher are not known yet, it did best."""


def advise(
    seeds: Seeds,
    budget: Budget | int,
    *,
    evidence: Source | Sequence[Source] | Literal["pilot"] | None = None,
    student: str | Student | TrainFunction | None = None,
    default: str | None = DEFAULT,
    random_state: int = 0,
    validation: TestSet | None = None,
    teacher: Teacher | None = None,
    writer: Teacher | None = None,
    path: str | Path | None = None,
) -> Advice:
    """Which strategy to spend a budget on.

    Decisions look at validation questions only: give `tilth.study` a validation set as well as a test set.
    See `tilth.advice.curves.trend` for how curves are forecast, and `tilth.advice.decide` for how arms are
    chosen.

    Args:
        seeds: What the budget is to grow.
        budget: In queries, or in dollars, or both; see `tilth.Budget`.
        evidence: A study, its frame, a pair of its frame and outcomes, a run with the strategy `adaptive`, or
            a list of these. Arms are its strategies with their options, and their teachers, writers and
            checks where it has several. "pilot": measures now, out of the budget, as `tilth.Adaptive` does
            until it would commit; that blocks its caller until it is done. None: nothing is measured; then
            the default is advised with what others have published, and no odds are told.
        student: Whose cells are looked at, where the evidence has several students; of a pilot who is
            trained.
        default: The strategy that another one must beat by evidence. Where it was not measured, the arm whose
            rows are made of the same stands in for it. None: the best mean is advised.
        random_state: What the draws come from: the same evidence gives the same advice.
        validation: A pilot's questions with references, none of them a seed, 100 at least.
        teacher: The model that answers in a pilot.
        writer: The model that writes questions in a pilot; the teacher where not given.
        path: A pilot's file, as `tilth.start` takes it.

    Raises:
        ValueError: The evidence has no cells on validation questions, or fewer than 100 questions, or several
            students and `student` names none.
        BudgetError: A budget in rows or tokens, or one in dollars where no price is known.
        StudyFrameError: A frame is none of a study.
        TilthError: What a pilot's run failed of.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(50), tilth.demo.teacher()
        >>> asked = {"test": tilth.demo.questions().head(100), "validation": tilth.demo.questions().tail(200)}
        >>> grid = {"ratios": [0.5, 1, 2, 4], "replicates": 1, "path": "pilot.tilth"}
        >>> study = tilth.study_sync(seeds, teacher=teacher, **asked, **grid)
        >>> advice = tilth.advise(seeds, budget=800, evidence=study)
        >>> advice.words in ("clear", "leaning", "too close to call")
        True
    """
    chosen: dict[str, Any] = {"default": default, "random_state": random_state}
    grown = {"validation": validation, "teacher": teacher, "writer": writer, "path": path}
    if isinstance(evidence, str) and evidence == "pilot":
        advice = _piloted(seeds, budget, chosen, student=student, **grown)
    elif unused := [name for name, value in grown.items() if value is not None]:
        raise ValueError(f'{", ".join(unused)}: only a pilot takes it; pass evidence="pilot" as well')
    else:
        name = student if student is None or isinstance(student, str) else students.get(student).name
        advice = advised(seeds, budget, evidence=evidence, student=name, **chosen)
    for notice in advice.notices:
        tell(notice)
    return advice


def _piloted(seeds: Seeds, budget: Budget | int, chosen: dict[str, Any], **given: Any) -> Advice:
    """Advice from a pilot, which is grown now; the default where the budget holds none."""
    limit, count = Budget.of(budget), len(seeds_given(seeds))
    if refused := refusal(limit, seeds):
        advice = advised(seeds, limit, evidence=None, **chosen)
        return replace(advice, reasons=(*advice.reasons, refused))
    run = pilot(seeds, limit, random_state=chosen["random_state"], **given)
    advice = advised(seeds, limit, evidence=run, **chosen)
    return replace(advice, reasons=(*advice.reasons, *told(run, limit, count)))


def advised(
    seeds: Seeds,
    budget: Budget | int,
    *,
    evidence: Source | Sequence[Source] | None,
    student: str | None = None,
    default: str | None = DEFAULT,
    random_state: int = 0,
) -> Advice:
    """Does what `advise` does, and gives its notices back instead of warning."""
    count = len(seeds_given(seeds))
    limit = Budget.of(budget)
    if limit.queries is None and limit.usd is None:
        raise BudgetError(
            "advice needs a budget in queries or dollars: Budget(queries=5_000), Budget(usd=20)"
        )
    state = random_state_of(random_state)
    if default is not None:
        of_kind(default, str, "default", "a strategy's name, or None")
    if evidence is None:
        return unmeasured(count, limit, default or DEFAULT)
    weighing = Weighing(read_evidence(evidence, count, student), limit, count, state)
    known = weighing.evidence
    names = [info.arm.name for info in known.arms]
    if default not in {None, *strategies.available(), *(one.strategy for one in known.arms)}:
        strategies.get(default or "")  # raises, and names those that there are
    fallback = weighing.arm_of(default)
    found = weighing.decided(fallback)
    odds = weighing.untold is None
    table = weighing.table(found.arm, found.p_best if odds else None)
    return Advice(
        arm=names[found.arm],
        strategy=known.arms[found.arm].strategy,
        words=weighing.untold or found.words,
        within=found.within if odds else None,
        expected_loss=found.expected_loss if odds else None,
        close=tuple(names[one] for one in found.close),
        holds_best=tuple(names[one] for one in found.holds_best) if odds else (),
        split=weighing.split(found.arm),
        reasons=reasons(weighing, found, table, fallback, default),
        assumptions=assumptions(known),
        notices=known.notices,
        table=table,
        next=weighing.next(),
        seeds_worth=seeds_worth(known, weighing.draws[:, found.arm], state),
        evidence=known.cells,
        forecast=weighing.fan(),
    )
