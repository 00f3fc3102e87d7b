"""Rows as their options want them: what of a reply is kept, and what stands in front of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tilth.export.options import Options
from tilth.export.thinking import parted

if TYPE_CHECKING:
    import polars as pl

Turns = Sequence[Mapping[str, str]]

_PREFIXED = 0.9
"""The share of rows that get metadata: the rest has none, so that a model works without (MeCo)."""

REPLIES = ("response", "chosen", "rejected")


def shaped(rows: pl.DataFrame, options: Options) -> tuple[pl.DataFrame, list[str]]:
    """The rows with their replies and system prompts as the options want them; a word on each.

    Raises:
        ValueError: A column is missing, or no row has a read answer.
    """
    notices: list[str] = []
    if options.answers == "only":
        rows, notices = _answers_only(rows)
    elif options.reasoning == "field" and "chosen" in rows.columns:
        raise ValueError(
            "pairs have two replies and no field for the reasoning of each; pass 'inline' or 'drop'"
        )
    elif options.reasoning != "inline":
        rows = _reasoning_apart(rows, options.reasoning)
    if options.system is not True:
        rows = _with_system(rows, options.system)
    return rows, notices


def _answers_only(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    import polars as pl

    if "response" not in rows.columns or "answer" not in rows.columns:
        raise ValueError("answers='only' needs the columns response and answer; pass the rows of a run")
    answer = pl.col("answer").cast(pl.String).str.strip_chars()
    kept = rows.filter(answer.fill_null("") != "").with_columns(response=answer)
    lost = rows.height - kept.height
    if not lost:
        return _last_turns(kept, kept["response"].to_list()), []
    which = f"{lost:,} {'row' if lost == 1 else 'rows'} of which no answer was read"
    if kept.is_empty():
        raise ValueError(f"no row can be saved with answers='only': there is nothing but {which}")
    return _last_turns(kept, kept["response"].to_list()), [f"left out: {which}"]


def _reasoning_apart(rows: pl.DataFrame, where: str) -> pl.DataFrame:
    import polars as pl

    thoughts: list[str | None] = []
    for name in (name for name in REPLIES if name in rows.columns and rows[name].dtype == pl.String):
        parts = [(None, None) if text is None else parted(text) for text in rows[name].to_list()]
        rows = rows.with_columns(pl.Series(name, [answer for _, answer in parts], dtype=pl.String))
        if name == "response":
            thoughts = [thought for thought, _ in parts]
    rows = _each_turn(rows, lambda turn: {**turn, "content": _spoken(turn)})
    if where == "drop" or "response" not in rows.columns:
        return rows
    found = pl.Series("reasoning", thoughts, dtype=pl.String)
    own = pl.col("reasoning") if "reasoning" in rows.columns else pl.lit(None, pl.String)
    return rows.with_columns(pl.coalesce(pl.lit(found), own).alias("reasoning"))


def _spoken(turn: Mapping[str, str]) -> str:
    return parted(turn["content"])[1] if turn["role"] == "assistant" else turn["content"]


def _each_turn(rows: pl.DataFrame, change: Callable[[Mapping[str, str]], Any]) -> pl.DataFrame:
    """The rows with each turn of their own conversations changed."""
    import polars as pl

    for name in ("messages", "prompt", "chosen", "rejected"):
        if name in rows.columns and isinstance(rows[name].dtype, pl.List):
            turns = [None if own is None else [change(turn) for turn in own] for own in rows[name].to_list()]
            rows = rows.with_columns(pl.Series(name, turns, dtype=rows[name].dtype))
    return rows


def _last_turns(rows: pl.DataFrame, contents: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    if "messages" not in rows.columns or rows["messages"].dtype == pl.Null:
        return rows
    turns = [
        own and [*own[:-1], {**own[-1], "content": content}]
        for own, content in zip(rows["messages"].to_list(), contents, strict=True)
    ]
    return rows.with_columns(pl.Series("messages", turns, dtype=rows["messages"].dtype))


def _with_system(rows: pl.DataFrame, system: bool | str) -> pl.DataFrame:
    import polars as pl

    opening = [{"role": "system", "content": system}] if isinstance(system, str) else []
    name = "prompt" if "chosen" in rows.columns else "messages"
    if not opening and name not in rows.columns:
        return rows
    whole = prompt_of if name == "prompt" else turns_of
    turns = [
        [*opening, *(turn for turn in whole(row) if turn["role"] != "system")]
        for row in rows.iter_rows(named=True)
    ]
    return rows.with_columns(pl.Series(name, turns, dtype=_turns_type()))


def with_metadata(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The rows as they are written, with these columns in front of the questions of most of them.

    Raises:
        ValueError: A column is missing.
    """
    import polars as pl

    if missing := [name for name in names if name not in rows.columns]:
        raise ValueError(f"metadata names the column {missing[0]!r}, which the rows lack")
    last = int(rows.height * _PREFIXED)
    tags = [
        "" if place >= last else "\n".join(f"{name}: {value}" for name, value in zip(names, row, strict=True))
        for place, row in enumerate(rows.select(names).iter_rows())
    ]
    if "question" in rows.columns:
        asked = [_tagged(tag, text) for tag, text in zip(tags, rows["question"].to_list(), strict=True)]
        rows = rows.with_columns(pl.Series("question", asked, dtype=pl.String))
    for name in ("messages", "prompt"):
        if name in rows.columns and isinstance(rows[name].dtype, pl.List):
            turns = [own and _with_tag(tag, own) for tag, own in zip(tags, rows[name].to_list(), strict=True)]
            rows = rows.with_columns(pl.Series(name, turns, dtype=rows[name].dtype))
    return rows


def _tagged(tag: str, text: str | None) -> str | None:
    return f"{tag}\n\n{text}" if tag and text and text.strip() else text


def _with_tag(tag: str, turns: Turns) -> list[dict[str, Any]]:
    """The tag goes in front of the first question only."""
    first = next((place for place, turn in enumerate(turns) if turn["role"] == "user"), -1)
    return [
        {**turn, "content": _tagged(tag, turn["content"])} if place == first else dict(turn)
        for place, turn in enumerate(turns)
    ]


def turns_of(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row as a conversation: its own, or its question and its response."""
    return row.get("messages") or [
        {"role": "user", "content": row["question"]},
        {"role": "assistant", "content": row["response"]},
    ]


def prompt_of(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """What a pair's two answers answer: its own prompt, its conversation up to an answer, or its question."""
    own = row.get("prompt")
    if own:
        return [{"role": "user", "content": own}] if isinstance(own, str) else own
    turns = row.get("messages")
    if turns:
        return list(turns[:-1] if turns[-1]["role"] == "assistant" else turns)
    return [{"role": "user", "content": row["question"]}]


def answer_turns(answer: str | Turns) -> list[Mapping[str, str]]:
    """One answer of a pair as turns."""
    return [{"role": "assistant", "content": answer}] if isinstance(answer, str) else list(answer)


def _turns_type() -> pl.List:
    import polars as pl

    return pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
