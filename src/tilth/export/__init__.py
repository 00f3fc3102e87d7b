"""What goes out: rows written as training files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tilth.arguments import listed, of_kind, path_of
from tilth.errors import tell
from tilth.export.dataset_folder import ready as _dataset_ready
from tilth.export.dataset_folder import write_folder
from tilth.export.formats import CONTENT, SUFFIXES
from tilth.export.formats import FORMATS as _WRITERS
from tilth.export.hand_over import TRAINERS, hand_over, model_of
from tilth.export.hand_over import ready as _trainer_ready
from tilth.export.options import Options
from tilth.export.selecting import KEPT as KEPT
from tilth.export.selecting import TABLES, selected, without_empty_turns
from tilth.export.selecting import VERDICTS as VERDICTS
from tilth.export.shaping import shaped
from tilth.export.table import BY_NAME
from tilth.export.table import FORMAT_TABLE as FORMAT_TABLE
from tilth.export.targets import node_at, opened

if TYPE_CHECKING:
    import polars as pl

_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})

FORMATS = tuple(_WRITERS)
"""The names of the formats that are files."""

FOLDERS = (*TRAINERS, "datasets")
"""The names of those that are folders: one for each trainer, and one for the `datasets` library."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        path: The file, or the folder.
        rows: How many rows it holds, those of a validation apart.
        notices: What a user should know of it, a sentence each, without its name.
        files: The file, or those of the folder that were written.
    """

    path: Path
    rows: int
    notices: tuple[str, ...]
    files: tuple[Path, ...]


def save(
    rows: pl.DataFrame,
    path: str | os.PathLike[str],
    format: str | None = None,
    verdicts: Collection[str] = KEPT,
    *,
    reasoning: str = "inline",
    answers: str = "full",
    system: bool | str = True,
    metadata: str | Collection[str] = (),
    model: str | os.PathLike[str] | None = None,
    validation: pl.DataFrame | None = None,
) -> Path:
    """Writes rows to a training file; a file already there is replaced once the new one is complete.

    "trl", "axolotl" and "llama-factory" make a folder on which that trainer trains as it is:
    `data/train.jsonl`, its own settings, and a README.md with the command that starts it and the lines that
    bring the result back into a study. The settings are those of Chan et al. (arXiv 2409.19759): 3 epochs, a
    learning rate of at most 4e-5, batches of 128 rows of at most 1,536 tokens, the loss on the last answer
    only. "trl" has a prompt and its completion a line, and `sft.yaml`; "axolotl" conversations that mark the
    turn to learn, and `config.yaml`; "llama-factory" conversations, `dataset_info.json` and `sft.yaml`. A
    folder that was saved so before gets the new files, and what was trained in it stays; one that holds
    anything else is refused.

    The formats:

    | format | what it holds |
    | --- | --- |
    | "parquet" | every column, with its type |
    | "csv" | every column; lists are JSON texts; for spreadsheets |
    | "jsonl" | every column, one row a line |
    | "chat" | `{"messages": [{"role", "content"}, ...]}` a line: OpenAI's fine-tuning and most trainers |
    | "prompt-completion" | `{"prompt": [...], "completion": [...]}` a line, as turns: TRL |
    | "sharegpt" | `{"conversations": [{"from", "value"}, ...]}` a line, from human, gpt and system |
    | "alpaca" | a JSON array of instruction, input (a context below the question, or "") and output |
    | "preference" | `{"prompt": [...], "chosen": [...], "rejected": [...]}` a line, as turns: TRL's DPO |
    | "datasets" | a folder for `datasets.load_dataset`: every column, splits train and validation |
    | "trl", "axolotl", "llama-factory" | a folder, as above |

    "preference" is for a frame with chosen and rejected and question, prompt or messages; the tables take
    one, too. A curated frame's rows with `keep` False are left out, and an `order` column is the order of the
    file; `weight` and `margin` stand in all files but "chat", and in "datasets".

    All but the tables leave out rows with an empty question or a response that is empty or nothing but
    thinking, and keep the teacher's system prompt where the rows have it, in `messages`. "jsonl"
    and "csv" carry no types: where a column opens with nulls, the first row that has a value of it is written
    first, so that readers that take types from the first rows load the file. In CSV, an apostrophe is put in
    front of a text that a spreadsheet would run: one that opens with =, +, -, @, a tab or a line end, unless
    it is a number. What a user should know is told by a `TilthWarning`.

    Args:
        rows: Rows of a run, in the order they are to be written, or a curated frame, or pairs.
        path: Where to write; the folder it lies in must exist. A device or a pipe is written into.
        format: One of those above. Taken from the suffix where not given: .parquet, .csv, .jsonl, and
            "alpaca" for .json.
        verdicts: Verdicts of the rows to write; a frame without verdicts is written whole.
        reasoning: Where a model's thinking goes: "inline" leaves it in the response, in `<think>` tags,
            "drop" leaves it out, "field" puts it in a field of its own: `reasoning_content` in "chat",
            `reasoning` in the other files.
        answers: "full" keeps explanations; "only" makes the read answer the response, and leaves out rows of
            which none was read (OPT-R, arXiv 2305.12001).
        system: True keeps system prompts, False drops them, and a text replaces them in every row.
        metadata: Columns, such as "strategy" and "task", put in front of the question of the first 90 % of
            rows as "strategy: new-question"; the rest goes without, so that a model learns to work without
            it (MeCo, arXiv 2501.01956).
        model: The model that a folder's settings name: on the Hugging Face Hub, or a folder. A small open one
            where not given, "HuggingFaceTB/SmolLM2-135M-Instruct".
        validation: Rows on which a folder's training measures the loss after each epoch, or its split
            "validation", of these verdicts where they have any.

    Returns:
        The path written.

    Raises:
        ValueError: An unknown format, verdict or option, options that go with no other or not with the
            format, a column that is missing, no row left to write, a path that is a run's file or another
            SQLite database, a model for a format that is no trainer's, or validation rows for one that is
            no folder.
        FileNotFoundError: There is no such folder.
        IsADirectoryError: The path is a folder, and the format a file.
        NotADirectoryError: The path is a file, and the format a folder.
        FileExistsError: The folder holds what is not of this format.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher)
        >>> tilth.save(run.rows, "train.jsonl", format="chat").name
        'train.jsonl'
        >>> folder = tilth.save(run.rows, "tuning", format="trl", model="Qwen/Qwen3-0.6B")
        >>> sorted(file.name for file in folder.rglob("*.*"))
        ['README.md', 'sft.yaml', 'train.jsonl']
    """
    written = write(
        rows,
        path,
        format,
        verdicts,
        reasoning=reasoning,
        answers=answers,
        system=system,
        metadata=metadata,
        model=model,
        validation=validation,
    )
    for notice in written.notices:
        tell(f"{written.path.name}: {notice}")
    return written.path


def write(
    rows: pl.DataFrame,
    path: str | os.PathLike[str],
    format: str | None = None,
    verdicts: Collection[str] = KEPT,
    *,
    reasoning: str = "inline",
    answers: str = "full",
    system: bool | str = True,
    metadata: str | Collection[str] = (),
    model: str | os.PathLike[str] | None = None,
    validation: pl.DataFrame | None = None,
) -> Written:
    """Does what `save` does, and gives its notices back instead of warning."""
    path, chosen = ready(path, format)
    options = Options.of(reasoning, answers, system, metadata)
    _fitting(options, chosen)
    named = {verdicts} if isinstance(verdicts, str) else set(listed(verdicts, "verdicts", "verdicts"))
    kept, notices = _prepared(rows, named, chosen, options)
    if chosen in FOLDERS:
        measured_on, of_validation = (
            (None, []) if validation is None else _validation(validation, named, chosen, options)
        )
        if chosen not in TRAINERS:
            _only_for(TRAINERS, chosen, model=model)
            files = write_folder(kept, path, measured_on)
            return Written(path, kept.height, (*notices, *of_validation), files)
        count, told, files = hand_over(kept, path, chosen, model_of(model), measured_on)
        return Written(path, count, (*notices, *of_validation, *told), files)
    _only_for(TRAINERS, chosen, model=model)
    _only_for(FOLDERS, chosen, validation=validation)
    with opened(path) as file:
        told = _WRITERS[chosen](kept, file)
    return Written(path, kept.height, (*_other_suffix(path, chosen), *notices, *told), (path,))


def _only_for(formats: Collection[str], format: str, **given: object) -> None:
    """Raises where something was given that only other formats take."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name}= is for {_listed(tuple(formats))}; {format!r} takes none")


