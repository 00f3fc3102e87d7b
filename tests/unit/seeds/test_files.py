"""Seeds from files as programs write them: spreadsheets, other encodings, packed files, lists of pairs."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import warnings

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tilth.errors import SeedsError
from tilth.seeds import read_seeds


def _written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _pairs(seeds):
    return [(seed.question, seed.reference) for seed in seeds]


TABLES = {
    "commas": "question,answer\nHow many, 3 + 4?,7\n".replace("many,", "many"),
    "semicolons": "question;answer\r\nHow many, 3 + 4?;1,5\r\n",
    "tabs": "question\tanswer\r\nHow many, 3 + 4; say?\t1,5\r\n",
    "bars": "question|answer\nHow many, 3 + 4; say?|1,5\n",
    "excel's first line": "sep=;\r\nquestion;answer\r\nHow many, 3 + 4?;1,5\r\n",
    "excel's first line, quoted": '"sep=\t"\r\nquestion\tanswer\r\nHow many, 3 + 4?\t1,5\r\n',
    "quoted": 'question;answer\n"How many; 3 + 4?\nSay, please";"1,5"\n',
    "empty columns at the end": "question;answer;;\nHow many, 3 + 4?;1,5;;\n",
    "a header with a comma in it": "question;answer;note, if any\nHow many, 3 + 4?;1,5;so\n",
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_cells_are_told_apart_by_what_the_lines_say(tmp_path, table, name):
    [(question, answer)] = _pairs(read_seeds(_written(tmp_path, name, table)))
    assert question.startswith("How many")
    assert answer in ("7", "1,5")


def test_one_column_has_no_separator(tmp_path):
    path = _written(tmp_path, "a.csv", "question\nHow many; 3 or 4?\n")
    assert _pairs(read_seeds(path, answer=None)) == [("How many; 3 or 4?", None)]


def test_lines_are_those_of_the_file_behind_excels_first(tmp_path):
    path = _written(tmp_path, "a.csv", "sep=;\nquestion;answer\nOne?;1\nTwo?;\n")
    with pytest.raises(SeedsError, match=r"a\.csv line 4: 'answer' is empty"):
        read_seeds(path)


@given(
    separator=st.sampled_from([",", ";", "\t", "|"]),
    cells=st.lists(
        st.tuples(
            st.text('ab,;\t|"\n é', min_size=1, max_size=8), st.text("0123.,;", min_size=1, max_size=4)
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_what_a_spreadsheet_writes_reads_back(tmp_path_factory, separator, cells):
    frame = pl.DataFrame(
        {"question": [f"{n} {q}?" for n, (q, _) in enumerate(cells)], "answer": [a for _, a in cells]}
    )
    path = tmp_path_factory.getbasetemp() / "any-sheet.csv"
    frame.write_csv(path, separator=separator, quote_style="always")
    assert _pairs(read_seeds(path)) == frame.rows()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
@pytest.mark.parametrize(
    "text", ["Wie viele Äpfel kosten 5 €?", "Combien coûte l’œuf à Paris ?", "¿Cuántos años?"]
)
def test_encodings_that_programs_write_are_read(tmp_path, encoding, text):
    content = f"question;answer\r\n{text};1,5\r\n".encode(encoding)
    path = _written(tmp_path, "a.csv", content)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert _pairs(read_seeds(path)) == [(text, "1,5")]
    said = [str(one.message) for one in told]
    assert len(said) == (encoding == "cp1252")
    assert all("read as cp1252" in one and text.split()[1] in one and "encoding=" in one for one in said)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Сколько будет 3 + 4?"),
        ("shift_jis", "三足す四はいくつ"),
        ("cp1253", "Πόσο κάνει 3 + 4;"),
        ("gb18030", "三加四是多少"),
        ("cp1250", "Ile złotych za 5 jabłek?"),
    ],
)
def test_what_is_not_plainly_western_is_refused_and_read_where_its_encoding_is_given(
    tmp_path, encoding, text
):
    path = _written(tmp_path, "a.csv", f"question,answer\n{text},7\n".encode(encoding))
    with pytest.raises(SeedsError, match=r"a\.csv line 2: not UTF-8.*cp1252.*encoding="):
        read_seeds(path)
    assert _pairs(read_seeds(path, encoding=encoding)) == [(text, "7")]
    with pytest.raises(SeedsError, match="no encoding 'klingon'"):
        read_seeds(path, encoding="klingon")
    with pytest.raises(SeedsError, match=r"a\.csv is not in ascii"):
        read_seeds(path, encoding="ascii")


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_json_is_read_in_utf_16_too(tmp_path, name):
    record = json.dumps({"question": "Wie viele Äpfel?", "answer": 7}, ensure_ascii=False)
    text = record if name == "a.jsonl" else f"[{record}]"
    assert _pairs(read_seeds(_written(tmp_path, name, text.encode("utf-16")))) == [("Wie viele Äpfel?", "7")]


def test_an_array_that_is_called_json_lines_is_read(tmp_path):
    array = json.dumps([{"question": f"{n}?", "answer": n} for n in range(3)], indent=1)
    assert len(read_seeds(_written(tmp_path, "a.jsonl", array))) == 3
    assert len(read_seeds(_written(tmp_path, "a.jsonl", '["a?", "1"]\n["b?", "2"]\n'))) == 2
    assert len(read_seeds(_written(tmp_path, "a.jsonl", '["a?", "1"]'))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"question": "One?", "answer": 1},\n{"question": "Two?", "answer": 2},\n',
        '{\n "question": "One?",\n "answer": 1\n}\n{\n "question": "Two?",\n "answer": 2\n}\n',
        '\n{\n "question": "One?", "answer": 1},\n{"question":\n"Two?", "answer": 2}',
    ],
)
def test_objects_over_several_lines_or_with_a_comma_behind_them_are_read(tmp_path, text):
    assert _pairs(read_seeds(_written(tmp_path, "a.jsonl", text))) == [("One?", "1"), ("Two?", "2")]


def test_faults_of_objects_over_several_lines_are_told_by_line(tmp_path):
    path = _written(
        tmp_path, "a.jsonl", '{\n "question": "One?",\n "answer": 1\n}\n{\n "question": "Two?"\n}\n'
    )
    with pytest.raises(SeedsError, match=r"a\.jsonl line 5: 'answer' is missing"):
        read_seeds(path)


@pytest.mark.parametrize("empty", [",,\n", " , \n", ";;\n"])
def test_rows_that_were_emptied_in_a_spreadsheet_are_no_records(tmp_path, empty):
    separator = ";" if ";" in empty else ","
    lines = [f"question{separator}answer{separator}\n", f"One?{separator}1{separator}\n", empty, empty]
    assert _pairs(read_seeds(_written(tmp_path, "a.csv", "".join(lines)))) == [("One?", "1")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json", "a.parquet"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", "is a pointer of Git LFS"),
        ("\n<!DOCTYPE html>\n<html><body>Log in</body></html>", "holds a web page"),
    ],
)
def test_what_stands_for_a_file_is_told_as_that(tmp_path, name, content, told):
    with pytest.raises(SeedsError, match=told):
        read_seeds(_written(tmp_path, name, content))


def test_an_object_around_the_records_is_told_by_its_key(tmp_path):
    path = _written(tmp_path, "a.json", '{"version": 1, "data": [{"question": "One?", "answer": 1}]}')
    with pytest.raises(SeedsError, match="not an array of objects; its 'data' holds one: save that alone"):
        read_seeds(path)


def test_json_lines_that_are_called_json_are_read(tmp_path):
    lines = "".join(json.dumps({"question": f"{n}?", "answer": n}) + "\n" for n in range(3))
    assert len(read_seeds(_written(tmp_path, "a.json", lines))) == 3
    with pytest.raises(SeedsError, match=r"a\.json line 2: not JSON"):
        read_seeds(_written(tmp_path, "a.json", '{"question": "a?", "answer": 1}\n{broken'))


PACKINGS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("end", PACKINGS)
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_packed_files_are_read_whatever_they_are_called(tmp_path, end, kind):
    frame, plain = pl.DataFrame({"question": ["How many?"], "answer": ["001"]}), io.BytesIO()
    {"jsonl": frame.write_ndjson, "csv": frame.write_csv, "parquet": frame.write_parquet}[kind](plain)
    packed = PACKINGS[end](plain.getvalue())
    for name in (f"a.{kind}.{end}", f"a.{kind}"):
        if name != "a.parquet":
            assert _pairs(read_seeds(_written(tmp_path, name, packed))) == [("How many?", "001")]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl.gz", b"xxxx", "named as a file compressed by gzip, and is none"),
        ("a.jsonl.gz", gzip.compress(b"{}" * 100, mtime=0)[:-12], r"cannot be unpacked \(gzip\)"),
        ("a.jsonl", b"\x28\xb5\x2f\xfd\0", r"packed \(zstd\), which is not read here; unpack it first"),
        ("a.csv", b"PK\x03\x04\0\0", r"packed \(ZIP\), which is not read here; unpack it first"),
        ("a.jsonl.zst", b"", "unpack it first"),
        ("a.xls", b"", r"save it as \.xlsx or CSV"),
        ("a.xlsx", b"PK\x03\x04no", "is no Excel workbook"),
        ("a.csv", "question,answer\na?,1\n".encode("utf-16-le"), 'encoding="utf-16-le"'),
    ],
)
def test_what_cannot_be_unpacked_or_read_says_what_to_do(tmp_path, name, content, told):
    with pytest.raises(SeedsError, match=told):
        read_seeds(_written(tmp_path, name, content))


def _workbook(path, *sheets):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_workbook_is_read_with_its_types(tmp_path):
    rows = [["question", "answer", "note"], ["One?", 7, "a"], ["Two?", 7.5, None], [], ["Three?", "007"]]
    path = _workbook(tmp_path / "a.xlsx", [], rows, [["other"]])
    with pytest.warns(
        tilth.TilthWarning, match=r"a\.xlsx: the sheet 'Sheet 1' is read, and no other \('Sheet 2'\)"
    ):
        seeds = read_seeds(path)
    assert _pairs(seeds) == [("One?", "7"), ("Two?", "7.5"), ("Three?", "007")]
    assert [dict(seed.extra) for seed in seeds] == [{"note": "a"}, {}, {}]


def test_faults_of_a_workbook_are_told_by_row(tmp_path):
    path = _workbook(tmp_path / "a.xlsx", [["question", "answer"], ["One?", None], ["Two?", 2, "beside"]])
    with pytest.raises(SeedsError) as caught:
        read_seeds(path)
    assert caught.value.problems == [
        "a.xlsx row 2: 'answer' is null; pass answer=None to grow without references",
        "a.xlsx row 3: cell 3 stands under no column",
    ]
    with pytest.raises(SeedsError, match="columns named twice: 'question'"):
        read_seeds(_workbook(tmp_path / "b.xlsx", [["question", "question"], ["One?", 1]]))
    with pytest.raises(SeedsError, match=r"c\.xlsx is empty"):
        read_seeds(_workbook(tmp_path / "c.xlsx", []))


def test_pairs_are_questions_with_answers(tmp_path):
    assert _pairs(read_seeds([("2 + 3?", "5"), ["3 + 3?", 6]])) == [("2 + 3?", "5"), ("3 + 3?", "6")]
    path = _written(tmp_path, "a.json", '[["2 + 3?", "5"], ["3 + 3?", null]]')
    assert _pairs(read_seeds(path, answer=None)) == [("2 + 3?", None), ("3 + 3?", None)]
    with pytest.raises(SeedsError, match=r"row 2: an array, not an object with columns or a pair"):
        read_seeds([["2 + 3?", "5"], ["2 + 3?", "5", "7"]])


def test_paths_go_into_lists():
    record = {
        "instruction": "Add.",
        "instances": [{"input": "2 and 3", "output": "5"}, {"output": "7"}],
        "answers": {"text": ["five", "5"]},
    }
    seeds = read_seeds(
        [record], question="instruction", answer="instances.0.output", context="instances.0.input"
    )
    assert seeds.frame.row(0)[1:3] == ("Add.\n\nInput: 2 and 3", "5")
    assert json.loads(seeds.frame["extra"][0])["instances"] == [{"input": "2 and 3"}, {"output": "7"}]
    [seed] = read_seeds([record], question="instruction", answer="answers.text.1", context=())
    assert (seed.question, seed.reference, seed.extra["answers"]) == ("Add.", "5", {"text": ["five"]})
    for path in ("answers.text.2", "answers.text.-1", "answers.text.x", "answers.text.99999999999999999999"):
        with pytest.raises(
            SeedsError, match=r"there is no column 'answers\.text.*\(in 'answers\.text': '0', '1'\)"
        ):
            read_seeds([record], question="instruction", answer=path)


def test_a_record_of_very_many_columns_is_read(tmp_path):
    names = [f"c{n}" for n in range(50_000)]
    table = ",".join(["question", "answer", *names]) + "\n" + ",".join(["One?", "1", *names]) + "\n"
    [seed] = read_seeds(_written(tmp_path, "wide.csv", table))
    assert len(seed.extra) == len(names)
