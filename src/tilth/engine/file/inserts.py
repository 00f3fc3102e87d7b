"""Writes many records by few statements, so that a commit waits for the interpreter as seldom as can be."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

_AT_ONCE = (32, 16, 8, 4, 2, 1)
"""Records a statement takes: of few sizes, so that all stay prepared; 32 times a row's columns are fewer
parameters than any SQLite allows."""


def insert(
    connection: sqlite3.Connection, into: str, records: Sequence[Sequence[Any]], then: str = ""
) -> int:
    """Inserts all records in their order; gives the row id of the last.

    Args:
        connection: Where to.
        into: What stands before the values: "INSERT INTO table (columns)".
        records: The values, one sequence a record.
        then: What stands behind the values: "ON CONFLICT ...".
    """
    at = last = 0
    for size in _AT_ONCE:
        while len(records) - at >= size:
            chunk = records[at : at + size]
            statement = _statement(into, size, len(chunk[0]), then)
            last = connection.execute(statement, tuple(chain.from_iterable(chunk))).lastrowid or last
            at += size
    return last


@cache
def _statement(into: str, records: int, columns: int, then: str) -> str:
    marks = f"({', '.join('?' * columns)})"
    return f"{into} VALUES {', '.join([marks] * records)} {then}"
