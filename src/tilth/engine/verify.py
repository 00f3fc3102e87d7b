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

from tilth import tasks
from tilth.engine.file.audit import audit_file, audit_run, audit_study
from tilth.engine.file.copying import snapshot
from tilth.engine.file.digests import canonical
from tilth.engine.file.queries import seeds_from
from tilth.engine.file.resume import JournalledRun
from tilth.engine.growing.replay import NotJournalled, Replay
from tilth.engine.growing.rows import Origin, judge, rows_of
from tilth.engine.recipe import run_id_of, shown
from tilth.errors import JournalError
from tilth.seeds import Seeds
from tilth.strategies import registry
from tilth.strategies.base import Strategy, Unit
from tilth.strategies.passes import SeedPasses
from tilth.tasks.base import Task
from tilth.teacher import RecordedTeacher

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
    """Checks a run's or a study's file, of a live run too. Asks no model and changes nothing.

    It looks at the file's integrity and version; at the ledger: every paid call has its reply, every reply
    its call, and units, rows and calls add up; and it grows all rows again from the journalled replies and
    compares them with those that are stored, but for `created_at`.

    Args:
        path: The file.
        using: Strategies and tasks of your own that the file's runs were grown with, if they are not
            installed.

    Raises:
        JournalError: There is no such file, it is of something else, or of a newer Tilth.
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
    records = file.execute(
        "SELECT run_id, identity, settings FROM runs ORDER BY created_at, run_id"
    ).fetchall()
    for run_id, identity, settings in records:
        about = f"run {run_id}: " if len(records) > 1 else ""
        wrong = [*audit_run(file, run_id)]
        audited = _Run(file, run_id, json.loads(identity), json.loads(settings), using)
        wrong += audited.seeds_and_identity()
        if (why_not := audited.unknown()) is not None:
            notes.append(f"{about}{why_not}; its rows were not rebuilt")
        else:
            # in a thread of its own: the caller may have a loop that is running
            with ThreadPoolExecutor(1) as thread:
                more, compared = thread.submit(asyncio.run, audited.compare()).result()
            wrong += more
            rebuilt += compared
        findings += (f"{about}{one}" for one in wrong)
    findings += audit_study(file)
    [(replies, rows)] = file.execute("SELECT (SELECT count(*) FROM replies), (SELECT count(*) FROM rows)")
    return Report(where, len(records), replies, rows, rebuilt, tuple(findings), tuple(notes))


class _Run:
    """One run of a file under scrutiny."""

    def __init__(
        self,
        file: sqlite3.Connection,
        run_id: str,
        identity: Mapping[str, Any],
        settings: Mapping[str, Any],
        using: Sequence[Strategy | Task],
    ) -> None:
        self._file, self._id, self._identity, self._settings = file, run_id, identity, settings
        self._seeds: Seeds = seeds_from(file, run_id, identity["task"]["name"], settings["seeds"])
        judging = settings.get("judging", {})
        self._strategy = _strategy(identity["strategy"], judging.get("checks"), using)
        self._task = _task(identity["task"], judging.get("task"), using)

    def seeds_and_identity(self) -> Iterator[str]:
        """Whether the run is what its id says."""
        if run_id_of(self._identity) != self._id:
            yield f"the identity was changed: its digest does not begin with {self._id}"
        if self._seeds.identity() != self._identity["seeds"]:
            yield "the seeds are not those of the run's identity"

    def unknown(self) -> str | None:
        """What keeps the rows from being rebuilt here."""
        for kind, found in (("strategy", self._strategy), ("task", self._task)):
            if found is None:
                stored = self._identity[kind]
                about = f"the {kind} {stored['name']!r}, version {stored['version']},"
                if kind == "task" and stored["name"] in tasks.available():
                    return f"{about} was not found here with its database, prompts and options of then"
                return f"{about} is not installed here"
        return None

    async def compare(self) -> tuple[list[str], int]:
        """Grows all units again: what differs from the file, and how many rows were compared."""
        file, identity, settings = self._file, self._identity, self._settings
        strategy, task = self._strategy, self._task
        if strategy is None or task is None:
            return [], 0
        limits = settings["max_tokens"]
        teacher = RecordedTeacher(identity["teacher"], limits["teacher"])
        writer = RecordedTeacher(identity["writer"], limits["writer"])
        nested = tuple(identity.get("nested", ()))
        passes = SeedPasses(tuple(self._seeds), identity["random_state"], nested, task.put)
        journalled = JournalledRun(file, self._id)
        models = {"teacher": teacher, "writer": writer, **strategy.models()}
        replay = Replay(journalled, self._seeds, strategy, task, models, passes)
        origin = Origin(
            self._id,
            strategy.name,
            settings["teacher"],
            settings["writer"],
            priced=settings["priced"],
            checked=settings["check"] is not False,
        )
        stored = {
            record["position"]: record
            for record in _named(file, "SELECT * FROM units WHERE run_id = ?", self._id)
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
                rows = _named(
                    file,
                    'SELECT * FROM rows WHERE run_id = ? AND unit = ? ORDER BY "index"',
                    self._id,
                    unit.number,
                )
                wrong += await self._compare_unit(replay, unit, record, rows, origin)
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
        origin: Origin,
    ) -> list[str]:
        try:
            regrown = await replay.grow(unit)
        except NotJournalled as error:
            return [f"unit {unit.number} cannot be rebuilt: {error}"]
        except Exception as error:  # noqa: BLE001 - a strategy of others, on replies that may be damaged
            return [f"unit {unit.number} cannot be rebuilt: {type(error).__name__}: {error}"]
        checks = replay.strategy.checks
        verdicts = [
            judge(candidate, replay.task, checks, checked=origin.checked) for candidate in regrown.candidates
        ]
        expected = rows_of(origin, unit, regrown.candidates, verdicts, regrown.bill, replay.task)
        amount = regrown.bill.spent
        wanted = {
            "round": unit.round,
            "outcome": regrown.outcome,
            "reason": record["reason"] if regrown.failed else regrown.reason,
            "worst_queries": replay.strategy.unit_cost(unit, replay.task).most_queries,
            "queries": amount.queries,
            "tokens": amount.tokens,
            "nano": amount.nano,
        }
        wrong = [f"unit {unit.number}: {text}" for text in _differences(record, wanted)]
        if len(rows) != len(expected):
            return [*wrong, f"unit {unit.number} has {len(rows)} rows, and its replies give {len(expected)}"]
        for row, grown in zip(rows, expected, strict=True):
            at = f"row {self._id}:{unit.number}:{row['index']}: "
            wrong += (at + text for text in _differences(row, grown))
        return wrong


def _differences(stored: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in expected.items():
        there = stored[name]
        if name == "created_at" or there == wanted:
            continue
        if name == "nano" and not there and not wanted:  # a price was learnt, or lost, between two sittings
            continue
        if isinstance(wanted, float) and isinstance(there, float) and math.isclose(there, wanted):
            continue  # summed in another order
        yield f"{name} is {shown(there)}, and its replies give {shown(wanted)}"


def _named(file: sqlite3.Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    cursor = file.execute(query, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, record, strict=True)) for record in cursor]


def _strategy(
    stored: Mapping[str, Any], judging: Mapping[str, Any] | None, using: Sequence[Strategy | Task]
) -> Strategy | None:
    known: list[Strategy] = [one for one in using if isinstance(one, Strategy)]
    given = next((one for one in known if canonical(one.identity()) == canonical(stored)), None)
    return given or registry.restored(stored, judging)


def _task(
    stored: Mapping[str, Any], judging: Mapping[str, Any] | None, using: Sequence[Strategy | Task]
) -> Task | None:
    known: list[Task] = [one for one in using if isinstance(one, Task)]
    given = next((one for one in known if canonical(one.identity()) == canonical(stored)), None)
    return given or tasks.restored(stored, judging)
