"""The demo's question sets: their kinds, their splits and how large they are."""

from __future__ import annotations

from typing import Literal

Kind = Literal["same", "held-out", "hand-written"]
Split = Literal["validation", "test"]
DemoTask = Literal["numeric", "sql"]

SIZES: dict[Split, int] = {"validation": 200, "test": 400}
"""Questions of the kinds that a grammar makes; the hand-written ones are as many as were written."""
