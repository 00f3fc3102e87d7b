"""Export: each format reads back as what was saved, and a file is replaced whole or left alone."""

from __future__ import annotations

import csv
import json
import re
import warnings

import polars as pl
import pytest
from tests.unit.export.conftest import MESSAGES

import tilth
from tilth.export import FORMATS, save

# What is told of a file is the business of the tests that look for it.
pytestmark = pytest.mark.filterwarnings("ignore::tilth.TilthWarning")


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
    kept = kept.with_columns(pl.col("question", "response").str.replace("^=", "'="))
    back = pl.read_csv(save(rows, tmp_path / "out.csv"))
    assert back.columns == kept.columns
    for name in ("row_id", "unit", "question", "response", "usd", "reused", "extra"):
        assert back[name].to_list() == kept[name].to_list()
    for name in ("messages", "parents"):
        values = [None if text is None else json.loads(text) for text in back[name].to_list()]
        assert values == kept[name].to_list()


def test_csv_reads_in_the_standard_library_too(rows, kept, tmp_path):
    with save(rows, tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        read = [row["question"].removeprefix("'") for row in csv.DictReader(file)]
    assert read == kept["question"].to_list()


def test_chat_has_one_conversation_per_line(kept, tmp_path):
    whole = kept.filter(pl.col("question") != "")
    lines = save(whole, tmp_path / "out.jsonl", format="chat").read_text("utf-8").split("\n")
    assert lines.pop() == ""
    conversations = [json.loads(line) for line in lines]
    assert conversations[1] == {"messages": MESSAGES}
    for conversation, row in zip(conversations, whole.iter_rows(named=True), strict=True):
        if row["messages"] is None:
            assert conversation == {
                "messages": [
                    {"role": "user", "content": row["question"]},
                    {"role": "assistant", "content": row["response"]},
                ]
            }


def test_alpaca_is_an_array_of_instructions(kept, tmp_path):
    whole = kept.filter(pl.col("question") != "")
    examples = json.loads(save(whole, tmp_path / "out.json").read_text("utf-8"))
    assert examples == [
        {"instruction": question, "input": "", "output": response}
        for question, response in whole.select("question", "response").iter_rows()
    ]
    assert pl.read_json(tmp_path / "out.json")["instruction"].to_list() == whole["question"].to_list()


@pytest.mark.parametrize("verdicts", [["rejected"], "rejected", {"rejected"}])
def test_verdicts_choose_the_rows(rows, tmp_path, verdicts):
    path = save(rows, str(tmp_path / "out.parquet"), verdicts=verdicts)
    assert pl.read_parquet(path)["verdict"].to_list() == ["rejected"]


@pytest.mark.parametrize("format", sorted({*FORMATS} - {"preference"}))
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
        ValueError, match="no format 'xlsx'; there are 'parquet', 'chat', 'alpaca', 'prompt-completion'"
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


# -- what readers make of it ---------------------------------------------------------------------------------


def _loaded(path, tmp_path):
    """The file as the trainers' usual loader gives it, types taken from what it reads first."""
    datasets = pytest.importorskip("datasets")
    kind = {"jsonl": "json"}.get(path.suffix[1:], path.suffix[1:])
    return datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))


def _many(count, **late):
    """Rows of which columns are null but in a late one; in others whole numbers come before other texts."""
    columns = {
        "question": [f"How much is {n}?" for n in range(count)],
        "response": ["x" * 1_000] * count,
        "verdict": ["accepted"] * count,
    }
    frame = pl.DataFrame(columns)
    for name, (first, last, dtype) in late.items():
        values = [last if n == count - 2 else first for n in range(count)]
        frame = frame.with_columns(pl.Series(name, values, dtype=dtype))
    return frame


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_columns_whose_first_value_comes_late_load_with_their_types(suffix, tmp_path):
    late = {
        "reason": (None, "late", pl.String),
        "group": (None, "g1", pl.String),
        "score": (None, 0.5, pl.Float64),
        "parents": ([], ["s0001"], pl.List(pl.String)),
        "answer": ("18", "x + 1", pl.String),
        "reference": ("18", "0.5", pl.String),
    }
    rows = _many(12_000, **late)  # more than a loader looks at to find types
    loaded = _loaded(save(rows, tmp_path / f"out.{suffix}"), tmp_path)
    assert loaded.num_rows == rows.height
    assert sorted(loaded["question"]) == sorted(rows["question"])
    for name in ("reason", "group", "score"):
        assert [value for value in loaded[name] if value is not None] == [late[name][1]]
    assert "x + 1" in set(loaded["answer"])


