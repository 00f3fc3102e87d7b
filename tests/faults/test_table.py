"""A sample of the table of faults: nothing acknowledged is lost, nothing is overspent, and runs go on.

`python -m tests.faults.table` plays all of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from tests.faults.campaign import lost
from tests.faults.cases import CASES, Case
from tests.faults.table import ANSWERS, BUDGET, UNITS, play, undisturbed_rows
from tests.support.openai_server import Server, serve


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(ANSWERS) as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return undisturbed_rows(server, tmp_path_factory.mktemp("undisturbed"))


def test_the_measure_sees_what_a_file_has_lost(server: Server, tmp_path: Path) -> None:
    play(CASES[0], server, None, tmp_path)
    path, notes = tmp_path / "run.tilth", tmp_path / "notes"
    assert lost(path, notes) == []
    with closing(sqlite3.connect(path)) as file:
        file.execute("DELETE FROM replies WHERE unit = 7 AND role = 'teacher'")
        file.execute("DELETE FROM rows WHERE arrival = 3")
        file.commit()
    assert sorted(one.split()[0] for one in lost(path, notes)) == ["response", "row"]


@pytest.mark.parametrize("case", [case for case in CASES if case.in_ci], ids=lambda case: case.name)
def test_a_fault_loses_nothing_acknowledged_and_overspends_nothing(
    case: Case, server: Server, undisturbed: pl.DataFrame, tmp_path: Path
) -> None:
    outcome = play(case, server, undisturbed, tmp_path)
    assert (outcome.lost, outcome.overspent) == (0, 0), outcome
    # a unit is two queries; those in doubt cannot grow rows any more, and one query may be left over
    assert UNITS - outcome.in_doubt - outcome.rowless <= outcome.survived <= UNITS, outcome
    assert outcome.tried >= BUDGET - 1 - outcome.in_doubt, outcome
