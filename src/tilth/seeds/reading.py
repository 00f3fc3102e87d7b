"""Reads and validates seeds: every record becomes a seed, or is told with all else that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tilth.arguments import all_of_kind, of_kind
from tilth.errors import SeedsError, tell
from tilth.seeds.columns import Columns, columns_of
from tilth.seeds.context import block_of, joined
from tilth.seeds.conversations import Turn, answer_in, beyond, question_in, turns_of
from tilth.seeds.repeats import Repeats
from tilth.seeds.seed import SKIPPING, FaultFinder, OnFault, Seeds, TaskLike, left_out_notice
from tilth.seeds.sources import Record, Source, SourceError, open_source
from tilth.seeds.values import Path, extra_of, text_at, within, without

_Row = tuple[str, str, str | None, str | None]
_ANSWERLESS = "; pass answer=None to grow without references"


def read_seeds(
    source: Any,
    *,
    question: str = "question",
    answer: str | None = "answer",
    task: str | TaskLike = "numeric",
    id: str | None = None,
    context: str | Sequence[str] | None = None,
    name: str | None = None,
    duplicates: Literal["error", "keep"] = "error",
    on_fault: OnFault = "error",
    encoding: str | None = None,
) -> Seeds:
    """Reads and validates seeds; every record becomes a seed, or all that is wrong is told at once.

    Where no column is called `question`, those of known layouts are taken: `messages` or `conversations`
    (a list of turns, as of OpenAI or ShareGPT: the user's first, and the reply to it), `instruction` with
    `output` or `response` (Alpaca, Dolly), `prompt` with `completion`. A list of two texts is a pair of
    question and answer.

    Args:
        source: A path to JSONL, JSON (an array of objects), CSV, TSV, Excel (.xlsx, with `tilth[excel]`) or
            Parquet, also packed (.gz, .bz2, .xz); an `hf://` path; a Polars frame, lazy or not; any frame
            that speaks Arrow, such as a PyArrow table, a pandas frame or a DuckDB result; a Hugging Face
            `Dataset`; a list of mappings or pairs.
        question: Column of the question. Here and below, where no column has that very name, dots go into
            objects and lists: "question.stem" is `stem` in the column `question`, "answers.text.0" the first
            text of a list. A list of turns is read as a conversation.
        answer: Column of the reference, a text or a number; None to grow without references.
        task: The task, or its name.
        id: Column of ids that stay with the seeds; "s0001", "s0002" ... by position where not given.
        context: Columns that belong to the question and are put below it, "Evidence: ...", where they hold
            something. Where None, those of `tilth.seeds.context.KNOWN` that there are, such as `context`,
            `input`, `evidence` and `starter_code`; () puts none.
        name: The name to show; the file's name where not given.
        duplicates: "error" names the records that repeat an earlier question, its context, options and
            database included; "keep" keeps them.
        on_fault: "skip" leaves out records that are faulty, and seeds that their task cannot take, says so,
            and lists them in `Seeds.left_out`; "error" refuses all of them.
        encoding: The encoding of a text file, as Python names it. Where None, the file's mark says it, or it
            is UTF-8; a CSV file that is neither is taken for Windows-1252 where that is plausible, and told.

    Returns:
        The seeds in the order of the source. What is not named above goes to each seed's `extra`, as JSON,
        the rest of an object and the columns of the context included.

    Raises:
        SeedsError: A `ValueError` whose `problems` list every bad or repeated record with its line or row.
        TypeError: The source is of a kind that cannot be read.

    Example:
        >>> rows = [{"problem": "How much is 2 + 3?", "solution": "2 + 3 = 5"}]
        >>> tilth.read_seeds(rows, question="problem", answer="solution")
        <Seeds 'seeds': 1 for numeric>
        >>> tilth.read_seeds([{"question": "How much?"}, {"question": ""}], answer=None)
        Traceback (most recent call last):
            ...
        tilth.errors.SeedsError: ...
    """
    if duplicates not in ("error", "keep"):
        raise ValueError(f'duplicates must be "error" or "keep", not {duplicates!r}')
    if on_fault not in ("error", "skip"):
        raise ValueError(f'on_fault must be "error" or "skip", not {on_fault!r}')
    of_kind(question, str, "question", "a column's name")
    if not isinstance(task, str):
        of_kind(task, TaskLike, "task", 'a name, such as "numeric", or a tilth.Task')
    for argument, column in (("answer", answer), ("id", id)):
        if column is not None:
            of_kind(column, str, argument, "a column's name, or None")
    if context is not None and not isinstance(context, str):
        context = all_of_kind(context, str, "context", "columns' names")
    if encoding is not None:
        of_kind(encoding, str, "encoding", 'its name, such as "cp1252"')
    try:
        opened = open_source(source, encoding)
    except SourceError as error:
        raise SeedsError(str(source), [str(error)]) from error
    if not opened.records and not opened.broken:
        raise SeedsError(opened.name, [f"{opened.name} holds no records; seeds need at least one"])
    columns, missing = columns_of(opened, question, answer, id, context)
    if missing:
        unread = [f"{opened.name} {r.place}: {r.problem}" for r in opened.records if r.problem]
        raise SeedsError(opened.name, missing + unread)
    repeats = Repeats(task, unique_questions=duplicates == "error")
    rows: list[_Row] = []
    problems: list[str] = []
    for position, record in enumerate(opened.records, start=1):
        row, reasons = _read_record(record, position, columns)
        if not reasons:
            reasons = repeats.of(row, record)
        if reasons and on_fault == "skip":  # a line for each that is left out
            reasons = ["; ".join(reasons)]
        problems += [f"{opened.name} {record.place}: {reason}" for reason in reasons]
        if not reasons:
            rows.append(row)
    seeds = _as_seeds(opened, rows, problems, task, name, on_fault)
    for notice in (*opened.notices, *_turns_left_out(opened, columns)):
        tell(f"{opened.name}: {notice}")
    if on_fault == "skip" and isinstance(task, FaultFinder):
        return seeds.fit_for(task)
    return seeds


def _as_seeds(
    opened: Source,
    rows: list[_Row],
    problems: list[str],
    task: str | TaskLike,
    name: str | None,
    on_fault: OnFault,
) -> Seeds:
    """The seeds of all rows that are whole.

    Raises:
        SeedsError: There is a problem and nothing is to be left out, or nothing else is left.
    """
    if opened.broken:  # nobody knows how much lies behind it, so it is no record to leave out
        raise SeedsError(opened.name, [*problems, opened.broken])
    if problems and (on_fault == "error" or not rows):
        raise SeedsError(opened.name, problems, SKIPPING if rows else "")
    if problems:
        tell(left_out_notice(opened.name, problems, len(opened.records)))
    import polars as pl

    schema = dict.fromkeys(("seed_id", "question", "reference", "extra"), pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return Seeds(frame, task, name or opened.name, on_fault, tuple(problems))


def _read_record(record: Record, position: int, columns: Columns) -> tuple[_Row, list[str]]:
    """The record as a row of the frame, and what is wrong with it."""
    if record.problem:
        return ("", "", None, None), [record.problem]
    reasons: list[str] = []
    values = record.values
    asked = _question(values, columns, reasons)
    reference = None if columns.answer is None else _answer(values, columns.answer, reasons)
    seed_id = f"s{position:04d}"
    if columns.id is not None:
        seed_id = text_at(values, columns.id, reasons) or ""
    unfit: list[str] = []
    blocks = [block_of(path, within(values, path), unfit) for path in columns.context]
    if columns.context_named:
        reasons += unfit
    others: Mapping[str, Any] = {str(key): value for key, value in values.items()}
    for path in columns.taken:
        others = without(others, path)
    whole = joined(asked or "", [block for block in blocks if block])
    return (seed_id, whole, reference, extra_of(others, reasons)), reasons


def _question(values: Mapping[str, Any], columns: Columns, reasons: list[str]) -> str | None:
    turns = turns_of(within(values, columns.question))
    if turns is None:
        return text_at(values, columns.question, reasons, numbers=False)
    alone = columns.answer != columns.question and columns.answer is not None
    asked = question_in(turns, reasons, alone=alone)
    if asked is not None and not asked.strip():
        reasons.append("the user's turn holds no text")
    return asked


def _answer(values: Mapping[str, Any], path: Path, reasons: list[str]) -> str | None:
    turns = turns_of(within(values, path))
    if turns is None:
        return text_at(values, path, reasons, remedy=_ANSWERLESS)
    reply = answer_in(turns, reasons)
    if reply is not None and not reply.strip():
        reasons.append(f"the assistant's turn holds no text{_ANSWERLESS}")
    return reply


def _turns_left_out(source: Source, columns: Columns) -> list[str]:
    """A word where conversations hold more than the first question and its answer."""
    found: list[list[Turn]] = [
        turns for record in source.records if (turns := turns_of(within(record.values, columns.question)))
    ]
    prompts, longer = (sum(counts) for counts in zip(*map(beyond, found), strict=True)) if found else (0, 0)
    notices = []
    if prompts:
        notices.append(
            f"{prompts:,} conversations have a system prompt, which is left out; pass it on as "
            "Teacher(system=...) where all have the same"
        )
    if longer:
        notices.append(f"of {longer:,} conversations the first question and its answer are taken, no more")
    return notices
