"""The run file's writer: one thread owns the connection and commits what came in together, together."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tilth.engine.file.format.migrations import migrate
from tilth.engine.file.format.schema import APPLICATION_ID, TABLES, VERSION
from tilth.engine.file.lock import Holder, Lock, Taken
from tilth.engine.file.opening import connect, explained, refuse_no_file
from tilth.errors import JournalError, RunBusy

_BATCH = 512
"""Most operations in one commit: enough for every worker's, few enough to keep a commit short."""

_ENOUGH = 16
"""Operations that are worth waking the writer for before the loop's turn is over."""

_FOLDING = 5.0
"""Seconds that closing waits for readers to be done; a log that stays is read along with its file."""

_OF_THE_JOB = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.NotSupportedError,
    sqlite3.ProgrammingError,
)
"""Errors of what is written: a number too large, a text that is none. Others are the file's, and last."""

Operation = Callable[[sqlite3.Connection], Any]


@dataclass(frozen=True, slots=True)
class Batched:
    """An operation that is done in one go with all of its kind that are committed with it.

    It depends on none that may be committed with it, so that the order among them does not matter.

    Attributes:
        kind: Takes the connection and `what` of each, and gives the result of each.
        what: What this one is about.
        spends: Whether something is paid for once it is done: it is refused where the file has gone.
    """

    kind: Callable[[sqlite3.Connection, list[Any]], Sequence[Any]]
    what: Any
    spends: bool = False


_Waiter = asyncio.Future[Any] | queue.SimpleQueue[tuple[Any, BaseException | None]] | None
"""Who is told the result: a future in its loop, a thread, or nobody."""


class _Job(NamedTuple):
    operation: Operation | Batched
    waiter: _Waiter


def now() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


