"""The program of the process that reads databases: parses, describes and checks, one job at a time."""

from __future__ import annotations

import contextlib
import functools
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tilth.tasks.causes import Why
from tilth.tasks.serving import serve
from tilth.tasks.sql.databases import checking
from tilth.tasks.sql.databases.files import dialect_of, digest
from tilth.tasks.sql.databases.guard import Query, Refused, admit, normal
from tilth.tasks.sql.databases.opening import Database, DatabaseFailed, QueryFailed
from tilth.tasks.sql.databases.schema import written

MEMORY_LIMIT = 3 * 1024**3

PARSE_LIMIT = 2.0
"""Seconds of processor time that reading one query may take."""


class _TooLong(Exception):
    """Raised inside a parser at its time limit."""


def start() -> Callable[[Any], Any]:
    """Gives what answers `{"do": "check", "dialect": "sqlite", ...}`, each kind of job with an object."""
    jobs: Mapping[str, Callable[..., dict[str, Any]]] = {
        "kind": _kind,
        "digest": _digest,
        "normal": _normal,
        "describe": _describe,
        "fault": _fault,
        "check": _check,
    }
    if hasattr(signal, "SIGVTALRM"):
        signal.signal(signal.SIGVTALRM, _expire)

    def answer(job: dict[str, Any]) -> dict[str, Any]:
        return jobs[job.pop("do")](**job)

    return answer


def _kind(path: str) -> dict[str, Any]:
    try:
        return {"dialect": dialect_of(Path(path))}
    except (OSError, ValueError) as error:
        return {"error": getattr(error, "strerror", None) or str(error)}


def _digest(path: str) -> dict[str, Any]:
    try:
        return {"digest": digest(Path(path))}
    except OSError as error:
        return {"error": error.strerror}


def _normal(text: str, dialect: str) -> dict[str, Any]:
    with _parsing():
        return {"answer": normal(text, dialect)}


def _describe(path: str, samples: int, seconds: float) -> dict[str, Any]:
    try:
        return {"schema": written(_states.at(Path(path)).describe(samples, seconds))}
    except (DatabaseFailed, QueryFailed) as error:
        return {"error": str(error)}


def _fault(reference: str, dialect: str, paths: Sequence[str], seconds: float) -> dict[str, Any]:
    try:
        query = _admitted(reference, dialect)
    except Refused as error:
        return {"fault": str(error)}
    return {"fault": checking.fault(_states, query, list(map(Path, paths)), seconds)}


def _check(
    text: str,
    reference: str | None,
    doubt: Sequence[str],
    dialect: str,
    paths: Sequence[str],
    seconds: float,
) -> dict[str, Any]:
    try:
        query = _admitted(text, dialect)
    except Refused as error:
        finding = checking.Finding("rejected", str(error), error.cause, 0.0)
        if error.unknown and checking.parses(_states, text, Path(paths[0])):
            finding = checking.Finding("unverified", f"not run: {error}", "not-compared")
        return {**asdict(finding), **_normal(text, dialect)}
    expected: Query | None = None
    why = Why(*doubt)
    if reference is not None:
        try:
            expected = _admitted(reference, dialect)
        except Refused as error:
            why = Why("bad-reference", f"the reference is refused: {error}")
    if query.changing is not None:
        why = Why("not-compared", query.changing)
        expected = None
    elif expected is not None and expected.changing is not None:
        why = Why("bad-reference", f"the reference {expected.changing}")
        expected = None
    finding = checking.check(_states, query, expected, list(map(Path, paths)), dialect, seconds, why)
    return {**asdict(finding), "answer": query.normal}


@functools.lru_cache(maxsize=4096)
def _admitted(text: str, dialect: str) -> Query:
    with _parsing():
        return admit(text, dialect)


@contextlib.contextmanager
def _parsing() -> Iterator[None]:
    """Ends what a parser does at its limit."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_VIRTUAL, PARSE_LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _expire(*_: object) -> None:
    raise _TooLong


def _open(path: Path) -> Database:
    try:
        dialect = dialect_of(path)
    except (OSError, ValueError) as error:
        raise DatabaseFailed(
            f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    if dialect == "sqlite":
        from tilth.tasks.sql.databases.sqlite import SqliteDatabase

        return SqliteDatabase(path)
    from tilth.tasks.sql.databases.duck import DuckDatabase

    return DuckDatabase(path)


_states = checking.States(_open)


if __name__ == "__main__":
    serve(start, memory=MEMORY_LIMIT, rest=_states.rest)
