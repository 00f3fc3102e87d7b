"""Which strategies there are: ours and others', by the entry point `tilth.strategies`."""

from __future__ import annotations

import inspect
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tilth.engine.strategy import Strategy

GROUP = "tilth.strategies"


@lru_cache(maxsize=1)
def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def available() -> dict[str, type[Strategy]]:
    """Every installed strategy by name."""
    return {name: _loaded(name) for name in _points()}


def _loaded(name: str) -> type[Strategy]:
    found = _points()[name].load()
    if not (inspect.isclass(found) and issubclass(found, Strategy)):
        raise TypeError(f"entry point {GROUP}:{name} names {found!r}, which is no tilth.Strategy")
    return found


def get(strategy: str | Strategy | type[Strategy], **options: Any) -> Strategy:
    """A strategy from its name, its class or itself."""
    if isinstance(strategy, Strategy):
        return strategy
    if inspect.isclass(strategy) and issubclass(strategy, Strategy):
        return strategy(**options)
    if strategy not in _points():
        raise ValueError(f"no strategy is called {strategy!r}; there are {', '.join(sorted(_points()))}")
    return _loaded(str(strategy))(**options)