def _fitting(options: Options, format: str) -> None:
    """Raises where a format cannot hold what the options ask for."""
    if options.reasoning == "field" and format in TRAINERS:
        raise ValueError(f"{format!r} has no field for reasoning; pass reasoning='inline' or 'drop'")
    if options.answers == "only" and "answers" not in BY_NAME[format].options:
        raise ValueError(f"answers='only' is for rows with one answer; {format!r} holds two of each question")


def _prepared(
    rows: pl.DataFrame, verdicts: set[str], format: str, options: Options
) -> tuple[pl.DataFrame, list[str]]:
    """The rows as they are written: chosen, then shaped, then without empty ones; a word on each stage."""
    kept, refused = selected(rows, verdicts, BY_NAME[format])
    kept, lost = shaped(kept, options)
    if options.reasoning != "field" and format not in TABLES:
        kept = kept.drop("reasoning", strict=False)  # it stands in no two places
    kept, empty = without_empty_turns(kept, format)
    return kept, [*refused, *lost, *empty]


def ready(path: str | os.PathLike[str], format: str | None = None) -> tuple[Path, str]:
    """Where rows would be saved and in which format, before there are any; raises what `save` would.

    Example:
        >>> from tilth.export import ready
        >>> ready("train.jsonl")[1]
        'jsonl'
    """
    path = path_of(path)
    chosen = _format(path, format)
    if chosen in TRAINERS:
        _trainer_ready(path, chosen)
    elif chosen in FOLDERS:
        _dataset_ready(path)
    else:
        node_at(path)
    return path, chosen


