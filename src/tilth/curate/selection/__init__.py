"""Selection to a size: which n of the rows to train on."""

from __future__ import annotations

from tilth.curate.selection.facility_location import FacilityLocation
from tilth.curate.selection.instruct_mining import InstructMining
from tilth.curate.selection.k_shot import KShot
from tilth.curate.selection.kmeans_quality import KMeansQuality
from tilth.curate.selection.method import Choice, Pool, SelectionMethod
from tilth.curate.selection.pass_rate import PassRateBand, pass_rates
from tilth.curate.selection.random_draw import Random
from tilth.curate.selection.score_weighted import ScoreWeighted
from tilth.curate.selection.selection import METHODS, select
from tilth.curate.selection.target_similarity import TargetSimilarity

__all__ = [
    "METHODS",
    "Choice",
    "FacilityLocation",
    "InstructMining",
    "KMeansQuality",
    "KShot",
    "PassRateBand",
    "Pool",
    "Random",
    "ScoreWeighted",
    "SelectionMethod",
    "TargetSimilarity",
    "pass_rates",
    "select",
]
