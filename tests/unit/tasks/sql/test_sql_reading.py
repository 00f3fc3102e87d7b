"""Finding the SQL in a reply: in a block, bare, in backticks; whatever the text, quickly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth.tasks import CAUSES
from tilth.tasks.causes import Why
from tilth.tasks.sql.reading import find, query_in

REPLIES = [
    json.loads(line) for line in (Path(__file__).parent / "sql_replies.jsonl").read_text("utf-8").splitlines()
]
PIECES = st.sampled_from(
    ["```sql\n", "```", "~~~", "`", "SELECT", "Select ", " a FROM t", "WITH x AS (", ")", ";", "\n", "\n\n"]
) | st.sampled_from(
    [
        "'",
        '"',
        "--",
        "/*",
        "*/",
        "<think>",
        "</think>",
        "SQL: ",
        "The ",
        "DROP TABLE t",
        "<sql>",
        "</sql>",
        " (",
    ]
)
HOSTILE = [
    *[
        "SELECT ",
        "SELECT a;\n",
        "SELECT ;/*\n",
        "SELECT\n\n",
        "Select a\n",
        "select a from t;\n\n",
        "FROM t\n\n",
    ],
    *["/*", "--", "'", '"', "`", "```", "```sql\n", "```SELECT", "~~~ ", "`SELECT a FROM t` ", '"""'],
    *["WITH a AS (", "WITH a(", "(", "\n", " ", "answer: ", "SQL SQL: ", "<sql>", "</sql>", ";", "; /*"],
    *["<think>", "</think>", "1. A\n"],
]


def test_at_least_a_hundred_replies_are_tried():
    assert len(REPLIES) >= 100


@pytest.mark.parametrize("case", REPLIES, ids=lambda case: repr(case["reply"])[:60])
def test_finds_the_query(case):
    span = find(case["reply"])
    found = (None, span.cause) if isinstance(span, Why) else (case["reply"][slice(*span)], None)
    assert found == (case["sql"], case.get("cause"))


@pytest.mark.parametrize(
    ("reply", "reason", "cause"),
    [
        ("", "empty reply", "empty"),
        ("<think>SELECT 1</think>", "empty reply", "empty"),
        ("I cannot say.", "no SQL found", "no-answer"),
        (
            "SELECT " + "1, " * 7_000 + "1",
            "a query of 21,008 characters; at most 20,000 are taken",
            "too-long",
        ),
    ],
)
def test_says_why_there_is_none(reply, reason, cause):
    assert find(reply) == Why(cause, reason)


@pytest.mark.parametrize(
    ("reply", "sql"),
    [
        ('{"sql": "SELECT a FROM t"}', "SELECT a FROM t"),
        ('{"reasoning": "count", "query": "SELECT a\\nFROM t;"}', "SELECT a\nFROM t;"),
        ('```json\n{"Answer": "```sql\\nSELECT \\"a b\\" FROM t\\n```"}\n```', 'SELECT "a b" FROM t'),
        ('{"reasoning": "SELECT a FROM t"}', None),
        ('{"sql": 3}', None),
        ('{"sql": "SELECT a', None),
    ],
)
def test_a_field_of_json_may_hold_the_query(reply, sql):
    found = query_in(reply)
    assert (None if isinstance(found, Why) else found[0]) == sql
    if not isinstance(found, Why):
        assert json.loads(reply[slice(*found[1])])


@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_finding_never_raises_and_gives_a_stretch_of_the_text(text):
    span = find(text)
    if isinstance(span, Why):
        assert span.reason
        assert span.cause in CAUSES
    else:
        start, end = span
        assert 0 <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()


@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
def test_a_megabyte_is_read_in_linear_time(piece):
    assert growth(find, piece * (1_000_000 // len(piece))) < WIDE
