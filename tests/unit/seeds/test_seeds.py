"""Seeds: every source gives the same seeds, drawn in order, with an identity of their own."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.seeds.records import RECORDS, ROWS

import tilth
from tilth.seeds import Seed, Seeds, read_seeds


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


@given(st.integers(2, 40), st.floats(0.01, 0.99), st.integers(0, 5))
def test_a_split_takes_every_seed_once_and_keeps_their_order(n: int, share: float, state: int) -> None:
    seeds = tilth.demo.seeds(n)
    if not 0 < round(share * n) < n:
        with pytest.raises(ValueError, match="leaves a part empty"):
            seeds.split(share, state)
        return
    grown, apart = seeds.split(share, state)
    assert len(apart) == round(share * n)
    places = {seed_id: place for place, seed_id in enumerate(seeds.frame["seed_id"])}
    for part in (grown, apart):
        order = [places[seed_id] for seed_id in part.frame["seed_id"]]
        assert order == sorted(order)
    both = [*grown.frame["seed_id"], *apart.frame["seed_id"]]
    assert sorted(both) == sorted(places)
    assert seeds.split(len(apart), state)[1].identity() == apart.identity()


@pytest.mark.parametrize("given", [0, 10, 1.0, -0.5, float("nan")])
def test_a_split_that_leaves_a_part_empty_is_refused(given: float) -> None:
    with pytest.raises(ValueError, match="leaves a part empty"):
        tilth.demo.seeds(10).split(given)
