"""Which strategies and checks there are: ours and others', by the entry points of their kind."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tilth.arguments import of_kind
from tilth.strategies.base import Strategy
from tilth.strategies.check import Check, Checked

GROUP = "tilth.strategies"
_CHECKS = "tilth.checks"


@lru_cache(maxsize=2)
def _points(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def available() -> dict[str, type[Strategy]]:
    """Every installed strategy by name.

    Example:
        >>> sorted(tilth.strategies.available())
        ['adaptive', 'answer-augmentation', 'answers-then-new', 'new-question', 'question-rephrase']
    """
    return {name: _loaded(GROUP, name, Strategy) for name in _points(GROUP)}


def _loaded(group: str, name: str, kind: type[Any]) -> Any:
    found = _points(group)[name].load()
    if not (inspect.isclass(found) and issubclass(found, kind)):
        raise TypeError(f"entry point {group}:{name} names {found!r}, which is no tilth.{kind.__name__}")
    return found


def get(strategy: str | Strategy | type[Strategy], **options: Any) -> Strategy:
    """A strategy from its name, its class or itself.

    Example:
        >>> tilth.strategies.get("new-question").title
        'New question'
    """
    if isinstance(strategy, Strategy):
        return strategy
    if inspect.isclass(strategy) and issubclass(strategy, Strategy):
        return strategy(**options)
    strategy = of_kind(strategy, str, "strategy", 'a name, such as "new-question", or a tilth.Strategy')
    if strategy not in _points(GROUP):
        raise ValueError(f"no strategy is called {strategy!r}; there are {', '.join(sorted(_points(GROUP)))}")
    found: Strategy = _loaded(GROUP, strategy, Strategy)(**options)
    return found


def restored(
    identity: Mapping[str, Any], verdict_options: Mapping[str, Any] | None = None
) -> Strategy | None:
    """The strategy of this `identity()`, with its checks; None where it is not installed as it was.

    `verdict_options` holds those of its checks, by their names.
    """
    known = verdict_options or {}
    if identity["name"] not in _points(GROUP):
        return None
    try:
        strategy = get(identity["name"], **identity["options"])
        if "checks" in identity:
            strategy = Checked(strategy, [_check(one, known) for one in identity["checks"]])
    except (KeyError, TypeError, ValueError):  # its options may be others now
        return None
    return strategy if strategy.identity() == dict(identity) else None


def checks_of(identity: Mapping[str, Any], verdict_options: Mapping[str, Any] | None = None) -> list[Check]:
    """The checks that a strategy's `identity()` names, as far as they are installed as they were."""
    found = []
    for one in identity.get("checks", ()):
        try:
            check = _check(one, verdict_options or {})
        except (KeyError, TypeError, ValueError):  # its options may be others now
            continue
        if check.identity() == dict(one):
            found.append(check)
    return found


def _check(identity: Mapping[str, Any], verdict_options: Mapping[str, Any]) -> Check:
    name = identity["name"]
    check: Check = _loaded(_CHECKS, name, Check).restored(identity["options"], verdict_options.get(name, {}))
    return check
