"""Where the account of a study's students stands, as its file tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.engine.budget import NANO, Budget
from tilth.engine.file.format.sums import sums
from tilth.engine.file.queries import read_only

if TYPE_CHECKING:
    from tilth.studies.inputs import StudyInputs


@dataclass(frozen=True)
class StudentSpending:
    """What a study's students were asked: an account of its own beside that of its runs.

    Attributes:
        queries: Spent queries, those in doubt counted in; at most `most_queries` are planned.
        tokens: Spent prompt and completion tokens, those of calls in doubt at their worst case.
        usd: Spent US dollars, likewise; None where a price is unknown.
        in_doubt: Queries whose reply never came.
        limit: The limits on it.
    """

    queries: int
    most_queries: int
    tokens: int
    usd: float | None
    in_doubt: int
    limit: Budget


def student_settings(inputs: StudyInputs) -> dict[str, Any] | None:
    """What the file keeps of the account beside its books; None where no student asks."""
    if inputs.student_price is None:
        return None
    given = inputs.student_budget
    return {
        "budget": None if given is None else given.to_json(),
        "limit": inputs.student_limit.to_json(),
        "priced": inputs.student_price.usd is not None,
        "queries": inputs.student_price.queries,
    }


def student_budget(settings: Mapping[str, Any]) -> Budget | None:
    """What was given as `student_budget`, by a study's settings."""
    stored = (settings.get("student") or {}).get("budget")
    return None if stored is None else Budget(**stored)


def student_spending(
    path: Path, study_id: str, settings: Mapping[str, Any], *, live: bool
) -> StudentSpending | None:
    """What was spent so far; None where no student asks. `live` where the study is at work."""
    stored = settings.get("student")
    if stored is None:
        return None
    with read_only(path) as file:
        booked = sums(file, study_id, live=live)
    spent = booked.counted
    return StudentSpending(
        queries=spent.queries,
        most_queries=stored["queries"],
        tokens=spent.tokens,
        usd=spent.nano / NANO if stored["priced"] else None,
        in_doubt=booked.in_doubt.queries,
        limit=Budget(**stored["limit"]),
    )
