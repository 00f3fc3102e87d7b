"""The teacher's replies over its database: pure, readable by the SQL task, honest about what it is."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.demo.measure_sql import (
    TASK,
    answers_right,
    ask,
    new_questions_right,
    rephrases_right,
    rephrases_unfaithful,
    written,
)

from tilth.demo import RATES
from tilth.demo.knobs import Knobs
from tilth.demo.model import reply
from tilth.demo.sets import draw_seeds as draw_numeric
from tilth.demo.sql.model import FOREIGN_QUESTION, FOREIGN_SCHEMA
from tilth.demo.sql.reader import read_question
from tilth.demo.sql.sets import draw_seeds
from tilth.seeds import Seed
from tilth.tasks.numeric.task import PROMPTS

SEEDS = draw_seeds(300, 42)
OTHER = "CREATE TABLE pupils (id INTEGER, name TEXT, age INTEGER);"


def prompts(question: str) -> list[list[dict[str, str]]]:
    shown = Seed("s", 0, question)
    asked = (TASK.answer(question), TASK.rephrase(shown), TASK.write_new_question(shown))
    return [[dict(message) for message in prompt.messages] for prompt in asked]


def schema() -> str:
    """What the task's answer prompt says before its question."""
    return prompts("QUESTION")[0][-1]["content"].replace("QUESTION", "").rpartition("Question:")[0]


def test_an_answer_explains_itself_and_ends_with_its_query() -> None:
    question = "What is the average price of herbs?"
    lines = ask(Knobs(skill=10), "answer", question, 0.0, 0).splitlines()
    assert lines[1:4] == ["Start from plants.", "Keep rows where category = 'Herb'.", "Return AVG(price)."]
    assert lines[5] == "```sql"
    assert lines[-1] == "```"
    read = TASK.read("\n".join(lines)).answer
    assert read is not None
    assert "AVG(price)" in read


@pytest.mark.parametrize("purpose", ["rephrase", "new-question"])
def test_a_written_question_is_read_by_the_task_and_answered(purpose: str) -> None:
    for place, seed in enumerate(SEEDS[:100]):
        text = ask(Knobs(), purpose, seed.question, 0.7, place)
        shown = Seed("s", 0, seed.question)
        read = (TASK.rephrase if purpose == "rephrase" else TASK.write_new_question)(shown).read
        assert read is not None
        answer = ask(Knobs(), "answer", read(text), 0.7, place)
        assert TASK.read(answer).answer is not None


@pytest.mark.parametrize(
    ("prompt", "start"),
    [
        ("{schema}\n\nPlease say this in other words.\n\nQuestion: {question}", "Question: "),
        ("{schema}\nCome up with a similar question.\nQuestion: {question}\nAnswer:", "Question: "),
        ("{schema}\n\nWrite SQL for it.\n\nQuestion: {question}", ""),
        ("{question}\n\n{schema}", ""),
    ],
)
def test_replaced_prompts_are_understood(prompt: str, start: str) -> None:
    tables = "\n".join(line for line in schema().splitlines() if "CREATE TABLE" in line)
    content = prompt.format(schema=tables, question=SEEDS[3].question)
    text = reply(Knobs(skill=10), [{"role": "user", "content": content}], 0.7, 1)
    assert text.startswith(start)
    assert ("```sql" in text) == (not start)


def test_the_schema_may_stand_in_the_system_prompt() -> None:
    messages = [
        {"role": "system", "content": schema()},
        {"role": "user", "content": "Question: How many customers are there?"},
    ]
    assert "SELECT COUNT(*)" in reply(Knobs(skill=10), messages, 0.0, 0).replace("\n", " ")


def test_a_corrective_turn_goes_back_to_the_question() -> None:
    turns = [
        *prompts("How many ferns are there?")[2],
        {"role": "assistant", "content": "Sorry?"},
        {"role": "user", "content": "No question found about orders. Start one line with the word Question."},
    ]
    assert reply(Knobs(), turns, 0.7, 1).startswith("Question: ")


