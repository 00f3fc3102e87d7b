"""Rows that say what another row, or a seed, says already."""

from __future__ import annotations

from tilth.curate.duplicates.duplicates import duplicates

__all__ = ["duplicates"]
