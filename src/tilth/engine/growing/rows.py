"""From candidates to rows: what a check says of them, and where they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from tilth.engine.file.digests import canonical
from tilth.engine.file.journal import now
from tilth.engine.file.writes import Bill
from tilth.strategies.base import Candidate, Reply, Unit
from tilth.strategies.check import Check, verdict_after
from tilth.tasks.base import Task, Verdict
from tilth.tasks.causes import OTHER

CheckMode = Literal["label", "filter", False]
"""Rows are checked and marked, the rejected are left out besides, or nothing is checked."""

NOT_CHECKED = "not-checked"
"""The cause of a row that the run does not check."""

OWN_SCORE = "score"
"""Where a row's `extra` keeps the score its strategy gave, which no check takes away."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What all rows of a run have in common."""

    run_id: str
    strategy: str
    teacher: str
    writer: str
    priced: bool
    checked: bool


def verdict_of(candidate: Candidate, task: Task, checks: Sequence[Check] = (), *, checked: bool) -> Verdict:
    """The task's verdict and that of checks that asked; or a rejection, where the reply is of no use."""
    if not checked:
        return Verdict("unverified", reason="not checked", cause=NOT_CHECKED)
    response = candidate.response
    if isinstance(response, Reply) and response.problem:
        return Verdict("rejected", reason=response.problem, cause=response.cause)
    verdict = task.check(candidate.response, candidate.reference, candidate.question)
    return verdict_after(checks, candidate.extra, verdict)


def verdict_at_once(
    candidate: Candidate, task: Task, checks: Sequence[Check] = (), *, checked: bool
) -> Verdict | None:
    """What `verdict_of` says, where it takes next to no time and waits for nothing; else None."""
    if not checked or (isinstance(candidate.response, Reply) and candidate.response.problem):
        return verdict_of(candidate, task, checks, checked=checked)
    verdict = task.check_at_once(candidate.response, candidate.reference, candidate.question)
    return None if verdict is None else verdict_after(checks, candidate.extra, verdict)


def rows_of(
    origin: Origin,
    unit: Unit,
    candidates: Sequence[Candidate],
    verdicts: Sequence[Verdict],
    bill: Bill,
    task: Task,
) -> list[dict[str, Any]]:
    """The unit's rows as the file stores them. What the unit cost stands on the first."""
    at = now()
    rows = []
    for index, (candidate, verdict) in enumerate(zip(candidates, verdicts, strict=True)):
        first = index == 0
        parents = tuple(candidate.parents or ()) or tuple(seed.id for seed in unit.seeds)
        span = verdict.span or (None, None)
        extra = dict(candidate.extra)
        if candidate.score is not None:
            extra[OWN_SCORE] = candidate.score
        rows.append(
            {
                "run_id": origin.run_id,
                "unit": unit.number,
                "index": index,
                "seed_id": unit.seed.id,
                "strategy": origin.strategy,
                "round": unit.round,
                "task": task.name,
                "kind": "sft",
                "question": _text(candidate.question),
                "response": _text(candidate.response),
                "messages": _messages(candidate.messages),
                "answer": verdict.answer,
                "reference": candidate.reference,
                "verdict": verdict.verdict,
                "cause": cause_of(verdict),
                "reason": verdict.reason,
                "score": candidate.score if candidate.score is not None else verdict.score,
                "group": candidate.group,
                "parents": _parents(parents),
                "queries": bill.spent.queries if first else 0,
                "prompt_tokens": bill.prompt_tokens if first else 0,
                "completion_tokens": bill.completion_tokens if first else 0,
                "nano": (bill.spent.nano if first else 0) if origin.priced else None,
                "seconds": bill.seconds if first else 0.0,
                "writer": origin.writer,
                "teacher": origin.teacher,
                "reused": int(bill.reused > 0),
                "created_at": at,
                "extra": canonical(extra) if extra else "{}",
                "span_start": span[0],
                "span_end": span[1],
            }
        )
    return rows


def cause_of(verdict: Verdict) -> str | None:
    """Why a row is not accepted, in a word; None where it is."""
    return None if verdict.accepted else verdict.cause or OTHER


@lru_cache(maxsize=1024)
def _parents(parents: tuple[str, ...]) -> str:
    return canonical(parents)


def _messages(messages: Sequence[Mapping[str, str]] | None) -> str | None:
    return None if messages is None else canonical([dict(message) for message in messages])


def _text(text: str) -> str:
    """A plain string that SQLite and Arrow can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
