"""What the tests that train models share: a tiny model of random weights, and rows that it can learn."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest


@pytest.fixture(scope="session")
def plant_rows() -> pl.DataFrame:
    """48 rows of one kind, each with a query that can be told from its question."""
    names = ("Mint", "Sage", "Rowan", "Ivy", "Fern", "Moss")
    columns = ("price", "stock", "city", "month")
    asked = [(name, column) for name in names for column in columns] * 2
    return pl.DataFrame(
        {
            "question": [f"What is the {column} of {name}?" for name, column in asked],
            "response": [
                f"Look it up.\n\n```sql\nSELECT {column} FROM plants WHERE name = '{name}'\n```"
                for name, column in asked
            ],
        }
    )


@pytest.fixture(scope="session")
def tiny(plant_rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Llama model of random weights whose tokenizer knows the rows' words."""
    pytest.importorskip("torch", reason="no torch to make a model with; install tilth[train]")
    from tests.support.tiny_model import tiny_model

    texts = [*plant_rows["question"], *plant_rows["response"]]
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny", texts, spread=0.3)
