"""The strategies that come with Tilth, and the contracts of a strategy and of a check that asks.

Others' strategies join by the entry point `tilth.strategies`, their checks by `tilth.checks`.
"""

from __future__ import annotations

from tilth.strategies.base import Ask, Candidate, Passes, Reply, Strategy, Unit, UnitCost, UnitResult
from tilth.strategies.check import Check, CheckContext, Table, note, unread
from tilth.strategies.registry import available, get
from tilth.strategies.structured import Form, fill_in

__all__ = [
    "Ask",
    "Candidate",
    "Check",
    "CheckContext",
    "Form",
    "Passes",
    "Reply",
    "Strategy",
    "Table",
    "Unit",
    "UnitCost",
    "UnitResult",
    "available",
    "fill_in",
    "get",
    "note",
    "unread",
]
