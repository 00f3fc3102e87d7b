"""The first tutorial leaves a training file that holds what its run grew."""

from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl
import pytest
from tests.notebooks.executing import Executed

import tilth


@pytest.fixture(scope="module")
def done(execute: Callable[[str], Executed]) -> Executed:
    return execute("01-first-harvest.ipynb")


def test_the_training_file_holds_every_row_but_the_rejected(done: Executed) -> None:
    runs = [tilth.open_run(done.folder / name) for name in ("first-harvest.tilth", "first-harvest-new.tilth")]
    rows = pl.concat([run.rows for run in runs])
    kept = rows.filter(pl.col("verdict") != "rejected")
    lines = [json.loads(line) for line in (done.folder / "train.jsonl").read_text().splitlines()]
    assert [line["messages"] for line in lines] == [
        [{"role": "user", "content": question}, {"role": "assistant", "content": response}]
        for question, response in kept.select("question", "response").iter_rows()
    ]
    assert 0 < len(lines) < rows.height


def test_the_runs_end_with_their_budget_spent(done: Executed) -> None:
    for name in ("first-harvest.tilth", "first-harvest-new.tilth"):
        progress = tilth.open_run(done.folder / name).progress
        assert progress.status == "finished"
        assert progress.queries in (299, 300), "what is left is too little for a row"
        assert 2 * progress.rows + progress.rowless == progress.queries, "a copy of its seed is not answered"
        assert progress.rows > 140


def test_what_is_shown_is_what_the_run_holds(done: Executed) -> None:
    run = tilth.open_run(done.folder / "first-harvest.tilth")
    rejected = run.rows.filter(pl.col("verdict") == "rejected")
    exchanges = run.detail(rejected["row_id"][0])["exchanges"]
    assert [exchange["role"] for exchange in exchanges] == ["writer", "teacher"]
    for exchange in exchanges:
        assert exchange["reply"] in done.shown("detail")
    assert "verdict='accepted', answer='18'" in done.shown("check")
    assert done.shown("prefix") == f"({run.prefix(100).height}, {run.rows.height})"
    assert 40 < run.prefix(100).height <= 50


def test_the_workbench_is_shown_with_a_text_for_where_it_cannot_run(done: Executed) -> None:
    assert "application/vnd.jupyter.widget-view+json" in done.notebook.cells[-2].outputs[0].data
    assert "50 seeds" in done.shown("workbench")
    assert "simulation" in done.shown("workbench")