def test_other_databases_are_told_what_this_is() -> None:
    asked = f"{OTHER}\n\nQuestion: How many customers are there?"
    assert reply(Knobs(), [{"role": "user", "content": asked}], 0.7, 1) == FOREIGN_SCHEMA
    mixed = f"{schema()}\n{OTHER}\n\nQuestion: How many customers are there?"
    assert reply(Knobs(), [{"role": "user", "content": mixed}], 0.7, 1) == FOREIGN_SCHEMA


def test_other_questions_are_told_what_this_is() -> None:
    asked = f"{schema()}\n\nQuestion: How is the weather?"
    assert reply(Knobs(), [{"role": "user", "content": asked}], 0.7, 1) == FOREIGN_QUESTION
    for text in (FOREIGN_QUESTION, FOREIGN_SCHEMA):
        assert "simulation" in text
        assert "not a language model" in text
        assert TASK.read(text).answer is None


@given(st.text(max_size=200), st.floats(0, 2))
def test_any_text_beside_the_schema_gets_a_reply(text: str, heat: float) -> None:
    for shown in (schema(), OTHER, "CREATE TABLE"):
        assert reply(Knobs(), [{"role": "user", "content": f"{shown}\n{text}"}], heat, 0)


def test_skill_makes_mistakes_rarer() -> None:
    shares = [answers_right(Knobs(skill=skill), SEEDS, 0.7) for skill in (0.25, 1.0, 4.0)]
    assert shares[0] + 0.08 < shares[1] < shares[2] - 0.02


def test_labels_are_as_right_as_published() -> None:
    assert 0.86 <= answers_right(Knobs(), SEEDS, 0.7) <= 0.96
    assert 0.88 <= rephrases_right(Knobs(), SEEDS, 0.7) <= 0.98
    assert 0.88 <= new_questions_right(Knobs(), SEEDS, 0.7) <= 0.98
    assert rephrases_unfaithful(Knobs(), SEEDS, 0.7) <= 0.02


def test_a_systematic_slip_survives_every_vote() -> None:
    """At skill 0.1: questions whose every answer at temperature 0 to 0.02 is wrong."""
    stuck = [
        not any(
            TASK.check(ask(Knobs(skill=0.1), "answer", one.question, heat, 7), one.reference).accepted
            for heat in (0.0, 0.01, 0.02)
        )
        for one in SEEDS[:150]
    ]
    assert sum(stuck) / 150 >= RATES["sql_systematic_slip"] * 5


def test_the_shares_of_wrong_queries_add_up() -> None:
    kinds = ("wrong_column", "comparison_turned", "part_forgotten", "wrong_function", "unknown_column")
    assert sum(RATES[f"sql_{kind}"] for kind in kinds) == pytest.approx(1)


def test_some_wrong_queries_name_columns_that_there_are_not() -> None:
    reasons = [
        TASK.check(ask(Knobs(skill=0.1), "answer", one.question, 1.0, 3), one.reference).reason or ""
        for one in SEEDS
    ]
    assert 3 <= sum("no such column" in reason for reason in reasons) <= 60


def test_drift_moves_new_questions_from_the_seed_to_its_own() -> None:
    def kept(drift: float) -> float:
        pairs = [
            (written(Knobs(drift=drift), "new-question", one.question, 0.7, place), one.question)
            for place, one in enumerate(SEEDS)
        ]
        alike = [set(new.split()[:3]) == set(old.split()[:3]) for new, old in pairs]
        return sum(alike) / len(alike)

    shares = [kept(drift) for drift in (0.0, 0.3, 1.0)]
    assert shares[0] > 0.6
    assert shares[0] > shares[1] > shares[2]
    assert shares[2] < 0.1


def test_a_new_question_asks_something_else() -> None:
    for place, one in enumerate(SEEDS[:150]):
        new = read_question(written(Knobs(drift=0), "new-question", one.question, 0.7, place))
        old = read_question(one.question)
        assert new is not None
        assert old is not None
        assert new.sql != old.sql


def test_replies_to_arithmetic_are_what_they_were_before_there_was_a_database() -> None:
    digest = hashlib.sha256()
    for place, seed in enumerate(draw_numeric(60, 3)):
        for prompt in PROMPTS.values():
            messages = [{"role": "user", "content": prompt.replace("{question}", seed.question)}]
            digest.update(reply(Knobs(), messages, 0.7, place).encode())
    assert digest.hexdigest()[:16] == "39e722d6d925ea2c"
