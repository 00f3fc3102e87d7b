"""Written questions that were written before: which row is the copy is told by place, not by time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tilth.engine.file.format.digests import digest_of
from tilth.engine.file.journal import Operation
from tilth.engine.file.queries import select
from tilth.engine.growing.judging import Judging
from tilth.strategies.base import Candidate
from tilth.tasks.base import Verdict

COPY = "copy"
_REASON = "the question of an earlier row"
"""It names no row: which is the first may turn out while others run."""


Place = tuple[int, int]
"""A unit whose rows ask a question: its place in the order of admission, and its number.

A plain tuple: there is one for each written question, and Python's collector leaves out those of numbers.
"""


class Copies:
    """Finds the rows without a reference whose question an earlier unit's kept row asks.

    The earlier unit is the one that was admitted before, whichever ended first: so a run's verdicts are the
    same at any concurrency and after any resume, and those of a smaller budget are a beginning of them.
    """

    def __init__(self, judging: Judging) -> None:
        self._judging = judging
        self._first: dict[str, Place] = {}

    def judged(
        self, place: Place, candidates: Sequence[Candidate], verdicts: Sequence[Verdict]
    ) -> tuple[list[Verdict], dict[str, Place]]:
        """The verdicts of a unit's candidates; and the later units that are copies now, by question's key."""
        found: list[Verdict] = []
        later: dict[str, Place] = {}
        for candidate, verdict in zip(candidates, verdicts, strict=True):
            key = self._key(candidate.question, candidate.reference, verdict.verdict)
            first = None if key is None else self._first.setdefault(key, place)
            if key is not None and first is not None and first[0] > place[0]:
                later[key] = first
                self._first[key] = first = place
            if first is None or first == place:
                found.append(verdict)
            else:
                found.append(replace(verdict, verdict="rejected", reason=_REASON, cause=COPY))
        return found, later

    def set_later(self, run_id: str, later: Mapping[str, Place]) -> Operation:
        """Writes that rows of later units are copies; gives the verdicts they had."""

        def write(file: sqlite3.Connection) -> list[str]:
            had: list[str] = []
            copies = []
            for key, (_, unit) in later.items():
                for row in select(file, _OF_UNIT, run_id, unit):
                    if self._key(row["question"], row["reference"], row["verdict"]) == key:
                        had.append(row["verdict"])
                        copies.append(row["arrival"])
            set_copies(copies)(file)
            return had

        return write

    def recalled(self, rows: Iterable[Mapping[str, Any]]) -> tuple[list[int], list[int]]:
        """Takes up stored rows, in the order of admission.

        Gives the arrivals of those that are copies and not told so, and of those told so that are none.
        """
        copies: list[int] = []
        others: list[int] = []
        for row in rows:
            told = row["cause"] == COPY
            verdict = "unverified" if told else row["verdict"]
            key = self._key(row["question"], row["reference"], verdict)
            if key is None:
                continue
            place = (row["position"], row["unit"])
            first = self._first.setdefault(key, place)
            if first != place and not told:
                copies.append(row["arrival"])
            elif first == place and told:
                others.append(row["arrival"])
        return copies, others

    def _key(self, question: str, reference: str | None, verdict: str) -> str | None:
        """The digest of what a row asks; None where it is no copy whatever was asked before."""
        if not self._judging.checked or reference is not None or verdict == "rejected":
            return None
        key = self._judging.task.key(question)
        return None if key in self._judging.seeds else digest_of(json.dumps(key))


_WRITTEN = """
SELECT w.arrival, w.unit, u.position, w.question, w.reference, w.verdict, w.cause
FROM rows w JOIN units u ON u.run_id = w.run_id AND u.unit = w.unit
WHERE w.run_id = ? AND w.reference IS NULL AND (w.verdict <> 'rejected' OR w.cause = 'copy')
ORDER BY u.position, w."index"
"""


_OF_UNIT = "SELECT arrival, question, reference, verdict FROM rows WHERE run_id = ? AND unit = ?"


def written_rows(run_id: str) -> Operation:
    """Gives the rows that may be copies or be copied, in the order of admission."""
    return lambda file: select(file, _WRITTEN, run_id)


def set_copies(arrivals: Sequence[int]) -> Operation:
    """Writes which rows are copies."""
    return lambda file: file.executemany(
        "UPDATE rows SET verdict = 'rejected', cause = ?, reason = ? WHERE arrival = ?",
        [(COPY, _REASON, arrival) for arrival in arrivals],
    )
