"""What errors say to do, in the command line's own words: the engine speaks to who writes Python."""

from __future__ import annotations

import re

_OPTIONS = {
    "question": "--question",
    "answer": "--answer",
    "task": "--task",
    "verdicts": "--verdicts",
    "format": "--format",
    "path": "--out",
    "reuse": "--reuse",
    "timeout": "--timeout",
    "max_tokens": "--max-tokens",
    "concurrency": "--concurrency",
    "base_url": "--base-url",
    "random_state": "--random-state",
    "database": "--database",
    "context": "--context",
    "context_tokens": "--context-tokens",
    "encoding": "--encoding",
    "structured": "--structured",
    "queries": "--queries",
    "tokens": "--tokens",
    "patience": "--patience",
    "run_id": "--run",
    "usd": "--usd",
    "rows": "--rows",
    "run_file": "--run-file",
}
_WHOLE = (
    (re.compile(r"answer=None"), "--no-answer"),
    (re.compile(r"(?:Budget\(queries=…, usd=…\)|tilth\.Budget\(queries=…, usd=…\))"), "--usd X"),
    (re.compile(r"give its Teacher price=tilth\.Price\([^)]*\)"), "pass --price P,C"),
    (re.compile(r"confirm=True"), "--yes"),
    (re.compile(r"\b(raise|lower) max_tokens\b=?"), r"\1 --max-tokens"),
    (re.compile(r"\bis base_url right\?"), "is --base-url right?"),
    (re.compile(r"(?<=longer than )patience=(\d+ seconds)"), r"--patience, \1"),
    (re.compile(r"on_fault=\"skip\""), "--skip-faults"),
    (re.compile(r"duplicates=\"keep\""), "--keep-duplicates"),
    (re.compile(r" or pass a key for it as api_key"), ""),
    (re.compile(r"api_key="), "OPENAI_API_KEY"),
    (re.compile(r"(?<![\w.])(?:tilth\.tasks\.)?Sql\(database=\"[^\"]{0,200}\"\)"), "--database FILE"),
)
# Only where it is advice ("pass x=", 'name it with x="..."'), never a value that is quoted back.
_ARGUMENT = re.compile(
    r"(?<![\w\-.(])(" + "|".join(_OPTIONS) + r")=(?:\[?\"([^\"\]]{0,200})\"\]?|…|\.\.\.)?(?![\w\[\"'(])"
)


def in_options(text: str) -> str:
    """The text with the names of Python's arguments in it as the options that stand for them.

    Example:
        >>> from tilth.cli.wording import in_options
        >>> in_options('there is no column "q"; name it with question="..."')
        'there is no column "q"; name it with --question ...'
    """
    for pattern, option in _WHOLE:
        text = pattern.sub(option, text)

    def option_of(match: re.Match[str]) -> str:
        name, value = match.groups()
        return _OPTIONS[name] if value is None else f"{_OPTIONS[name]} {value}"

    return _ARGUMENT.sub(option_of, text)
