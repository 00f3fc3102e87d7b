"""Seeds: every source gives the same seeds, every bad record is told, none is dropped."""

from __future__ import annotations

import datetime as dt
import json
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.seeds import Seed, Seeds, SeedsError, read_seeds

RECORDS = [
    {"question": "How many eggs, 3 + 4?", "answer": "#### 7", "topic": "eggs"},
    {"question": "Wie viele Äpfel – 10 − 2?", "answer": "#### 8", "topic": None},
    {"question": 'She said "5, 6"\nand 7. Sum?', "answer": "#### 18", "topic": "sums"},
]
ROWS = [
    ("s0001", RECORDS[0]["question"], "#### 7", '{"topic": "eggs"}'),
    ("s0002", RECORDS[1]["question"], "#### 8", None),
    ("s0003", RECORDS[2]["question"], "#### 18", '{"topic": "sums"}'),
]


def _jsonl(folder):
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS), "utf-8")
    return path


def _messy_jsonl(folder):
    path = folder / "in.ndjson"
    lines = [json.dumps(record).encode() for record in RECORDS]
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n\r\n".join(lines) + b"\r\n  \r\n")
    return path


def _json(folder):
    path = folder / "in.json"
    path.write_text(json.dumps(RECORDS), "utf-8-sig")
    return str(path)


def _csv(folder):
    path = folder / "in.csv"
    pl.DataFrame(RECORDS).write_csv(path, include_bom=True)
    return path


def _parquet(folder):
    path = folder / "in.parquet"
    pl.DataFrame(RECORDS).write_parquet(path)
    return path


def _arrow(_):
    return pytest.importorskip("pyarrow").Table.from_pylist(RECORDS)


def _pandas(_):
    return pytest.importorskip("pandas").DataFrame(RECORDS)


class SpeaksArrow:
    """A frame of a library that nobody heard of."""

    def __arrow_c_stream__(self, requested_schema=None):
        return pl.DataFrame(RECORDS).__arrow_c_stream__(requested_schema)


def _hugging_face(_):
    datasets = pytest.importorskip("datasets")
    # A selection: the table underneath still holds the row that was left out.
    return datasets.Dataset.from_list([*RECORDS, {"question": "Left out?"}]).select(range(3))