def _other_suffix(path: Path, format: str) -> list[str]:
    """A word where the name's end stands for another kind of file."""
    if path.suffix.lower() in _PACKED:
        notice = (
            "it is not compressed, and a name like its own stands for a file that is; readers that go by the "
            f"name need {path.stem}"
        )
        return [notice]
    content, suffix = CONTENT[format]
    usual = SUFFIXES.get(path.suffix.lower())
    if usual is None or CONTENT[usual][0] == content:
        return []
    notice = (
        f"it holds {content} (format {format!r}), and a name like its own stands for {CONTENT[usual][0]}; "
        f"readers that go by the name need {path.stem}{suffix}"
    )
    return [notice]


def _format(path: Path, format: str | None) -> str:
    formats = _listed((*FORMATS, *FOLDERS))
    if format is None:
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"{path.name!r} does not say its format; pass format=, one of {formats}")
        return SUFFIXES[suffix]
    if of_kind(format, str, "format", f"one of {formats}") not in (*FORMATS, *FOLDERS):
        raise ValueError(f"there is no format {format!r}; there are {formats}")
    return format


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def _validation(
    rows: pl.DataFrame, verdicts: set[str], format: str, options: Options
) -> tuple[pl.DataFrame, list[str]]:
    """The validation rows to write, as `write` takes its own, and a word on those that are left out."""
    import polars as pl

    of_kind(rows, pl.DataFrame, "validation", "a frame with question and response, such as run.rows")
    try:
        kept, notices = _prepared(rows, verdicts, format, options)
    except ValueError as error:
        raise ValueError(f"validation: {error}") from None
    return kept, [f"validation: {notice}" for notice in notices]
