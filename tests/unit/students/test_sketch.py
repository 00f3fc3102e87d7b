"""The sketch student: queries from parts it has seen, over any schema, from rows alone."""

from __future__ import annotations

import pickle
import random
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth import students
from tilth.students.sql.sketching import sketch
from tilth.students.sql.values import Vocabulary

STUDENT = students.get("sketch")
UNION = "SELECT name FROM boats WHERE name = '{name}' UNION SELECT name FROM owners WHERE name = '{name}'"
JOINED = "FROM boats AS b JOIN owners AS o ON b.owner_id = o.owner_id"
CITIES = ["Rome", "Oslo", "Cairo", "Lima"]
KINDS = {
    "list": ("Which boats lie in {city}?", "SELECT name FROM boats WHERE harbour = '{city}'"),
    "count": ("How many boats are longer than {n} metres?", "SELECT COUNT(*) FROM boats WHERE length > {n}"),
    "both": (
        "How many boats in {city} are longer than {n} metres?",
        "SELECT COUNT(*) FROM boats WHERE harbour = '{city}' AND length > {n}",
    ),
    "join": (
        "Name the owners of boats in {city}.",
        f"SELECT o.name {JOINED} WHERE b.harbour = '{{city}}'",
    ),
    "top": ("List the {few} longest boats.", "SELECT name FROM boats ORDER BY length DESC LIMIT {few}"),
    "group": ("Count boats per harbour.", "SELECT harbour, COUNT(*) FROM boats GROUP BY harbour"),
    "between": (
        "Which boats are {few} to {n} metres long?",
        "SELECT name FROM boats WHERE length BETWEEN {few} AND {n}",
    ),
}


def made_rows(count: int, seed: int, kinds: tuple[str, ...] = tuple(KINDS)) -> pl.DataFrame:
    """Questions of some kinds; the query stands in a block, in one of two styles."""
    rng, rows = random.Random(seed), []
    for _ in range(count):
        question, sql = KINDS[rng.choice(kinds)]
        slots = {"city": rng.choice(CITIES), "n": rng.randint(10, 40), "few": rng.randint(2, 9)}
        written = sql.format(**slots)
        if rng.random() < 0.5:
            written = written.replace(" FROM ", "\nFROM ").replace(" WHERE ", "\nWHERE ") + ";"
        rows.append(
            (question.format(**slots), f"First, look.\n\n```sql\n{written}\n```", sql.format(**slots))
        )
    return pl.DataFrame(rows, schema=["question", "response", "sql"], orient="row")


TEST = made_rows(120, seed=1)


def plain(sql: str | None) -> str | None:
    """A query without the names of tables and short names before columns."""
    return None if sql is None else re.sub(r"\b\w+\.(?=\w)| AS \w+", "", sql)


def accuracy(model: students.Model, test: pl.DataFrame) -> float:
    answers = model.answer(test["question"].to_list())
    return sum(plain(a) == plain(b) for a, b in zip(answers, test["sql"], strict=True)) / test.height


def test_it_learns_from_rows() -> None:
    model = STUDENT.train(made_rows(80, seed=2))
    assert accuracy(model, TEST) > 0.95
    assert (model.trained_on, model.skipped) == (80, 0)


def test_it_puts_parts_together_that_no_row_held_together() -> None:
    rows = made_rows(60, seed=3, kinds=("list", "count", "top", "group"))
    model = STUDENT.train(rows)
    assert model.answer(["How many boats in Oslo are longer than 12 metres?"]) == [
        "SELECT COUNT(*) FROM boats WHERE boats.harbour = 'Oslo' AND boats.length > 12"
    ]
    assert accuracy(model, made_rows(40, seed=4, kinds=("join",))) == 0


def test_values_it_never_saw_are_taken_from_the_question() -> None:
    model = STUDENT.train(made_rows(80, seed=2))
    assert model.answer(["Which boats lie in New Haven?", "List the seven longest boats."]) == [
        "SELECT boats.name FROM boats WHERE boats.harbour = 'New Haven'",
        "SELECT boats.name FROM boats ORDER BY boats.length DESC LIMIT 7",
    ]


def test_a_value_is_written_as_the_rows_wrote_it() -> None:
    rows = pl.DataFrame(
        {
            "question": ["How many sloops are there?", "How many yawls are there?", "How many boats in all?"],
            "response": [
                "SELECT COUNT(*) FROM boats WHERE kind = 'Sloop'",
                "SELECT COUNT(*) FROM boats WHERE kind = 'Yawl'",
                "SELECT COUNT(*) FROM boats",
            ],
        }
    )
    assert STUDENT.train(rows).answer(["How many SLOOPS are there?"]) == [
        "SELECT COUNT(*) FROM boats WHERE boats.kind = 'Sloop'"
    ]


def test_queries_too_odd_to_take_apart_are_kept_whole_or_in_part() -> None:
    taught = {
        "Boats or owners named Rosa?": UNION.format(name="Rosa"),
        "Which boats are above average?": (
            "SELECT name FROM boats WHERE length > (SELECT AVG(length) FROM boats)"
        ),
        "All boats of Rome?": "SELECT name FROM boats WHERE harbour = 'Rome'",
    }
    rows = pl.DataFrame({"question": list(taught), "response": list(taught.values())})
    assert STUDENT.train(rows).answer(
        ["Boats or owners named Mary?", "Which boats are above average?", "All boats of Oslo?"]
    ) == [
        UNION.format(name="Mary"),
        "SELECT boats.name FROM boats WHERE boats.length > (SELECT AVG(length) FROM boats)",
        "SELECT boats.name FROM boats WHERE boats.harbour = 'Oslo'",
    ]


