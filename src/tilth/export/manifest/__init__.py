"""The manifest of an export: digests of its files, and which rows of which runs stand in them, in order."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

MANIFEST = "manifest.json"
"""Its name in a folder; beside a file it is `train.jsonl.manifest.json`."""

VERSION = 1
"""Raised whenever what it holds changes."""

_ROW_ID = re.compile(r"([0-9a-f]{16}):([0-9]{1,18}):([0-9]{1,9})")
_PIECE = 1 << 20


def beside(path: Path) -> Path:
    """Where the manifest of a single file stands."""
    return path.with_name(f"{path.name}.{MANIFEST}")


def manifest_text(facts: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> str:
    """The manifest as JSON, sealed by a digest of its own.

    Args:
        facts: What holds of all files: format, options, runs, steps, split.
        files: What `data_file` and `other_file` say of each.
    """
    from importlib.metadata import version

    told = {
        "manifest": VERSION,
        "written_by": {"tilth": version("tilth"), "polars": version("polars")},
        **facts,
        "files": list(files),
    }
    return json.dumps({**told, "digest": seal(told)}, indent=1, ensure_ascii=False) + "\n"


def seal(told: Mapping[str, Any]) -> str:
    """The digest of a manifest, which it holds itself, but for that."""
    content = {name: value for name, value in told.items() if name != "digest"}
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
    ).hexdigest()


def data_file(
    file: Path, name: str, part: str, rows: pl.DataFrame, runs: Mapping[str, int]
) -> dict[str, Any]:
    """What the manifest says of a file of rows: `runs` numbers them by their ids."""
    return {
        **other_file(file, name),
        "part": part,
        "rows": rows.height,
        "row_ids": list(_segments(_ids(rows), runs)),
    }


def other_file(file: Path, name: str) -> dict[str, Any]:
    """What the manifest says of any file: where it stands, its size in bytes and its SHA-256."""
    digest, size = digest_of(file)
    return {"path": name, "bytes": size, "sha256": digest}


def digest_of(file: Path) -> tuple[str, int]:
    """A file's SHA-256, in hex, and its bytes."""
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def runs_of(frames: Sequence[pl.DataFrame]) -> list[str]:
    """The ids of the runs whose rows stand in the frames, in the order they are met."""
    found: dict[str, None] = {}
    for rows in frames:
        if "row_id" in rows.columns:
            ids = rows["row_id"].cast(str).str.head(17).unique(maintain_order=True).drop_nulls()
            found |= {one[:16]: None for one in ids if re.fullmatch(r"[0-9a-f]{16}:", one)}
    return list(found)


def _ids(rows: pl.DataFrame) -> Sequence[str | None]:
    return rows["row_id"].cast(str).to_list() if "row_id" in rows.columns else [None] * rows.height


def _segments(ids: Sequence[str | None], runs: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The rows of a file in order: stretches of one run, as unit:index, or of rows that are no run's."""
    run: int | None = None
    own, units = 0, list[str]()
    for one in ids:
        found = None if one is None else _ROW_ID.fullmatch(one)
        if found is None:
            if units:
                yield {"run": run, "rows": " ".join(units)}
                units = []
            own += 1
            continue
        if own:
            yield {"own": own}
            own = 0
        if units and runs[found[1]] != run:
            yield {"run": run, "rows": " ".join(units)}
            units = []
        run = runs[found[1]]
        units.append(found[2] if found[3] == "0" else f"{found[2]}:{found[3]}")
    if units:
        yield {"run": run, "rows": " ".join(units)}
    if own:
        yield {"own": own}
