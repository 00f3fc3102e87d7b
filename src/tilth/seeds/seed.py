"""A seed, and seeds: a frame of validated questions with their task."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from tilth.arguments import number_of
from tilth.errors import SeedsError, tell
from tilth.printable import printable

if TYPE_CHECKING:
    import polars as pl

OnFault = Literal["error", "skip"]

SKIPPING = 'read_seeds(..., on_fault="skip") leaves these out and goes on with the rest'
"""What to do about faults of single records."""


_LONGEST_STEM = 100
"""Bytes of a name in a file's name: most systems take 255 in all."""


@runtime_checkable
class TaskLike(Protocol):
    """What seeds need to know of a task: its name. The tasks themselves stand later in the house."""

    @property
    def name(self) -> str: ...


@runtime_checkable
class FaultFinder(TaskLike, Protocol):
    """A task that says why it cannot take a seed."""

    def fault(self, seed: Seed) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Seed:
    """One question the user starts from.

    Attributes:
        id: Stable name of the seed, unique among its seeds.
        index: Position among the seeds, from 0.
        question: The question, as the user wrote it, with its context below it where it has one.
        reference: The user's answer, verbatim, or None to grow without references.
        extra: The record's other columns, for tasks that read more than a question.

    Example:
        >>> seeds = tilth.read_seeds([{"question": "How much is 2 + 3?", "answer": "5"}])
        >>> list(seeds)
        [Seed(id='s0001', index=0, question='How much is 2 + 3?', reference='5', extra={})]
    """

    id: str
    index: int
    question: str
    reference: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seeds:
    """Validated seeds: a frame (seed_id, question, reference, extra), a task and a name to show.

    All columns are strings; `reference` and `extra`, a JSON object, may be null. Order matters: it is part
    of a run's identity.

    Attributes:
        frame: The seeds.
        task: Their task, or its name.
        name: The name to show.
        on_fault: "skip" where seeds that their task cannot take are left out, "error" where they are refused.
        left_out: What was left out, a line each: file, line or id, and why.

    Example:
        >>> seeds = tilth.demo.seeds(100)
        >>> len(seeds), seeds.task_name, seeds.has_references
        (100, 'numeric', True)
        >>> seeds.subset(25)
        <Seeds 'demo-seeds': 25 for numeric>
    """

    frame: pl.DataFrame
    task: str | TaskLike
    name: str = "seeds"
    on_fault: OnFault = "error"
    left_out: tuple[str, ...] = ()
    _found_fit_by: object = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return self.frame.height

    def __iter__(self) -> Iterator[Seed]:
        for index, (seed_id, question, reference, extra) in enumerate(self.frame.iter_rows()):
            yield Seed(seed_id, index, question, reference, json.loads(extra) if extra else {})

    def __repr__(self) -> str:
        left = f", {len(self.left_out)} left out" if self.left_out else ""
        return f"<Seeds {printable(self.name)!r}: {len(self)} for {printable(self.task_name)}{left}>"

    @property
    def task_name(self) -> str:
        """The task's name, whether the task was given by name or whole."""
        return self.task if isinstance(self.task, str) else self.task.name

    @property
    def has_references(self) -> bool:
        """Whether every seed has a reference."""
        return self.frame["reference"].null_count() == 0

    @property
    def stem(self) -> str:
        """The name as names of files may begin with it: without folders and suffix, and not too long."""
        stem = PurePath(self.name).stem.encode("utf-8", "replace")[:_LONGEST_STEM].decode("utf-8", "ignore")
        return stem or "seeds"

    def head(self, n: int) -> Seeds:
        """The first `n` seeds, or all where there are fewer.

        Raises:
            ValueError: `n` is less than 1.
        """
        if n < 1:
            raise ValueError(f"head({n}) takes no seed; take 1 or more")
        return replace(self, frame=self.frame.head(n))

    def subset(self, n: int, random_state: int = 0) -> Seeds:
        """The first `n` seeds of an order drawn from `random_state`.

        Subsets of one `random_state` are nested: those of 25 open those of 100.

        Raises:
            ValueError: `n` is not between 1 and the number of seeds.
        """
        if not 1 <= n <= len(self):
            raise ValueError(f"a subset of {n} cannot be drawn from {len(self)} seeds; take 1 to {len(self)}")
        order = list(range(len(self)))
        random.Random(random_state).shuffle(order)
        return replace(self, frame=self.frame[order[:n]])

    def split(self, validation: float, random_state: int = 0) -> tuple[Seeds, Seeds]:
        """Seeds to grow from, and seeds to keep apart as validation questions, each in the order they had.

        Split before anything is grown: then no row that is grown from the first part descends from a
        question of the second. Two seeds that say nearly the same can still fall into both parts;
        `tilth.curate.leaks` tells of these.

        Args:
            validation: How many to keep apart: a share between 0 and 1, or a whole number of seeds.
            random_state: Decides which.

        Raises:
            TypeError: `validation` is no number.
            ValueError: A part would be empty.

        Example:
            >>> seeds, validation = tilth.demo.seeds(50).split(0.2)
            >>> len(seeds), len(validation)
            (40, 10)
        """
        wanted = number_of(validation, "validation")
        share = 0.0 if isinstance(wanted, int) or not 0 < wanted < 1 else wanted
        count = wanted if isinstance(wanted, int) else round(share * len(self))
        if not 0 < count < len(self):
            raise ValueError(
                f"split({validation}) of {len(self)} seeds leaves a part empty; pass a share such as 0.2, or "
                f"1 to {len(self) - 1} seeds"
            )
        order = list(range(len(self)))
        random.Random(random_state).shuffle(order)
        apart = sorted(order[len(self) - count :])
        kept = sorted(order[: len(self) - count])
        return replace(self, frame=self.frame[kept]), replace(self, frame=self.frame[apart])

    def fit_for(self, task: FaultFinder) -> Seeds:
        """The seeds that the task can take.

        Where they were read with on_fault="skip", those with a fault are left out, listed in `left_out` and
        told; else one fault is an error.

        Raises:
            SeedsError: The task cannot take a seed, or not a single one; all that is wrong is told at once.
        """
        if self._found_fit_by is task:
            return self
        faults = {seed.id: fault for seed in self if (fault := task.fault(seed))}
        if not faults:
            return self
        told = [f"{self.name} {seed_id}: {fault}" for seed_id, fault in faults.items()]
        some_left = len(faults) < len(self)
        if self.on_fault != "skip" or not some_left:
            raise SeedsError(self.name, told, SKIPPING if some_left else "")
        tell(left_out_notice(self.name, told, len(self)))
        frame = self.frame.filter(~self.frame["seed_id"].is_in(list(faults)))
        return replace(self, frame=frame, left_out=(*self.left_out, *told), _found_fit_by=task)

    def identity(self) -> str:
        """SHA-256, in hex, of content and order: ids, questions, references and extras; not the name."""
        digest = hashlib.sha256()
        for *texts, extra in self.frame.select("seed_id", "question", "reference", "extra").iter_rows():
            row = [*texts, json.loads(extra) if extra else None]  # however its JSON is written
            digest.update(json.dumps(row, sort_keys=True, separators=(",", ":")).encode() + b"\n")
        return digest.hexdigest()


def left_out_notice(name: str, told: list[str], count: int) -> str:
    """What is said where records are left out."""
    shown = "".join(f"\n  {line}" for line in told[:5])
    more = f"\n  and {len(told) - 5:,} more" if len(told) > 5 else ""
    return f"{name}: {len(told):,} of {count:,} are left out, and stand in .left_out:{shown}{more}"
