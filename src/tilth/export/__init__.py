"""What goes out: rows written as training files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tilth.errors import tell
from tilth.export.papers import Provenance as Provenance
from tilth.export.selecting import KEPT as KEPT
from tilth.export.selecting import VERDICTS as VERDICTS
from tilth.export.table import FORMAT_TABLE as FORMAT_TABLE
from tilth.export.writing import FOLDERS as FOLDERS
from tilth.export.writing import FORMATS as FORMATS
from tilth.export.writing import Written as Written
from tilth.export.writing import ready as ready
from tilth.export.writing import write as write

if TYPE_CHECKING:
    import polars as pl


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
    validation: pl.DataFrame | float | None = None,
    split: Mapping[str, float] | None = None,
    random_state: int = 0,
    run: Provenance | Sequence[Provenance] = (),
    card: bool | None = None,
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

    A folder gets a dataset card, written from the run, as its README.md, whose license is left to you; and
    `manifest.json`, with the digests of its files and which rows of which run stand in them, by which
    `tilth.verify` proves them. Beside a file they are called `train.jsonl.README.md` and
    `train.jsonl.manifest.json`. A file of several parts is several files: `train.jsonl`, and
    `train.validation.jsonl` beside it.

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
            "validation", of these verdicts where they have any. Or a share of the rows, such as 0.1, which
            is split off by seed.
        split: Names of parts with their shares, {"train": 0.8, "validation": 0.1, "test": 0.1}, by seed, as
            `tilth.curate.split` makes them. Without it, a column `part` that this made is taken, but by the
            tables, which keep it as a column.
        random_state: What a split draws from.
        run: The run whose rows these are, or several, where they were curated or put together: the card
            tells of them, and the manifest names their rows. `run.save` gives itself.
        card: True writes a dataset card and a manifest beside a file, False leaves them out of a folder.

    Returns:
        The path written.

    Raises:
        ValueError: An unknown format, verdict or option, options that go with no other or not with the
            format, a column that is missing, no row left to write, a path that is a run's file or another
            SQLite database, a model for a format that is no trainer's, validation rows for one that is no
            folder, or a split that cannot be made.
        FileNotFoundError: There is no such folder.
        IsADirectoryError: The path is a folder, and the format a file.
        NotADirectoryError: The path is a file, and the format a folder.
        FileExistsError: The folder holds what is not of this format.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher)
        >>> tilth.save(run.rows, "train.jsonl", format="chat").name
        'train.jsonl'
        >>> folder = run.save("tuning", format="trl", model="Qwen/Qwen3-0.6B", validation=0.2)
        >>> sorted(file.name for file in folder.rglob("*.*"))
        ['README.md', 'manifest.json', 'sft.yaml', 'train.jsonl', 'validation.jsonl']
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
        split=split,
        random_state=random_state,
        run=run,
        card=card,
    )
    for notice in written.notices:
        tell(f"{written.path.name}: {notice}")
    return written.path
