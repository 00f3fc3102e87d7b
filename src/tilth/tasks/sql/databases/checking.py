"""Checks a query by running it and its reference on every state of a database, and comparing results."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tilth.tasks.causes import Why
from tilth.tasks.sql.databases import ties
from tilth.tasks.sql.databases.files import signature
from tilth.tasks.sql.databases.guard import Query, Refused, refuse_unknown_tables
from tilth.tasks.sql.databases.opening import MAX_ROWS, Database, DatabaseFailed, QueryFailed
from tilth.tasks.sql.databases.results import Result, Row, as_number, in_order, same_rows

_MOST_RESULTS = 4_096
_MOST_RESULT_ROWS = 200_000
_OTHER_VALUES = "other values"
_TYING = ("other order", _OTHER_VALUES)
"""The differences that rows of a tie may make."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What checking found: a verdict's name, why where it is no "accepted", and its score."""

    verdict: str
    reason: str | None = None
    cause: str | None = None
    score: float | None = None


@dataclass
class _Expected:
    """A reference's result on one state, or why it has none, and its ties once they were asked for."""

    result: Result
    error: Refused | QueryFailed | None = None
    ties: ties.Ties | None = None
    looked: bool = False


@dataclass
class States:
    """The databases that are open, and the references' results on them.

    A database whose files changed is opened again, and its results are worked out anew.
    """

    open: Callable[[Path], Database]
    _opened: dict[Path, tuple[object, Database]] = field(default_factory=dict)
    _expected: OrderedDict[tuple[object, ...], _Expected] = field(default_factory=OrderedDict)

    def at(self, path: Path) -> Database:
        """The database at `path`, opened.

        Raises:
            DatabaseFailed: It cannot be.
        """
        now = signature(path)
        before, database = self._opened.get(path, (None, None))
        if database is None or before != now:
            self.drop(path)
            database = self.open(path)
            self._opened[path] = now, database
        return database

    def drop(self, path: Path) -> None:
        """Closes a database, where it is open."""
        if path in self._opened:
            self._opened.pop(path)[1].close()

    def rest(self) -> None:
        """Closes all: an open DuckDB file could not be written to by its owner."""
        for path in list(self._opened):
            self.drop(path)

    def run(self, query: Query, path: Path, seconds: float, most: int = MAX_ROWS) -> Result:
        """The query's result on one state.

        Raises:
            Refused: It reads a table that is not there.
            QueryFailed: It gave none.
            DatabaseFailed: The database cannot be read.
        """
        database = self.at(path)
        refuse_unknown_tables(query, database.names)
        try:
            return database.run(query.text, seconds, most)
        except DatabaseFailed:
            self.drop(path)
            raise

    def expected(self, reference: Query, path: Path, seconds: float) -> _Expected:
        """The reference's result on one state, worked out once a day while the state stays as it is.

        Raises:
            Refused, QueryFailed, DatabaseFailed: As `run` does.
        """
        # A query may ask for today.
        key = (path, signature(path), reference.text, seconds, dt.datetime.now(dt.UTC).date())
        found = self._expected.get(key)
        if found is None:
            try:
                found = _Expected(self.run(reference, path, seconds))
            except (Refused, QueryFailed) as error:
                found = _Expected(Result(0, ()), error)
            self._keep(key, found)
        self._expected.move_to_end(key)
        if found.error is not None:
            raise found.error
        return found

    def _keep(self, key: tuple[object, ...], new: _Expected) -> None:
        self._expected[key] = new
        rows = sum(len(one.result.rows) for one in self._expected.values())
        while len(self._expected) > _MOST_RESULTS or (rows > _MOST_RESULT_ROWS and len(self._expected) > 1):
            rows -= len(self._expected.popitem(last=False)[1].result.rows)

    def ties(
        self, reference: Query, path: Path, expected: _Expected, dialect: str, seconds: float
    ) -> ties.Ties | None:
        """The reference's rows on one state in groups that tie; None where that cannot be found out."""
        if not expected.looked:
            expected.looked = True
            shown = ties.keyed(reference.tree, dialect)
            if shown is not None:
                try:
                    rows = self.at(path).run(shown.sql, seconds, MAX_ROWS).rows
                except QueryFailed:
                    return None
                expected.ties = ties.ties(rows, shown, expected.result.rows)
        return expected.ties


