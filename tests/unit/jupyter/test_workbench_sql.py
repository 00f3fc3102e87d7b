"""The workbench on the SQL demo: its rows hold queries, and only students that read queries are offered."""

from __future__ import annotations

import pytest

import tilth


@pytest.fixture
def widget(page):
    made = tilth.Workbench(
        tilth.demo.seeds(50, task="sql"),
        tilth.demo.teacher(),
        strategy="answer-augmentation",
        budget=50,
        test={"same": tilth.demo.questions("same", "test", task="sql")},
    )
    yield made
    made.close()


def test_it_grows_rows_whose_answers_are_queries(widget, page):
    assert widget.get_state()["context"]["seeds"] == {"count": 50, "name": "demo-sql-seeds", "task": "sql"}
    assert page.ask(widget, "generate").custom["type"] == "ok"
    page.until_state("finished")
    rows = widget.rows
    assert rows.height == 50
    assert set(rows["verdict"]) == {"accepted", "rejected"}
    answers = rows["answer"].drop_nulls()
    assert answers.len() >= 45
    # What a sample shows stands on one line.
    assert answers.str.starts_with("SELECT ").all()
    assert not answers.str.contains("\n").any()


def test_only_students_of_its_task_are_offered(widget, page):
    offers = widget.get_state()["regimes"]
    assert [student["name"] for student in offers["students"]] == ["sketch"]
    assert offers["choices"]["student"] == "sketch"
    assert offers["plan"]["problem"] is None
    choices = {name: list(v) if isinstance(v, tuple) else v for name, v in offers["choices"].items()}
    page.ask(widget, "regimes-plan", **{**choices, "student": "parser"})
    refused = page.until(lambda m: (m.update.get("regimes") or {}).get("plan", {}).get("problem"))
    assert "take sketch" in refused.update["regimes"]["plan"]["problem"]
