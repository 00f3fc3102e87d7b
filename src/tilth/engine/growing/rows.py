"""From units to rows: candidates, what a check says of them, at once or again, and where they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol

from tilth.engine.file.format.checksums import storable
from tilth.engine.file.format.digests import canonical
from tilth.engine.file.journal import Operation, now
from tilth.engine.file.queries import select
from tilth.engine.file.writes import Bill, Outcome
from tilth.engine.growing.asks.replies import TOLD, Told, reply_of
from tilth.engine.growing.judging import NOT_CHECKED, Judging, parents_of
from tilth.errors import UnitFailed, Unreadable
from tilth.strategies.base import Ask, Candidate, Reply, Strategy, Unit
from tilth.tasks.base import Task, Verdict
from tilth.tasks.causes import OTHER

CheckMode = Literal["label", "filter", False]
"""Rows are checked and marked, the rejected are left out besides, or nothing is checked."""

OWN_SCORE = "score"
"""Where a row's `extra` keeps the score its strategy gave, which no check takes away."""

BY_VERDICT = frozenset({"answer", "verdict", "cause", "reason", "score", "span_start", "span_end"})
"""The columns of a row that its verdict decides."""

_BATCH = 256

# The reply a response is, where it is one as it came: what was wrong with it is no part of its row.
_ROWS = """
SELECT w.arrival, w.question, w.response, w.reference, w.extra, w.parents, r.call AS reply, r.finish_reason,
    r.refusal, r.max_tokens, iif(l.estimated, NULL, l.prompt_tokens) AS prompt_tokens,
    iif(l.estimated, NULL, l.completion_tokens) AS completion_tokens
FROM rows w LEFT JOIN replies r ON r.run_id = w.run_id AND r.unit = w.unit AND r.text = w.response
    LEFT JOIN ledger l ON l.call = r.call
WHERE w.run_id = ? AND {} GROUP BY w.arrival ORDER BY w.arrival
"""
_OTHERWISE = (
    _ROWS.format("w.arrival > ? AND (? OR (w.verdict = 'unverified' AND w.cause IS ?) = ?)") + "LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class RowContext:
    """What all rows of a run have in common."""

    run_id: str
    strategy: str
    teacher: str
    writer: str
    priced: bool
    checked: bool


class BilledAsk(Ask, Protocol):
    """An ask that keeps the bill of its unit."""

    bill: Bill


@dataclass(frozen=True, slots=True)
class Grown:
    """What a unit came to.

    Attributes:
        candidates: What it yielded.
        outcome: How it ended.
        cause: Why it has no candidate, in a word; None where it has one.
        reason: Why it has no candidate, or no more; None where nothing went wrong.
        failed: Whether an endpoint refused a request of it for good; what it said is the reason.
        bill: What its replies cost, those that its strategy left behind too once they have come.
    """

    candidates: Sequence[Candidate]
    outcome: Outcome
    cause: str | None
    reason: str | None
    failed: bool
    bill: Bill


async def grow(strategy: Strategy, unit: Unit, ask: BilledAsk, task: Task) -> Grown:
    """Grows a unit; what it yielded before a reply that cannot be used, or a refusal, is kept."""
    candidates: list[Candidate] = []
    outcome: Outcome = "grown"
    cause: str | None = None
    reason: str | None = None
    try:
        async for candidate in strategy.grow(unit, ask, task):
            candidates.append(candidate)  # noqa: PERF401 - what came before an error is kept
    except Unreadable as error:
        outcome, cause, reason = "rowless", error.cause, str(error)
    except UnitFailed as error:
        outcome, cause, reason = "failed", error.cause, str(error)
    failed = outcome == "failed"
    if candidates:
        outcome, cause = "grown", None
    elif outcome == "grown":
        outcome, cause, reason = "rowless", "no-candidate", "the strategy yielded no candidate"
    return Grown(candidates, outcome, cause, reason, failed, ask.bill)


def rows_of(
    row_context: RowContext,
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
        parents = parents_of(candidate, unit)
        extra = dict(candidate.extra)
        if candidate.score is not None:
            extra[OWN_SCORE] = candidate.score
        rows.append(
            {
                "run_id": row_context.run_id,
                "unit": unit.number,
                "index": index,
                "seed_id": unit.seed.id,
                "strategy": row_context.strategy,
                "round": unit.round,
                "task": task.name,
                "kind": "sft",
                "question": _text(candidate.question),
                "response": _text(candidate.response),
                "messages": _messages(candidate.messages),
                "reference": candidate.reference,
                **_by_verdict(verdict, candidate.score),
                "group": candidate.group,
                "parents": _parents(parents),
                "queries": bill.spent.queries if first else 0,
                "prompt_tokens": bill.prompt_tokens if first else 0,
                "completion_tokens": bill.completion_tokens if first else 0,
                "nano": (bill.spent.nano if first else 0) if row_context.priced else None,
                "seconds": bill.seconds if first else 0.0,
                "writer": row_context.writer,
                "teacher": row_context.teacher,
                "reused": int(bill.reused > 0),
                "created_at": at,
                "extra": canonical(extra) if extra else "{}",
            }
        )
    return rows


def _by_verdict(verdict: Verdict, own_score: float | None) -> dict[str, Any]:
    """The columns of a row that its verdict decides; a score of its strategy's own stays."""
    start, end = verdict.span or (None, None)
    return {
        "answer": verdict.answer,
        "verdict": verdict.verdict,
        "cause": cause_of(verdict),
        "reason": verdict.reason,
        "score": verdict.score if own_score is None else own_score,
        "span_start": start,
        "span_end": end,
    }


def cause_of(verdict: Verdict) -> str | None:
    """Why a row is not accepted, in a word; None where it is."""
    return None if verdict.accepted else verdict.cause or OTHER


def to_check(run_id: str, after: int, *, checked: bool, every: bool) -> Operation:
    """Gives rows that arrived after number `after` and are to be checked anew, some at a time.

    `every` gives all of them; else those that are checked and should not be, or the other way round.
    """
    return lambda file: select(file, _OTHERWISE, run_id, after, every, NOT_CHECKED, checked, _BATCH)


def rows_at(run_id: str, arrivals: Sequence[int]) -> Operation:
    """Gives the rows of these arrivals, to be checked anew."""
    query = _ROWS.format(f"w.arrival IN ({', '.join(map(str, arrivals))})")
    return lambda file: select(file, query, run_id)


def check_again(row: Mapping[str, Any], judging: Judging) -> dict[str, Any]:
    """The columns of a row of `to_check` as they are to be."""
    response = Reply(row["response"])
    if row["reply"] is not None:
        response = reply_of(row["response"], Told(**{name: row[name] for name in TOLD}))
    extra = json.loads(row["extra"])
    candidate = Candidate(row["question"], response, row["reference"], extra=extra)
    verdict = judging.verdict(candidate, json.loads(row["parents"]))
    return {**_by_verdict(verdict, extra.get(OWN_SCORE)), "arrival": row["arrival"]}


def set_verdicts(verdicts: Sequence[Mapping[str, Any]]) -> Operation:
    """Writes what `check_again` gave."""
    return lambda connection: connection.executemany(
        "UPDATE rows SET answer = :answer, verdict = :verdict, cause = :cause, reason = :reason,"
        " score = :score, span_start = :span_start, span_end = :span_end WHERE arrival = :arrival",
        verdicts,
    )


@lru_cache(maxsize=1024)
def _parents(parents: tuple[str, ...]) -> str:
    return canonical(parents)


def _messages(messages: Sequence[Mapping[str, str]] | None) -> str | None:
    return None if messages is None else canonical([dict(message) for message in messages])


def _text(text: str) -> str:
    """A plain string, not a `Reply`, that SQLite and Arrow can hold."""
    return storable(str(text))
