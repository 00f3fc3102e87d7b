"""Whether a run file is whole: its tables, its sums, and its rows rebuilt from the journalled replies."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilth.engine.assembly import row_context_of
from tilth.engine.file.audit import audit_books, audit_file, audit_run, audit_study
from tilth.engine.file.copying import snapshot
from tilth.engine.file.format.records import identity_of, settings_of_record
from tilth.engine.file.format.tables import StrangeFile
from tilth.engine.file.queries import select
from tilth.engine.file.resume import JournalledRun
from tilth.engine.file.writes import JUDGING_ANEW
from tilth.engine.growing.copies import Copies
from tilth.engine.growing.judging import Judging, parents_of
from tilth.engine.growing.replay import NotJournalled, Replay
from tilth.engine.growing.rows import BY_VERDICT, rows_of
from tilth.engine.recipe import READING_RULES, VERDICT_RULES, Recipe, StoredRecipe, run_id_of, shown
from tilth.engine.verify.report import Report
from tilth.errors import JournalError
from tilth.strategies.base import Candidate, Strategy, Unit
from tilth.tasks.base import Task
from tilth.tasks.causes import OTHER

_FARTHEST = 65_536
"""Positions without an outcome that a run can have: far more than units are ever at work at once."""

_JUDGED = ("verdict", "cause", "reason", "score")
"""Columns of a row that running decides."""

_NOT_RUN = "not-run"
"""The cause of a row whose answer could be read, and was not run."""


def verified_file(where: Path, using: Sequence[Strategy | Task]) -> Report:
    """What is found of a run's or a study's file; `tilth.verify` says what is looked at.

    Raises:
        JournalError: There is no such file, it is of something else, or of a newer Tilth.
    """
    try:
        with snapshot(where) as file:
            return _verified(where, file, using)
    except StrangeFile as error:  # nothing can be said of what stands in foreign tables
        return Report(where, findings=error.findings)
    except JournalError as error:
        if not isinstance(error.__cause__, sqlite3.DatabaseError) or where.stat().st_size == 0:
            raise
        return Report(where, findings=(str(error),))
    except sqlite3.DatabaseError as error:
        return Report(where, findings=(f"SQLite: {error}",))


def _verified(where: Path, file: sqlite3.Connection, using: Sequence[Strategy | Task]) -> Report:
    findings = list(audit_file(file))
    if findings:  # nothing can be said of what stands in damaged tables
        return Report(where, findings=tuple(findings))
    notes: list[str] = []
    rebuilt = 0
    runs = file.execute("SELECT run_id, identity, settings FROM runs ORDER BY created_at, run_id").fetchall()
    findings += audit_books(file)
    for run_id, identity, settings in runs:
        about = f"run {run_id}: " if len(runs) > 1 else ""
        found = _Found()
        try:
            found.wrong += audit_run(file, run_id)
            _rebuild(file, found, (run_id, identity, settings), using)
        except Exception as error:  # noqa: BLE001 - whatever a damaged file makes of the code that reads it
            said = (str(error) or type(error).__name__).splitlines()[0]
            found.wrong.append(f"it cannot be looked at further: {said[:200]}")
        findings += (f"{about}{one}" for one in found.wrong)
        notes += (f"{about}{one}" for one in found.notes)
        rebuilt += found.rebuilt
    for (study_id,) in file.execute("SELECT study_id FROM studies").fetchall():
        findings += (f"students: {one}" for one in audit_run(file, study_id))
    findings += audit_study(file)
    [(replies, rows)] = file.execute("SELECT (SELECT count(*) FROM replies), (SELECT count(*) FROM rows)")
    return Report(where, len(runs), replies, rows, rebuilt, tuple(findings), tuple(notes))


@dataclass
class _Found:
    """What was found of one run."""

    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rebuilt: int = 0


def _rebuild(
    file: sqlite3.Connection,
    found: _Found,
    record: tuple[str, Any, Any],
    using: Sequence[Strategy | Task],
) -> None:
    run_id, identity, settings = record
    stored = StoredRecipe.of_record(file, run_id, identity_of(identity), settings_of_record(settings), using)
    found.wrong += _changed(stored)
    recipe = stored.whole()
    if recipe is None:
        found.notes.append(f"{stored.missing()}; its rows were not rebuilt")
        return
    given = any(recipe.task is one for one in using)
    if given and recipe.task.verdict_options() != stored.task_options:
        found.notes.append(
            f"rows were judged by {shown(stored.task_options)} there and by "
            f"{shown(recipe.task.verdict_options())} here: a verdict may differ for that"
        )
    # in a thread of its own: the caller may have a loop that is running
    with ThreadPoolExecutor(1) as thread:
        rebuilding = _Rebuilding(file, stored, recipe, found)
        thread.submit(asyncio.run, rebuilding.compare()).result()
    if not _as_today(stored.settings):
        found.notes.append(
            "its rows were judged by other rules than today's, so their verdicts were not compared; "
            "start the run again to judge them anew, which asks nothing"
        )


def _changed(stored: StoredRecipe) -> Iterator[str]:
    """Whether the run is what its id says."""
    if run_id_of(stored.identity) != stored.run_id:
        yield f"the identity was changed: its digest does not begin with {stored.run_id}"
    if stored.seeds.identity() != stored.identity["seeds"]:
        yield "the seeds are not those of the run's identity"
    prices = stored.settings["prices"].values()
    if not stored.settings["simulated"] and any(
        price and price["source"] == "simulation" for price in prices
    ):
        yield "the settings say that a model answered, and price it as a simulation"


class _Rebuilding:
    """The rows of one run of a file, grown again and compared."""

    def __init__(self, file: sqlite3.Connection, stored: StoredRecipe, recipe: Recipe, found: _Found) -> None:
        self._file, self._id, self._recipe, self._found = file, stored.run_id, recipe, found
        self._row_context = row_context_of(stored.run_id, recipe, stored.settings)
        self._judging = Judging(recipe, checked=self._row_context.checked)
        self._copies = Copies(self._judging)
        self._as_today = _as_today(stored.settings)
        self._not_rerun = recipe.task.not_rerun(stored.task_options)
        self._unjudged = 0
        self._read_otherwise = stored.settings.get("reading", 1) != READING_RULES
        self._grown_otherwise = 0

    async def compare(self) -> None:
        """Grows all units again: what differs from the file, and how many rows were compared."""
        file, recipe, wrong = self._file, self._recipe, self._found.wrong
        replay = Replay(JournalledRun(file, self._id), recipe)
        stored = {
            record["position"]: record
            for record in select(file, "SELECT * FROM units WHERE run_id = ?", self._id)
        }
        last = max(stored, default=-1)
        if min(stored, default=0) < 0 or last > len(stored) + _FARTHEST:
            wrong.append(f"unit {stored[last]['unit']} stands at position {last}, where no unit can stand")
            return
        # only of a run that came to its end is it known that no unit was at work
        unended = replay.journalled.touched - replay.journalled.finished if self._is_finished() else set()
        try:
            async for position, unit in replay.units(last + len(unended)):
                record = stored.pop(position, None)
                if record is None:
                    if unit.number in unended and await _is_whole(replay, unit):
                        wrong.append(f"unit {unit.number} has all its replies, and no outcome")
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
                self._found.rebuilt += len(rows)
        except NotJournalled as error:
            if stored:  # else the run was broken off where that would have come
                wrong.append(f"what goes before a round cannot be repeated: {error}")
        wrong += (
            f"unit {record['unit']} at position {position} is none of the strategy's"
            for position, record in stored.items()
        )
        if self._grown_otherwise:
            self._found.notes.append(
                f"{self._grown_otherwise:,} units were grown by an older version, which read their replies "
                "otherwise; they were not compared"
            )
        if self._unjudged:
            self._found.notes.append(
                f"not re-run: {self._not_rerun}; {self._unjudged:,} verdicts were taken as they stand. To run"
                " it here, under your own limits, pass using=[tilth.tasks.Code(run=True)], or --run"
            )

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
            if self._read_otherwise:
                self._grown_otherwise += 1
                return []
            return [f"unit {unit.number} cannot be rebuilt: {error}"]
        except Exception as error:  # noqa: BLE001 - a strategy of others, on replies that may be damaged
            return [f"unit {unit.number} cannot be rebuilt: {type(error).__name__}: {error}"]
        verdicts, _ = self._copies.judged(
            (record["position"], unit.number),
            regrown.candidates,
            [self._judging.verdict(one, parents_of(one, unit)) for one in regrown.candidates],
        )
        expected = rows_of(
            self._row_context, unit, regrown.candidates, verdicts, regrown.bill, self._recipe.task
        )
        if self._read_otherwise and len(rows) != len(expected):
            self._grown_otherwise += 1
            return []
        amount = regrown.bill.spent
        wanted = {
            "round": unit.round,
            "outcome": regrown.outcome,
            "cause": record["cause"] if regrown.failed else regrown.cause,
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
        for row, grown, candidate in zip(rows, expected, regrown.candidates, strict=True):
            if self._stands(candidate, unit):
                grown |= {name: row[name] for name in _JUDGED}
            at = f"row {self._id}:{unit.number}:{row['index']}: "
            aside = frozenset() if self._as_today else BY_VERDICT
            compared = {name: value for name, value in grown.items() if name not in aside}
            wrong += (at + text for text in _differences(row, compared))
        return wrong

    def _is_finished(self) -> bool:
        query = "SELECT status FROM runs WHERE run_id = ?"
        return bool(self._file.execute(query, (self._id,)).fetchone()[0] == "finished")

    def _stands(self, candidate: Candidate, unit: Unit) -> bool:
        """Whether a verdict cannot be found anew, for nothing is run here."""
        if self._not_rerun is None:
            return False
        own = self._judging.verdict_of_task(candidate, parents_of(candidate, unit))
        self._unjudged += own.cause == _NOT_RUN
        return own.cause == _NOT_RUN


async def _is_whole(replay: Replay, unit: Unit) -> bool:
    """Whether a unit can be grown from its journal to its end."""
    try:
        return not (await replay.grow(unit)).failed
    except Exception:  # noqa: BLE001 - it lacks a reply, or its strategy cannot take what it finds
        return False


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
