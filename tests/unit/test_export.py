"""Export: each format reads back as what was saved, and a file is replaced whole or left alone."""

from __future__ import annotations

import csv
import datetime as dt
import json

import polars as pl
import pytest

from tilth.export import FORMATS, save

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


def test_parquet_holds_every_column_as_it_was(rows, kept, tmp_path):
    path = save(rows, tmp_path / "out.parquet")
    assert path == tmp_path / "out.parquet"
    assert pl.read_parquet(path).equals(kept)


def test_jsonl_holds_every_column(rows, kept, tmp_path):
    back = pl.read_ndjson(save(rows, tmp_path / "out.jsonl"), schema={**kept.schema, "created_at": pl.String})
    assert back.drop("created_at").equals(kept.drop("created_at"))
    times = back["created_at"].str.to_datetime(time_unit="us", time_zone="UTC")
    assert times.to_list() == kept["created_at"].to_list()


def test_csv_holds_every_column_with_lists_as_json(rows, kept, tmp_path):
    back = pl.read_csv(save(rows, tmp_path / "out.csv"))
    assert back.columns == kept.columns
    for name in ("row_id", "unit", "question", "response", "usd", "reused", "extra"):
        assert back[name].to_list() == kept[name].to_list()
    for name in ("messages", "parents"):
        values = [None if text is None else json.loads(text) for text in back[name].to_list()]
        assert values == kept[name].to_list()


def test_csv_reads_in_the_standard_library_too(rows, kept, tmp_path):
    with save(rows, tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [row["question"] for row in csv.DictReader(file)] == kept["question"].to_list()


def test_chat_has_one_conversation_per_line(rows, kept, tmp_path):
    lines = save(rows, tmp_path / "out.jsonl", format="chat").read_text("utf-8").split("\n")
    assert lines.pop() == ""
    conversations = [json.loads(line) for line in lines]
    assert conversations[1] == {"messages": MESSAGES}
    for conversation, row in zip(conversations, kept.iter_rows(named=True), strict=True):
        if row["messages"] is None:
            assert conversation == {
                "messages": [
                    {"role": "user", "content": row["question"]},
                    {"role": "assistant", "content": row["response"]},
                ]
            }


def test_alpaca_is_an_array_of_instructions(rows, kept, tmp_path):
    examples = json.loads(save(rows, tmp_path / "out.json").read_text("utf-8"))
    assert examples == [
        {"instruction": question, "input": "", "output": response}
        for question, response in kept.select("question", "response").iter_rows()
    ]
    assert pl.read_json(tmp_path / "out.json")["instruction"].to_list() == kept["question"].to_list()


@pytest.mark.parametrize("verdicts", [["rejected"], "rejected", {"rejected"}])
def test_verdicts_choose_the_rows(rows, tmp_path, verdicts):
    path = save(rows, str(tmp_path / "out.parquet"), verdicts=verdicts)
    assert pl.read_parquet(path)["verdict"].to_list() == ["rejected"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_already_there_is_replaced_and_nothing_is_left_beside_it(rows, tmp_path, format):
    path = tmp_path / "out"
    path.write_bytes(b"old" * 10_000)
    save(rows, path, format=format)
    fresh = save(rows, tmp_path / "fresh", format=format)
    assert path.read_bytes() == fresh.read_bytes()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["fresh", "out"]


def test_a_failure_leaves_the_old_file_and_no_other(rows, tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    with pytest.raises(TypeError):
        save(rows.with_columns(question=pl.lit(b"\xff")), path, format="chat")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_link_keeps_pointing_at_the_file_that_is_replaced(rows, tmp_path):
    target, link = tmp_path / "real.parquet", tmp_path / "link.parquet"
    target.write_bytes(b"old")
    link.symlink_to(target)
    save(rows, link)
    assert link.is_symlink()
    assert pl.read_parquet(target).height == 4


def test_the_file_is_as_readable_as_any_other(rows, tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert save(rows, tmp_path / "out.csv").stat().st_mode == plain.stat().st_mode


def test_unknown_formats_list_the_formats(rows, tmp_path):
    with pytest.raises(
        ValueError, match="no format 'xlsx'; there are 'parquet', 'chat', 'alpaca', 'csv', 'jsonl'"
    ):
        save(rows, tmp_path / "out.xlsx", format="xlsx")
    with pytest.raises(
        ValueError, match=r"'out\.xlsx' does not say its format; pass format=, one of 'parquet'"
    ):
        save(rows, tmp_path / "out.xlsx")


def test_no_row_left_says_how_many_there_are(rows, tmp_path):
    rejected = pl.concat([rows.filter(pl.col("verdict") == "rejected")] * 3)
    with pytest.raises(ValueError, match="no row is accepted or unverified: there are 3 rejected"):
        save(rejected, tmp_path / "out.csv")
    with pytest.raises(ValueError, match="no rows to save yet"):
        save(rows.clear(), tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


def test_wrong_verdicts_folders_and_frames_are_told(rows, tmp_path):
    with pytest.raises(ValueError, match="no verdict 'good'; there are 'accepted', 'rejected', 'unverified'"):
        save(rows, tmp_path / "out.csv", verdicts=["good"])
    with pytest.raises(FileNotFoundError, match=r"out\.csv cannot be saved: there is no folder .*none"):
        save(rows, tmp_path / "none" / "out.csv")
    with pytest.raises(IsADirectoryError, match="is a folder; add a file name"):
        save(rows, tmp_path, format="csv")
    with pytest.raises(ValueError, match="rows lack the column 'response'"):
        save(rows.drop("response"), tmp_path / "out.csv")
