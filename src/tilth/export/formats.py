"""The formats of training files: how each writes rows, and what it leaves out."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
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
    for row in rows.iter_rows(named=True):
        file.write(json_line({"messages": turns_of(row)}))
    if rows.height >= _LEAST_EXAMPLES:
        return []
    notice = (
        f"it holds {rows.height}, which most trainers take, but OpenAI's fine-tuning takes no file of fewer "
        f"than {_LEAST_EXAMPLES} examples"
    )
    return [notice]


def write_alpaca(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """A JSON array of instruction, input and output, and of `system` where the rows have a system prompt."""
    for place, row in enumerate(rows.iter_rows(named=True)):
        example = {"instruction": row["question"], "input": "", "output": row["response"]}
        first = (row.get("messages") or [{"role": "user"}])[0]
        if first["role"] == "system":
            example["system"] = first["content"]
        file.write((b",\n" if place else b"[\n") + _json(example))
    file.write(b"\n]\n")
    return []


def turns_of(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row as a conversation: its own, or its question and its response."""
    return row.get("messages") or [
        {"role": "user", "content": row["question"]},
        {"role": "assistant", "content": row["response"]},
    ]


def with_empty_turns(rows: pl.DataFrame) -> list[bool]:
    """Which rows have an empty turn: from one, a model learns to say nothing."""
    wanted = [name for name in ("question", "response", "messages") if name in rows.columns]
    return [
        any(
            map(_is_empty, (question, response, *(turn["content"] for one in messages for turn in one or ())))
        )
        for question, response, *messages in rows.select(wanted).iter_rows()
    ]


def _is_empty(content: str | None) -> bool:
    if not content or not content.strip():
        return True
    return "think" in content.lower() and not _THINKING.sub("", content).strip()


def json_line(value: Any) -> bytes:
    """An object as a line of JSON lines, whoever splits lines."""
    return _json(value) + b"\n"


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

CONVERSATIONS = frozenset({"chat", "alpaca"})
"""The formats that hold turns and nothing else; the others are tables of all there is."""

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
