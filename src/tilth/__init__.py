"""Tilth grows a small seed instruction set into fine-tuning data, inside a notebook."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilth import checks as checks
    from tilth import curate as curate
    from tilth import demo as demo
    from tilth import strategies as strategies
    from tilth import students as students
    from tilth import tasks as tasks
    from tilth.advice.adaptive.decisions import decisions as decisions
    from tilth.advice.adaptive.strategy import Adaptive as Adaptive
    from tilth.advice.advice import Advice as Advice
    from tilth.advice.advise import advise as advise
    from tilth.advice.forecast import Forecast as Forecast
    from tilth.advice.forecast import forecast as forecast
    from tilth.charts import Figure as Figure
    from tilth.charts import chart as chart
    from tilth.checks import Rubric as Rubric
    from tilth.engine.budget import Budget as Budget
    from tilth.engine.file.copying import copy as copy
    from tilth.engine.plan import plan as plan
    from tilth.engine.planning.ranges import Plan as Plan
    from tilth.engine.progress import Progress as Progress
    from tilth.engine.quality import Quality as Quality
    from tilth.engine.run import Run as Run
    from tilth.engine.start import generate as generate
    from tilth.engine.start import generate_sync as generate_sync
    from tilth.engine.start import open_run as open_run
    from tilth.engine.start import start as start
    from tilth.engine.verify import Report as Report
    from tilth.engine.verify import verify as verify
    from tilth.errors import BudgetError as BudgetError
    from tilth.errors import BundleMissing as BundleMissing
    from tilth.errors import CannotConfine as CannotConfine
    from tilth.errors import ConfirmationNeeded as ConfirmationNeeded
    from tilth.errors import EndpointUnavailable as EndpointUnavailable
    from tilth.errors import IdentityMismatch as IdentityMismatch
    from tilth.errors import JournalError as JournalError
    from tilth.errors import Malformed as Malformed
    from tilth.errors import ModelMissing as ModelMissing
    from tilth.errors import Overspent as Overspent
    from tilth.errors import RunBusy as RunBusy
    from tilth.errors import SeedsError as SeedsError
    from tilth.errors import StrategyError as StrategyError
    from tilth.errors import StrategyNotDeterministic as StrategyNotDeterministic
    from tilth.errors import StudentError as StudentError
    from tilth.errors import StudyFrameError as StudyFrameError
    from tilth.errors import TeacherError as TeacherError
    from tilth.errors import TilthError as TilthError
    from tilth.errors import TilthWarning as TilthWarning
    from tilth.errors import UnitFailed as UnitFailed
    from tilth.errors import Unreadable as Unreadable
    from tilth.export import save as save
    from tilth.jupyter.doctor import doctor as doctor
    from tilth.jupyter.widgets import Workbench as Workbench
    from tilth.seeds import Seed as Seed
    from tilth.seeds import Seeds as Seeds
    from tilth.seeds import read_seeds as read_seeds
    from tilth.strategies.base import Candidate as Candidate
    from tilth.strategies.base import Strategy as Strategy
    from tilth.strategies.base import UnitCost as UnitCost
    from tilth.strategies.check import Check as Check
    from tilth.students.training import train as train
    from tilth.studies.curves import crossings as crossings
    from tilth.studies.plan import StudyPlan as StudyPlan
    from tilth.studies.plan import plan_study as plan_study
    from tilth.studies.results import results as results
    from tilth.studies.start import open_study as open_study
    from tilth.studies.start import start_study as start_study
    from tilth.studies.start import study as study
    from tilth.studies.start import study_sync as study_sync
    from tilth.studies.study import Study as Study
    from tilth.tasks import Task as Task
    from tilth.tasks import Verdict as Verdict
    from tilth.tasks import check as check
    from tilth.teacher import Price as Price
    from tilth.teacher import Teacher as Teacher
    from tilth.teacher.local import local as local

# Where each public name lives; loaded at first use, so that `import tilth` stays light.
_HOMES = {
    "Adaptive": "tilth.advice.adaptive.strategy",
    "Advice": "tilth.advice.advice",
    "Budget": "tilth.engine.budget",
    "BudgetError": "tilth.errors",
    "BundleMissing": "tilth.errors",
    "Candidate": "tilth.strategies.base",
    "CannotConfine": "tilth.errors",
    "Check": "tilth.strategies.check",
    "ConfirmationNeeded": "tilth.errors",
    "EndpointUnavailable": "tilth.errors",
    "Figure": "tilth.charts",
    "Forecast": "tilth.advice.forecast",
    "IdentityMismatch": "tilth.errors",
    "JournalError": "tilth.errors",
    "Malformed": "tilth.errors",
    "ModelMissing": "tilth.errors",
    "Overspent": "tilth.errors",
    "Plan": "tilth.engine.planning.ranges",
    "Price": "tilth.teacher",
    "Progress": "tilth.engine.progress",
    "Quality": "tilth.engine.quality",
    "Report": "tilth.engine.verify",
    "Rubric": "tilth.checks",
    "Run": "tilth.engine.run",
    "RunBusy": "tilth.errors",
    "Seed": "tilth.seeds",
    "Seeds": "tilth.seeds",
    "SeedsError": "tilth.errors",
    "Strategy": "tilth.strategies.base",
    "StrategyError": "tilth.errors",
    "StrategyNotDeterministic": "tilth.errors",
    "StudentError": "tilth.errors",
    "Study": "tilth.studies.study",
    "StudyFrameError": "tilth.errors",
    "StudyPlan": "tilth.studies.plan",
    "Task": "tilth.tasks",
    "Teacher": "tilth.teacher",
    "TeacherError": "tilth.errors",
    "TilthError": "tilth.errors",
    "TilthWarning": "tilth.errors",
    "UnitCost": "tilth.strategies.base",
    "UnitFailed": "tilth.errors",
    "Unreadable": "tilth.errors",
    "Verdict": "tilth.tasks",
    "Workbench": "tilth.jupyter.widgets",
    "advise": "tilth.advice.advise",
    "chart": "tilth.charts",
    "check": "tilth.tasks",
    "copy": "tilth.engine.file.copying",
    "crossings": "tilth.studies.curves",
    "decisions": "tilth.advice.adaptive.decisions",
    "doctor": "tilth.jupyter.doctor",
    "forecast": "tilth.advice.forecast",
    "generate": "tilth.engine.start",
    "generate_sync": "tilth.engine.start",
    "local": "tilth.teacher.local",
    "open_run": "tilth.engine.start",
    "open_study": "tilth.studies.start",
    "plan": "tilth.engine.plan",
    "plan_study": "tilth.studies.plan",
    "read_seeds": "tilth.seeds",
    "results": "tilth.studies.results",
    "save": "tilth.export",
    "start": "tilth.engine.start",
    "start_study": "tilth.studies.start",
    "study": "tilth.studies.start",
    "study_sync": "tilth.studies.start",
    "train": "tilth.students.training",
    "verify": "tilth.engine.verify",
}
_MODULES = ("checks", "curate", "demo", "strategies", "students", "tasks")

__all__ = [*_HOMES, *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"tilth.{name}")
    elif name == "__version__":
        from importlib.metadata import version

        value = version("tilth")
    else:
        raise AttributeError(f"module 'tilth' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "tilth"}]
