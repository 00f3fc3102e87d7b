"""Pages of measurements: parts that are made anew one by one, and the tables in them."""

from __future__ import annotations

import datetime as dt
import math
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

HERE = Path(__file__).resolve().parent
IMAGES = HERE.parent.parent / ".github" / "images"


def put(page: Path, heading: str, part: str) -> None:
    """Puts a part in the place of the page's part with that heading, or at its end."""
    before = page.read_text(encoding="utf-8") if page.is_file() else ""
    parts = re.split(r"^(?=# )", before, flags=re.MULTILINE)
    kept = [part if one.startswith(f"# {heading}\n") else one for one in parts if one.strip()]
    if part not in kept:
        kept.append(part)
    page.write_text("\n".join(f"{one.rstrip()}\n" for one in kept), encoding="utf-8")


def made_by(command: str, *packages: str) -> str:
    """Which command made a part, when, with which versions, on how many cores; its full stop is left out."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("tilth", *packages))
    day, python = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}", platform.python_version()
    return f"Made by `{command}` on {day} with {versions},\nPython {python}, on {os.cpu_count()} cores"


def accuracies(frame: pl.DataFrame) -> list[str]:
    """The mean accuracy of the cells of one test set and student, by seeds, strategy and ratio."""
    ratios = frame["ratio"].unique().sort().to_list()
    lines = [
        "| seeds | strategy | " + " | ".join(f"{ratio:g}" for ratio in ratios) + " |",
        "| --- | --- |" + " --- |" * len(ratios),
    ]
    for (seeds, strategy), cells in frame.group_by("seeds", "strategy", maintain_order=True):
        means = dict(cells.group_by("ratio").agg(pl.col("accuracy").mean()).iter_rows())
        told = (f"{means[ratio]:.1%}" if ratio in means else "–" for ratio in ratios)
        lines.append(f"| {seeds} | {strategy} | " + " | ".join(told) + " |")
    return lines


def crossings(passed: pl.DataFrame) -> list[str]:
    """From which ratio on a strategy stays above another, with its interval."""
    lines = ["| seeds | strategy | ratio | interval |", "| --- | --- | --- | --- |"]
    for row in passed.iter_rows(named=True):
        at = f"{row['crossing']:.1f}" if row["crossing"] else row["state"]
        low, high = (_bound(row[name], row) for name in ("low", "high"))
        lines.append(f"| {row['seeds']} | {row['passing']} | {at} | {low} to {high} |")
    return lines


def _bound(value: float | None, row: dict[str, Any]) -> str:
    """An end of a crossing's interval; past the ratios that were compared, no more is known of it."""
    if value is None:
        return "–"
    if math.isinf(value):
        return f">{row['last']:g}" if value > 0 else f"≤{row['first']:g}"
    return f"{value:.1f}"
