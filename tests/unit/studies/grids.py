"""What the tests of studies share: a small grid on a model of ours, students, and a look at the file."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
from tests.unit.engine.growing import SEEDS, Model

import tilth

PRICE = tilth.Price(1, 2)
"""Dollars per million tokens."""


def constant(rows: pl.DataFrame) -> Any:
    """A student that answers 1, whatever it was shown."""
    return lambda questions: ["1"] * len(questions)


def endless(rows: pl.DataFrame) -> Any:
    """A student that never has learnt enough."""
    while True:
        time.sleep(0.01)


def questions(count: int = 8) -> pl.DataFrame:
    """A test set that is none of the seeds."""
    asked = [f"What are {i} and {i}?" for i in range(count)]
    return pl.DataFrame({"question": asked, "reference": [str(i % 4) for i in range(count)]})


def grid(model: Model, path: Path, **changes: Any) -> dict[str, Any]:
    """The options of a study of 8 cells and 4 runs, which takes 40 queries in all."""
    settings = changes.pop("settings", {})
    return {
        "test": questions(),
        "strategies": ["answer-augmentation", "question-rephrase"],
        "ratios": [1, 2],
        "replicates": 2,
        "student": constant,
        "teacher": tilth.Teacher(model, price=PRICE, **{"max_tokens": 40, **settings}),
        "path": path,
        **changes,
    }


def measured(model: Model, path: Path, **changes: Any) -> tilth.Study:
    """The study of that grid, at its end."""
    return tilth.study_sync(changes.pop("seeds", SEEDS), **{"confirm": True, **grid(model, path, **changes)})


def ledger(path: Path) -> tuple[int, int, int]:
    """Queries, tokens and nano-dollars that all runs of a file have spent, calls in doubt at their worst."""
    with closing(sqlite3.connect(path)) as file:
        [amounts] = file.execute(
            "SELECT total(iif(state = 'settled', queries, worst_queries)),"
            " total(iif(state = 'settled', prompt_tokens + completion_tokens, worst_tokens)),"
            " total(iif(state = 'settled', nano, worst_nano))"
            " FROM ledger WHERE state IN ('settled', 'in doubt', 'reserved')"
        )
    queries, tokens, nano = map(int, amounts)
    return queries, tokens, nano


def comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """A study's frame without the one column that differs between two equal studies: CPU time."""
    return frame.drop("seconds")
