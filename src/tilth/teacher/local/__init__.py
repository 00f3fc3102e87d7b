"""A language model on this machine as a teacher: a llama.cpp server of our own behind the usual client."""

from __future__ import annotations

from tilth.teacher.local.client import LOCAL, LocalTeacher, local
from tilth.teacher.local.models import LocalModel, gguf_file, installed, model_folder

__all__ = ["LOCAL", "LocalModel", "LocalTeacher", "gguf_file", "installed", "local", "model_folder"]
