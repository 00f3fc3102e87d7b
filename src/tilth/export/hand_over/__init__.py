"""Rows handed over to a trainer: a folder with the data and settings that train on it as they are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tilth.arguments import kind_of
from tilth.export.formats import json_line
from tilth.export.hand_over.axolotl import AXOLOTL
from tilth.export.hand_over.folder import filled, free
from tilth.export.hand_over.llama_factory import LLAMA_FACTORY
from tilth.export.hand_over.readme import mark, readme
from tilth.export.hand_over.trainer import BATCH, TRAIN, VALIDATION, Contents, Trainer, Turns
from tilth.export.hand_over.trl import TRL
from tilth.export.shaping import turns_of

if TYPE_CHECKING:
    import polars as pl

TRAINERS: Mapping[str, Trainer] = {"trl": TRL, "axolotl": AXOLOTL, "llama-factory": LLAMA_FACTORY}
"""The trainers, by the names of their formats."""

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""The model to tune unless another is named: small enough for any machine, and free for all uses."""

_FEW_STEPS = 50
"""Steps below which a model hardly changes at the preset's learning rate."""

_LONGEST_NAME = 1_000  # characters of a model's name


def ready(path: Path, format: str) -> None:
    """Raises where the format's folder cannot be written; see `tilth.export.hand_over.folder.free`."""
    free(path, mark(TRAINERS[format]))


def model_of(given: str | os.PathLike[str] | None) -> str:
    """The model to name in the settings: one on the Hub as it is called, a folder here by its full path.

    Raises:
        TypeError: It is neither text nor a path.
        ValueError: It is empty, or too long or not printable.
    """
    if given is None:
        return MODEL
    if not isinstance(given, str | os.PathLike):
        raise TypeError(f"model is {kind_of(given)}; pass a model's name on the Hub, or its folder")
    name = str(given)
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ValueError(
            f"model must be a name of 1 to {_LONGEST_NAME:,} printable characters, such as {MODEL!r}"
        )
    return str(Path(name).resolve()) if Path(name).is_dir() else name


def hand_over(
    rows: pl.DataFrame, path: Path, format: str, model: str, validation: pl.DataFrame | None
) -> tuple[int, list[str], tuple[Path, ...]]:
    """Fills the folder: how many rows it holds to train on, what a user should know of it, and its files.

    Raises what `ready` raises, and `ValueError` where no row, or no validation row, can be trained on.
    """
    trainer, digest = TRAINERS[format], hashlib.sha256()
    ready(path, format)
    with filled(path, optional=[VALIDATION]) as folder:
        data = folder / TRAIN
        data.parent.mkdir()
        count, left_out, system = _write(rows, data, trainer, digest)
        notices = _told(left_out, "rows")
        if not count:
            raise ValueError(f"no row can be saved as {format!r}: {notices[0].removeprefix('left out: ')}")
        measured_on = 0
        if validation is not None:
            measured_on, left_out, _ = _write(validation, folder / VALIDATION, trainer, digest)
            notices += _told(left_out, "validation rows")
            if not measured_on:
                raise ValueError(f"no validation row can be saved as {format!r}")
        contents = Contents(model, count, measured_on, digest.hexdigest()[:12], system)
        texts = {**trainer.files(contents), "README.md": readme(trainer, contents)}
        for name, text in texts.items():
            (folder / name).write_bytes(text.encode())
    if contents.steps < _FEW_STEPS:
        steps = f"{contents.steps} {'step' if contents.steps == 1 else 'steps'} of up to {BATCH} rows"
        notices.append(
            f"its training takes {steps}, after which a model has hardly changed; for more steps, lower "
            f"gradient_accumulation_steps in {trainer.config}"
        )
    names = (TRAIN, *([VALIDATION] if measured_on else []), *texts)
    return count, notices, tuple(path / name for name in names)


def _write(rows: pl.DataFrame, file: Path, trainer: Trainer, digest: hashlib._Hash) -> tuple[int, int, bool]:
    """Rows written, rows left out, and whether one opens with a system prompt; the digest takes them in."""
    written = left_out = 0
    system = False
    with file.open("xb") as opened:
        for turns in map(turns_of, rows.iter_rows(named=True)):
            if not _alternate(turns):
                left_out += 1
                continue
            line = json_line(trainer.example(turns))
            digest.update(line)
            opened.write(line)
            written += 1
            system |= turns[0]["role"] == "system"
    return written, left_out, system


def _alternate(turns: Turns) -> bool:
    """Whether user and assistant take turns, behind a system prompt or none, up to an answer."""
    roles = [turn["role"] for turn in turns]
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    return len(spoken) > 0 and spoken == ["user", "assistant"] * (len(spoken) // 2)


def _told(left_out: int, what: str) -> list[str]:
    if not left_out:
        return []
    which = f"{left_out:,} {what if left_out > 1 else what[:-1]}"
    return [f"left out: {which} in which user and assistant do not take turns up to an answer"]
