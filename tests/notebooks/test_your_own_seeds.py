"""The second tutorial keeps its budgets, pays nothing twice, and leaves no key behind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import polars as pl
import pytest
from tests.notebooks.executing import Executed

import tilth


@pytest.fixture(scope="module")
def done(execute: Callable[[str], Executed]) -> Executed:
    return execute("02-your-own-seeds.ipynb")


def test_the_bad_records_are_named_with_their_lines(done: Executed) -> None:
    told = done.shown("bad").splitlines()
    assert told[0].endswith("3 problems:")
    assert [re.search(r"line \d+", line)[0] for line in told[1:-1]] == ["line 7", "line 8", "line 9"]
    assert 'on_fault="skip"' in told[-1], "what can be done with the rest"
    assert len(tilth.read_seeds(done.folder / "my-seeds.jsonl", question="problem", answer="solution")) == 6


def test_running_it_again_makes_no_call_and_more_budget_pays_only_for_more(done: Executed) -> None:
    first, second = done.shown("again").splitlines()
    assert first.endswith("120 queries, my-rows.tilth> attempts: 0")
    assert second.endswith("160 queries, my-rows.tilth> attempts: 40")


def test_no_limit_is_passed(done: Executed) -> None:
    for name, queries, dollars in (("my-rows", 160, 0.02), ("tight", 120, 0.003), ("writer", 120, 0.01)):
        run = tilth.open_run(done.folder / f"{name}.tilth")
        assert run.progress.queries <= queries
        assert run.progress.usd is not None
        assert 0 < run.progress.usd <= dollars
    tight = tilth.open_run(done.folder / "tight.tilth").progress
    assert tight.queries < 120
    assert tight.reason == "the budget of dollars is used up"


def test_the_writer_costs_what_the_writer_costs(done: Executed) -> None:
    run = tilth.open_run(done.folder / "writer.tilth")
    for row_id in run.rows["row_id"]:
        for exchange in run.detail(row_id)["exchanges"]:
            prompt, completion = (0.10, 0.40) if exchange["role"] == "writer" else (0.40, 1.60)
            tokens = exchange["prompt_tokens"] * prompt + exchange["completion_tokens"] * completion
            assert exchange["usd"] == pytest.approx(tokens / 1e6, abs=1e-9)


def test_one_seed_is_beyond_the_teacher_as_the_text_says(done: Executed) -> None:
    rows = tilth.open_run(done.folder / "my-rows.tilth").rows
    shares = rows.group_by("seed_id").agg((pl.col("verdict") == "accepted").mean())["verdict"]
    assert shares.min() < 0.2
    assert shares.max() > 0.8


def test_the_training_file_is_readable_as_chat(done: Executed) -> None:
    rows = tilth.open_run(done.folder / "my-rows.tilth").rows
    lines = [json.loads(line) for line in (done.folder / "my-rows.jsonl").read_text().splitlines()]
    assert len(lines) == rows.filter(pl.col("verdict") == "accepted").height
    assert {tuple(message["role"] for message in line["messages"]) for line in lines} == {
        ("user", "assistant")
    }
