"""Where seeds are read from: a path, a frame or a list, taken to plain records that know their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from tilth.seeds.sources.files import open_file
from tilth.seeds.sources.records import Record, Source, SourceError, kind, of_frame, of_records, record_of

__all__ = ["Record", "Source", "SourceError", "kind", "open_source"]


def open_source(source: Any, encoding: str | None = None) -> Source:
    """Reads any of the sources `tilth.read_seeds` names.

    Raises:
        SourceError: The source cannot be read as a whole.
        TypeError: It is none of the kinds that can be.
    """
    if isinstance(source, str) and source.startswith("hf://"):
        from tilth.seeds.sources.hub import open_hub

        return open_hub(source, encoding)
    if isinstance(source, PurePath | str):
        return open_file(Path(source), encoding)
    if isinstance(source, Mapping):
        raise TypeError(
            "seeds are read from one table, not from a mapping; "
            'pass one split (dataset["train"]), a list of records or a frame'
        )
    if isinstance(source, Sequence) and not isinstance(source, bytes | bytearray):
        rows = enumerate(source, start=1)
        return of_records("seeds", [record_of(f"row {number}", row) for number, row in rows])
    return _from_table(source)


def _from_table(table: Any) -> Source:
    import polars as pl

    if isinstance(table, pl.LazyFrame):
        return of_frame(table.collect(), "seeds")
    if isinstance(table, pl.DataFrame):
        return of_frame(table, "seeds")
    if _is_hugging_face(table):
        return of_frame(pl.DataFrame(table.with_format("arrow")[:]), "seeds")
    if hasattr(table, "__arrow_c_stream__"):
        return of_frame(pl.DataFrame(table), "seeds")
    raise TypeError(
        f"seeds cannot be read from {type(table).__name__}; pass a path (JSONL, JSON, CSV, Excel, Parquet, "
        "hf://), a list of records, or a frame that speaks Arrow (Polars, PyArrow, pandas, DuckDB, Hugging "
        "Face)"
    )


def _is_hugging_face(table: Any) -> bool:
    return type(table).__module__.partition(".")[0] == "datasets" and hasattr(table, "with_format")
