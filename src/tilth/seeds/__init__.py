"""What comes in: questions to grow from, validated once and never silently dropped."""

from __future__ import annotations

from tilth.seeds.reading import read_seeds
from tilth.seeds.seed import Seed, Seeds, TaskLike
from tilth.seeds.values import within

__all__ = ["Seed", "Seeds", "TaskLike", "read_seeds", "within"]
