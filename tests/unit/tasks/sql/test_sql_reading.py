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
    *["<think>", "</think>", "1. A\n", "```sql\nSELECT 1\n```\nWait, ", "select 1;\n\nIt is wrong\n\n"],
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


NAMES = "SELECT name FROM singer"
JOINED = "SELECT name FROM singer JOIN concert USING (id)"


def both(between):
    """Replies that hold two queries, in blocks and bare, with this between them."""
    yield f"```sql\n{NAMES}\n```\n\n{between}\n\n```sql\n{JOINED}\n```"
    yield f"{NAMES};\n\n{between}\n\n{JOINED};"


@pytest.mark.parametrize(
    "between",
    [
        "The query above is wrong. The right one is:",
        "Wait, this ignores the concerts. Corrected query:",
        "Better:",
        "**Corrected query:**",
        "### Corrected query",
        "Here is the corrected query:",
        "The correct query is:",
        "Correction:",
        "Final answer:",
        "Oops, I forgot the join:",
        "Actually, it should join:",
        "Hmm, that misses the concerts.",
        "No, wait. It must join:",
        "On second thought, join:",
        "Sorry, that was wrong:",
        "My mistake, the join is missing:",
        "I made a mistake. Try:",
        "Let me fix that:",
        "This is incorrect, since it ignores concerts. Use:",
        "That isn't quite right: it needs the concerts.",
        "The first query has a mistake.",
        "This does not work, since the name is ambiguous. Use:",
        "However, this ignores the concerts. The query should be:",
        "It should be:",
        "After another look at the tables, here is the revised query:",
        "That counts twice, so the correct query is:",
        "Actually the question asks for concerts.",
        "You could also use `SELECT 1 FROM t`.\n\nBoth are wrong. The right query:",
    ],
)
def test_a_query_that_corrects_the_first_one_counts(between):
    for reply in both(between):
        assert query_in(reply)[0].rstrip(";") == JOINED
        assert query_in(f"{reply}\n\nAlternatively:\n\n{NAMES};")[0].rstrip(";") == JOINED


@pytest.mark.parametrize(
    "between",
    [
        "Alternatively:",
        "You can also write:",
        "If you need the ids instead:",
        "For a better layout:",
        "To get the fixed salaries:",
        "This is the correct query. An alternative:",
        "This actually works because ids are unique. With a join:",
        "Nothing is wrong with it. Also:",
        "It would be wrong to write:",
        "It is wrong to write:",
        "This one is incorrect:",
        "It does not work in MySQL. There:",
        "Is it not right for nulls? It is not wrong for them? To count them:",
        "Wait, let me check the tables:",
        "This query is right; the following is wrong:",
        "A wrong query would be:",
        "A common mistake:",
        "Don't write:",
        "Instead of:",
    ],
)
def test_the_first_query_counts_where_nothing_takes_it_back(between):
    for reply in both(between):
        assert query_in(reply)[0].rstrip(";") == NAMES


@pytest.mark.parametrize("label", ["Don't write:", "Wrong:", "Avoid this, because it joins:", "**Not**"])
def test_a_query_that_is_shown_as_wrong_counts_only_where_it_is_alone(label):
    for reply in both(label):
        assert query_in(f"The query:\n\n{reply}")[0].rstrip(";") == NAMES
    assert query_in(f"{label}\n\n```sql\n{NAMES}\n```")[0] == NAMES


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
