"""The SQL task: what it asks, what it reads, and what it accepts by running it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.effort import examples
from tests.unit.tasks.sql import plants

import tilth.tasks
from tilth import tasks
from tilth.errors import Unreadable
from tilth.seeds import Seed
from tilth.tasks import CAUSES, Sql

NAMES = "SELECT name FROM plants ORDER BY price DESC"
SEED = Seed("s0001", 0, "Which plants are there?", NAMES)
CHANGED = [(1, "oak", 12.5, 3), (2, "fir", 9.9, 1), (3, "elm", 7.2, 0), (5, "ash", 7.2, 2)]


@pytest.fixture(scope="module")
def database(folder):
    return plants.sqlite(folder / "plants.sqlite")


@pytest.fixture(scope="module")
def task(database):
    return Sql(database=database)


@pytest.fixture(scope="module")
def duck(folder):
    return Sql(database=plants.duckdb(folder / "plants.duckdb"))


@pytest.fixture(scope="module")
def states(folder, database):
    return Sql(database=[database, plants.sqlite(folder / "changed.sqlite", CHANGED, [(1, 5, 2)])])


@pytest.fixture(params=["sqlite", "duckdb"])
def either(request, task, duck):
    return task if request.param == "sqlite" else duck


def test_it_is_made_with_a_database(database):
    assert tilth.tasks.Sql is Sql
    assert "sql" in tasks.available()
    with pytest.raises(TypeError, match=r"pass task=tilth\.tasks\.Sql\(database="):
        tasks.get("sql")
    assert tasks.get(Sql(database=str(database))) == Sql(database=[database])


def test_importing_it_loads_neither_sqlglot_nor_a_database(database):
    script = (
        "import sys, tilth.tasks\n"
        f"task = tilth.tasks.Sql(database={str(database)!r})\n"
        "print(sorted({'sqlglot', 'duckdb', 'sqlite3', 'polars'} & set(sys.modules)))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(tilth.tasks.__file__).parents[2])}
    found = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("options", "error", "part"),
    [
        ({"database": "nowhere.sqlite"}, FileNotFoundError, "nowhere.sqlite"),
        (
            {"database": __file__},
            ValueError,
            "test_sql.py cannot be read: neither a SQLite nor",
        ),
        ({"samples": 21}, ValueError, "samples must be from 0 to 20, not 21"),
        ({"seconds": 0}, ValueError, "seconds must be more than 0, not 0"),
        ({"prompts": {"answer": "Go."}}, ValueError, "lacks the placeholder"),
        ({"prompts": {"solve": "{question}"}}, ValueError, "has no prompt 'solve'"),
    ],
)
def test_wrong_options_are_told_at_construction(database, options, error, part):
    with pytest.raises(error, match=part):
        Sql(**{"database": database, **options})


def test_databases_of_two_kinds_are_refused(database, duck):
    with pytest.raises(ValueError, match="two kinds"):
        Sql(database=[database, *duck.database])


def test_a_duckdb_file_without_duckdb_says_what_to_install(duck, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'tilth\[duckdb\]'"):
        Sql(database=duck.database)


def test_prompts_hold_the_schema_and_end_with_the_question(either):
    prompts = [either.answer(SEED.question), either.rephrase(SEED), either.write_new_question(SEED)]
    assert [prompt.purpose for prompt in prompts] == ["answer", "rephrase", "new-question"]
    for prompt in prompts:
        (message,) = prompt.messages
        assert message["role"] == "user"
        assert message["content"].splitlines()[-1] == f"Question: {SEED.question}"
        assert either.schema in message["content"]
        assert {"sqlite": "SQLite", "duckdb": "DuckDB"}[either.dialect] in message["content"]
        assert NAMES not in message["content"]
    assert "```sql" in prompts[0].messages[0]["content"]
    assert prompts[0].read is None
    assert prompts[1].read("Question: Which?") == "Which?"
    with pytest.raises(Unreadable):
        prompts[2].read("I cannot.")


def test_the_schema_shows_columns_keys_and_samples(either):
    lines = [line.strip() for line in either.schema.splitlines()]
    assert "CREATE TABLE plants (" in lines
    assert any(line.startswith("price") and line.endswith("-- 12.5, 7.1, 7.2") for line in lines)
    assert any(line.endswith("-- 'oak', 'fir', 'elm'") for line in lines)
    assert "PRIMARY KEY (number)," in lines
    assert "FOREIGN KEY (plant) REFERENCES plants (id)" in lines


def test_prompts_can_be_replaced_and_samples_left_out(database):
    task = Sql(prompts={"answer": "{dialect}? {question} {curly}"}, database=database, samples=0)
    assert task.answer("A {schema}?").messages[0]["content"] == "SQLite? A {schema}? {curly}"
    assert "oak" not in task.schema
    assert "oak" not in task.rephrase(SEED).messages[0]["content"]


def test_identity_is_of_what_is_asked_and_not_of_what_is_compared(task, states, database, tmp_path):
    copy = tmp_path / "elsewhere.sqlite"
    copy.write_bytes(database.read_bytes())
    moved = Sql(database=copy)
    assert (moved.identity(), moved.verdict_options()) == (task.identity(), task.verdict_options())
    assert states.identity() == task.identity()
    assert states.verdict_options() != task.verdict_options()
    assert Sql(database=database, seconds=1).verdict_options() != task.verdict_options()
    assert Sql(database=database, samples=1).identity() != task.identity()
    assert str(tmp_path) not in json.dumps([moved.identity(), moved.verdict_options()])
    with pytest.raises(ValueError, match=r"pass using=\[tilth\.tasks\.Sql"):
        Sql.restored(task.identity(), task.verdict_options())
    assert tasks.restored(task.identity(), task.verdict_options()) is None


def test_rows_are_checked_anew_when_the_database_changed(tmp_path):
    task = Sql(database=plants.sqlite(tmp_path / "plants.sqlite"))
    before = task.verdict_options()
    assert task.check("SELECT name FROM plants WHERE price > 12", "SELECT 'oak'").accepted
    with closing(sqlite3.connect(tmp_path / "plants.sqlite")) as connection:
        connection.execute("UPDATE plants SET price = 13 WHERE name = 'elm'")
        connection.commit()
    assert task.verdict_options() != before
    assert not task.check("SELECT name FROM plants WHERE price > 12", "SELECT 'oak'").accepted


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("```sql\nselect name\nfrom plants -- all\n;\n```", "SELECT name FROM plants"),
        ("SQL: SELECT  name FROM plants", "SELECT name FROM plants"),
        ("DROP  TABLE plants", "DROP TABLE plants"),
        ("```sql\nSELECT name FROM\n  plants WHERE (\n```", "SELECT name FROM plants WHERE ("),
    ],
)
def test_the_normal_form_is_one_line(either, reply, answer):
    reading = either.read(reply)
    assert (reading.answer, reading.reason) == (answer, None)
    assert either.read(answer).answer == answer


def test_the_span_is_the_part_that_was_read(task):
    reply = "<think>SELECT 1</think>Here:\n```sql\nSELECT 2;\n```"
    for span in (task.read(reply).span, task.check(reply, "SELECT 2").span):
        assert reply[slice(*span)] == "SELECT 2;"


@pytest.mark.parametrize(
    ("query", "reference"),
    [
        ("SELECT p.name AS plant FROM plants AS p ORDER BY p.price DESC", NAMES),
        ("SELECT name FROM plants", "SELECT name FROM plants WHERE id > 0"),
        ("SELECT name FROM plants ORDER BY id DESC", "SELECT name FROM plants"),
        ("SELECT SUM(price) FROM plants", "SELECT 26.8"),
        ("SELECT COUNT(*) FROM orders", "SELECT 3.0"),
        ("SELECT name FROM plants ORDER BY stock, name DESC", "SELECT name FROM plants ORDER BY stock"),
        ("SELECT name FROM plants ORDER BY stock DESC LIMIT 3",
         "SELECT name FROM plants ORDER BY stock DESC, id LIMIT 3"),
        ("SELECT name FROM plants WHERE id IN (SELECT plant FROM orders)",
         "SELECT DISTINCT name FROM plants JOIN orders ON plant = id"),
    ],
)  # fmt: skip
def test_the_same_result_is_accepted(either, query, reference):
    verdict = either.check(f"```sql\n{query}\n```", reference)
    assert (verdict.verdict, verdict.reason, verdict.cause, verdict.score) == ("accepted", None, None, 1.0)


@pytest.mark.parametrize(
    ("query", "reference", "reason", "cause"),
    [
        (
            "SELECT name FROM plants",
            "SELECT name FROM plants WHERE price > 7.1",
            "more than 2 rows",
            "wrong-answer",
        ),
        ("SELECT name FROM plants WHERE id = 1", "SELECT name FROM plants", "1 row, not 4", "wrong-answer"),
        ("SELECT name, id FROM plants", "SELECT name FROM plants", "2 columns, not 1", "wrong-answer"),
        ("SELECT id, name FROM plants", "SELECT name, id FROM plants", "other values", "wrong-answer"),
        (
            "SELECT CAST(id AS TEXT) FROM plants",
            "SELECT id FROM plants",
            "other types: text where",
            "wrong-answer",
        ),
        ("SELECT name FROM plants ORDER BY price", NAMES, "other order", "wrong-answer"),
        ("SELECT DISTINCT stock FROM plants", "SELECT stock FROM plants", "3 rows, not 4", "wrong-answer"),
        ("SELECT nam FROM plants", NAMES, "the query failed", "query-failed"),
        ("SELECT name FROM plant", NAMES, "not a table of the database: plant", "unknown-table"),
        ("SELECT name FROM plants WHERE", NAMES, "could not be parsed", "syntax-error"),
        ("SELECT 1; SELECT 2", NAMES, "2 statements", "not-allowed"),
    ],
)
def test_another_result_is_rejected_with_a_reason(either, query, reference, reason, cause):
    verdict = either.check(f"```sql\n{query}\n```", reference)
    assert (verdict.verdict, verdict.score) == ("rejected", 0.0)
    assert verdict.reason.startswith(reason)
    assert verdict.cause == cause


def test_a_reply_without_a_query_is_rejected(task):
    verdict = task.check("There are four.", NAMES)
    assert (verdict.verdict, verdict.answer) == ("rejected", None)
    assert (verdict.reason, verdict.cause) == ("no SQL found", "no-answer")


@pytest.mark.parametrize(
    ("query", "reference", "reason", "cause"),
    [
        ("SELECT name FROM plants", None, "no reference", "no-reference"),
        ("SELECT name FROM plants", "four", "the reference cannot be read: no SQL found", "bad-reference"),
        ("SELECT name FROM plants", "DROP TABLE plants", "the reference is refused: not a query: DROP",
         "bad-reference"),
        ("SELECT name FROM plants", "SELECT nam FROM plants", "the reference has no result: the query",
         "bad-reference"),
        ("SELECT name FROM plants WHERE id = 8", "SELECT name FROM plants WHERE id = 9",
         "the reference returns nothing", "inconclusive"),
        ("SELECT MAX(price) FROM plants WHERE id = 8", "SELECT MAX(price) FROM plants WHERE id = 9",
         "the reference returns nothing", "inconclusive"),
        ("SELECT name FROM plants ORDER BY stock DESC, id DESC LIMIT 1",
         "SELECT name FROM plants ORDER BY stock DESC LIMIT 1",
         "other rows of a tie that the reference's LIMIT cuts", "inconclusive"),
        ("SELECT name FROM plants ORDER BY name LIMIT 2", "SELECT name FROM plants LIMIT 2",
         "other rows of a tie that the reference's LIMIT cuts", "inconclusive"),
    ],
)  # fmt: skip
def test_unverified_where_agreement_would_say_too_little(either, query, reference, reason, cause):
    verdict = either.check(query, reference)
    assert verdict.verdict == "unverified"
    assert verdict.reason.startswith(reason)
    assert verdict.cause == cause


def test_without_a_reference_a_query_that_fails_is_rejected(either):
    assert either.check("SELECT nam FROM plants", None).verdict == "rejected"


def test_a_second_state_catches_agreement_by_chance(task, states):
    query, reference = "SELECT name FROM plants WHERE price > 7.2", "SELECT name FROM plants WHERE stock = 3"
    assert task.check(query, reference).accepted
    verdict = states.check(query, reference)
    assert (verdict.verdict, verdict.reason) == ("rejected", "more than 1 row (state 2)")
    assert states.check("SELECT p.name FROM plants p WHERE p.stock = 3", reference).accepted


def test_a_reference_needs_rows_on_one_state_only(task, states):
    query, reference = (
        "SELECT name FROM plants WHERE name LIKE 'a%'",
        "SELECT name FROM plants WHERE name >= 'a' AND name < 'b'",
    )
    assert task.check(query, reference).verdict == "unverified"
    assert states.check(query, reference).accepted


@pytest.mark.parametrize(
    ("reference", "part"),
    [
        ("Four.", "cannot be read: no SQL found; give one query"),
        ("SELECT name FROM", "cannot be used: could not be parsed"),
        ("DELETE FROM plants", "cannot be used: not a query: DELETE"),
        ("SELECT name FROM plant", "cannot be used: not a table of the database: plant"),
        ("SELECT nam FROM plants", "cannot be used: the query failed: no such column: nam (state 1)"),
        (NAMES, None),
        (f"```sql\n{NAMES};\n```", None),
        (None, None),
    ],
)
def test_a_fault_says_why_a_reference_cannot_be_used(states, reference, part):
    fault = states.fault(Seed("s", 0, "Which?", reference))
    assert fault is None if part is None else part in fault


@given(st.one_of(st.text(), st.text("SELECT FROMplants*();'\"-/`\n1,=").map("SELECT ".__add__)))
@examples(60)
def test_no_text_makes_it_raise(task, text):
    reading, verdict = task.read(text), task.check(text, NAMES)
    assert (reading.answer is None) == (reading.reason is not None) == (reading.cause in CAUSES)
    assert verdict.answer == reading.answer
    assert (verdict.reason is None) == (verdict.cause is None) == verdict.accepted
