"""Hostile SQL: refused with a reason, and never run; and the databases refuse it by themselves."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.tasks.sql import plants

import tilth.tasks
from tilth.tasks import Sql

HOSTILE = [
    json.loads(line) for line in (Path(__file__).parent / "hostile_sql.jsonl").read_text("utf-8").splitlines()
]
SLOW = {
    "endless": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n",
    "crossed": "SELECT SUM(a.i + b.i) FROM wide AS a, wide AS b, wide AS c, wide AS d",
}
LARGE = {
    "rows": ("SELECT a.i FROM wide AS a, wide AS b", "the query returns more than 100,000 rows"),
    "bytes": ("SELECT {bytes} FROM wide", "the query returns more than 64 MB"),
    "memory": ("SELECT {memory} FROM wide AS a, wide AS b", "the query ran out of memory"),
}
# All 1,000 rows of "bytes" are more than memory holds in SQLite, which must not fetch them to find that out;
# DuckDB builds them at once, so there they stay far from its limit in memory.
BIG = {
    "sqlite": {
        "bytes": "printf('%.*c', 10000000, 'x')",
        "memory": "COUNT(DISTINCT printf('%01000d', a.i * 1000 + b.i))",
    },
    "duckdb": {"bytes": "repeat('x', 300000)", "memory": "list(repeat('x', 9000))"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    plants.sqlite(folder / "plants.sqlite")
    plants.duckdb(folder / "plants.duckdb")
    (folder / "secret.csv").write_text("word\nswordfish\n")
    return folder


@pytest.fixture(scope="module")
def either(folder):
    return {kind: Sql(database=folder / f"plants.{kind}") for kind in ("sqlite", "duckdb")}


@pytest.fixture(scope="module", params=["sqlite", "duckdb"])
def wide(request, tmp_path_factory):
    """A database whose table `wide` has a thousand rows, and a second for a query."""
    path = tmp_path_factory.mktemp("wide") / "wide"
    if request.param == "sqlite":
        import sqlite3 as library
    else:
        import duckdb as library
    connection = library.connect(str(path))
    connection.execute("CREATE TABLE wide (i INTEGER)")
    connection.execute(
        "INSERT INTO wide WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
        "SELECT i FROM n"
    )
    connection.commit()
    connection.close()
    return Sql(database=path, seconds=1)


def held(folder: Path) -> dict[str, str]:
    """A digest of every file in a folder, by name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_at_least_sixty_statements_are_tried_in_both_dialects():
    assert len(HOSTILE) >= 60
    assert {case["dialect"] for case in HOSTILE} == {"sqlite", "duckdb"}


def test_hostile_sql_is_refused_with_its_reason_and_changes_nothing(folder, either, monkeypatch):
    monkeypatch.chdir(folder)
    before = held(folder)
    for case in HOSTILE:
        sql = case["sql"].replace("{folder}", str(folder))
        reply = sql if case["reason"] == "no SQL found" else f"```sql\n{sql}\n```"
        verdict = either[case["dialect"]].check(reply, "SELECT name FROM plants")
        assert verdict.verdict == "rejected", case
        assert verdict.reason.startswith(case["reason"].replace("{folder}", str(folder))[:60]), case
        assert verdict.cause == case["cause"], case
        assert held(folder) == before, case
    for task in either.values():
        assert task.check("SELECT COUNT(*), MAX(price) FROM plants", "SELECT 4, 12.5").accepted


def test_a_database_refuses_by_itself_what_a_guard_would_let_through(folder):
    script = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from tilth.tasks.sql.databases.duck import DuckDatabase\n"
        "from tilth.tasks.sql.databases.opening import QueryFailed\n"
        "from tilth.tasks.sql.databases.sqlite import SqliteDatabase\n"
        "opened = {'sqlite': SqliteDatabase(Path('plants.sqlite').absolute()),\n"
        "          'duckdb': DuckDatabase(Path('plants.duckdb').absolute())}\n"
        "for kind, sql in json.load(sys.stdin):\n"
        "    try:\n"
        "        print(ascii(opened[kind].run(sql, 1.0, 100).rows))\n"
        "    except QueryFailed:\n"
        "        pass\n"
        "print(opened['sqlite'].run('SELECT COUNT(*) FROM plants', 60.0, 9).rows,\n"
        "      opened['duckdb'].run('SELECT COUNT(*) FROM plants', 60.0, 9).rows)\n"
    )
    before = held(folder)
    statements = [(case["dialect"], case["sql"].replace("{folder}", str(folder))) for case in HOSTILE]
    found = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(statements),
        env={**os.environ, "PYTHONPATH": str(Path(tilth.tasks.__file__).parents[2])},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines()[-1] == "[(4,)] [(4,)]"
    assert "swordfish" not in found.stdout
    assert held(folder) == before


@pytest.mark.parametrize("query", SLOW.values(), ids=SLOW)
def test_a_query_ends_at_its_time_limit_and_the_next_one_runs(wide, query):
    verdict = wide.check(query, "SELECT 1")
    assert (verdict.verdict, verdict.reason) == ("rejected", "the query took longer than 1 s")
    assert verdict.cause == "timed-out"
    assert wide.check("SELECT COUNT(*) FROM wide", "SELECT 1000").accepted


@pytest.mark.parametrize("name", LARGE)
def test_a_result_has_limits_in_rows_bytes_and_memory(wide, name):
    query, reason = LARGE[name]
    roomy = Sql(database=wide.database, seconds=120)
    verdict = roomy.check(query.format(**BIG[wide.dialect]), None)
    assert (verdict.verdict, verdict.reason, verdict.cause) == ("rejected", reason, "over-limit")
    assert roomy.check("SELECT COUNT(*) FROM wide", "SELECT 1000").accepted


def test_a_reference_may_be_too_slow(wide):
    from tilth.seeds import Seed

    fault = wide.fault(Seed("s", 0, "How many?", SLOW["endless"]))
    assert fault.startswith("the reference cannot be used: the query took longer than 1 s")


def test_what_takes_a_parser_too_long_is_refused_and_hangs_nothing(either):
    for text in (
        "(" * 9_990 + ")" * 9_990,
        "SELECT " + "CASE WHEN " * 1_900,
        "SELECT " + "NOT " * 4_900 + "1",
    ):
        verdict = either["sqlite"].check(f"```sql\nSELECT {text}\n```", None)
        assert verdict.verdict == "rejected"
        assert verdict.reason.startswith(("could not be parsed", "the query failed"))
