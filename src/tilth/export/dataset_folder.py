"""A folder that the `datasets` library loads by its name: Parquet files, and a README.md that names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tilth.export.hand_over.folder import filled, free

if TYPE_CHECKING:
    import polars as pl

TRAIN, VALIDATION, README = "data/train.parquet", "data/validation.parquet", "README.md"

_MARK = "# Rows for datasets, written by Tilth"
"""The second line of its README.md, by which a folder of ours is told from others."""


def ready(path: Path) -> None:
    """Raises where the folder cannot be written; see `tilth.export.hand_over.folder.free`."""
    free(path, _MARK)


def write_folder(rows: pl.DataFrame, path: Path, validation: pl.DataFrame | None) -> tuple[Path, ...]:
    """Fills the folder, and says which files it holds."""
    ready(path)
    splits = {TRAIN: rows} if validation is None else {TRAIN: rows, VALIDATION: validation}
    with filled(path, optional=[VALIDATION]) as folder:
        (folder / TRAIN).parent.mkdir()
        for name, frame in splits.items():
            _typed(frame).write_parquet(folder / name)
        (folder / README).write_text(_readme(list(splits)), encoding="utf-8", newline="\n")
    return tuple(path / name for name in (*splits, README))


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns of nulls alone as texts: such a split would not go with one that has values."""
    import polars as pl

    return rows.with_columns(
        pl.col(name).cast(pl.String) for name in rows.columns if rows[name].dtype == pl.Null
    )


def _readme(names: list[str]) -> str:
    files = "".join(f"  - split: {Path(name).stem}\n    path: {name}\n" for name in names)
    return f"""\
---
{_MARK}
configs:
- config_name: default
  data_files:
{files}---

In the folder that holds this one, or by its path:

```python
from datasets import load_dataset

rows = load_dataset("path/to/this/folder", split="train")
```
"""
