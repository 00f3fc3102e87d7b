"""The bench's own learning curves: what students answer after learning what was bought, kept in one file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tests.bench.advising import pools
from tests.bench.advising.arms import SIX, Bought, bought
from tests.bench.advising.pools import KINDS, STUDENTS, VALIDATION, Pool

import tilth

RATIOS = (0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32)
PROFILES = ((0.5, 0.5), (0.8, 0.1), (1.2, 0.6), (2.0, 0.2), (0.7, 0.9), (1.5, 0.4))
"""Skill and drift of the simulated teacher: none of them was used while the method was made."""

_FIRST_STATE = 9201
"""Likewise of the random states from here on."""

_MADE = 1
"""Raised whenever the same pool would give other curves."""

_TABLE = """
CREATE TABLE IF NOT EXISTS cells (
    made INTEGER, pool TEXT, student TEXT, seed_rows INTEGER, questions TEXT,
    answers REAL, rephrases REAL, new REAL, rows INTEGER, asked INTEGER, bits BLOB,
    PRIMARY KEY (made, pool, student, seed_rows, questions, answers, rephrases, new)
) WITHOUT ROWID
"""


def all_pools() -> list[Pool]:
    """The pools of the bench, those that take longest last."""
    sizes = [("numeric", 25), ("numeric", 100), ("sql", 25), ("sql", 100), ("numeric", 25), ("numeric", 100)]
    drawn = [(task, profile, seeds) for task, seeds in sizes for profile in PROFILES]
    drawn += [(task, PROFILES[place], 400) for place, task in enumerate(("numeric", "sql", "numeric"))]
    return [
        Pool(task, skill, drift, _FIRST_STATE + place, seeds, most=64 if seeds == 25 else 32)
        for place, (task, (skill, drift), seeds) in enumerate(drawn)
    ]


@dataclass(frozen=True)
class Case:
    """A student on the rows of a pool, asked one kind of question: what advice is asked for."""

    pool: Pool
    student: str
    seed_rows: bool
    questions: str


def cases_of(pool: Pool) -> list[Case]:
    """The cases of a pool. The seeds' own rows are learnt, too, on every other numeric pool."""
    turn, place = divmod(pool.random_state - _FIRST_STATE, len(PROFILES))
    seed_rows = (False, True) if pool.task == "sql" else (bool((turn + place) % 2),)
    return [
        Case(pool, student, own, kind)
        for student in STUDENTS[pool.task]
        for own in seed_rows
        for kind in KINDS[pool.task]
    ]


@dataclass(frozen=True)
class Outcome:
    """What one trained student answered right.

    Attributes:
        right: Of the questions for validation and those for test, in this order.
        rows: How many rows it was trained on.
    """

    right: NDArray[np.bool_]
    rows: int

    @property
    def validation(self) -> NDArray[np.bool_]:
        """What decisions see."""
        return self.right[:VALIDATION]

    @cached_property
    def truth(self) -> float:
        """The share that is right of the questions for test."""
        return float(self.right[VALIDATION:].mean())


class Curves:
    """Outcomes by case and by what was bought; what is not there is measured when it is asked for.

    Each training is kept as soon as it is done, so that an ended process loses one.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute(_TABLE)
        self._known: dict[Case, dict[Bought, Outcome]] = {}
        self._workshop: _Workshop | None = None
        self.trained = 0

    def outcomes(self, case: Case, wanted: Iterable[Bought]) -> dict[Bought, Outcome]:
        """The outcomes of a case for what is wanted."""
        known = self._known.get(case)
        if known is None:
            known = self._known[case] = self._read(case)
        wanted = list(dict.fromkeys(wanted))
        for one in wanted:
            if one not in known:
                self._measure(case, one)
        return {one: known[one] for one in wanted}

    def curve(
        self, case: Case, arms: Sequence[str], ratios: Sequence[float]
    ) -> dict[tuple[str, float], Outcome]:
        """The outcomes of arms at ratios."""
        cells = {(arm, ratio): bought(arm, ratio) for arm in arms for ratio in ratios}
        found = self.outcomes(case, cells.values())
        return {cell: found[what] for cell, what in cells.items()}

    def make(self, made: Iterable[Pool]) -> None:
        """Measures all arms at all ratios, where that is still to be done."""
        for pool in made:
            before = self.trained
            for case in cases_of(pool):
                self.curve(case, SIX, [ratio for ratio in RATIOS if ratio <= pool.most])
            if self.trained > before:
                print(f"{pool.name}: {self.trained - before} trainings", flush=True)

    def _read(self, case: Case) -> dict[Bought, Outcome]:
        rows = self._file.execute(
            "SELECT answers, rephrases, new, rows, asked, bits FROM cells"
            " WHERE made = ? AND pool = ? AND student = ? AND seed_rows = ? AND questions = ?",
            [_MADE, case.pool.name, case.student, case.seed_rows, case.questions],
        )
        return {
            Bought(*parts): Outcome(np.unpackbits(np.frombuffer(bits, np.uint8))[:asked].astype(bool), count)
            for *parts, count, asked, bits in rows
        }

    def _measure(self, case: Case, what: Bought) -> None:
        """Trains once, and asks the questions of every kind."""
        if self._workshop is None or self._workshop.grown.pool != case.pool:
            self._workshop = _Workshop(pools.grow(case.pool))
        found = self._workshop.answered(case.student, case.seed_rows, what)
        key = [_MADE, case.pool.name, case.student, case.seed_rows]
        self._file.execute("BEGIN")
        for kind, outcome in found.items():
            bits = np.packbits(outcome.right).tobytes()
            values = [*key, kind, *what.parts(), outcome.rows, len(outcome.right), bits]
            self._file.execute(f"INSERT OR REPLACE INTO cells VALUES ({', '.join('?' * 11)})", values)
            same = Case(case.pool, case.student, case.seed_rows, kind)
            if same in self._known or same == case:
                self._known.setdefault(same, {})[what] = outcome
        self._file.execute("COMMIT")
        self.trained += 1


class _Workshop:
    """A grown pool, and what answers to its questions were found to be worth."""

    def __init__(self, grown: pools.Grown) -> None:
        self.grown = grown
        self._verdicts: dict[tuple[str, str, str], bool] = {}

    def answered(self, student: str, seed_rows: bool, what: Bought) -> dict[str, Outcome]:
        """By kind of question, what a student answers right that learnt what was bought."""
        grown = self.grown
        pairs = list(grown.references) if seed_rows else []
        for rows, ratio in zip(grown.rows.values(), what.parts(), strict=True):
            pairs += rows.within(ratio * grown.pool.seeds)
        frame = pl.DataFrame(pairs, schema=["question", "response"], orient="row")
        frame = frame.cast(pl.String)
        model = tilth.students.get(student).train(frame, grown.pool.random_state)
        found = {}
        for kind, questions in grown.questions.items():
            answers = model.answer([question for question, _ in questions])
            right = [self._right(one, *asked) for one, asked in zip(answers, questions, strict=True)]
            found[kind] = Outcome(np.array(right, dtype=bool), len(pairs))
        return found

    def _right(self, answer: str | None, question: str, reference: str) -> bool:
        if answer is None:
            return False
        key = (answer, reference, question)
        if key not in self._verdicts:
            self._verdicts[key] = self.grown.task.check(answer, reference, question).accepted
        return self._verdicts[key]
