"""The manifest of an export: which rows stand in it, and what a stranger's may not say."""

from __future__ import annotations

import json

import polars as pl
import pytest

import tilth
from tilth.export import FOLDERS, FORMATS, save
from tilth.export.manifest.reading import manifest_of, read_manifest

# What is told of a file is the business of the tests that look for it.
pytestmark = pytest.mark.filterwarnings("ignore::tilth.TilthWarning")

ROWS = tuple(name for name in (*FORMATS, *FOLDERS) if name != "preference")
"""The formats that take answered questions."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    seeds, teacher = tilth.demo.seeds(8), tilth.demo.teacher()
    path = tmp_path_factory.mktemp("run") / "grown.tilth"
    return tilth.generate_sync(seeds, "new-question", 60, teacher=teacher, path=path)


def _responses(path):
    """The replies of a file in its order."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path)["response"].to_list()
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema=False)["response"].to_list()
    text = path.read_text("utf-8")
    found = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    turns = [one.get("completion") or one.get("messages") or one.get("conversations") for one in found]
    return [
        one.get("output") or one.get("response") or turn[-1].get("content") or turn[-1]["value"]
        for one, turn in zip(found, turns, strict=True)
    ]


@pytest.mark.parametrize("format", ROWS)
def test_it_names_each_files_rows_in_their_order(run, tmp_path, format):
    rows = run.rows.filter(pl.col("verdict") != "rejected")
    late = pl.when(pl.int_range(pl.len()) > 15).then(pl.lit("at last"))  # what shows its type comes first
    rows = rows.sample(fraction=1, shuffle=True, seed=3).with_columns(note=late)
    rows = rows.with_columns(row_id=pl.when(pl.int_range(pl.len()) == 4).then(None).otherwise("row_id"))
    where = tmp_path / ("out" if format in FOLDERS else f"out{'.csv' if format == 'csv' else '.jsonl'}")
    if format == "parquet":
        where = where.with_suffix(".parquet")
    path = save(rows, where, format=format, validation=0.3, run=run, card=True)
    told = read_manifest(manifest_of(path))
    assert told.sealed
    assert told.format == format
    assert told.runs[0].file == "grown.tilth"
    assert told.runs[0].identity.startswith(run.id)
    response = dict(rows.select(pl.col("row_id").fill_null("own"), "response").iter_rows())
    held = [file for file in told.files if file.part]
    assert [file.part for file in held] == ["train", "validation"]
    for file in held:
        assert _responses(told.path.parent / file.path) == [response[one or "own"] for one in file.row_ids]
    assert sum(len(file.row_ids) for file in held) == rows.height


def _changed(change):
    good = {
        "manifest": 1,
        "format": "chat",
        "options": {"reasoning": "inline", "answers": "full", "system": True, "metadata": [], "verdicts": []},
        "runs": [{"run_id": "0" * 16, "identity": None, "file": "run.tilth"}],
        "files": [
            {
                "path": "train.jsonl",
                "bytes": 1,
                "sha256": "0" * 64,
                "part": "train",
                "rows": 2,
                "row_ids": [{"run": 0, "rows": "0 1:2"}],
            }
        ],
    }
    change(good)
    return json.dumps(good)


def test_a_manifest_of_ours_is_read(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(_changed(lambda told: None))
    told = read_manifest(path)
    assert told.files[0].row_ids == ("0" * 16 + ":0:0", "0" * 16 + ":1:2")
    assert not told.sealed


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(manifest=2),
        lambda told: told.update(format="exe"),
        lambda told: told.pop("files"),
        lambda told: told.update(files={}),
        lambda told: told["files"].append(dict(told["files"][0])),
        lambda told: told["files"][0].update(path="../run.jsonl"),
        lambda told: told["files"][0].update(path="/etc/passwd"),
        lambda told: told["files"][0].update(path="C:\\windows"),
        lambda told: told["files"][0].update(path="a/../b"),
        lambda told: told["files"][0].update(rows=10**15),
        lambda told: told["files"][0].update(rows=3),
        lambda told: told["files"][0].update(row_ids=[{"own": 10**12}]),
        lambda told: told["files"][0].update(row_ids=[{"run": 1, "rows": "0 1"}]),
        lambda told: told["files"][0].update(row_ids=[{"run": True, "rows": "0 1"}]),
        lambda told: told["files"][0].update(row_ids=[{"run": 0, "rows": "0 ../1"}]),
        lambda told: told["files"][0].update(sha256="0"),
        lambda told: told["runs"][0].update(file="../other.tilth"),
        lambda told: told["runs"][0].update(file=".."),
        lambda told: told["options"].update(system=7),
        lambda told: told["options"].update(metadata="strategy"),
    ],
)
def test_a_strangers_manifest_leads_nowhere(tmp_path, change):
    path = tmp_path / "manifest.json"
    path.write_text(_changed(change))
    with pytest.raises(ValueError, match=r"manifest\.json is no manifest of an export"):
        read_manifest(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"manifest": 1}', "\ud800"])
def test_what_is_no_manifest_is_told(tmp_path, text):
    path = tmp_path / "manifest.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ValueError, match="is no manifest"):
        read_manifest(path)
