"""Seeds that are refused: every bad record is told, none is dropped."""

from __future__ import annotations

import json
import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.seeds.records import RECORDS

from tilth.errors import SeedsError
from tilth.seeds import read_seeds


def test_all_problems_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "seeds.jsonl"
    good = json.dumps(RECORDS[0]).encode()
    lines = [
        good,
        b"{broken",
        b'{"question": "\xff?", "answer": "1"}',
        b"[1]",
        b'{"question": "Two?"}',
        b'{"question": "Three?", "answer": null}',
        b'{"question": "  ", "answer": "1"}',
        b'{"question": 5, "answer": {"a": 1}}',
        b'{"question": "Four?", "answer": NaN}',
        b'{"question": "\\ud800?", "answer": "1"}',
        good,
    ]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(SeedsError) as caught:
        read_seeds(path)
    problems = caught.value.problems
    places = [problem.partition(":")[0] for problem in problems]
    assert places == [f"seeds.jsonl line {n}" for n in (2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11)]
    expected = [
        "not JSON: Expecting property name",
        "not UTF-8 (byte 15 of the line)",
        "an array, not an object with columns",
        "'answer' is missing; pass answer=None to grow without references",
        "'answer' is null; pass answer=None to grow without references",
        "'question' is empty",
        "'question' is a number, not text",
        "'answer' is an object, not text",
        "not JSON: NaN is no JSON value",
        "'question' holds half a surrogate pair",
        'repeats the question of line 1; remove it, or pass duplicates="keep"',
    ]
    for problem, reason in zip(problems, expected, strict=True):
        assert problem.partition(": ")[2].startswith(reason)
    assert "seeds.jsonl has 11 problems" in str(caught.value)
    assert all(problem in str(caught.value) for problem in problems)


def test_one_problem_is_told_in_one_line():
    with pytest.raises(ValueError, match=r"^seeds row 2: 'answer' is missing; pass answer=None"):
        read_seeds([RECORDS[0], {"question": "Two?"}])


def test_many_problems_are_cut_in_the_message_only():
    records = [RECORDS[0]] + [{"question": f"{n}?"} for n in range(99)]
    with pytest.raises(SeedsError, match=r"and 79 more, in \.problems") as caught:
        read_seeds(records)
    assert len(caught.value.problems) == 99


@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), 10**400, b"18", ["18"]])
def test_an_answer_that_is_neither_text_nor_a_number_is_a_problem(value):
    with pytest.raises(SeedsError, match="'answer' is"):
        read_seeds([RECORDS[0], {"question": "Two?", "answer": value}])


def test_a_missing_column_names_the_columns_there_are():
    with pytest.raises(SeedsError) as caught:
        read_seeds(pl.DataFrame({"prompt": ["One?"], "label": ["1"]}))
    assert caught.value.problems == [
        "seeds: there is no column 'question' (columns: 'prompt', 'label'); name it with question=\"...\"",
        (
            "seeds: there is no column 'answer' (columns: 'prompt', 'label'); name it with answer=\"...\", "
            "or pass answer=None to grow without references"
        ),
    ]


def test_duplicates_are_named_and_kept_only_when_asked():
    records = [*RECORDS, {"question": " How many  eggs, 3 + 4? ", "answer": "8"}]
    with pytest.raises(SeedsError, match="seeds row 4: repeats the question of row 1"):
        read_seeds(records)
    assert len(read_seeds(records, duplicates="keep")) == 4
    with pytest.raises(ValueError, match="duplicates must be"):
        read_seeds(records, duplicates="drop")


def test_ids_must_be_unique_even_where_questions_may_repeat():
    records = [{"question": "One?", "answer": 1, "id": "a"}, {"question": "Two?", "answer": 2, "id": "a"}]
    with pytest.raises(SeedsError, match="row 2: id 'a' is already that of row 1"):
        read_seeds(records, id="id", duplicates="keep")


def test_csv_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "seeds.csv"
    path.write_bytes(b'question,answer\r\n"One\r\nline?",1\r\n\r\nTwo?\r\nThree?,\r\nFour?,4\r\n')
    with pytest.raises(SeedsError) as caught:
        read_seeds(path)
    assert caught.value.problems == [
        "seeds.csv line 5: 1 cells under 2 columns",
        "seeds.csv line 6: 'answer' is empty; pass answer=None to grow without references",
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "is empty; its first line must name the columns"),
        ("a.csv", b"question,question\nOne?,1\n", "columns named twice: 'question'"),
        ("a.csv", b"question,answer\nOne?,\x81\n", "line 2: not UTF-8"),
        ("a.csv", b'question,answer\n"One?,1\n', "not CSV"),
        ("a.csv", b"question,answer\n", "holds no records"),
        ("a.json", b"{}", "holds an object, not an array of objects"),
        ("a.json", b"[", "is not JSON"),
        ("a.json", b"\xff\xff", "is not UTF-8"),
        ("a.json", b"[" * 100_000, "is not JSON"),
        ("a.jsonl", b"\n\n", "holds no records"),
        ("a.jsonl", b"[" * 100_000, "not JSON"),
        ("a.parquet", b"PAR1 no", "is no Parquet file that can be read"),
        ("a.txt", b"One?", "seeds are read from files that end in .jsonl"),
    ],
)
def test_files_that_cannot_be_read_say_why(name, content, reason, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SeedsError) as caught:
        read_seeds(path)
    assert reason in str(caught.value)
    assert name in str(caught.value)


