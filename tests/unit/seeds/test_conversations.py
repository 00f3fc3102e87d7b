"""Seeds from conversations and from layouts that many files have."""

from __future__ import annotations

import json
import warnings

import polars as pl
import pytest

import tilth
from tilth.errors import SeedsError
from tilth.seeds import read_seeds


def _openai(*texts):
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]


def _sharegpt(*texts):
    return [{"from": ("human", "gpt")[n % 2], "value": text} for n, text in enumerate(texts)]


def _parts(role, text):
    return {"role": role, "content": [{"type": "text", "text": text}]}


LAYOUTS = {
    "messages": {"messages": _openai("2 + 3?", "5")},
    "conversations": {"conversations": _sharegpt("2 + 3?", "5")},
    "conversation": {"conversation": _sharegpt("2 + 3?", "5")},
    "parts": {"messages": [_parts("user", "2 + 3?"), _parts("assistant", "5")]},
    "TRL's": {"prompt": _openai("2 + 3?"), "completion": _openai("", "5")[1:]},
    "texts": {"prompt": "2 + 3?", "completion": "5"},
    "Alpaca's": {"instruction": "2 + 3?", "input": "", "output": "5"},
    "Dolly's": {"instruction": "2 + 3?", "context": "", "response": "5", "category": "closed_qa"},
    "with an answer of its own": {"messages": _openai("2 + 3?"), "answer": "5"},
}


@pytest.mark.parametrize("record", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("kind", ["list", "jsonl", "frame", "csv"])
def test_known_layouts_are_read_without_naming_columns(record, kind, tmp_path):
    source = [record]
    if kind == "jsonl":
        source = tmp_path / "in.jsonl"
        source.write_text(json.dumps(record), "utf-8")
    elif kind == "csv":
        source = tmp_path / "in.csv"
        cells = {key: json.dumps(cell) if isinstance(cell, list) else cell for key, cell in record.items()}
        pl.DataFrame([cells]).write_csv(source)
    elif kind == "frame":
        source = pl.DataFrame([record])
    [seed] = read_seeds(source)
    assert (seed.question, seed.reference) == ("2 + 3?", "5")
    [seed] = read_seeds(source, answer=None)
    assert (seed.question, seed.reference) == ("2 + 3?", None)


def test_named_columns_may_hold_conversations_and_a_question_column_comes_first():
    record = {
        "talk": _sharegpt("2 + 3?", "5"),
        "said": _openai("4 + 4?", "8"),
        "question": "1 + 1?",
        "answer": "2",
    }
    [seed] = read_seeds([record])
    assert (seed.question, seed.reference) == ("1 + 1?", "2")
    del record["answer"]
    [seed] = read_seeds([record], question="talk")
    assert (seed.question, seed.reference) == ("2 + 3?", "5")
    [seed] = read_seeds([record], question="said.0.content", answer="talk.1.value")
    assert (seed.question, seed.reference) == ("4 + 4?", "5")


def test_what_a_conversation_holds_beside_is_told():
    system = {"role": "system", "content": "Be brief."}
    records = [
        {"messages": [system, *_openai("2 + 3?", "5")]},
        {"messages": [system, *_openai("2 + 4?", "6", "Why?", "Because.")]},
    ]
    with pytest.warns(tilth.TilthWarning) as told:
        seeds = read_seeds(records)
    assert [seed.reference for seed in seeds] == ["5", "6"]
    said = " ".join(str(one.message) for one in told)
    assert "2 conversations have a system prompt" in said
    assert "Teacher(system=...)" in said
    assert "of 1 conversations the first question" in said
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_seeds([{"messages": _openai("2 + 3?", "5")}])


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"messages": _sharegpt("2 + 3?", "5")[1:]}, "'assistant' speaks first in the conversation"),
        ({"messages": [{"role": "system", "content": "x"}]}, "nobody speaks in the conversation"),
        ({"messages": _openai("2 + 3?")}, "nothing stands where the assistant's reply belongs"),
        (
            {"messages": [*_openai("2 + 3?"), {"role": "tool", "content": "5"}]},
            "'tool' speaks where the assistant's reply belongs",
        ),
        ({"messages": _openai(" ", "5")}, "the user's turn holds no text"),
        ({"messages": _openai("2 + 3?", None)}, "the assistant's turn holds no text"),
        (
            {"prompt": _openai("2 + 3?", "5", "And 4 more?"), "completion": _openai("", "9")[1:]},
            "the conversation has 3 turns before its answer; a seed is one question",
        ),
    ],
)
def test_conversations_that_are_no_question_and_answer_are_told(record, told):
    with pytest.raises(SeedsError, match=told):
        read_seeds([record])
