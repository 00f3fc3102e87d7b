"""The formats of training files: how each writes rows, and what it leaves out."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any

from tilth.export.shaping import answer_turns, prompt_of, turns_of
from tilth.export.table import is_pairs
from tilth.export.thinking import is_empty

if TYPE_CHECKING:
    import polars as pl

Writer = Callable[["pl.DataFrame", IO[bytes]], list[str]]
"""Writes rows to a file and says what a user should know of it."""

_SLICE = 10_000
_LEAST_EXAMPLES = 10
"""Examples that OpenAI's fine-tuning takes at least; it refuses smaller files."""

# JSON may hold these line ends as they are, and readers that split by str.splitlines() then break a line.
_LINE_ENDS = tuple((chr(code).encode(), f"\\u{code:04x}".encode()) for code in (0x85, 0x2028, 0x2029))

_FORMULA = r"^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]"
_NUMBER = r"^[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?%?$"
"""What a cell opens with that a spreadsheet runs, unless it is a number: a list of OWASP's."""

_ROLES = {"user": "human", "assistant": "gpt", "system": "system"}
"""ShareGPT's names of those who speak."""

_CONTEXT = re.compile(
    r"\n\n(?=(?:Contexts?|Passages?|Article|Paragraph|Document|Story|Background|Input|Table|Evidence|"
    r"External knowledge|Starter code):[ \n])"
)
"""Where what belongs to a question begins, below it, as `tilth.seeds` puts it."""


def write_parquet(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """Every column with its type."""
    rows.write_parquet(file)
    return []


def write_csv(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """Every column; lists are JSON texts, and what a spreadsheet would run is kept from it."""
    import polars as pl
    from polars import selectors as cs

    texts = [
        pl.Series(
            column.name,
            [None if value is None else json.dumps(value, ensure_ascii=False) for value in column.to_list()],
            dtype=pl.String,
        )
        for column in rows
        if column.dtype.is_nested()
    ]
    flat = rows.with_columns(texts).with_columns(cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String))
    words = [name for name in flat.columns if flat[name].dtype == pl.String]
    runs = {name: _is_formula(pl.col(name)) for name in words}
    counts = flat.select(found.sum().alias(name) for name, found in runs.items())
    safe = flat.with_columns(
        pl.when(found).then(pl.lit("'") + pl.col(name)).otherwise(pl.col(name)).alias(name)
        for name, found in runs.items()
    )
    safe.write_csv(file)
    touched = {name: counts[name][0] for name in words if counts[name][0]}
    if not touched:
        return []
    count = sum(touched.values())
    notice = (
        f"{count:,} {'cell' if count == 1 else 'cells'} in {', '.join(map(repr, touched))} that a "
        "spreadsheet would run as a formula got an apostrophe in front; other formats hold them as they are"
    )
    return [notice]


def _is_formula(text: pl.Expr) -> pl.Expr:
    return (text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)).fill_null(value=False)


def write_jsonl(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """Every column, an object a line."""
    for part in rows.iter_slices(_SLICE):
        buffer = io.BytesIO()
        part.write_ndjson(buffer)
        file.write(_escaped(buffer.getvalue()))
    return []


def write_chat(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """A conversation a line: the teacher's system prompt where the rows have it, then the turns."""
    for row in rows.iter_rows(named=True):
        turns = turns_of(row)
        if "reasoning" in row and turns[-1]["role"] == "assistant":
            turns = [*turns[:-1], {**turns[-1], "reasoning_content": row["reasoning"] or ""}]
        file.write(json_line({"messages": turns}))
    if rows.height >= _LEAST_EXAMPLES:
        return []
    notice = (
        f"it holds {rows.height}, which most trainers take, but OpenAI's fine-tuning takes no file of fewer "
        f"than {_LEAST_EXAMPLES} examples"
    )
    return [notice]


def write_prompt_completion(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """TRL's prompt and completion, each a list of turns; the last turn is the completion."""
    for row in rows.iter_rows(named=True):
        turns = turns_of(row)
        file.write(json_line({"prompt": turns[:-1], "completion": turns[-1:], **_aside(rows, row)}))
    return []


def write_sharegpt(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """ShareGPT's conversations of from and value."""
    for row in rows.iter_rows(named=True):
        turns = [
            {"from": _ROLES.get(turn["role"], turn["role"]), "value": turn["content"]}
            for turn in turns_of(row)
        ]
        file.write(json_line({"conversations": turns, **_aside(rows, row)}))
    return []


def write_alpaca(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """A JSON array of instruction, input and output, and of `system` where the rows have a system prompt."""
    some_system = "messages" in rows.columns and any(
        turns and turns[0]["role"] == "system" for turns in rows["messages"].to_list()
    )
    for place, row in enumerate(rows.iter_rows(named=True)):
        instruction, context = _context_apart(row["question"])
        example = {"instruction": instruction, "input": context, "output": row["response"]}
        if some_system:
            first = (row["messages"] or [{"role": "user"}])[0]
            example["system"] = first["content"] if first["role"] == "system" else ""
        file.write((b",\n" if place else b"[\n") + _json({**example, **_aside(rows, row)}))
    file.write(b"\n]\n")
    return []


def write_preference(rows: pl.DataFrame, file: IO[bytes]) -> list[str]:
    """TRL's prompt, chosen and rejected, each a list of turns."""
    for row in rows.iter_rows(named=True):
        pair = {name: answer_turns(row[name]) for name in ("chosen", "rejected")}
        file.write(json_line({"prompt": prompt_of(row), **pair, **_aside(rows, row)}))
    return []


def _aside(rows: pl.DataFrame, row: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside the turns: the same fields in every line, so that the first shows them all."""
    fields: dict[str, Any] = {name: row[name] for name in ("weight", "margin") if name in rows.columns}
    if "reasoning" in rows.columns:
        fields["reasoning"] = row["reasoning"] or ""
    if "weight" in fields and fields["weight"] is None:
        fields["weight"] = 1.0
    return fields


def _context_apart(question: str) -> tuple[str, str]:
    """A question, and the context that stands below it or ""; joined by an empty line they are the whole."""
    found = _CONTEXT.search(question)
    if found is None or not question[: found.start()].strip():
        return question, ""
    return question[: found.start()], question[found.end() :]


def with_empty_turns(rows: pl.DataFrame) -> list[bool]:
    """Which rows have an empty turn: from one, a model learns to say nothing."""
    pairs = is_pairs(rows.columns)
    replies = ("chosen", "rejected") if pairs else ("response",)
    own = [name for name in ("prompt", "messages") if name in rows.columns and (pairs or name == "messages")]
    asked = ["question"] if "question" in rows.columns else []
    return [
        any(map(_holds_empty, row[: len(replies)]))
        or any(_holds_empty(value) for value in row[len(replies) :] if value is not None)
        or all(value is None for value in row[len(replies) :])
        for row in rows.select(*replies, *own, *asked).iter_rows()
    ]


def _holds_empty(value: str | list[Mapping[str, str]] | None) -> bool:
    if isinstance(value, list):
        return any(is_empty(turn["content"]) for turn in value)
    return is_empty(value)


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
    "prompt-completion": write_prompt_completion,
    "sharegpt": write_sharegpt,
    "preference": write_preference,
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
    "prompt-completion": ("JSON lines", ".jsonl"),
    "sharegpt": ("JSON lines", ".jsonl"),
    "preference": ("JSON lines", ".jsonl"),
    "csv": ("CSV", ".csv"),
    "jsonl": ("JSON lines", ".jsonl"),
}
"""What a format's file is, and the name's end that readers expect of it."""
