"""How diverse rows are, what each strategy still adds, and what a set says too often."""

from __future__ import annotations

from tilth.curate.diversity.diversity import diversity

__all__ = ["diversity"]
