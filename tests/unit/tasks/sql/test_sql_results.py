"""Comparing results: as multisets or in order, with a tolerance, and by what a reference leaves open."""

from __future__ import annotations

import math
import random

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from tilth.tasks.sql.databases import ties
from tilth.tasks.sql.databases.results import NOT_A_NUMBER, in_order, same_row, same_rows, within

NEAR = 3e-10
VALUES = st.one_of(
    st.none(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.just(NOT_A_NUMBER),
)
ROWS = st.lists(st.tuples(VALUES, VALUES), max_size=8)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (True, 1, True),
        (0.0, -0.0, True),
        (0.1 + 0.2, 0.3, True),
        (1.0, 1.0 + 1e-6, False),
        (10**20, 10**20 + 1, False),
        (10**400, 1.0, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (None, None, True),
        (None, 0, False),
        (None, "", False),
        (1, "1", False),
        (1.5, "1.5", False),
        ("a", b"a", False),
        ("a", "A", False),
        (NOT_A_NUMBER, NOT_A_NUMBER, True),
        (NOT_A_NUMBER, 0.0, False),
        (("time", "2024-01-01T00:00:00"), "2024-01-01", False),
    ],
)
def test_values_are_equal_within_their_kind(left, right, same):
    assert same_row((left,), (right,)) is same
    assert same_rows([(left,)], [(right,)]) is same


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ([(1,), (2,)], [(2,), (1,)], True),
        ([(1,), (1,), (2,)], [(1,), (2,), (2,)], False),
        ([(1,)], [(1,), (1,)], False),
        ([(1, 2)], [(2, 1)], False),
        ([(1,)], [(1, None)], False),
        ([(1.0, "a"), (1 + NEAR, "b")], [(1 + NEAR, "a"), (1.0, "b")], True),
        ([(0.1, 5.0), (0.1 + NEAR, 4.0)], [(0.1, 4.0), (0.1 + NEAR, 5.0)], True),
        ([(0.1, 5.0), (0.1, 4.0)], [(0.1, 4.0), (0.1, 4.0)], False),
        ([], [], True),
    ],
)
def test_rows_are_compared_as_a_multiset(left, right, same):
    assert same_rows(left, right) is same
    assert same_rows(right, left) is same


@given(ROWS, st.randoms(use_true_random=False))
def test_any_order_is_the_same_multiset_and_one_row_less_is_not(rows, rng):
    shuffled = rng.sample(rows, len(rows))
    assert same_rows(rows, shuffled)
    assert in_order(rows, rows)
    if rows:
        assert within(shuffled[1:], rows)
        assert not same_rows(shuffled[1:], rows)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), max_size=8))
def test_noise_within_the_tolerance_changes_nothing(rows):
    rng = random.Random(0)
    noisy = [tuple(value * (1 + rng.uniform(-1e-10, 1e-10)) for value in row) for row in rows]
    assert same_rows(noisy[::-1], rows)


@pytest.mark.parametrize(
    ("query", "sql", "keys"),
    [
        ("SELECT a FROM t ORDER BY b LIMIT 3", "SELECT a, b AS tilth_key_0 FROM t ORDER BY b", (-1,)),
        ("SELECT a, SUM(b) AS s FROM t GROUP BY a ORDER BY s DESC, 1", None, (-1, 0)),
        ("SELECT DISTINCT a FROM t ORDER BY a", None, (0,)),
        ("SELECT a FROM t UNION SELECT b FROM u ORDER BY a", None, (0,)),
        ("SELECT a FROM t", None, ()),
    ],
)
def test_a_query_is_shown_with_what_it_orders_by(query, sql, keys):
    shown = ties.keyed(sqlglot.parse_one(query, dialect="sqlite"), "sqlite")
    assert shown.keys == keys
    assert sql is None or shown.sql == sql


@pytest.mark.parametrize("query", ["SELECT DISTINCT a FROM t ORDER BY b", "SELECT a FROM t LIMIT 1 + 1"])
def test_a_query_whose_keys_cannot_be_shown_has_no_ties(query):
    assert ties.keyed(sqlglot.parse_one(query, dialect="sqlite"), "sqlite") is None


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([("a",), ("b",), ("c",)], "same"),
        ([("b",), ("a",), ("c",)], "same"),
        ([("a",), ("b",), ("d",)], "tied"),
        ([("a",), ("c",), ("b",)], None),
        ([("a",), ("b",)], None),
        ([("a",), ("b",), ("e",)], None),
        ([("a",), ("a",), ("c",)], None),
    ],
)
def test_rows_that_tie_may_change_places(rows, found):
    # a and b tie, then c and d do, of which LIMIT 3 takes one.
    shown = ties.Keyed("", (-1,), 1, 0, 3)
    reference = [("a",), ("b",), ("c",)]
    groups = ties.ties([("a", 1), ("b", 1), ("c", 2), ("d", 2), ("e", 3)], shown, reference)
    assert ties.agreement(rows, reference, groups) == found


def test_ties_that_do_not_bear_out_the_reference_are_not_used():
    shown = ties.Keyed("", (-1,), 1, 0, 1)
    assert ties.ties([("a", 1), ("b", 2)], shown, [("b",)]) is None
