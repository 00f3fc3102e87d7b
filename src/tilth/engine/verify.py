"""Whether a run file is whole: its tables, its sums, and its rows rebuilt from the journalled replies."""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilth.engine.assembly import row_context_of
from tilth.engine.file.audit import audit_file, audit_run, audit_study
from tilth.engine.file.copying import snapshot
from tilth.engine.file.queries import select
from tilth.engine.file.resume import JournalledRun
from tilth.engine.file.writes import JUDGING_ANEW
from tilth.engine.growing.replay import NotJournalled, Replay
from tilth.engine.growing.rows import BY_VERDICT, rows_of, verdict_of
from tilth.engine.recipe import VERDICT_RULES, Recipe, StoredRecipe, run_id_of, shown
from tilth.errors import JournalError
from tilth.strategies.base import Strategy, Unit
from tilth.tasks.base import Task
from tilth.tasks.causes import OTHER

_FARTHEST = 65_536
"""Positions without an outcome that a run can have: far more than units are ever at work at once."""


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found.

    Attributes:
        path: The file.
        runs: Its runs.
        replies: Their journalled replies.
        rows: Their rows.
        rebuilt: Rows that were rebuilt from replies and compared.
        findings: What is wrong, each in a line; empty where all is well.
        notes: What could not be looked at, and why.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher, path="run.tilth")
        >>> report = tilth.verify("run.tilth")
        >>> report.ok, report.rebuilt, report.findings
        (True, 20, ())
    """

    path: Path
    runs: int = 0
    replies: int = 0
    rows: int = 0
    rebuilt: int = 0
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def verify(path: str | Path, using: Sequence[Strategy | Task] = ()) -> Report:
    """Verifies a run's or a study's file, of a live run too. Asks no model and changes nothing.

    It looks at the file's integrity and version; at the ledger: every paid call has its reply, every reply
    its call, and units, rows and calls add up; and it grows all rows again from the journalled replies and
    compares them with those that are stored, but for `created_at`.

    Args:
        path: The file.
        using: Strategies and tasks of your own that the file's runs were grown with, if they are not
            installed.

    Raises:
        JournalError: There is no such file, it is of something else, or of a newer Tilth.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(5), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "new-question", 10, teacher=teacher, path="whole.tilth")
        >>> report = tilth.verify("whole.tilth")
        >>> report.ok, report.rows, report.rebuilt
        (True, 5, 5)
    """
    where = Path(path)
    try:
        with snapshot(where) as file:
            return _verified(where, file, using)
    except JournalError as error:
        if not isinstance(error.__cause__, sqlite3.DatabaseError) or where.stat().st_size == 0:
            raise
        return Report(where, findings=(str(error),))
    except sqlite3.DatabaseError as error:
        return Report(where, findings=(f"SQLite: {error}",))


def _verified(where: Path, file: sqlite3.Connection, using: Sequence[Strategy | Task]) -> Report:
    findings = list(audit_file(file))
    if findings:  # nothing can be said of what stands in damaged or foreign tables
        return Report(where, findings=tuple(findings))
    notes: list[str] = []
    rebuilt = 0
    runs = file.execute("SELECT run_id, identity, settings FROM runs ORDER BY created_at, run_id").fetchall()
    for run_id, identity, settings in runs:
        about = f"run {run_id}: " if len(runs) > 1 else ""
        wrong = [*audit_run(file, run_id)]
        known = json.loads(settings)
        stored = StoredRecipe.of_record(file, run_id, json.loads(identity), known, using)
        wrong += _changed(stored)
        recipe = stored.whole()
        if recipe is None:
            notes.append(f"{about}{stored.missing()}; its rows were not rebuilt")
        else:
            # in a thread of its own: the caller may have a loop that is running
            with ThreadPoolExecutor(1) as thread:
                rebuilding = _Rebuilding(file, stored, recipe)
                more, compared = thread.submit(asyncio.run, rebuilding.compare()).result()
            wrong += more
            rebuilt += compared
            if not _as_today(known):
                notes.append(
                    f"{about}its rows were judged by other rules than today's, so their verdicts were not "
                    "compared; start the run again to judge them anew, which asks nothing"
                )
        findings += (f"{about}{one}" for one in wrong)
    findings += audit_study(file)
    [(replies, rows)] = file.execute("SELECT (SELECT count(*) FROM replies), (SELECT count(*) FROM rows)")
    return Report(where, len(runs), replies, rows, rebuilt, tuple(findings), tuple(notes))


def _changed(stored: StoredRecipe) -> Iterator[str]:
    """Whether the run is what its id says."""
    if run_id_of(stored.identity) != stored.run_id:
        yield f"the identity was changed: its digest does not begin with {stored.run_id}"
    if stored.seeds.identity() != stored.identity["seeds"]:
        yield "the seeds are not those of the run's identity"


class _Rebuilding:
    """The rows of one run of a file, grown again and compared."""

    def __init__(self, file: sqlite3.Connection, stored: StoredRecipe, recipe: Recipe) -> None:
        self._file, self._id, self._recipe = file, stored.run_id, recipe
        self._row_context = row_context_of(stored.run_id, recipe, stored.settings)
        self._as_today = _as_today(stored.settings)

    async def compare(self) -> tuple[list[str], int]:
        """Grows all units again: what differs from the file, and how many rows were compared."""
        file, recipe = self._file, self._recipe
        replay = Replay(JournalledRun(file, self._id), recipe)
        stored = {
            record["position"]: record
            for record in select(file, "SELECT * FROM units WHERE run_id = ?", self._id)
        }
        last = max(stored, default=-1)
        if min(stored, default=0) < 0 or last > len(stored) + _FARTHEST:
            return [f"unit {stored[last]['unit']} stands at position {last}, where no unit can stand"], 0
        wrong: list[str] = []
        compared = 0
        try:
            async for position, unit in replay.units(last):
                record = stored.pop(position, None)
                if record is None:
                    continue
                if record["unit"] != unit.number:
                    wrong.append(
                        f"unit {record['unit']} stands at {position}, where unit {unit.number} belongs"
                    )
                    continue
                rows = select(
                    file,
                    'SELECT * FROM rows WHERE run_id = ? AND unit = ? ORDER BY "index"',
                    self._id,
                    unit.number,
                )
                wrong += await self._compare_unit(replay, unit, record, rows)
                compared += len(rows)
        except NotJournalled as error:
            wrong.append(f"preparing cannot be repeated: {error}")
        wrong += (
            f"unit {record['unit']} at position {position} is none of the strategy's"
            for position, record in stored.items()
        )
        return wrong, compared

    async def _compare_unit(
        self,
        replay: Replay,
        unit: Unit,
        record: Mapping[str, Any],
        rows: Sequence[Mapping[str, Any]],
    ) -> list[str]:
        try:
            regrown = await replay.grow(unit)
        except NotJournalled as error:
            return [f"unit {unit.number} cannot be rebuilt: {error}"]
        except Exception as error:  # noqa: BLE001 - a strategy of others, on replies that may be damaged
            return [f"unit {unit.number} cannot be rebuilt: {type(error).__name__}: {error}"]
        checks, row_context = self._recipe.strategy.checks, self._row_context
        verdicts = [
            verdict_of(candidate, self._recipe.task, checks, checked=row_context.checked)
            for candidate in regrown.candidates
        ]
        expected = rows_of(row_context, unit, regrown.candidates, verdicts, regrown.bill, self._recipe.task)
        amount = regrown.bill.spent
        wanted = {
            "round": unit.round,
            "outcome": regrown.outcome,
            "cause": regrown.cause,
            "reason": record["reason"] if regrown.failed else regrown.reason,
            "worst_queries": self._recipe.strategy.unit_cost(unit, self._recipe.task).most_queries,
            "queries": amount.queries,
            "tokens": amount.tokens,
            "nano": amount.nano,
        }
        if not self._as_today:
            wanted["cause"], wanted["reason"] = record["cause"], record["reason"]
        wrong = [f"unit {unit.number}: {text}" for text in _differences(record, wanted)]
        if len(rows) != len(expected):
            return [*wrong, f"unit {unit.number} has {len(rows)} rows, and its replies give {len(expected)}"]
        for row, grown in zip(rows, expected, strict=True):
            at = f"row {self._id}:{unit.number}:{row['index']}: "
            aside = frozenset() if self._as_today else BY_VERDICT
            compared = {name: value for name, value in grown.items() if name not in aside}
            wrong += (at + text for text in _differences(row, compared))
        return wrong


def _as_today(settings: Mapping[str, Any]) -> bool:
    """Whether all stored rows were judged by today's rules: not by an older version's, and not in part."""
    rules = settings.get("verdict_options", {}).get("rules")
    return rules == VERDICT_RULES and JUDGING_ANEW not in settings


def _differences(stored: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in expected.items():
        there = stored[name]
        if name == "created_at" or there == wanted:
            continue
        if name == "nano" and not there and not wanted:  # a price was learnt, or lost, between two sittings
            continue
        if isinstance(wanted, float) and isinstance(there, float) and math.isclose(there, wanted):
            continue  # summed in another order
        if name == "cause" and there == OTHER:
            continue  # the file was of a version that had none, and its reason is none of ours
        yield f"{name} is {shown(there)}, and its replies give {shown(wanted)}"