def test_right_answers_outvote_a_slip() -> None:
    rows = made_rows(40, seed=2)
    slip = rows.with_columns(response=pl.lit("```sql\nSELECT harbour FROM boats\n```"))
    assert accuracy(STUDENT.train(pl.concat([rows, rows, slip])), TEST) > 0.9


def test_repeating_rows_changes_nothing() -> None:
    rows, questions = made_rows(30, seed=4), TEST["question"].to_list()
    assert STUDENT.train(pl.concat([rows] * 5)).answer(questions) == STUDENT.train(rows).answer(questions)


def test_unreadable_rows_are_skipped_and_counted() -> None:
    rows = made_rows(30, seed=4)
    noise = pl.DataFrame(
        {
            "question": ["What is love?", "Drop it?", "And?"],
            "response": ["Baby.", "```sql\nDROP TABLE boats\n```", "```sql\nSELECT ((((\n```"],
            "sql": ["", "", ""],
        }
    )
    model = STUDENT.train(pl.concat([noise, rows]))
    assert (model.trained_on, model.skipped) == (30, 3)
    questions = TEST["question"].to_list()
    assert model.answer(questions) == STUDENT.train(rows).answer(questions)


def test_student_and_model_travel_to_processes() -> None:
    model = pickle.loads(pickle.dumps(STUDENT)).train(made_rows(40, seed=2), 7)
    questions = TEST["question"].to_list()
    assert pickle.loads(pickle.dumps(model)).answer(questions) == model.answer(questions)
    assert STUDENT.train(made_rows(40, seed=2), 7).answer(questions) == model.answer(questions)


def test_it_answers_none_where_it_has_nothing() -> None:
    assert STUDENT.train(made_rows(5, seed=2).clear()).answer(["Which boats lie in Rome?"]) == [None]
    one_kind = STUDENT.train(made_rows(9, seed=2, kinds=("top",)))
    assert one_kind.answer(["List the 4 longest boats.", "List the longest boats."]) == [
        "SELECT boats.name FROM boats ORDER BY boats.length DESC LIMIT 4",
        None,
    ]
    assert one_kind.answer([]) == []


def test_it_says_what_it_can_show_and_costs() -> None:
    assert "cannot" in STUDENT.about
    assert "CPU s" in STUDENT.cost
    assert STUDENT.tasks == ("sql",)


LEFT = "FROM boats AS b LEFT JOIN owners AS o ON b.owner_id = o.owner_id"
LONG = (
    "select b.name, count(*) from boats b join owners o on b.owner_id = o.owner_id "
    "where o.city = 'Rome' and b.length between 3 and 4.5 group by b.name having count(*) > 2 "
    "order by sum(b.length) desc limit 5"
)


@pytest.mark.parametrize(
    ("sql", "shape", "roles"),
    [
        (
            LONG,
            ("<group0>, COUNT(*)", "<group0>", "COUNT(*) > <having0>", "SUM(<order0>) DESC", "<limit0>"),
            ("owners.city =", "boats.length BETWEEN", "boats.length AND", "having0", "limit0"),
        ),
        (
            "SELECT DISTINCT name FROM boats WHERE stock = 0 OR length > 3",
            ("DISTINCT <select0>", "", "", "", ""),
            ("odd0", "odd1"),
        ),
        (
            f"SELECT b.name {LEFT} WHERE o.city = 'Rome'",
            (f"SELECT b.name {LEFT} WHERE o.city = <whole0>",),
            ("whole0",),
        ),
    ],
)
def test_a_query_taken_apart(sql: str, shape: tuple[str, ...], roles: tuple[str, ...]) -> None:
    taken = sketch(sql)
    assert taken is not None
    assert taken.shape == shape
    assert tuple(literal.role for literal in taken.literals) == roles


@pytest.mark.parametrize(
    "sql", ["", "Hello", "DELETE FROM boats", "SELECT (" * 2000, "SELECT 'a", "SELECT " * 900]
)
def test_what_is_no_query_has_no_sketch(sql: str) -> None:
    assert sketch(sql) is None


SQL_WORDS = st.sampled_from(
    [
        "SELECT",
        "FROM boats",
        "WHERE",
        "name",
        ",",
        "(",
        ")",
        "=",
        "'x'",
        "3",
        "AND",
        "ORDER BY",
        "COUNT(*)",
        "IN",
    ]
)


@given(st.lists(SQL_WORDS, max_size=16).map(" ".join))
def test_any_text_is_taken_apart_or_refused(sql: str) -> None:
    taken = sketch(sql)
    assert taken is None or len(taken.shape) in (1, 5)


@given(st.text(max_size=100))
def test_any_question_has_its_values_set_apart(question: str) -> None:
    masked = Vocabulary([taken for taken in [sketch("SELECT a FROM t WHERE b = 'Sea Lion'")] if taken]).mask(
        question
    )
    assert len(masked.values) == len(masked.places) <= len(masked.words)


def test_values_in_a_question() -> None:
    taken = sketch("SELECT a FROM t WHERE kind = 'Sea Lion' AND place = 'Rome'")
    assert taken is not None
    masked = Vocabulary([taken]).mask("Rome: are 1,200 sea lions older than twelve in Oslo Bay?")
    assert [value.text for value in masked.values] == ["Rome", "1200", "Sea Lion", "12", "Oslo Bay"]
    assert masked.words == (
        "value:t.place", ":", "are", "number", "value:t.kind", "older", "than", "number", "in", "name", "?",
    )  # fmt: skip
