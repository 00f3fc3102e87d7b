"""What comes in: questions to grow from, validated once and never silently dropped."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl


@runtime_checkable
class TaskLike(Protocol):
    """What seeds need to know of a task: its name. The tasks themselves stand later in the house."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Seed:
    """One question the user starts from.

    Attributes:
        id: Stable name of the seed, unique among its seeds.
        index: Position among the seeds, from 0.
        question: The question, as the user wrote it.
        reference: The user's answer, verbatim, or None to grow without references.
        extra: The record's other columns, for tasks that read more than a question.
    """

    id: str
    index: int
    question: str
    reference: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seeds:
    """Validated seeds: a frame (seed_id, question, reference, extra), a task and a name to show.

    `extra` is a JSON string or null. Order matters: it is part of a run's identity.
    """

    frame: pl.DataFrame
    task: str | TaskLike
    name: str = "seeds"

    def __len__(self) -> int:
        return self.frame.height

    def __iter__(self) -> Iterator[Seed]:
        for index, (seed_id, question, reference, extra) in enumerate(self.frame.iter_rows()):
            yield Seed(seed_id, index, question, reference, json.loads(extra) if extra else {})
