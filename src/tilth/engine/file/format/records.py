"""What a run's or a study's record must hold to be used: a file may be damaged, or a stranger's."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DEEPEST = 64
"""Levels of JSON in a record: options of a strategy nest some few."""

_MOST_SIZES = 1_000
"""Sizes of seed sets that a study cuts out of a run; each takes its share of every pass over the seeds."""

_TEXT, _WHOLE, _YES_OR_NO, _OBJECT = (str,), (int,), (bool,), (dict,)
_Kinds = Mapping[str, tuple[type, ...]]

_IDENTITY: _Kinds = {
    "seeds": _TEXT,
    "strategy": _OBJECT,
    "task": _OBJECT,
    "teacher": _OBJECT,
    "writer": _OBJECT,
    "random_state": _WHOLE,
}
_PART: _Kinds = {"name": _TEXT, "version": _WHOLE}
_MODEL: _Kinds = {"model": _TEXT, "sampling": _OBJECT}
_SETTINGS: _Kinds = {
    "seeds": _TEXT,
    "teacher": _TEXT,
    "writer": _TEXT,
    "simulated": _YES_OR_NO,
    "priced": _YES_OR_NO,
    "prices": _OBJECT,
    "max_tokens": _OBJECT,
    "plan": (dict, type(None)),
    "seconds": (int, float),
    "budget": _OBJECT,
    "check": (str, bool),
}


def parsed(text: Any, what: str) -> dict[str, Any]:
    """A record that is kept as JSON; raises `ValueError`, saying what is wrong with it."""
    if not isinstance(text, str):
        raise ValueError(f"its {what} are no text")
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"its {what} nest too deep") from None
    if not isinstance(found, dict):
        raise ValueError(f"its {what} are no JSON object")
    level: list[Any] = [found]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return found
    raise ValueError(f"its {what} nest too deep")


def identity_of(text: Any) -> dict[str, Any]:
    """A run's identity, as its record holds it; raises `ValueError`."""
    found = parsed(text, "identity's parts")
    _refuse(found, _IDENTITY, "identity")
    for part in ("strategy", "task"):
        _refuse(found[part], _PART, f"identity's {part}")
    _refuse(found["strategy"], {"options": _OBJECT}, "identity's strategy")
    checks = found["strategy"].get("checks", [])
    if not isinstance(checks, list) or not all(isinstance(check, dict) for check in checks):
        raise ValueError("its identity's checks are no list of checks")
    for check in checks:
        _refuse(check, {**_PART, "options": _OBJECT}, "identity's check")
    for model in ("teacher", "writer"):
        _refuse(found[model], _MODEL, f"identity's {model}")
    sizes = found.get("nested", [])
    if not isinstance(sizes, list) or len(sizes) > _MOST_SIZES or not all(map(_is_count, sizes)):
        raise ValueError("its identity's nested sizes are no short list of whole numbers")
    if "queries" in found and not _is_count(found["queries"]):
        raise ValueError("its identity's queries are no whole number")
    return found


def settings_of_record(text: Any) -> dict[str, Any]:
    """What a run was last started with, as its record holds it; raises `ValueError`."""
    found = parsed(text, "settings")
    _refuse(found, _SETTINGS, "settings")
    if not (math.isfinite(found["seconds"]) and 0 <= found["seconds"] < 1e12):
        raise ValueError(f"its settings say {found['seconds']} seconds")
    if not all(_is_count(most) for most in found["max_tokens"].values()):
        raise ValueError("its settings' max_tokens are no whole numbers")
    if not {"teacher", "writer"} <= found["max_tokens"].keys():
        raise ValueError("its settings' max_tokens lack the teacher's or the writer's")
    options = found.get("verdict_options", {})
    parts = [options, *(options.get(part, {}) for part in ("task", "checks") if isinstance(options, dict))]
    if not all(isinstance(part, dict) for part in parts):
        raise ValueError("its settings' verdict_options are no JSON objects")
    return found


def whole(value: Any) -> int:
    """A number as a column of whole numbers holds it; raises `ValueError`, for SQLite would keep any."""
    if type(value) is not int:
        raise ValueError(f"{str(value)[:40]!r} stands where a whole number belongs")
    return value


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _refuse(record: Mapping[str, Any], kinds: _Kinds, what: str) -> None:
    for name, kind in kinds.items():
        if name not in record:
            raise ValueError(f"its {what} lack {name!r}")
        if not isinstance(record[name], kind) or (type(record[name]) is bool and bool not in kind):
            raise ValueError(f"its {what} hold no usable {name!r}")


def identities(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The identities of what a file holds: of its study, or else of its run; raises `ValueError`."""
    studies = connection.execute("SELECT identity FROM studies").fetchall()
    found = studies or connection.execute("SELECT identity FROM runs").fetchall()
    return [parsed(identity, "identity's parts") for (identity,) in found]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Where a run stands, and what it was last started with beside its identity."""

    status: str
    reason: str | None
    settings: Mapping[str, Any]


def record_of(connection: sqlite3.Connection, run_id: str) -> RunRecord | None:
    """What the file holds of a run, None of a new one; raises `ValueError` where that is damaged."""
    found = connection.execute(
        "SELECT status, reason, settings FROM runs WHERE run_id = ?", (run_id,)
    ).fetchone()
    return None if found is None else RunRecord(found[0], found[1], settings_of_record(found[2]))
