"""The models that answer and write: one client for every OpenAI-compatible endpoint."""

from __future__ import annotations

from tilth.errors import TeacherError
from tilth.teacher.call_error import CallError
from tilth.teacher.client import Teacher
from tilth.teacher.http.answers.replies import Completion
from tilth.teacher.http.endpoint import Endpoint
from tilth.teacher.pacing.gate import Gate, Wait
from tilth.teacher.prices import Price
from tilth.teacher.recorded import RecordedTeacher

__all__ = [
    "CallError",
    "Completion",
    "Endpoint",
    "Gate",
    "Price",
    "RecordedTeacher",
    "Teacher",
    "TeacherError",
    "Wait",
]
