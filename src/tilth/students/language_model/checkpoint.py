"""Where a training stands, in one file of a folder, so that a later sitting goes on from there."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tilth.errors import StudentError
from tilth.students.language_model.adapter import CONFIG, WEIGHTS, Adapter, read_matrices
from tilth.students.language_model.course import Course

_FILE = "training.safetensors"
_COURSE = "training.json"

Matrices = dict[str, torch.Tensor]
"""Those of an adapter, as `Adapter.state` gives them."""


@dataclass(frozen=True)
class Standing:
    """What a checkpoint holds."""

    course: Course
    adapter: Matrices
    optimizer: dict[str, Any]
    best: Matrices | None


@dataclass(frozen=True)
class Checkpoint:
    """The file of one training.

    Attributes:
        folder: Where it is.
        key: Digest of what is trained: rows, settings, random_state. Another training's file is refused.
    """

    folder: Path
    key: str

    def claim(self) -> None:
        """Makes the folder, before minutes are spent on what could not be written there.

        Raises:
            StudentError: It cannot be written, or holds an adapter that no training left here.
        """
        ours = any((self.folder / name).exists() for name in (_FILE, _COURSE))
        if not ours and any((self.folder / name).exists() for name in (WEIGHTS, CONFIG)):
            raise StudentError(f"{self.folder} holds another adapter; take another folder, or remove it")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise StudentError(
                f"{self.folder}: no training can be kept there ({error.strerror}); take another folder"
            ) from None

    def write(
        self,
        adapter: Adapter,
        optimizer: torch.optim.Optimizer,
        course: Course,
        best: Matrices | None,
    ) -> None:
        """Writes where it stands; a kill in between leaves the file as it was."""
        state = optimizer.state_dict()
        tensors = {f"adapter.{name}": matrix for name, matrix in adapter.state().items()}
        for place, kept in state["state"].items():
            tensors |= {f"optimizer.{place}.{name}": value.cpu() for name, value in kept.items()}
        if best is not None:
            tensors |= {f"best.{name}": matrix for name, matrix in best.items()}
        told = {
            "course": asdict(course),
            "groups": state["param_groups"],
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{_FILE}.{os.getpid()}"
        try:
            save_file(tensors, part, metadata={"key": self.key, "standing": json.dumps(told)})
            part.replace(self.folder / _FILE)
        finally:
            part.unlink(missing_ok=True)

    def read(self) -> Standing | None:
        """Where it stood; None where there is nothing, or a broken file.

        Raises:
            StudentError: The folder holds another training.
        """
        tensors: dict[str, dict[str, torch.Tensor]] = {"adapter": {}, "optimizer": {}, "best": {}}
        try:
            with safe_open(self.folder / _FILE, framework="pt") as file:
                metadata = file.metadata() or {}
                for name in file.keys():  # noqa: SIM118 - it is no dict
                    kind, _, rest = name.partition(".")
                    tensors[kind][rest] = file.get_tensor(name)
            told = json.loads(metadata["standing"])
            course = _course(told["course"])
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None
        if metadata.get("key") != self.key:
            raise self._another()
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in tensors["optimizer"].items():
            place, _, kind = name.partition(".")
            state.setdefault(int(place), {})[kind] = value
        optimizer = {"state": state, "param_groups": told["groups"]}
        return Standing(course, tensors["adapter"], optimizer, tensors["best"] or None)

    def finish(self, adapter: Adapter, base: str, course: Course) -> None:
        """Leaves the trained adapter, and how the training went, in the place of where it stood."""
        adapter.save(self.folder, base)
        told = json.dumps({"key": self.key, "course": asdict(course)})
        part = self.folder / f"{_COURSE}.{os.getpid()}"
        part.write_text(told, encoding="utf-8")
        part.replace(self.folder / _COURSE)
        (self.folder / _FILE).unlink(missing_ok=True)

    def finished(self, adapter: Adapter) -> Course | None:
        """How the training went that has ended here, its result put into `adapter`; None where none has.

        Raises:
            StudentError: The folder holds another training.
        """
        try:
            told = json.loads((self.folder / _COURSE).read_text("utf-8"))
            course = _course(told["course"])
            other = told["key"] != self.key
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if other:
            raise self._another()
        adapter.restore(read_matrices(self.folder))
        return course

    def _another(self) -> StudentError:
        return StudentError(
            f"{self.folder} holds a training of other rows or settings; take another folder, or remove it"
        )


def _course(told: dict[str, Any]) -> Course:
    course = Course(**told)
    course.validation = [(step, loss) for step, loss in course.validation]
    return course
