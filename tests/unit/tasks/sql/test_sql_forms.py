"""Queries of rarer forms: run, or unverified, and never rejected for their form."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.unit.tasks.sql import plants

import tilth.tasks
from tilth.seeds import Seed
from tilth.tasks import Sql

CITIES = [
    "CREATE TABLE t (id INTEGER, city TEXT, year TEXT)",
    "INSERT INTO t VALUES (1, 'Oslo', '2012'), (2, 'Rome', '2014'), (3, 'Oslo', '2014')",
    "CREATE INDEX by_city ON t (city)",
]
TOWNS = [
    "CREATE TABLE towns (land VARCHAR, year INTEGER, n INTEGER)",
    "INSERT INTO towns VALUES ('NO', 2000, 5), ('NO', 2010, 7), ('SE', 2000, 8), ('SE', 2010, 9)",
]
BY_YEAR = "SELECT land, sum(n) FILTER (year = 2000), sum(n) FILTER (year = 2010) FROM towns GROUP BY land"


@pytest.fixture(scope="module")
def cities(folder):
    with closing(sqlite3.connect(folder / "cities.sqlite")) as connection, connection:
        for statement in CITIES:
            connection.execute(statement)
    return Sql(database=folder / "cities.sqlite")


@pytest.fixture(scope="module")
def towns(folder):
    import duckdb

    with duckdb.connect(str(folder / "towns.duckdb")) as connection:
        for statement in TOWNS:
            connection.execute(statement)
    return Sql(database=folder / "towns.duckdb")


@pytest.mark.parametrize(
    ("query", "reference"),
    [
        ("SELECT id FROM t INDEXED BY by_city WHERE city = 'Rome'", "SELECT 2"),
        ("SELECT id FROM t NOT INDEXED WHERE city = 'Rome'", "SELECT 2"),
        ("VALUES (1), (2)", "SELECT id FROM t WHERE id < 3"),
        ("SELECT id FROM t WHERE id < 3", "VALUES (2), (1)"),
        ("WITH a(x) AS (VALUES (1), (2)) SELECT x FROM a", "SELECT id FROM t WHERE id < 3"),
    ],
)
def test_sqlite_queries_of_rarer_forms_are_run(cities, query, reference):
    verdict = cities.check(f"```sql\n{query}\n```", reference)
    assert (verdict.verdict, verdict.reason) == ("accepted", None)


@pytest.mark.parametrize(
    ("query", "reference"),
    [
        ("PIVOT towns ON year USING sum(n)", BY_YEAR),
        ("PIVOT (SELECT * FROM towns) ON year USING sum(n) GROUP BY land", BY_YEAR),
        ("PIVOT towns ON year IN (2000, 2010) USING sum(n)", BY_YEAR),
        ("WITH q AS (SELECT * FROM towns) PIVOT q ON year USING sum(n)", BY_YEAR),
        ("WITH p AS (PIVOT towns ON year USING sum(n)) SELECT * FROM p", BY_YEAR),
        (BY_YEAR, "PIVOT towns ON year USING sum(n)"),
        ("PIVOT_WIDER towns ON year USING sum(n)", BY_YEAR),
        ("SELECT list_transform([1, 2], x -> x + 1)", "SELECT [2, 3]"),
        ("SELECT list_transform([1, 2], lambda x: x + 1)", "SELECT [2, 3]"),
        ("TABLE towns", "SELECT * FROM towns"),
        ("UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b", "VALUES ('a', 1), ('b', 2)"),
        ("UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b INTO NAME k VALUE v", "VALUES ('a', 1), ('b', 2)"),
        ("SELECT n FROM towns ORDER BY n DESC FETCH FIRST 1 ROW ONLY", "SELECT max(n) FROM towns"),
        ("SELECT max(n) FROM towns", "SELECT n FROM towns ORDER BY n DESC FETCH NEXT 1 ROWS ONLY"),
    ],
)
def test_duckdb_queries_of_rarer_forms_are_run(towns, query, reference):
    verdict = towns.check(f"```sql\n{query}\n```", reference)
    assert (verdict.verdict, verdict.reason) == ("accepted", None)
    wrong = towns.check(f"```sql\n{query}\n```", "SELECT land, n FROM towns WHERE n = 7")
    assert wrong.verdict == "rejected"


def test_a_fetch_that_cuts_a_tie_decides_nothing(towns):
    reference = "SELECT land FROM towns ORDER BY land FETCH FIRST 1 ROW ONLY"
    assert towns.check("SELECT 'NO'", reference).accepted
    reference = "SELECT n FROM towns ORDER BY land FETCH FIRST 1 ROW ONLY"
    found = {towns.check(f"SELECT {n}", reference).verdict for n in (5, 7)}
    assert found == {"accepted", "unverified"}
    assert towns.check("SELECT 8", reference).verdict == "rejected"


def test_what_the_guard_does_not_know_and_the_database_would_take_is_not_run_and_unverified(cities):
    verdict = cities.check(
        "```sql\nWITH x AS (SELECT 1) VALUES (1), (2)\n```", "SELECT id FROM t WHERE id < 3"
    )
    assert (verdict.verdict, verdict.cause) == ("unverified", "not-compared")
    assert verdict.reason.startswith("not run: could not be parsed")
    for wrong in ("WITH x AS (SELECT 1) VALUES (1), (2", "WITH x AS (SELECT 1) VALUES (nope)"):
        verdict = cities.check(f"```sql\n{wrong}\n```", "SELECT id FROM t WHERE id < 3")
        assert (verdict.verdict, verdict.cause) == ("rejected", "syntax-error")


@pytest.mark.parametrize(
    ("query", "clock"),
    [
        ("SELECT date('now')", "date('now')"),
        ("SELECT id FROM t WHERE year < current_date", "current_date"),
        ("SELECT id, CURRENT_TIMESTAMP FROM t", "current_timestamp"),
        ("WITH a AS (SELECT current_time AS c) SELECT c FROM a", "current_time"),
        ("SELECT strftime('%Y', 'now') - year FROM t", "strftime('now')"),
        ("SELECT strftime('%Y') - year FROM t", "strftime()"),
        ('SELECT julianday("NOW") FROM t', "julianday('now')"),
        ("SELECT datetime(coalesce(year, 'now'), '-1 day') FROM t", "datetime('now')"),
        ('SELECT "date" ()', "date()"),
    ],
)
def test_what_asks_sqlite_for_the_time_is_unverified(cities, query, clock):
    told = f"gives another result each time: {clock}"
    for reference in (query, "SELECT 1", None):
        verdict = cities.check(query, reference)
        assert (verdict.verdict, verdict.reason, verdict.cause) == ("unverified", told, "not-compared")
    verdict = cities.check("SELECT 1", query)
    assert (verdict.verdict, verdict.cause) == ("unverified", "bad-reference")
    assert verdict.reason == f"the reference {told}"
    assert cities.fault(Seed("s0001", 0, "Which?", query)) is None
    wrong = query.replace("FROM t", "FROM nowhere").replace("SELECT", "SELECT nope,")
    assert cities.check(wrong, query).verdict == "rejected"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM t WHERE city = 'now'",
        "SELECT max(year) AS current_date FROM t",
        "SELECT strftime('%Y', year || '-01-01'), date(year || '-01-01', '+1 day') FROM t",
        "SELECT id FROM t WHERE strftime('%Y', year || '-01-01') != 'now'",
        "SELECT upper('now')",
    ],
)
def test_what_does_not_ask_for_the_time_is_compared(cities, query):
    assert cities.check(query, query).accepted


@pytest.mark.parametrize(
    ("query", "clock"),
    [
        ("SELECT current_date", "current_date"),
        ("SELECT date_diff('day', DATE '2020-01-01', today())", "today()"),
        ("SELECT now()", "now()"),
        ("SELECT localtimestamp", "localtimestamp"),
        ("SELECT age(TIMESTAMP '2020-01-01')", "age()"),
        ("SELECT age(TIMESTAMP '2020-01-01', TIMESTAMP '2019-01-01')", None),
        ("SELECT max(year) AS today FROM towns", None),
    ],
)
def test_what_asks_duckdb_for_the_time_is_unverified(towns, query, clock):
    verdict = towns.check(query, query)
    told = (verdict.verdict, verdict.reason)
    assert told == (
        ("accepted", None) if clock is None else ("unverified", f"gives another result each time: {clock}")
    )


@pytest.mark.parametrize("strict", [False, True], ids=["as built", "without text in double quotes"])
@pytest.mark.parametrize(
    ("query", "verdict"),
    [
        ('SELECT count(*) FROM t WHERE city = "Oslo"', "accepted"),
        ('SELECT count(*) FROM t WHERE "city" IN ("Oslo", "Bergen") AND id > 0', "accepted"),
        ('SELECT count(*) FROM t WHERE city LIKE "O%"', "accepted"),
        ('SELECT count(*) FROM t WHERE city = "Os\'lo" OR city || \'"Oslo"\' = "Oslo""Oslo"""', "accepted"),
        ('SELECT count(*) FROM t WHERE t."Oslo" = 1', "rejected"),
        ('SELECT count(*) FROM t WHERE city = "Rome"', "rejected"),
    ],
)
def test_text_in_double_quotes_is_read_alike_however_sqlite_is_built(cities, query, verdict, strict):
    script = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from tilth.tasks.sql.databases import sqlite\n"
        "path, query, strict = json.load(sys.stdin)\n"
        "if strict:\n"
        "    import sqlite3\n"
        "    if not hasattr(sqlite3.Connection, 'setconfig'):\n"
        "        sys.exit('skip')\n"
        "database = sqlite.SqliteDatabase(Path(path))\n"
        "if strict:\n"
        "    database._connection.setconfig(sqlite3.SQLITE_DBCONFIG_DQS_DML, False)\n"
        "try:\n"
        "    print(database.run(query, 5.0, 9).rows)\n"
        "except sqlite.QueryFailed as error:\n"
        "    print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps([str(cities.database[0]), query, strict]),
        env={**os.environ, "PYTHONPATH": str(Path(tilth.tasks.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    if "skip" in run.stderr:
        pytest.skip("this Python cannot have SQLite read as other builds do")
    assert (run.stdout.strip() == "[(2,)]") == (verdict == "accepted")
    assert cities.check(query, "SELECT 2").verdict == verdict


def test_a_column_of_duckdb_that_is_text_in_double_quotes_is_told_as_that(towns):
    verdict = towns.check('SELECT n FROM towns WHERE land = "NO" AND year = 2000', "SELECT 5")
    assert verdict.verdict == "rejected"
    assert "in double quotes it names a column; text stands in single quotes" in verdict.reason
    assert "quotes" not in towns.check("SELECT nope FROM towns", "SELECT 5").reason


@pytest.mark.parametrize(
    ("query", "reference", "reason"),
    [
        (
            "SELECT year FROM t",
            "SELECT CAST(year AS INTEGER) FROM t",
            "text where the reference has a number",
        ),
        (
            "SELECT max(CAST(year AS INTEGER)) FROM t",
            "SELECT max(year) FROM t",
            "a number where the reference has text",
        ),
        (
            "SELECT id, '2.50' FROM t",
            "SELECT id, 2.5 FROM t ORDER BY id",
            "text where the reference has a number",
        ),
    ],
)
def test_where_types_alone_differ_the_reason_says_so(cities, query, reference, reason):
    verdict = cities.check(query, reference)
    assert (verdict.verdict, verdict.reason) == ("rejected", f"other types: {reason}")
    assert cities.check("SELECT city FROM t", "SELECT id FROM t").reason == "other values"


def test_a_row_of_another_database_is_told_before_a_run(cities, folder):
    other = Sql(database=[folder / "cities.sqlite", plants.sqlite(folder / "plants2.sqlite")])

    def fault(column, name, task=cities, reference="SELECT 1"):
        return task.fault(Seed("s0001", 0, "Which?", reference, {column: name}))

    for column in ("db_id", "database_id", "db_name"):
        for reference in ("SELECT 1", None):
            told = fault(column, "zoo", reference=reference)
            assert told.startswith(
                "it is of another database, 'zoo', than cities.sqlite; leave such rows out"
            )
    for name in ("cities", "Cities", "cities.sqlite", "data/cities/cities.sqlite", folder.name, "", None, 3):
        assert fault("db_id", name) is None
    assert fault("db_id", "plants2", other) is None
    assert fault("db_id", "plants") is not None
    assert fault("database", "zoo") is None
