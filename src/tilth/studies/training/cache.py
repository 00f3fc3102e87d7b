"""Trained cells that are kept between studies, and the folders in which trainings under way lie.

A training of minutes is never done twice: whatever study asks for the same rows, student and questions gets
the answers of the first. Files are small JSON texts, written whole and in one step; one that cannot be read
as what it must be is as good as none.
"""

from __future__ import annotations

import json
import math
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from tilth.engine.file.format.digests import digest
from tilth.students.base import StudentAnswer
from tilth.studies.training.measure import Job, Replies, Training, pairs_of

ROOM = "students"
"""Where in the user's cache they lie."""

_VERSION = 1
_LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that is read."""

_FORGOTTEN = 30 * 24 * 3600
"""Seconds after which a training that nobody went on with is thrown away."""

_LONGEST_NAME = 200


@dataclass(frozen=True)
class Keys:
    """The keys of one training: by what decides its model, and by that and what it is asked."""

    training: str
    cell: str

    @classmethod
    def of(cls, job: Job, training: Training) -> Keys:
        """Those of a training here, in the process that does it."""
        student = training.student
        decides = {
            "version": _VERSION,
            "student": student.identity(),
            "untrained": training.untrained,
            "rows": [] if training.untrained else pairs_of(job, training),
            "random_state": job.random_state,
            "task": job.task.identity(),
            "validation": job.validation,
            "machine": student.machine(),
        }
        asked = [[question for question, _ in questions] for questions in job.tests.values()]
        return cls(digest(decides), digest({**decides, "asked": asked}))


@dataclass(frozen=True)
class KeptReplies:
    """The replies of a cell that was measured before, and the CPU seconds that it took then."""

    replies: Replies
    seconds: float


class CellCache:
    """The cells kept in one folder. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._cells = folder / "cells"
        self._trainings = folder / "trainings"

    def training(self, keys: Keys) -> Path:
        """The folder of a training; `done` removes it."""
        return self._trainings / keys.training[:32]

    def lock(self, keys: Keys) -> FileLock:
        """Held by the one process that does a training.

        Raises:
            OSError: The folder cannot be written.
        """
        self._trainings.mkdir(parents=True, exist_ok=True)
        return FileLock(f"{self.training(keys)}.lock")

    def get(self, keys: Keys, tests: Mapping[str, Sequence[Any]]) -> KeptReplies | None:
        """The replies that were kept, for test sets of these names; None where there are none to be read."""
        path = self._path(keys)
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST + 1)
            if len(text) > _LARGEST:
                return None
            return _read(json.loads(text), keys, tests)
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def put(self, keys: Keys, replies: Replies, seconds: float) -> None:
        """Keeps replies. Where the folder cannot be written they are not kept, and nothing else happens."""
        told = {
            "version": _VERSION,
            "key": keys.cell,
            "answers": [
                [[answer.text, answer.cut_off] for answer in answers] for answers in replies.given.values()
            ],
            "limited": replies.limited,
            "trained_on": replies.trained_on,
            "machine": replies.machine,
            "seconds": seconds,
        }
        path = self._path(keys)
        whole = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                whole.write_text(json.dumps(told), encoding="utf-8")
                whole.replace(path)
            finally:
                whole.unlink(missing_ok=True)

    def done(self, keys: Keys) -> None:
        """Throws away what a measured training has left, and what others left long ago."""
        shutil.rmtree(self.training(keys), ignore_errors=True)
        with suppress(OSError):  # who waits for its lock finds the answers, and needs none
            Path(f"{self.training(keys)}.lock").unlink()
        with suppress(OSError):
            for left in self._trainings.iterdir():
                if time.time() - left.stat().st_mtime > _FORGOTTEN:
                    shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()

    def _path(self, keys: Keys) -> Path:
        return self._cells / keys.cell[:2] / f"{keys.cell[2:34]}.json"


def _read(told: Any, keys: Keys, tests: Mapping[str, Sequence[Any]]) -> KeptReplies:
    """Raises what is caught above where the file is not what `put` writes."""
    if told["version"] != _VERSION or told["key"] != keys.cell:
        raise ValueError("another cell")
    given = {
        name: [_answer(*answer) for answer in answers]
        for (name, questions), answers in zip(tests.items(), told["answers"], strict=True)
        if len(questions) == len(answers)
    }
    seconds, trained_on, machine = float(told["seconds"]), told["trained_on"], told["machine"]
    if len(given) != len(tests) or not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError("not whole")
    if not (trained_on is None or (isinstance(trained_on, int) and 0 <= trained_on < 2**53)):
        raise ValueError("no count of rows")
    if not (machine is None or (isinstance(machine, str) and len(machine) <= _LONGEST_NAME)):
        raise ValueError("no name of a machine")
    return KeptReplies(Replies(given, told["limited"] is True, trained_on, machine), seconds)


def _answer(text: Any, cut_off: Any) -> StudentAnswer:
    if not (text is None or isinstance(text, str)) or not isinstance(cut_off, bool):
        raise TypeError("no answer")
    return StudentAnswer(text, cut_off)