@pytest.mark.parametrize("format", ["chat", "alpaca"])
def test_conversations_load_where_they_are_trained_on(kept, tmp_path, format):
    whole = kept.filter(pl.col("question") != "")
    loaded = _loaded(save(whole, tmp_path / "out.json", format=format), tmp_path)
    assert loaded.num_rows == whole.height
    if format == "alpaca":
        assert loaded["instruction"][:] == whole["question"].to_list()
    else:
        assert [turns[-1]["content"] for turns in loaded["messages"]] == [
            row["messages"][-1]["content"] if row["messages"] else row["response"]
            for row in whole.iter_rows(named=True)
        ]


def test_rows_keep_their_order_but_for_those_that_show_a_type(tmp_path):
    rows = _many(30, reason=(None, "late", pl.String))
    for name in ("a.jsonl", "a.csv"):
        path = save(rows, tmp_path / name)
        back = pl.read_ndjson(path) if name.endswith("jsonl") else pl.read_csv(path)
        assert back["question"].to_list() == [
            rows["question"][28],
            *rows["question"][:28],
            rows["question"][29],
        ]
    assert pl.read_parquet(save(rows, tmp_path / "a.parquet")).equals(rows)


BREAKS = "one\u2028two\u2029three\u0085four\x0bfive\x0csix\x1cseven\reight"


@pytest.mark.parametrize("format", ["chat", "jsonl"])
def test_every_line_is_an_object_whoever_splits_lines(rows, tmp_path, format):
    broken = rows.with_columns(question=pl.lit(BREAKS), response=pl.lit(BREAKS))
    path = save(broken, tmp_path / "out.jsonl", format=format)
    text = path.read_text("utf-8")
    assert text.splitlines() == text.split("\n")[:-1]
    objects = [json.loads(line) for line in text.splitlines()]
    assert len(objects) == 4
    for one, row in zip(objects, broken.filter(pl.col("verdict") != "rejected").to_dicts(), strict=True):
        if format == "jsonl":
            assert (one["question"], one["response"]) == (BREAKS, BREAKS)
        elif row["messages"] is None:
            assert [turn["content"] for turn in one["messages"]] == [BREAKS, BREAKS]
    assert _loaded(path, tmp_path).num_rows == 4


# -- what is left out, and what is told ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "response", "empty"),
    [
        ("Hm?", "", True),
        ("Hm?", " \n", True),
        ("Hm?", "<think>so</think>\n", True),
        ("Hm?", "<think>so, and never", True),
        ("Hm?", "so</think> ", True),
        ("Hm?", "<thinking>a</thinking><THINK>b</THINK>", True),
        (" ", "5", True),
        ("Hm?", "<think>so</think>5", False),
        ("Hm?", "I think so.", False),
        ("Hm?", "5 <think>so", False),
    ],
)
@pytest.mark.parametrize("format", ["chat", "alpaca"])
def test_an_empty_turn_is_left_out_and_told(rows, tmp_path, format, question, response, empty):
    plain = rows[[0, 1, 3]].with_columns(
        verdict=pl.lit("accepted"),
        messages=pl.lit(None),
        question=pl.Series([question, "One?", "Two?"]),
        response=pl.Series([response, "1", "2"]),
    )
    with pytest.warns(tilth.TilthWarning) as told:
        tilth.save(plain, tmp_path / "out.csv", format=format)
    assert any("out.csv: left out: 1 row with an empty" in str(one.message) for one in told) == empty
    text = (tmp_path / "out.csv").read_text("utf-8")
    examples = json.loads(text) if format == "alpaca" else [json.loads(line) for line in text.splitlines()]
    assert len(examples) == (2 if empty else 3)
    with pytest.raises(ValueError, match="no row can be saved as"):
        save(plain[[0]].with_columns(response=pl.lit("")), tmp_path / "none.json", format=format)
    assert not (tmp_path / "none.json").exists()


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_tables_keep_rows_with_an_empty_turn_and_tell(kept, tmp_path, format):
    with pytest.warns(tilth.TilthWarning, match="out: it holds 1 row with an empty question"):
        path = save(kept, tmp_path / "out", format=format)
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}[format]
    assert read(path).height == kept.height


