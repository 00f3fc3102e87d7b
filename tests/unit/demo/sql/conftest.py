"""Both states of the sample database, to run queries on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

import pytest

from tilth import demo

Rows = list[list[tuple[object, ...]]]


@pytest.fixture(scope="session")
def states() -> Iterator[list[sqlite3.Connection]]:
    connections = [sqlite3.connect(f"file:{path}?mode=ro", uri=True) for path in demo.database()]
    yield connections
    for connection in connections:
        connection.close()


@pytest.fixture(scope="session")
def rows_of(states: list[sqlite3.Connection]) -> Callable[[str], Rows]:
    """What a query gives on each state, sorted."""
    return lambda sql: [sorted(state.execute(sql).fetchall(), key=repr) for state in states]
