"""Queries as data: every style of writing one means the same."""

from __future__ import annotations

import random
import sqlite3
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.demo.sql.database import Column
from tilth.demo.sql.query import COUNT, Absent, Condition, Item, Query, Style, fans_out, quoted, write
from tilth.demo.sql.world import problems

NAME = Item(Column("plants", "name"))
ORDERED = "JOIN orders ON orders.plant_id = plants.plant_id"
SUPPLIERS = "COUNT(DISTINCT suppliers.supplier_id)"
FAR = (
    f"JOIN plants ON plants.supplier_id = suppliers.supplier_id {ORDERED} "
    "JOIN customers ON orders.customer_id = customers.customer_id"
)


def test_every_style_gives_the_same_rows(rows_of) -> None:
    for problem in islice(problems(random.Random(1), "same"), 300):
        plain = rows_of(write(problem.query))
        for style in (Style(short=True), Style(lines=True), Style(short=True, lines=True)):
            assert rows_of(write(problem.query, style)) == plain


@pytest.mark.parametrize(
    ("query", "sql"),
    [
        (Query("plants", (NAME,)), "SELECT name FROM plants"),
        (
            Query("plants", (COUNT,), (Condition(Column("orders", "month"), "=", "May"),)),
            f"SELECT COUNT(DISTINCT plants.plant_id) FROM plants {ORDERED} WHERE orders.month = 'May'",
        ),
        (
            Query("plants", (NAME,), absent=Absent("orders")),
            "SELECT plants.name FROM plants WHERE plants.plant_id NOT IN (SELECT plant_id FROM orders)",
        ),
        (
            Query("plants", (NAME,), (Condition(Column("plants", "price"), ">", None),)),
            "SELECT name FROM plants WHERE price > (SELECT AVG(price) FROM plants)",
        ),
        (
            Query("suppliers", (COUNT,), (Condition(Column("customers", "city"), "<>", "Bath"),)),
            f"SELECT {SUPPLIERS} FROM suppliers {FAR} WHERE customers.city <> 'Bath'",
        ),
    ],
)  # fmt: skip
def test_written(query: Query, sql: str, rows_of) -> None:
    assert write(query) == sql
    assert all(rows_of(sql))


def test_short_names_and_lines() -> None:
    query = Query("plants", (NAME,), (Condition(Column("suppliers", "country"), "=", "Italy"),), limit=3)
    assert write(query, Style(short=True, lines=True)).splitlines() == [
        "SELECT p.name",
        "FROM plants AS p",
        "JOIN suppliers AS s ON p.supplier_id = s.supplier_id",
        "WHERE s.country = 'Italy'",
        "LIMIT 3",
    ]


def test_only_the_many_side_of_a_key_repeats_rows() -> None:
    assert fans_out("plants", "orders")
    assert fans_out("suppliers", "plants")
    assert not fans_out("orders", "suppliers")


@given(st.text(max_size=40).filter(lambda text: "\x00" not in text and text.isprintable()))
def test_a_quoted_value_comes_back_as_it_was(text: str) -> None:
    with sqlite3.connect(":memory:") as connection:
        assert connection.execute(f"SELECT {quoted(text)}").fetchone() == (text,)
    connection.close()
