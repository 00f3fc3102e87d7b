"""The rows that are exported."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

# What is told of a file is the business of the tests that look for it.
pytestmark = pytest.mark.filterwarnings("ignore::tilth.TilthWarning")

TEXTS = ['=1+1, "quoted"\r\nnext', "Wie viele Äpfel? 🍎", "a\rb\u2028c", "plain", ""]
MESSAGES = [
    {"role": "user", "content": "Hm?"},
    {"role": "assistant", "content": "Ja 🍎"},
    {"role": "user", "content": "Und?"},
    {"role": "assistant", "content": "18"},
]


@pytest.fixture
def rows():
    return pl.DataFrame(
        {
            "row_id": [f"r:{n}:0" for n in range(5)],
            "unit": range(5),
            "question": TEXTS,
            "response": [text[::-1] for text in TEXTS],
            "messages": [None, MESSAGES, None, None, None],
            "verdict": ["accepted", "unverified", "accepted", "rejected", "accepted"],
            "parents": [["s0001"], ["s0002", "s0003"], [], None, ["s0005"]],
            "usd": [0.25, None, 0.0, 1.5, 2.0],
            "reused": [True, False, False, False, False],
            "created_at": [dt.datetime(2026, 11, 20, 13, n, tzinfo=dt.UTC) for n in range(5)],
            "extra": ['{"a": 1}', None, None, None, None],
        },
        schema_overrides={
            "messages": pl.List(pl.Struct({"role": pl.String, "content": pl.String})),
            "created_at": pl.Datetime("us", "UTC"),
        },
    )


@pytest.fixture
def kept(rows):
    return rows.filter(pl.col("verdict") != "rejected")
