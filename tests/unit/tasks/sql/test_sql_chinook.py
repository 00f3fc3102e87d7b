"""The SQL task on the Chinook database: right rewrites, wrong queries, ties, and a second state."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tilth.seeds import Seed
from tilth.tasks import Sql

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "chinook_questions.jsonl").read_text("utf-8").splitlines()
]
"""Each a question, its reference, a right query that is written otherwise, and a wrong one."""


@pytest.fixture(scope="module")
def chinook(test_data):
    return Sql(database=test_data / "chinook.sqlite")


@pytest.fixture(scope="module")
def both(test_data, tmp_path_factory):
    """Chinook, and a copy of it with prices, lengths and customers changed and some tracks gone."""
    path = tmp_path_factory.mktemp("chinook") / "changed.sqlite"
    path.write_bytes((test_data / "chinook.sqlite").read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "UPDATE Track SET UnitPrice = 1.49, Milliseconds = Milliseconds + 1000 WHERE TrackId % 7 = 0;"
            "UPDATE Customer SET Country = 'Chile' WHERE CustomerId % 5 = 0;"
            "DELETE FROM Track WHERE TrackId % 11 = 0;"
        )
    return Sql(database=[test_data / "chinook.sqlite", path])


def test_there_are_at_least_25_questions():
    assert len(CASES) >= 25


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["question"])
def test_a_right_query_is_accepted_and_a_wrong_one_rejected(chinook, case):
    question, reference = case["question"], case["reference"]
    assert chinook.fault(Seed("s", 0, question, reference)) is None
    for query in (reference, case["right"]):
        verdict = chinook.check(f"```sql\n{query};\n```", reference, question)
        assert (verdict.verdict, verdict.reason) == ("accepted", None)
    verdict = chinook.check(f"```sql\n{case['wrong']};\n```", reference, question)
    assert verdict.verdict == "rejected"
    assert verdict.reason


@pytest.mark.parametrize(
    ("query", "reference"),
    [
        ("COUNT(*) FROM Track WHERE UnitPrice > 1", "COUNT(*) FROM Track WHERE UnitPrice = 1.99"),
        ("COUNT(*) FROM Customer WHERE City = 'Santiago'", "COUNT(*) FROM Customer WHERE Country = 'Chile'"),
        ("MAX(TrackId) FROM Track", "COUNT(*) FROM Track"),
    ],
)
def test_agreement_by_chance_is_caught_on_a_second_state(chinook, both, query, reference):
    assert chinook.check(f"SELECT {query}", f"SELECT {reference}").accepted
    assert both.check(f"SELECT {query}", f"SELECT {reference}").verdict == "rejected"
    assert both.check(f"SELECT {reference}", f"SELECT {reference}").accepted


def test_a_limit_that_cuts_through_ties_leaves_other_rows_unverified(chinook):
    reference = "SELECT Name FROM Track ORDER BY UnitPrice DESC LIMIT 5"
    assert chinook.check(reference, reference).accepted
    other = chinook.check("SELECT Name FROM Track ORDER BY UnitPrice DESC, Name LIMIT 5", reference)
    assert (other.verdict, "tie" in other.reason) == ("unverified", True)
    assert chinook.check("SELECT Name FROM Track ORDER BY UnitPrice LIMIT 5", reference).verdict == "rejected"


def test_rows_that_tie_may_stand_in_any_order(chinook):
    reference = "SELECT Country, COUNT(*) FROM Customer GROUP BY Country ORDER BY COUNT(*) DESC"
    assert chinook.check(f"{reference}, Country DESC", reference).accepted
    assert chinook.check(f"{reference}, Country", f"{reference}, Country DESC").reason == "other order"


def test_the_schema_names_every_table_and_its_keys(chinook):
    assert chinook.schema.count("CREATE TABLE ") == 11
    assert "FOREIGN KEY (ArtistId) REFERENCES Artist (ArtistId)" in chinook.schema
    assert "PRIMARY KEY (PlaylistId, TrackId)" in chinook.schema
    assert "'AC/DC', 'Accept', 'Aerosmith'" in chinook.schema
