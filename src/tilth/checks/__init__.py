"""Checks that ask further models or ask again, and what tells how far a judge can be trusted."""

from __future__ import annotations

from tilth.checks.agreement import Agreement
from tilth.checks.answerable import Answerable
from tilth.checks.auditing import Audit, audit
from tilth.checks.calibration import Calibration, calibrate
from tilth.checks.judge import Judge
from tilth.checks.resolve import Resolve
from tilth.checks.rubrics import RUBRICS, Rubric

__all__ = [
    "RUBRICS",
    "Agreement",
    "Answerable",
    "Audit",
    "Calibration",
    "Judge",
    "Resolve",
    "Rubric",
    "audit",
    "calibrate",
]
