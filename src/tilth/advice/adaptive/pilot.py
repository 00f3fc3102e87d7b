"""A pilot: pools that are grown and measured out of the budget they are to advise on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth import tasks
from tilth.advice.adaptive import policy, pools
from tilth.advice.adaptive.decisions import decisions
from tilth.advice.adaptive.strategy import Adaptive
from tilth.engine.start import generate_sync

if TYPE_CHECKING:
    from tilth.engine.budget import Budget
    from tilth.engine.run import Run
    from tilth.seeds import Seeds
    from tilth.studies.test_sets import TestSet
    from tilth.teacher import Teacher


def pilot(
    seeds: Seeds,
    budget: Budget,
    *,
    validation: TestSet | None,
    student: Any,
    teacher: Teacher | None,
    writer: Teacher | None,
    path: str | Path | None,
    random_state: int,
) -> Run:
    """Grows pools within the budget and measures them, as `Adaptive` does, until it would commit.

    Blocks until that is done. Raises what `tilth.start` raises, and what the run failed of.
    """
    run = generate_sync(
        seeds,
        Adaptive(validation, student, commits=False),
        budget,
        teacher=teacher,
        writer=writer,
        path=path,
        random_state=random_state,
    )
    if run.error is not None:
        raise run.error
    return run


def refusal(budget: Budget, seeds: Seeds) -> str | None:
    """Why a budget holds no pilot, in words; None where it does. Without queries, `pilot` says what to do."""
    if budget.queries is None:
        return None
    first = pools.stage(policy.next_ratio(None), len(seeds), tasks.get(seeds.task))
    step = policy.step(None, pools.queries_of(first, tasks.get(seeds.task)) / max(budget.queries, 1), None)
    if step.ratio is not None:
        return None
    reasons = filter(None, (step.reason, policy.doubt(budget.queries / len(seeds))))
    return f"no pilot was grown: {'; '.join(reasons)}"


def told(run: Run, budget: Budget, seeds: int) -> tuple[str, ...]:
    """What a pilot took, why it ended, and whether it was expected to pay: a sentence each."""
    made = decisions(run)
    decided = made.height and made["then"][-1] == "commit"  # else a limit, a goal or a stop was before it
    last = made["reason"][-1] if decided else run.progress.reason
    took = (
        f"the pilot took {run.progress.queries:,} queries, which are part of the budget; its rows stay in "
        f"{run.path.name}, and tilth.Adaptive goes on there"
    )
    doubt = None if budget.queries is None else policy.doubt(budget.queries / seeds)
    return tuple(filter(None, (took, f"it ended because {last}", doubt)))
