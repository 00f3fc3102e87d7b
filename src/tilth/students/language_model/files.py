"""The files of a model that is to be tuned, and how many parameters they hold."""

from __future__ import annotations

from pathlib import Path

from tilth.errors import ModelMissing
from tilth.teacher.local.models import LocalModel, gguf_file, model_folder

_GGUF_BYTES, _FOLDER_BYTES = 0.73, 2.0
"""Bytes of a parameter: in the usual GGUF files of four to five bits, and in safetensors of 16."""


def found(model: str | None) -> LocalModel:
    """The files of a model on this machine: a folder or a Hub id with safetensors, else a GGUF.

    Raises:
        ModelMissing: There is none.
    """
    if model is None or model.endswith(".gguf"):
        return gguf_file(model)
    try:
        return model_folder(model)
    except ModelMissing:
        if Path(model).is_dir():
            raise
        return gguf_file(model)


def parameters_of(files: LocalModel) -> int:
    """About how many parameters the files hold, by their size: for a plan, without loading them."""
    return round(files.size / (_FOLDER_BYTES if files.path.is_dir() else _GGUF_BYTES))
