"""A folder that the `datasets` library loads by its name: Parquet files, and a README.md that names them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tilth.export.hand_over.folder import filled, free
from tilth.export.manifest import MANIFEST
from tilth.export.manifest.reading import read_manifest
from tilth.export.papers import README, Papers

if TYPE_CHECKING:
    import polars as pl

_MARK = "# Rows for datasets, written by Tilth"
"""The second line of its README.md, by which a folder of ours is told from others."""

_VALIDATION = "data/validation.parquet"

_LOADING = """\
In the folder that holds this one, or by its path:

```python
from datasets import load_dataset

rows = load_dataset("path/to/this/folder", split="train")
```
"""


def ready(path: Path) -> None:
    """Raises where the folder cannot be written; see `tilth.export.hand_over.folder.free`."""
    free(path, _MARK)


def write_folder(
    parts: Mapping[str, pl.DataFrame], path: Path, papers: Papers | None = None
) -> tuple[Path, ...]:
    """Fills the folder with a file for each part, and says which files it holds."""
    ready(path)
    data = {f"data/{name}.parquet": rows for name, rows in parts.items()}
    with filled(path, optional=[_VALIDATION, *_earlier(path), MANIFEST]) as folder:
        (folder / "data").mkdir()
        for name, rows in data.items():
            with (folder / name).open("xb") as file:
                write_split(rows, file)
        if papers is None:
            (folder / README).write_text(_readme(list(data)), encoding="utf-8", newline="\n")
        else:
            papers.fill(folder, data, mark=_MARK, page=_LOADING)
    names = (*data, README, *([] if papers is None else [MANIFEST]))
    return tuple(path / name for name in names)


def _earlier(path: Path) -> list[str]:
    """The data of an earlier export of ours: a split that is left would be loaded with the new ones."""
    try:
        told = read_manifest(path / MANIFEST)
    except ValueError:
        return []
    return [file.path for file in told.files if file.path.endswith(".parquet")]


def write_split(rows: pl.DataFrame, file: IO[bytes]) -> None:
    """One file; columns of nulls alone as texts: such a split would not go with one that has values."""
    import polars as pl

    empty = [name for name in rows.columns if rows[name].dtype == pl.Null]
    rows.with_columns(pl.col(name).cast(pl.String) for name in empty).write_parquet(file)


def _readme(names: list[str]) -> str:
    files = "".join(f"  - split: {Path(name).stem}\n    path: {name}\n" for name in names)
    return f"""\
---
{_MARK}
configs:
- config_name: default
  data_files:
{files}---

{_LOADING}"""