class Journal:
    """Writes one run file. Operations given to it from any thread are durable when they return."""

    def __init__(self, path: Path) -> None:
        """Takes the file's lock and opens it; raises `RunBusy` with its holder, or `JournalError`."""
        self.path = path
        self._jobs: deque[_Job | None] = deque()
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._asleep = False
        self._unseen = 0
        refuse_no_file(path)
        try:
            self._lock = Lock(path)
        except Taken:
            raise RunBusy(
                f"{path} is in use by {_holder(path)}; wait for it, or choose another path"
            ) from None
        try:
            self._connection = connect(path)
            self._prepare()
        except BaseException:
            self._lock.release()
            raise
        self._thread = threading.Thread(target=self._write, name="tilth-journal", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        connection = self._connection
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                connection.executescript(
                    f"BEGIN IMMEDIATE; PRAGMA application_id={APPLICATION_ID}; {TABLES}"
                    f"PRAGMA user_version={VERSION};"
                )
            else:
                connection.execute("BEGIN IMMEDIATE")
                if version < VERSION:
                    migrate(connection)
            self._refuse_other_holder()
            me = Holder.me()
            connection.execute("DELETE FROM holder")
            connection.execute(
                "INSERT INTO holder (pid, host, since) VALUES (?, ?, ?)", (me.pid, me.host, me.since)
            )
            connection.execute("COMMIT")
            # in the file itself, not in its log: that is another one by another name
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            connection.close()
            raise explained(self.path, error) from error
        except BaseException:
            connection.close()
            raise

    def _refuse_other_holder(self) -> None:
        """Where the file itself could not be locked: whom it names must not be at work on it."""
        holder = Holder.of(self._connection)
        if holder is not None and not self._lock.sure and holder.seems_alive():
            raise RunBusy(f"{self.path} is in use by {holder}; wait for it, or choose another path")

    def _write(self) -> None:
        """The writer thread: takes whatever has come in, commits it, and only then answers."""
        broken: BaseException | None = None
        ending = False
        while not ending:
            while not self._jobs:
                self._asleep = True
                if not self._jobs:  # else it came before it could see that the writer sleeps
                    self._wakes.get()
                self._asleep = False
            jobs: list[_Job] = []
            while self._jobs and len(jobs) < _BATCH and not ending:
                job = self._jobs.popleft()
                if job is None:
                    ending = True
                else:
                    jobs.append(job)
            if jobs and broken is None:
                broken = self._commit(jobs)
            else:
                _tell(jobs, [None] * len(jobs), broken)

    def _commit(self, jobs: Sequence[_Job]) -> BaseException | None:
        """Commits jobs together; where what one of them brings cannot be written, each by itself.

        Returns what keeps the file from being written at all, if anything does.
        """
        connection = self._connection
        if any(isinstance(job.operation, Batched) and job.operation.spends for job in jobs):
            jobs = self._unless_lost(jobs)
        try:
            connection.execute("BEGIN IMMEDIATE")
            results = _results(connection, [job.operation for job in jobs])
            connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - those who wait for it must hear of it
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            lasting = isinstance(error, sqlite3.Error) and not isinstance(error, _OF_THE_JOB)
            if len(jobs) > 1 and not lasting:
                return self._commit_apart(jobs)
            failure = explained(self.path, error) if isinstance(error, sqlite3.Error) else error
            _tell(jobs, [None] * len(jobs), failure)
            return failure if lasting else None
        _tell(jobs, results, None)
        return None

    def _unless_lost(self, jobs: Sequence[_Job]) -> Sequence[_Job]:
        """The jobs, less those that would spend where the file is no longer where it was."""
        lost = self._lock.lost()
        if lost is None:
            return jobs
        spending = [isinstance(job.operation, Batched) and job.operation.spends for job in jobs]
        refused = [job for job, spends in zip(jobs, spending, strict=True) if spends]
        failure = JournalError(
            f"{self.path} {lost} while its run was at work; the run stopped before it paid for more. "
            "Move it back if you have it, then run again; else start anew"
        )
        _tell(refused, [None] * len(refused), failure)
        return [job for job, spends in zip(jobs, spending, strict=True) if not spends]

    def _commit_apart(self, jobs: Sequence[_Job]) -> BaseException | None:
        """Commits one job after the other, so that one that cannot be written takes no other with it."""
        for place, job in enumerate(jobs):
            broken = self._commit([job])
            if broken is not None:
                _tell(jobs[place + 1 :], [None] * (len(jobs) - place - 1), broken)
                return broken
        return None

    async def write(self, operation: Operation | Batched) -> Any:
        """Runs `operation` on the connection and returns its result once it is durable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._jobs.append(_Job(operation, future))
        self._unseen += 1
        if self._unseen == 1:
            loop.call_soon(self._wake)
        elif self._unseen == _ENOUGH:
            self._wake()
        return await future

    def _wake(self) -> None:
        """Has the writer see what came in."""
        self._unseen = 0
        if self._asleep:  # waking it is a call to the system
            self._wakes.put(None)

    def post(self, operation: Operation) -> None:
        """Runs `operation` soon, for those that cannot wait: a cancelled call's doubt."""
        self._jobs.append(_Job(operation, None))
        self._wake()

    def write_now(self, operation: Operation) -> Any:
        """Runs `operation` and blocks until it is durable; not for the runner's loop."""
        box: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._jobs.append(_Job(operation, box))
        self._wake()
        result, error = box.get()
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Writes what is left, folds the log into the file (so it opens from a read-only folder), unlocks."""
        self._jobs.append(None)
        self._wake()
        self._thread.join()
        with suppress(sqlite3.Error):
            self._connection.execute("DELETE FROM holder")
        deadline = time.monotonic() + _FOLDING
        while not self._folded() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._connection.close()
        self._lock.release()

    def _folded(self) -> bool:
        """Whether the log could be folded into the file: not while somebody reads it."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            [mode] = self._connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.OperationalError:
            return False
        return bool(mode == "delete")


def _results(connection: sqlite3.Connection, operations: Sequence[Operation | Batched]) -> list[Any]:
    """Does all operations; those of one kind together, but none of them after one that came later."""
    results: list[Any] = [None] * len(operations)
    gathered: dict[Any, list[tuple[int, Any]]] = {}

    def do_gathered() -> None:
        for kind, places in gathered.items():
            found = kind(connection, [what for _, what in places])
            for (place, _), result in zip(places, found, strict=True):
                results[place] = result
        gathered.clear()

    for place, operation in enumerate(operations):
        if isinstance(operation, Batched):
            gathered.setdefault(operation.kind, []).append((place, operation.what))
        else:
            do_gathered()
            results[place] = operation(connection)
    do_gathered()
    return results


def _tell(jobs: Sequence[_Job], results: Sequence[Any], error: BaseException | None) -> None:
    """Answers all jobs of a commit, waking each loop once: a wake-up is a call to the system."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for (_, waiter), result in zip(jobs, results, strict=True):
        if isinstance(waiter, asyncio.Future):
            by_loop.setdefault(waiter.get_loop(), []).append((waiter, result))
        elif waiter is not None:
            waiter.put((result, error))

    def tell(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
        for future, result in answers:
            if not future.done():
                future.set_result(result) if error is None else future.set_exception(error)

    for loop, answers in by_loop.items():
        loop.call_soon_threadsafe(tell, answers)


def _holder(path: Path) -> str:
    try:
        connection = connect(path, readonly=True)
        try:
            return str(Holder.of(connection) or "another process")
        finally:
            connection.close()
    except (JournalError, sqlite3.Error):
        return "another process"