SOURCES = {
    "jsonl": _jsonl,
    "bom-crlf-blank-lines": _messy_jsonl,
    "json": _json,
    "parquet": _parquet,
    "list": lambda _: RECORDS,
    "polars": lambda _: pl.DataFrame(RECORDS),
    "lazy": lambda _: pl.LazyFrame(RECORDS),
    "pyarrow": _arrow,
    "pandas": _pandas,
    "arrow-speaking": lambda _: SpeaksArrow(),
    "hugging-face": _hugging_face,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_every_source_gives_the_same_seeds(source, tmp_path):
    seeds = read_seeds(source(tmp_path))
    assert seeds.frame.rows() == ROWS
    assert seeds.frame.schema == dict.fromkeys(("seed_id", "question", "reference", "extra"), pl.String)
    assert seeds.identity() == read_seeds(RECORDS).identity()


def test_csv_has_texts_for_all_it_holds(tmp_path):
    rows = [(*row[:3], row[3] or '{"topic": ""}') for row in ROWS]
    assert read_seeds(_csv(tmp_path)).frame.rows() == rows


def test_gsm8k_is_read(test_data):
    seeds = read_seeds(test_data / "gsm8k_train_1000.jsonl")
    assert (len(seeds), seeds.name, seeds.task) == (1000, "gsm8k_train_1000.jsonl", "numeric")
    first = next(iter(seeds))
    assert first.question.startswith("Natalia sold clips")
    assert first.reference.endswith("#### 72")


def test_iterating_gives_seeds_in_order():
    assert list(read_seeds(RECORDS)) == [
        Seed("s0001", 0, RECORDS[0]["question"], "#### 7", {"topic": "eggs"}),
        Seed("s0002", 1, RECORDS[1]["question"], "#### 8", {}),
        Seed("s0003", 2, RECORDS[2]["question"], "#### 18", {"topic": "sums"}),
    ]


def test_columns_can_be_named():
    records = [{"q": "One?", "a": 1, "key": 10, "answer": "kept"}, {"q": "Half?", "a": 0.5, "key": "b"}]
    seeds = read_seeds(records, question="q", answer="a", id="key", name="mine")
    assert seeds.name == "mine"
    assert seeds.frame.rows() == [("10", "One?", "1", '{"answer": "kept"}'), ("b", "Half?", "0.5", None)]


def test_without_references_the_answer_is_one_more_column():
    seeds = read_seeds(RECORDS[:1], answer=None)
    assert not seeds.has_references
    assert seeds.frame.rows() == [("s0001", ROWS[0][1], None, '{"answer": "#### 7", "topic": "eggs"}')]


def test_what_json_has_no_type_for_is_kept_as_text():
    (seed,) = read_seeds([{"question": "When?", "answer": "1", "on": dt.date(2026, 11, 20), "tags": ["a"]}])
    assert seed.extra == {"on": "2026-11-20", "tags": ["a"]}


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
        ("a.csv", b"question,answer\nOne?,\xe9\n", "line 2: not UTF-8"),
        ("a.csv", b'question,answer\n"One?,1\n', "not CSV"),
        ("a.csv", b"question,answer\n", "holds no records"),
        ("a.json", b"{}", "holds an object, not an array of objects"),
        ("a.json", b"[", "is not JSON"),
        ("a.json", b"\xff\xfe", "is not UTF-8"),
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


def test_hugging_face_paths_are_handed_to_polars_and_failures_told():
    # Polars refuses this path before it opens a connection.
    with pytest.raises(SeedsError) as caught:
        read_seeds("hf://nobody/nothing/train.parquet")
    assert "hf://nobody/nothing/train.parquet could not be read: hugging face uri" in str(caught.value)
    assert "download the file and pass its path" in str(caught.value)


@pytest.mark.parametrize("source", [5, None, object(), b"seeds.jsonl", {"train": RECORDS}])
def test_other_kinds_of_source_are_refused(source):
    with pytest.raises(TypeError, match=r"seeds (are|cannot be) read"):
        read_seeds(source)


def test_subsets_are_nested_and_drawn():
    seeds = read_seeds([{"question": f"{n}?", "answer": n} for n in range(100)])
    ids = [seed.id for seed in seeds.subset(100, random_state=3)]
    assert sorted(ids) == [seed.id for seed in seeds]
    assert ids != sorted(ids)
    for n in (1, 25, 99):
        assert [seed.id for seed in seeds.subset(n, random_state=3)] == ids[:n]
    assert [seed.id for seed in seeds.subset(100, random_state=4)] != ids
    assert [seed.index for seed in seeds.subset(3)] == [0, 1, 2]
    for n in (0, 101):
        with pytest.raises(ValueError, match="take 1 to 100"):
            seeds.subset(n)


def test_identity_covers_content_and_order_but_no_name():
    seeds = read_seeds(RECORDS)
    assert len(seeds.identity()) == 64
    assert read_seeds(RECORDS, name="other").identity() == seeds.identity()
    assert Seeds(seeds.frame.reverse(), "numeric").identity() != seeds.identity()
    for column in ("seed_id", "question", "reference"):
        changed = seeds.frame.with_columns((pl.col(column) + " ").alias(column))
        assert Seeds(changed, "numeric").identity() != seeds.identity()


def test_identity_covers_what_extras_hold_and_not_how_they_are_written():
    frame = read_seeds([{"question": "a?", "answer": "1", "level": 3, "by": "x"}]).frame
    identities = [
        Seeds(frame.with_columns(extra=pl.lit(extra)), "numeric").identity()
        for extra in ('{"level": 3, "by": "x"}', '{"by":"x","level":3}', '{"by":"x","level":4}')
    ]
    assert identities[0] == identities[1] != identities[2]


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


NESTED = [
    {"id": "a", "question": {"stem": "How many?", "choices": ["1", "2"]}, "key": {"is": 2}, "topic": "eggs"},
    {"id": "b", "question": {"stem": "How few?"}, "key": {"is": "1"}, "topic": None},
]
NESTED_ROWS = [
    ("a", "How many?", "2", '{"question": {"choices": ["1", "2"]}, "topic": "eggs"}'),
    ("b", "How few?", "1", None),
]
INTO = {"question": "question.stem", "answer": "key.is", "id": "id"}


def test_dots_go_into_objects_and_the_rest_of_them_is_kept(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in NESTED), "utf-8")
    assert read_seeds(path, **INTO).frame.rows() == NESTED_ROWS
    assert read_seeds(NESTED, **INTO).frame.rows() == NESTED_ROWS
    frame = pl.DataFrame([{"q": {"stem": "How many?", "more": 1}, "answer": "2"}])
    assert read_seeds(frame, question="q.stem").frame.row(0) == (
        "s0001",
        "How many?",
        "2",
        '{"q": {"more": 1}}',
    )


def test_a_column_of_the_very_name_comes_before_an_object():
    record = {"q.s": "How many?", "q": {"s": "How few?"}, "answer": "2"}
    seeds = read_seeds([record], question="q.s")
    assert seeds.frame.row(0) == ("s0001", "How many?", "2", '{"q": {"s": "How few?"}}')


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
