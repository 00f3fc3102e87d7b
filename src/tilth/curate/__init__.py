"""From rows to a training set: steps that take a frame and give it back with `score`, `keep` and `reason`.

Example:
    >>> import polars as pl
    >>> rows = pl.DataFrame({"question": ["What are 2 and 3?", "What are 4 and 3?"]})
    >>> tilth.curate.select(rows, 1)["keep"].sum()
    1
"""

from __future__ import annotations

from tilth.curate.contamination import contamination, leaks
from tilth.curate.diversity import diversity
from tilth.curate.duplicates import duplicates
from tilth.curate.embedding import Embedder, TfIdf
from tilth.curate.pipelines import Pipeline, pipeline
from tilth.curate.selection import (
    FacilityLocation,
    InstructMining,
    KMeansQuality,
    KShot,
    PassRateBand,
    Random,
    ScoreWeighted,
    SelectionMethod,
    TargetSimilarity,
    pass_rates,
    select,
)
from tilth.export.splitting import split

__all__ = [
    "Embedder",
    "FacilityLocation",
    "InstructMining",
    "KMeansQuality",
    "KShot",
    "PassRateBand",
    "Pipeline",
    "Random",
    "ScoreWeighted",
    "SelectionMethod",
    "TargetSimilarity",
    "TfIdf",
    "contamination",
    "diversity",
    "duplicates",
    "leaks",
    "pass_rates",
    "pipeline",
    "select",
    "split",
]
