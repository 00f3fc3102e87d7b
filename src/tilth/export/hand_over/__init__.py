"""Rows handed over to a trainer: a folder with the data and settings that train on it as they are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tilth.arguments import kind_of
from tilth.export.formats import json_line
from tilth.export.hand_over.axolotl import AXOLOTL
from tilth.export.hand_over.folder import filled, free
from tilth.export.hand_over.llama_factory import LLAMA_FACTORY
from tilth.export.hand_over.readme import mark, readme
from tilth.export.hand_over.trainer import BATCH, TRAIN, VALIDATION, Contents, Trainer, Turns
from tilth.export.hand_over.trl import TRL
from tilth.export.manifest import MANIFEST
from tilth.export.papers import README, Papers
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


def taking_turns(rows: pl.DataFrame, format: str) -> tuple[pl.DataFrame, list[str]]:
    """The rows that a trainer takes, and a word on the others.

    Raises:
        ValueError: There is none.
    """
    import polars as pl

    fit = pl.Series([_alternate(turns_of(row)) for row in rows.iter_rows(named=True)], dtype=pl.Boolean)
    left_out = rows.height - int(fit.sum())
    if not left_out:
        return rows, []
    which = (
        f"{left_out:,} {'row' if left_out == 1 else 'rows'} in which user and assistant do not take turns up "
        "to an answer"
    )
    if left_out == rows.height:
        raise ValueError(f"no row can be saved as {format!r}: {which}")
    return rows.filter(fit), [f"left out: {which}"]


def hand_over(
    rows: pl.DataFrame,
    path: Path,
    format: str,
    model: str,
    validation: pl.DataFrame | None,
    papers: Papers | None = None,
) -> tuple[list[str], tuple[Path, ...]]:
    """Fills the folder with rows that take turns: what a user should know of it, and its files.

    Raises what `ready` raises.
    """
    trainer, digest = TRAINERS[format], hashlib.sha256()
    ready(path, format)
    data = {TRAIN: rows} if validation is None else {TRAIN: rows, VALIDATION: validation}
    with filled(path, optional=[VALIDATION, MANIFEST]) as folder:
        (folder / TRAIN).parent.mkdir()
        for name, part in data.items():
            with (folder / name).open("xb") as file:
                write_examples(part, file, trainer)
            digest.update((folder / name).read_bytes())
        measured_on = 0 if validation is None else validation.height
        contents = Contents(
            model, rows.height, measured_on, digest.hexdigest()[:12], _opens_with_system(rows)
        )
        texts = dict(trainer.files(contents))
        for name, text in texts.items():
            (folder / name).write_bytes(text.encode())
        page = readme(trainer, contents)
        if papers is None:
            (folder / README).write_bytes(page.encode())
        else:
            papers.fill(folder, data, others=list(texts), mark=mark(trainer), page=page)
    notices = []
    if contents.steps < _FEW_STEPS:
        steps = f"{contents.steps} {'step' if contents.steps == 1 else 'steps'} of up to {BATCH} rows"
        notices.append(
            f"its training takes {steps}, after which a model has hardly changed; for more steps, lower "
            f"gradient_accumulation_steps in {trainer.config}"
        )
    names = (*data, *texts, README, *([] if papers is None else [MANIFEST]))
    return notices, tuple(path / name for name in names)


def write_examples(rows: pl.DataFrame, file: IO[bytes], trainer: Trainer) -> None:
    """Writes rows that take turns as the trainer's data."""
    for turns in map(turns_of, rows.iter_rows(named=True)):
        file.write(json_line(trainer.example(turns)))


def _opens_with_system(rows: pl.DataFrame) -> bool:
    return any(turns_of(row)[0]["role"] == "system" for row in rows.iter_rows(named=True))


def _alternate(turns: Turns) -> bool:
    """Whether user and assistant take turns, behind a system prompt or none, up to an answer."""
    roles = [turn["role"] for turn in turns]
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    return len(spoken) > 0 and spoken == ["user", "assistant"] * (len(spoken) // 2)
