"""The strategies that come with Tilth; others join them by the entry point `tilth.strategies`."""

from __future__ import annotations

from tilth.strategies.registry import available, get

__all__ = ["available", "get"]
