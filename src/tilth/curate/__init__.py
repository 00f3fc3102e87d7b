"""From rows to a training set: steps that take a frame and give it back with `score`, `keep` and `reason`."""

from __future__ import annotations

from tilth.curate.pipelines import Pipeline, pipeline

__all__ = ["Pipeline", "pipeline"]