def test_what_a_spreadsheet_would_run_is_kept_from_it_and_numbers_stay_numbers(tmp_path):
    texts = ["=1+1", "@a", "+cmd|' /C calc'!A0", "-2+3", "\tx", "\rx", "- an item", "\uff1d1", "plain", "a=b"]
    numbers = ["-5", "+3", "-1,000.5", "-2e-3", "-50%", "18"]
    rows = pl.DataFrame({"question": "Hm?", "response": texts + numbers, "usd": -0.5})
    rows = rows.with_columns(kind=pl.lit("=x").cast(pl.Categorical))
    with pytest.warns(
        tilth.TilthWarning, match="24 cells in 'response', 'kind' that a spreadsheet would run"
    ):
        path = tilth.save(rows, tmp_path / "out.csv")
    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert sorted(row["response"] for row in read) == sorted(
        [*(f"'{text}" for text in texts[:8]), *texts[8:], *numbers]
    )
    assert {(row["usd"], row["kind"]) for row in read} == {("-0.5", "'=x")}


@pytest.mark.parametrize(
    ("name", "format", "told"),
    [
        ("a.csv", "chat", r"a\.csv: it holds JSON lines \(format 'chat'\).* stands for CSV.* need a\.jsonl"),
        ("a.json", "chat", r"stands for a JSON array.* need a\.jsonl"),
        ("a.parquet", "csv", r"stands for Parquet.* need a\.csv"),
        ("a.jsonl", "alpaca", r"stands for JSON lines.* need a\.json"),
        ("a.jsonl.gz", "chat", r"not compressed, and a name like its own stands for.* need a\.jsonl"),
        ("a.jsonl", "chat", None),
        ("a.txt", "chat", None),
        ("a.jsonl", None, None),
    ],
)
def test_a_name_that_stands_for_another_kind_of_file_is_told(rows, tmp_path, name, format, told):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        save(rows, tmp_path / name, format=format)
    said = [str(one.message) for one in caught if "stands for" in str(one.message)]
    assert len(said) == (told is not None)
    if told is not None:
        assert re.search(told, said[0])


def test_a_chat_file_that_openai_would_refuse_for_its_size_is_told(tmp_path):
    with pytest.warns(tilth.TilthWarning, match="no file of fewer than 10 examples"):
        save(_many(9), tmp_path / "nine.jsonl", format="chat")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(_many(10), tmp_path / "ten.jsonl", format="chat")


@pytest.mark.parametrize("system", [None, "Answer in French."])
def test_the_teachers_system_prompt_goes_into_every_format(tmp_path, system):
    async def five(messages):
        return "The answer is 5"

    seeds = tilth.read_seeds([{"question": f"{n}: 2 + 3?", "answer": "5"} for n in range(3)])
    teacher = tilth.Teacher(five, system=system)
    run = tilth.generate_sync(seeds, "answer-augmentation", 3, teacher=teacher, path=tmp_path / "r.tilth")
    opening = [] if system is None else [{"role": "system", "content": system}]
    [chat, *_] = run.save(tmp_path / "a.jsonl", format="chat").read_text("utf-8").splitlines()
    question = run.rows["question"][0]
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": "The answer is 5"}]
    assert json.loads(chat)["messages"] == opening + turns
    [alpaca, *_] = json.loads(run.save(tmp_path / "a.json").read_text("utf-8"))
    assert alpaca.get("system") == system
    rows = pl.read_parquet(run.save(tmp_path / "a.parquet"))
    assert rows["messages"].to_list()[0] == (opening + turns if system else None)
    assert tilth.open_run(run.path).rows.equals(run.rows)