def parses(states: States, sql: str, path: Path) -> bool:
    """Whether the database itself would take a text for one query; it does not run."""
    try:
        return states.at(path).parses(sql)
    except DatabaseFailed:
        return True  # nothing says that it would not


def fault(states: States, reference: Query, paths: Sequence[Path], seconds: float) -> str | None:
    """Why a reference gives no result on some state, or None."""
    for number, path in enumerate(paths, 1):
        try:
            states.expected(reference, path, seconds)
        except (Refused, QueryFailed, DatabaseFailed) as error:
            return _on(str(error), number, paths)
    return None


def check(
    states: States,
    query: Query,
    reference: Query | None,
    paths: Sequence[Path],
    dialect: str,
    seconds: float,
    doubt: Why,
) -> Finding:
    """What running a query says of it; `doubt` says why there is no reference.

    Rejected where it fails on a state, or its result differs from the reference's on one. Unverified where
    it does not, but the reference is missing, fails on a state, returns nothing on all of them, or leaves
    open which of several rows it takes.
    """
    doubts: list[Why] = []
    telling = False
    for number, path in enumerate(paths, 1):
        expected = None
        try:
            if reference is not None:
                expected = states.expected(reference, path, seconds)
        except (Refused, QueryFailed) as error:
            doubts.append(Why("bad-reference", _on(f"the reference has no result: {error}", number, paths)))
        except DatabaseFailed as error:
            doubts.append(Why("database-failed", _on(str(error), number, paths)))
            continue
        most = MAX_ROWS if expected is None else len(expected.result.rows)
        try:
            result = states.run(query, path, seconds, most)
        except (Refused, QueryFailed) as error:
            if isinstance(error, QueryFailed) and error.elsewhere:
                doubts.append(Why("not-compared", _on(f"not run: {error}", number, paths)))
                continue
            return Finding("rejected", _on(str(error), number, paths), error.cause, 0.0)
        except DatabaseFailed as error:
            doubts.append(Why("database-failed", _on(str(error), number, paths)))
            continue
        if reference is None or expected is None:
            continue
        telling = telling or not expected.result.says_nothing
        difference = _difference(result, expected.result, ordered=ties.is_ordered(reference.tree))
        if difference in _TYING and (ties.is_ordered(reference.tree) or ties.is_limited(reference.tree)):
            groups = states.ties(reference, path, expected, dialect, seconds)
            agreed = groups and ties.agreement(result.rows, expected.result.rows, groups)
            if agreed == "tied":
                reason = "other rows of a tie that the reference's LIMIT cuts"
                doubts.append(Why("inconclusive", _on(reason, number, paths)))
            difference = None if agreed else difference
        if difference:
            return Finding("rejected", _on(difference, number, paths), "wrong-answer", 0.0)
    if reference is None:
        doubts.append(doubt)
    elif not doubts and not telling:
        doubts.append(Why("inconclusive", "the reference returns nothing, as many a wrong query does"))
    if doubts:
        cause, reason = doubts[0]
        return Finding("unverified", reason, cause)
    return Finding("accepted", score=1.0)


def _difference(result: Result, expected: Result, *, ordered: bool) -> str | None:
    """How a result differs from the expected one, of which it was cut off one row past the end."""
    if result.columns != expected.columns:
        return f"{_counted(result.columns, 'column')}, not {expected.columns}"
    returned, wanted = len(result.rows), len(expected.rows)
    if returned != wanted:
        if returned > wanted:
            return f"more than {_counted(wanted, 'row')}"
        return f"{_counted(returned, 'row')}, not {wanted:,}"
    if ordered and in_order(result.rows, expected.rows):
        return None
    if not same_rows(result.rows, expected.rows):
        return _kinds(result.rows, expected.rows) or _OTHER_VALUES
    return "other order" if ordered else None


def _kinds(rows: Sequence[Row], expected: Sequence[Row]) -> str | None:
    """What to say of rows that would be the expected ones if their texts were the numbers they spell."""
    spelled = [[tuple(map(as_number, row)) for row in some] for some in (rows, expected)]
    if not same_rows(*spelled):
        return None
    texts, others = (
        sum(isinstance(value, str) for row in some for value in row) for some in (rows, expected)
    )
    found, wanted = ("text", "a number") if texts > others else ("a number", "text")
    return f"other types: {found} where the reference has {wanted}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _on(reason: str, number: int, paths: Sequence[Path]) -> str:
    return reason if len(paths) == 1 else f"{reason} (state {number})"
