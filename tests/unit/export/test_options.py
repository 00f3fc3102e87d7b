"""Options of an export: what of a row goes into which field, and which rows go in at all."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tilth.export import FOLDERS, FORMAT_TABLE, FORMATS, save

# What is told of a file is the business of the tests that look for it.
pytestmark = pytest.mark.filterwarnings("ignore::tilth.TilthWarning")

TURNS = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
FILES = ("chat", "prompt-completion", "sharegpt", "alpaca", "jsonl")


def _rows(count=2, **columns):
    frame = pl.DataFrame({"question": [f"{n} + 3?" for n in range(count)], "response": ["5"] * count})
    return frame.with_columns(verdict=pl.lit("accepted"), **columns)


def _objects(path):
    text = path.read_text("utf-8")
    return json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]


def _reply(one, format):
    """The reply of an object, and the reasoning that stands in a field of its own."""
    last = {
        "chat": lambda: one["messages"][-1]["content"],
        "prompt-completion": lambda: one["completion"][-1]["content"],
        "sharegpt": lambda: one["conversations"][-1]["value"],
        "alpaca": lambda: one["output"],
        "jsonl": lambda: one["response"],
    }[format]()
    apart = one["messages"][-1].get("reasoning_content") if format == "chat" else one.get("reasoning")
    return last, apart


@pytest.mark.parametrize("format", FILES)
def test_thinking_stands_inline_or_nowhere_or_in_a_field_and_never_in_two(tmp_path, format):
    rows = _rows(response=pl.lit("<think>2 and 3</think>\nIt is 5"))
    for where, expected in {
        "inline": ("<think>2 and 3</think>\nIt is 5", None),
        "drop": ("It is 5", None),
        "field": ("It is 5", "2 and 3"),
    }.items():
        objects = _objects(save(rows, tmp_path / "out", format=format, reasoning=where))
        assert [_reply(one, format) for one in objects] == [expected] * 2


def test_a_reasoning_column_of_the_users_own_is_kept_for_its_field_only(tmp_path):
    rows = _rows(response=pl.Series(["<think>a</think>5", "5"]), reasoning=pl.lit("own"))
    for where, expected in {
        "inline": [("<think>a</think>5", None), ("5", None)],
        "field": [("5", "a"), ("5", "own")],
    }.items():
        objects = _objects(save(rows, tmp_path / "out", format="chat", reasoning=where))
        assert [_reply(one, "chat") for one in objects] == expected
    pairs = pl.DataFrame({"question": ["a"], "chosen": ["<think>b</think>c"], "rejected": ["d"]})
    with pytest.raises(ValueError, match="no field for the reasoning of each"):
        save(pairs, tmp_path / "none", format="preference", reasoning="field")


@pytest.mark.parametrize("format", FILES)
def test_answers_only_leave_out_rows_of_which_none_was_read(tmp_path, format):
    rows = _rows(3, response=pl.lit("It is 5"), answer=pl.Series(["5", None, " "]))
    with pytest.warns(tilth.TilthWarning, match="left out: 2 rows of which no answer was read"):
        path = save(rows, tmp_path / "out", format=format, answers="only")
    assert [_reply(one, format)[0] for one in _objects(path)] == ["5"]
    with pytest.raises(ValueError, match="nothing but 2 rows of which no answer"):
        save(rows[1:], tmp_path / "none", format=format, answers="only")


def test_a_system_prompt_is_kept_dropped_or_replaced(tmp_path):
    own = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "0 + 3?"},
        {"role": "assistant", "content": "5"},
    ]
    rows = _rows(messages=pl.Series([own, None], dtype=TURNS))
    for system, expected in {
        True: ["Be brief.", None],
        False: [None] * 2,
        "In French.": ["In French."] * 2,
    }.items():
        objects = _objects(save(rows, tmp_path / "out", format="chat", system=system))
        first = [one["messages"][0] for one in objects]
        assert [turn["content"] if turn["role"] == "system" else None for turn in first] == expected
        alpaca = _objects(save(rows, tmp_path / "out", format="alpaca", system=system))
        assert [one.get("system") or None for one in alpaca] == expected


@pytest.mark.parametrize("format", FILES)
def test_metadata_stand_in_front_of_all_questions_but_the_last_tenth(tmp_path, format):
    path = save(_rows(20, strategy=pl.lit("x-y")), tmp_path / "out", format=format, metadata="strategy")
    tagged = ["strategy: x-y\\n\\n" in line for line in map(json.dumps, _objects(path))]
    assert tagged == [True] * 18 + [False] * 2
    with pytest.raises(ValueError, match="metadata names the column 'task', which the rows lack"):
        save(_rows(), tmp_path / "none", format=format, metadata=["task"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"reasoning": "both"}, "no reasoning 'both'; there are 'inline', 'drop', 'field'"),
        ({"answers": "none"}, "no answers 'none'"),
        ({"system": " "}, "system is empty"),
        ({"answers": "only", "reasoning": "field"}, "keeps no reasoning"),
        ({"format": "trl", "reasoning": "field"}, "'trl' has no field for reasoning"),
        ({"format": "preference", "answers": "only"}, "holds two of each question"),
        ({"format": "preference"}, "takes pairs with the columns chosen and rejected"),
    ],
)
def test_options_that_do_not_go_together_are_told_before_anything_is_written(tmp_path, options, told):
    with pytest.raises(ValueError, match=told):
        save(_rows(), tmp_path / "out", **{"format": "chat", **options})
    assert not list(tmp_path.iterdir())


def test_rows_that_curation_refused_are_left_out_and_the_rest_is_in_its_order(tmp_path):
    rows = _rows(4, keep=pl.Series([True, False, True, True]), order=pl.Series([2, 0, 1, 0]))
    rows = rows.with_columns(weight=pl.Series([0.5, 1.0, 2.0, 1.5]))
    with pytest.warns(tilth.TilthWarning, match="left out: 1 row that curation refused"):
        path = save(rows, tmp_path / "out", format="sharegpt")
    assert [(one["conversations"][0]["value"], one["weight"]) for one in _objects(path)] == [
        ("3 + 3?", 1.5),
        ("2 + 3?", 2.0),
        ("0 + 3?", 0.5),
    ]
    with pytest.raises(ValueError, match="nothing but 1 row that curation refused"):
        save(rows[[1]], tmp_path / "none", format="chat")


def test_pairs_are_turns_and_an_empty_side_is_left_out(tmp_path):
    pairs = pl.DataFrame(
        {
            "question": ["2 + 3?", "1?"],
            "chosen": ["<think>a</think>5", "1"],
            "rejected": ["6", " "],
            "margin": [0.5, 1.0],
        }
    )
    path = save(pairs, tmp_path / "out.jsonl", format="preference", reasoning="drop", system="Be brief.")
    assert _objects(path) == [
        {
            "prompt": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "2 + 3?"},
            ],
            "chosen": [{"role": "assistant", "content": "5"}],
            "rejected": [{"role": "assistant", "content": "6"}],
            "margin": 0.5,
        }
    ]
    with pytest.raises(ValueError, match="'chat' takes answered questions, and these rows are pairs"):
        save(pairs, tmp_path / "none", format="chat")


def test_alpaca_has_the_context_apart(tmp_path):
    seeds = tilth.read_seeds([{"question": "Who?", "context": "Ada wrote it.", "answer": "Ada"}])
    [asked] = [seed.question for seed in seeds]
    rows = _rows(question=pl.Series([asked, "Plain\n\nNote: this"]))
    assert [(one["instruction"], one["input"]) for one in _objects(save(rows, tmp_path / "a.json"))] == [
        ("Who?", "Context: Ada wrote it."),
        ("Plain\n\nNote: this", ""),
    ]


@given(st.text(min_size=1).filter(str.strip))
def test_every_format_of_lines_holds_one_object_a_line_whoever_splits(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("lines") / "out.jsonl"
    rows = _rows(question=pl.lit(text), response=pl.lit(text + "\u2028.\x85.\x0b.\x0c.\x1c.\x1d.\x1e."))
    for name in ("chat", "prompt-completion", "sharegpt", "jsonl"):
        lines = save(rows, path, format=name).read_text("utf-8").splitlines()
        assert len([json.loads(line) for line in lines]) == 2


def test_the_table_names_every_format():
    assert {one.name for one in FORMAT_TABLE} == {*FORMATS, *FOLDERS}
    assert {one.name for one in FORMAT_TABLE if one.folder} == set(FOLDERS)
