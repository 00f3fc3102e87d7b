"""Questions about a database through real runs: every verdict is as running the query says."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing

import pytest
from tests.unit.tasks.sql import plants

import tilth
from tilth.errors import SeedsError
from tilth.tasks import Sql

QUESTIONS = {
    "How many plants are there?": ("SELECT COUNT(*) FROM plants", "accepted", None),
    "Which plants cost more than 8?": ("SELECT name FROM plants WHERE price > 9", "accepted", None),
    "Which plants are in stock?": ("SELECT name FROM plants", "rejected", "more than 3 rows"),
    "Which plant is dearest?": (
        "SELECT nam FROM plants",
        "rejected",
        "the query failed: no such column: nam",
    ),
    "Which plants were ordered?": ("DROP TABLE plants", "rejected", "not a query: DROP"),
    "Which plants begin with z?": (
        "SELECT name FROM plants WHERE name > 'z'",
        "unverified",
        "the reference returns nothing, as many a wrong query does",
    ),
}
REFERENCES = {
    "How many plants are there?": "SELECT COUNT(id) FROM plants",
    "Which plants cost more than 8?": "SELECT name FROM plants WHERE price > 8",
    "Which plants are in stock?": "SELECT name FROM plants WHERE stock > 0",
    "Which plant is dearest?": "SELECT name FROM plants ORDER BY price DESC LIMIT 1",
    "Which plants were ordered?": "SELECT DISTINCT name FROM plants JOIN orders ON plant = id",
    "Which plants begin with z?": "SELECT name FROM plants WHERE name LIKE 'z%'",
}


class Clerk:
    """Answers with the query that stands beside the question, and asks others about other plants."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, messages: Sequence[Mapping[str, str]], **settings: object) -> str:
        self.calls += 1
        prompt = messages[-1]["content"]
        assert "CREATE TABLE plants (" in prompt
        question = prompt.splitlines()[-1].removeprefix("Question: ")
        if prompt.startswith("Write a new question"):
            return f"Question: Unlike that, {question}"
        known = QUESTIONS.get(question.removeprefix("Unlike that, "))
        return f"It is this:\n```sql\n{known[0]};\n```" if known else "I cannot say."


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return plants.sqlite(tmp_path / "plants.sqlite")


@pytest.fixture
def seeds(database):
    records = [{"question": question, "answer": query} for question, query in REFERENCES.items()]
    return tilth.read_seeds(records, answer="answer", name="plants", task=Sql(database=database))


def test_every_row_is_judged_by_what_its_query_returns(seeds):
    run = tilth.generate_sync(seeds, "answer-augmentation", 6, teacher=tilth.Teacher(Clerk()), path="a.tilth")
    found = {row["question"]: (row["verdict"], row["reason"]) for row in run.rows.iter_rows(named=True)}
    assert found == {question: (verdict, reason) for question, (_, verdict, reason) in QUESTIONS.items()}
    assert tilth.verify("a.tilth", using=[seeds.task]).ok
    assert str(run.path.parent) not in run.path.read_bytes().decode("utf-8", "replace")


def test_a_new_question_has_no_reference_and_a_query_that_fails_is_rejected_all_the_same(seeds):
    run = tilth.generate_sync(seeds, "new-question", 12, teacher=tilth.Teacher(Clerk()), path="n.tilth")
    found = dict(run.rows.group_by("verdict").len().iter_rows())
    assert found == {"unverified": 4, "rejected": 2}


def test_rows_are_judged_anew_where_the_database_changed_and_nothing_is_asked_again(seeds, database):
    clerk = Clerk()
    tilth.generate_sync(seeds, "answer-augmentation", 6, teacher=tilth.Teacher(clerk), path="a.tilth")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE plants SET price = 8.5 WHERE name = 'yew'")
        connection.commit()
    again = tilth.generate_sync(seeds, "answer-augmentation", 6, teacher=tilth.Teacher(clerk), path="a.tilth")
    assert clerk.calls == 6
    changed = again.rows.filter(again.rows["question"] == "Which plants cost more than 8?")
    assert changed["reason"].to_list() == ["1 row, not 2"]


def test_references_that_do_not_run_are_told_before_anything_is_asked(database):
    records = [{"question": "a?", "answer": "SELECT nam FROM plants"}, {"question": "b?", "answer": "four"}]
    seeds = tilth.read_seeds(records, answer="answer", name="plants", task=Sql(database=database))
    clerk = Clerk()
    with pytest.raises(SeedsError, match="no such column: nam") as caught:
        tilth.generate_sync(seeds, "answer-augmentation", 2, teacher=tilth.Teacher(clerk))
    assert len(caught.value.problems) == 2
    assert clerk.calls == 0
