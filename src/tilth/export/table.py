"""All formats in one table, for whoever offers them: names, what they are for, and what each takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: What `format=` takes.
        title: What a page calls it.
        about: What it holds and who reads it, in one sentence.
        suffix: The end of its file's name; "" for a folder.
        takes: "rows", answered questions, or "pairs" of chosen and rejected, or both.
        options: The keyword arguments of `save` that it takes.
    """

    name: str
    title: str
    about: str
    suffix: str
    takes: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def folder(self) -> bool:
        """Whether it is a folder."""
        return not self.suffix


_ALL = ("reasoning", "answers", "system", "metadata")
_OF_PAIRS = ("reasoning", "system", "metadata")
_OF_FOLDERS = (*_ALL, "model", "validation")
_ROWS, _PAIRS, _BOTH = ("rows",), ("pairs",), ("rows", "pairs")

FORMAT_TABLE = (
    Format("parquet", "Parquet", "Every column with its type.", ".parquet", _BOTH, _ALL),
    Format("chat", "Chat", "One conversation a line; OpenAI and most trainers.", ".jsonl", _ROWS, _ALL),
    Format("alpaca", "Alpaca", "A JSON array of instruction, input and output.", ".json", _ROWS, _ALL),
    Format(
        "prompt-completion",
        "Prompt and completion",
        "TRL's prompt and completion, as turns.",
        ".jsonl",
        _ROWS,
        _ALL,
    ),
    Format("sharegpt", "ShareGPT", "Conversations of from and value, one a line.", ".jsonl", _ROWS, _ALL),
    Format(
        "preference",
        "Preference pairs",
        "TRL's prompt, chosen and rejected, as turns.",
        ".jsonl",
        _PAIRS,
        _OF_PAIRS,
    ),
    Format("csv", "CSV", "Every column, lists as JSON texts; spreadsheets.", ".csv", _BOTH, _ALL),
    Format("jsonl", "JSON lines", "Every column, one row a line.", ".jsonl", _BOTH, _ALL),
    Format(
        "datasets", "Hugging Face datasets", "A folder for load_dataset.", "", _BOTH, (*_ALL, "validation")
    ),
    Format("trl", "TRL", "A folder that TRL trains on.", "", _ROWS, _OF_FOLDERS),
    Format("axolotl", "Axolotl", "A folder that Axolotl trains on.", "", _ROWS, _OF_FOLDERS),
    Format(
        "llama-factory", "LLaMA-Factory", "A folder that LLaMA-Factory trains on.", "", _ROWS, _OF_FOLDERS
    ),
)
"""Every format, in the order in which they are offered."""

BY_NAME = {one.name: one for one in FORMAT_TABLE}


def is_pairs(columns: list[str]) -> bool:
    """Whether a frame with these columns holds preference pairs."""
    return "chosen" in columns and "rejected" in columns
