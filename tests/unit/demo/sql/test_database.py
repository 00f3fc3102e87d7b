"""The sample database: small, sound, the same everywhere, and gone with its process."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tilth import demo
from tilth.demo.sql.database import Column, schema

TABLES = {"suppliers": 14, "plants": 53, "customers": 56, "orders": 330}

_BUILD = """
import sys
from tilth import demo
first, second = demo.database()
assert demo.database() == (first, second)
if "fork" in sys.argv:
    import os
    if os.fork() == 0:
        os._exit(0 if demo.database()[0] != first else 1)
    assert os.wait()[1] == 0
    assert first.exists() and second.exists()
print(first)
"""


def build(*arguments: str) -> Path:
    """The first state's path in a process that has ended."""
    ended = subprocess.run(
        [sys.executable, "-c", _BUILD, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(ended.stdout.strip())


def test_two_states_of_one_schema(states: list[sqlite3.Connection]) -> None:
    schemas = [state.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall() for state in states]
    assert schemas[0] == schemas[1]
    for state in states:
        counts = {table: state.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
        assert counts == TABLES
        assert state.execute("PRAGMA foreign_key_check").fetchall() == []
        assert state.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("table", TABLES)
def test_the_states_hold_other_rows(states: list[sqlite3.Connection], table: str) -> None:
    first, second = (set(state.execute(f"SELECT * FROM {table}").fetchall()) for state in states)
    assert len(first & second) < len(first) / 10


def test_what_is_known_of_it_is_read_from_it() -> None:
    known = schema()
    assert set(known.tables) == set(TABLES)
    assert {(key.table, key.column, key.other) for key in known.keys} == {
        ("plants", "supplier_id", "suppliers"),
        ("orders", "customer_id", "customers"),
        ("orders", "plant_id", "plants"),
    }
    assert known.values[Column("plants", "light")] == ("half shade", "shade", "sun")
    assert Column("plants", "price") not in known.values


def test_its_files_cannot_be_written_by_mistake_and_go_with_the_process() -> None:
    assert not build().parent.exists()
    assert all(path.stat().st_mode & 0o222 == 0 for path in demo.database())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_builds_its_own_and_leaves_its_parents() -> None:
    assert not build("fork").parent.exists()
