"""Checks that ask further models or ask again: agreement, answerability, re-solving, a judge."""

from __future__ import annotations

from tilth.checks.agreement import Agreement
from tilth.checks.answerable import Answerable
from tilth.checks.judge import Judge
from tilth.checks.resolve import Resolve
from tilth.checks.rubrics import RUBRICS, Rubric

__all__ = ["RUBRICS", "Agreement", "Answerable", "Judge", "Resolve", "Rubric"]
