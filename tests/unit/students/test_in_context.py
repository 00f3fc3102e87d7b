"""The in-context student: which rows it shows a model before each question, and in which order."""

from __future__ import annotations

import pickle

import polars as pl
import pytest

import tilth
from tilth.students import InContext, StudentError
from tilth.tasks.base import Prompt

TASK = tilth.tasks.get("numeric")
ROWS = pl.DataFrame(
    {
        "question": [
            "A farmer has 3 cows and buys 2 more. How many cows has he?",
            "What is the area of a square of side 4?",
            "A farmer has 9 hens and sells 5. How many hens has he?",
            "A farmer has 9 hens and sells 5. How many hens has he?",
            "",
        ],
        "response": ["3 + 2 = 5", "4 * 4 = 16", "9 - 5 = 4", "It is 4.", "7"],
    }
)
QUESTION = "A farmer has 7 hens and sells 3. How many hens has he?"


def student(shots: int = 8, **options: object) -> InContext:
    return InContext(tilth.Teacher("m", base_url="http://127.0.0.1:1/v1", **options), shots=shots)  # type: ignore[arg-type]


def turns(prompt: Prompt) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in prompt.messages]


def asked(question: str) -> tuple[str, str]:
    """A question as the task puts it."""
    [turn] = turns(TASK.answer(question))
    return turn


def test_the_most_similar_row_comes_last_and_each_question_once() -> None:
    [prompt] = student().prompts(ROWS, [QUESTION], TASK)
    area, cows, hens = (ROWS["question"][place] for place in (1, 0, 2))
    assert turns(prompt) == [
        asked(area),
        ("assistant", "4 * 4 = 16"),
        asked(cows),
        ("assistant", "3 + 2 = 5"),
        asked(hens),
        ("assistant", "9 - 5 = 4"),
        asked(QUESTION),
    ]


def test_no_more_than_its_shots_are_shown_and_without_rows_none() -> None:
    [prompt] = student(shots=1).prompts(ROWS, [QUESTION], TASK)
    assert [content for role, content in turns(prompt) if role == "assistant"] == ["9 - 5 = 4"]
    assert student(shots=0).prompts(ROWS, [QUESTION], TASK) == [TASK.answer(QUESTION)]
    assert student().prompts(ROWS.clear(), [QUESTION], TASK) == [TASK.answer(QUESTION)]


def test_rows_alike_are_taken_in_their_order_whatever_they_hold() -> None:
    short = pl.DataFrame({"question": ["1", "2", "3"], "response": ["a", "b", "c"]})
    prompts = student(shots=2).prompts(short, ["4", "", "x" * 5000], TASK)
    assert all([turn for turn in turns(one) if turn[0] == "assistant"] for one in prompts)
    assert prompts == student(shots=2).prompts(short, ["4", "", "x" * 5000], TASK)


def test_it_asks_at_temperature_zero_unless_its_model_takes_none() -> None:
    asks = student(temperature=0.7).asked.request(TASK.answer("?"))
    assert asks["temperature"] == 0
    assert "temperature" not in student(temperature=None).asked.request(TASK.answer("?"))
    assert student(temperature=0.7).identity() == student(temperature=0.1).identity()
    assert student(shots=2).identity() != student().identity() != student(top_p=0.5).identity()


def test_it_needs_a_model_and_is_asked_in_a_study_only() -> None:
    with pytest.raises(StudentError, match="needs a model"):
        InContext()
    with pytest.raises(StudentError, match=r"^student 'in-context' needs a model"):
        tilth.students.get("in-context(shots=2)")
    with pytest.raises(StudentError, match="shots=-1"):
        student(shots=-1)
    with pytest.raises(StudentError, match="student_budget"):
        student().train(ROWS)
    with pytest.raises(StudentError, match="'response' is missing"):
        student().prompts(ROWS.drop("response"), [QUESTION], TASK)


def test_a_key_stays_where_it_is() -> None:
    one = student(api_key="sk-very-secret")
    assert one.asked.request(TASK.answer("?")) == one.asked.greedy().request(TASK.answer("?"))
    told = (repr(one), str(one.identity()), pickle.dumps(one).decode("latin-1"))
    assert not any("sk-very-secret" in text for text in told)
