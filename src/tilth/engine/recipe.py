"""Who a run is: its identity, its run_id and default path, and what two runs differ in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tilth.engine.file.digests import digest
from tilth.errors import IdentityMismatch
from tilth.seeds import Seeds
from tilth.strategies.base import Strategy
from tilth.tasks.base import Task


def run_identity(
    seeds: Seeds,
    strategy: Strategy,
    task: Task,
    teacher: Mapping[str, Any],
    writer: Mapping[str, Any],
    random_state: int,
) -> dict[str, Any]:
    """What decides a run's rows. Not in it: budget, reply limit, concurrency, timeout, price, key, URL."""
    return {
        "seeds": seeds.identity(),
        "strategy": strategy.identity(),
        "task": task.identity(),
        "teacher": dict(teacher),
        "writer": dict(writer),
        "random_state": random_state,
    }


def run_id_of(identity: Mapping[str, Any]) -> str:
    """A run's id: the first 16 hex digits of its identity's digest."""
    return digest(identity)[:16]


def default_path(seeds: Seeds, strategy: Strategy, identity: Mapping[str, Any]) -> Path:
    """Where a run goes that was given no path: made of seeds, strategy and identity, so that it resumes."""
    stem = Path(seeds.name).stem or "seeds"
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in stem)
    return Path(f"{safe}-{strategy.name}-{run_id_of(identity)[:8]}.tilth")


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key in value:
            yield from _leaves(value[key], f"{at}.{key}" if at else str(key))
    else:
        yield at, value


def shown(value: Any) -> str:
    """A value in a message: JSON, cut short."""
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"


def refuse_other(path: Path, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises `IdentityMismatch`, listing what differs, unless both are the same run."""
    there, here = dict(_leaves(stored)), dict(_leaves(wanted))
    differing = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    if not differing:
        return
    listed = "; ".join(
        f"{key} is {shown(there.get(key))} there and {shown(here.get(key))} here" for key in differing[:8]
    )
    raise IdentityMismatch(
        f"{path.name} holds another run: {listed}. "
        f'Pass another path= to start this one; with reuse=["{path.name}"] it takes over the replies that '
        "both would ask for."
    )
