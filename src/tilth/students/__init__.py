"""Students: what is trained on rows and measured.

Others' students join by the entry point `tilth.students`.

Example:
    >>> import polars as pl
    >>> rows = {"question": ["What are 2 and 3?"], "response": ["2 + 3 = 5"]}
    >>> tilth.students.get("parser").train(pl.DataFrame(rows)).answer(["What are 4 and 3?"])
    ['7']
"""

from __future__ import annotations

from tilth.errors import StudentError
from tilth.students.base import (
    FunctionStudent,
    Model,
    Student,
    StudentAnswer,
    TrainFunction,
    TrainingPlan,
    TrainingProgress,
    TrainingSetting,
)
from tilth.students.in_context import InContext
from tilth.students.language_model.lora import Lora
from tilth.students.openai_fine_tuning import OpenAIFineTuning
from tilth.students.registry import available, fitting, get, offered, usual

__all__ = [
    "FunctionStudent",
    "InContext",
    "Lora",
    "Model",
    "OpenAIFineTuning",
    "Student",
    "StudentAnswer",
    "StudentError",
    "TrainFunction",
    "TrainingPlan",
    "TrainingProgress",
    "TrainingSetting",
    "available",
    "fitting",
    "get",
    "offered",
    "usual",
]
