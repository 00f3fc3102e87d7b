"""The formats of training files: how each writes rows, and what it leaves out."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from tilth.export.types import typed_first

if TYPE_CHECKING:
    import polars as pl

Writer = Callable[["pl.DataFrame", IO[bytes]], list[str]]
"""Writes rows to a file and says what a user should know of it."""

_SLICE = 10_000
_LEAST_EXAMPLES = 10
"""Examples that OpenAI's fine-tuning takes at least; it refuses smaller files."""

# JSON may hold these line ends as they are, and readers that split by str.splitlines() then break a line.
_LINE_ENDS = tuple((chr(code).encode(), f"\\u{code:04x}".encode()) for code in (0x85, 0x2028, 0x2029))

# An opening tag may stand in the prompt, so that a reply only closes it; one may never be closed.
_THINKING = re.compile(
    r"\A(?:(?!<think).)*</think(?:ing)?>|<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.IGNORECASE | re.DOTALL
)


def write_parquet(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """Every column with its type."""
    rows.write_parquet(file)
    return []


def write_csv(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """Every column; lists are JSON texts. Texts stay as they are, whatever a spreadsheet makes of them."""
    import polars as pl

    nested = [column for column in rows if column.dtype.is_nested()]
    texts = [
        pl.Series(
            column.name,
            [None if value is None else json.dumps(value, ensure_ascii=False) for value in column.to_list()],
            dtype=pl.String,
        )
        for column in nested
    ]
    flat = rows.with_columns(texts)
    typed_first(flat, texts_may_look_like_numbers=True).write_csv(file)
    formulas = [
        name for name in flat.columns if flat[name].dtype == pl.String and _opens_as_formula(flat[name])
    ]
    if not formulas:
        return []
    notice = (
        f"some texts in {', '.join(map(repr, formulas))} open with = or @ and are written as they are: in a "
        "spreadsheet, import the columns as text, or these run as formulas"
    )
    return [notice]


def _opens_as_formula(texts: pl.Series) -> bool:
    return bool(texts.str.contains(r"^[\s]*[=@]").any())


def write_jsonl(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """Every column, an object a line."""
    for part in typed_first(rows).iter_slices(_SLICE):
        buffer = io.BytesIO()
        part.write_ndjson(buffer)
        file.write(_escaped(buffer.getvalue()))
    return []


def write_chat(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """A conversation a line: the teacher's system prompt where the rows have it, then the turns."""
    written = 0
    for row in _with_all_turns(rows):
        messages = row.get("messages") or [
            {"role": "user", "content": row["question"]},
            {"role": "assistant", "content": row["response"]},
        ]
        file.write(_json({"messages": messages}) + b"\n")
        written += 1
    notices = _left_out(rows.height - written)
    if written < _LEAST_EXAMPLES:
        notices.append(
            f"it holds {written}, which most trainers take, but OpenAI's fine-tuning takes no file of fewer "
            f"than {_LEAST_EXAMPLES} examples"
        )
    return notices


def write_alpaca(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """A JSON array of instruction, input and output, and of `system` where the rows have a system prompt."""
    written = 0
    for row in _with_all_turns(rows):
        example = {"instruction": row["question"], "input": "", "output": row["response"]}
        first = (row.get("messages") or [{"role": "user"}])[0]
        if first["role"] == "system":
            example["system"] = first["content"]
        file.write((b",\n" if written else b"[\n") + _json(example))
        written += 1
    file.write(b"\n]\n")
    return _left_out(rows.height - written)


def _with_all_turns(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows without an empty turn: from one, a model learns to say nothing.

    Raises:
        ValueError: There is no such row.
    """
    found = False
    for row in rows.iter_rows(named=True):
        turns = [row["question"], row["response"], *(m["content"] for m in row.get("messages") or ())]
        if not any(map(_is_empty, turns)):
            found = True
            yield row
    if not found:
        raise ValueError(
            "no row can be saved in this format: each has an empty question, or a response that is empty or "
            "nothing but thinking"
        )


def _is_empty(content: str | None) -> bool:
    if not content or not content.strip():
        return True
    return "think" in content.lower() and not _THINKING.sub("", content).strip()


def _left_out(count: int) -> list[str]:
    if not count:
        return []
    rows = "1 row is" if count == 1 else f"{count:,} rows are"
    return [f"{rows} left out, with an empty question or a response that is empty or nothing but thinking"]


def _json(value: Any) -> bytes:
    return _escaped(json.dumps(value, ensure_ascii=False).encode())


def _escaped(text: bytes) -> bytes:
    for line_end, escape in _LINE_ENDS:
        text = text.replace(line_end, escape)
    return text


FORMATS: Mapping[str, Writer] = {
    "parquet": write_parquet,
    "chat": write_chat,
    "alpaca": write_alpaca,
    "csv": write_csv,
    "jsonl": write_jsonl,
}

SUFFIXES: Mapping[str, str] = {
    ".parquet": "parquet",
    ".json": "alpaca",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
"""The format that a file's name stands for."""

CONTENT: Mapping[str, tuple[str, str]] = {
    "parquet": ("Parquet", ".parquet"),
    "chat": ("JSON lines", ".jsonl"),
    "alpaca": ("a JSON array", ".json"),
    "csv": ("CSV", ".csv"),
    "jsonl": ("JSON lines", ".jsonl"),
}
"""What a format's file is, and the name's end that readers expect of it."""