def test_a_path_that_is_not_there_or_no_file(tmp_path):
    with pytest.raises(SeedsError, match=r"none\.jsonl does not exist"):
        read_seeds(tmp_path / "none.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(SeedsError, match=r"folder\.jsonl is a folder"):
        read_seeds(tmp_path / "folder.jsonl")


@pytest.mark.parametrize(
    "address",
    [
        "http://x/y.csv",
        "HTTPS://x/page?key=canary",
        "s3://bucket/y.jsonl",
        Path("https://x/y.csv"),
        Path("hf://x"),
    ],
)
def test_an_address_is_told_as_one(address):
    with pytest.raises(SeedsError, match="is an address, and none is read but hf://") as caught:
        read_seeds(address)
    assert "canary" not in str(caught.value)


def test_a_file_in_a_folder_that_looks_like_an_address_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("http:").mkdir()
    Path("http:/seeds.jsonl").write_text('{"question": "1 + 1?", "answer": "2"}')
    assert len(read_seeds("http:/seeds.jsonl")) == 1


@pytest.mark.parametrize("source", [5, None, object(), b"seeds.jsonl", {"train": RECORDS}])
def test_other_kinds_of_source_are_refused(source):
    with pytest.raises(TypeError, match=r"seeds (are|cannot be) read"):
        read_seeds(source)


def _is_good(record):
    if not isinstance(record, dict):
        return False
    question, answer = record.get("question"), record.get("answer")
    finite = isinstance(answer, int | float) and not isinstance(answer, bool) and math.isfinite(answer)
    whole = not isinstance(record.get("other"), float) or not math.isinf(record["other"])
    return (
        isinstance(question, str)
        and bool(question.strip())
        and (finite or (isinstance(answer, str) and bool(answer.strip())))
        and whole
    )


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "question": st.none() | st.text(max_size=5) | st.integers() | st.floats(),
                "answer": st.none() | st.text(max_size=5) | st.integers() | st.floats() | st.booleans(),
                "other": st.none() | st.text(max_size=5) | st.floats() | st.lists(st.integers(), max_size=2),
            },
        )
        | st.integers(),
        max_size=6,
    )
)
def test_all_records_become_seeds_or_none_does(records):
    try:
        seeds = read_seeds(records, duplicates="keep")
    except SeedsError as error:
        told = error.problems
    else:
        told = []
        assert [seed.question for seed in seeds] == [record["question"] for record in records]
        assert seeds.has_references
    bad = [n for n, record in enumerate(records, start=1) if not _is_good(record)]
    if records and any(isinstance(r, dict) and {"question", "answer"} <= r.keys() for r in records):
        assert sorted({int(problem.partition(":")[0].split()[-1]) for problem in told}) == bad
    else:
        assert told


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    for name in ("any.jsonl", "any.json", "any.csv"):
        path = tmp_path_factory.getbasetemp() / name
        path.write_bytes(data)
        with pytest.raises(SeedsError):
            read_seeds(path)


@pytest.mark.parametrize(
    ("question", "problems"),
    [
        (
            "q.s",
            ["in.jsonl line 2: 'q.s' is missing", "in.jsonl line 3: 'q' is a string, not an object with 's'"],
        ),
        ("q.x", ["in.jsonl: there is no column 'q.x' (in 'q': 's', 't'); name it with question=\"...\""]),
        ("x.s", ["in.jsonl: there is no column 'x.s' (columns: 'q', 'a'); name it with question=\"...\""]),
        ("a.s", [f"in.jsonl line {n}: 'a' is a number, not an object with 's'" for n in (1, 2, 3)]),
    ],
)
def test_what_no_path_leads_to_is_told_with_file_line_and_path(tmp_path, question, problems):
    path = tmp_path / "in.jsonl"
    path.write_text('{"q": {"s": "?"}, "a": 1}\n{"q": {"t": "?"}, "a": 2}\n{"q": "?", "a": 3}\n', "utf-8")
    with pytest.raises(SeedsError) as caught:
        read_seeds(path, question=question, answer="a")
    assert caught.value.problems == problems
