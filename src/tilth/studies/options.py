"""What tells two settings of one strategy apart: as a study's frame holds it, and as a chart says it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tilth.engine.file.format.digests import canonical, digest
from tilth.options import differing
from tilth.strategies import registry
from tilth.strategies.base import Strategy
from tilth.strategies.check import Checked
from tilth.students.base import Student

if TYPE_CHECKING:
    import polars as pl

DEFAULTS = "{}"
"""The options of a strategy that is set as it comes, without checks that ask."""

OPTIONS = {"strategy": "options", "student": "student_options"}
"""The columns of a study's frame that hold the options of what another column names."""

Line = tuple[str, str]
"""A strategy's name and its options: what a chart draws as one line."""

_SHOWN = 24
"""The most characters of an option's value in a title."""


def options_of(strategy: Strategy) -> str:
    """What of a strategy's identity differs from how it comes, its checks included; canonical JSON.

    Example:
        >>> from tilth.checks import Agreement
        >>> from tilth.strategies import registry
        >>> from tilth.strategies.check import with_checks
        >>> from tilth.studies.options import options_of
        >>> options_of(with_checks(registry.get("new-question"), [Agreement()]))
        '{"checks":[{"name":"agreement","options":{}}]}'
    """
    grower = strategy.strategy if isinstance(strategy, Checked) else strategy
    identity = strategy.identity()
    found = differing(grower, identity["options"])
    if strategy.checks:
        found["checks"] = [
            {"name": told["name"], "options": differing(check, told["options"])}
            for check, told in zip(strategy.checks, identity["checks"], strict=True)
        ]
    return canonical(found)


def student_options(student: Student) -> str:
    """What of a student differs from how it comes, and what it always tells; canonical JSON.

    Example:
        >>> from tilth.studies.options import student_options
        >>> [student_options(tilth.students.get(one)) for one in ("neighbour", "neighbour(k=7)")]
        ['{}', '{"k":7}']
    """
    options = student.options()
    told = {name: options[name] for name in student.told if name in options}
    return canonical(told | differing(student, options))


def with_options(frame: pl.DataFrame) -> pl.DataFrame:
    """A study's frame whose strategies and students have options; of one that tells none, as they come."""
    for owner, column in OPTIONS.items():
        frame = _with(frame, owner, column)
    return frame


def _with(frame: pl.DataFrame, owner: str, column: str) -> pl.DataFrame:
    import polars as pl

    told = pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.String)
    options = pl.when(told.fill_null("") == "").then(pl.lit(DEFAULTS)).otherwise(told).alias(column)
    if column in frame.columns or owner not in frame.columns:
        return frame.with_columns(options)
    place = frame.columns.index(owner) + 1
    return frame.select(*frame.columns[:place], options, *frame.columns[place:])


def titles(frame: pl.DataFrame) -> dict[Line, str]:
    """How a chart calls each line of a study's frame: "New question (shots=2)"; no two alike."""
    lines = frame.select("strategy", "options").unique(maintain_order=True).rows()
    return titles_of(lines)


def titles_of(lines: Iterable[Line]) -> dict[Line, str]:
    """How a chart calls each of these lines; a digest tells those apart that would be called alike."""
    found = {line: _title(*line) for line in lines}
    told = list(found.values())
    return {
        line: title if told.count(title) == 1 else f"{title} #{digest(list(line))[:4]}"
        for line, title in found.items()
    }


def _title(strategy: str, options: str) -> str:
    kind = registry.available().get(strategy)
    return named(strategy if kind is None else kind.title, options)


def named(name: str, options: str) -> str:
    """A name with what its options say, as charts and messages write it.

    Example:
        >>> from tilth.studies.options import named
        >>> named("neighbour", '{"k":7}'), named("parser", "{}")
        ('neighbour (k=7)', 'parser')
    """
    parts = _parts(options)
    return f"{name} ({', '.join(parts)})" if parts else name


def _parts(options: str) -> list[str]:
    try:
        told = json.loads(options)
    except ValueError:
        told = options
    if not isinstance(told, dict):  # the words of a frame from elsewhere
        return [_cut(str(told))]
    checks = told.pop("checks", [])
    parts = [f"{name}={_value(value)}" for name, value in told.items()]
    return parts + [_check(one) for one in (checks if isinstance(checks, list) else [checks])]


def _check(told: Any) -> str:
    """A check by its name, and by those of its options that are short."""
    if not isinstance(told, dict) or "name" not in told:
        return _value(told)
    options = told.get("options")
    short = [
        f"{name}={_value(value)}"
        for name, value in (options.items() if isinstance(options, dict) else ())
        if not isinstance(value, dict | list)
    ]
    return " ".join([_cut(str(told["name"])), *short])


def _value(value: Any) -> str:
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def titled(frame: pl.DataFrame, names: Mapping[Line, str], columns: Sequence[str]) -> pl.DataFrame:
    """A frame of curves with titles in `columns`; a column's options stand in the one of its name beside it.

    The options of `strategy` are `options`, those of `best` are `best_options`.
    """
    import polars as pl

    for column in columns:
        options = "options" if column == "strategy" else f"{column}_options"
        lines = frame.select(column, options).rows()
        frame = frame.with_columns(pl.Series(column, [names[line] for line in lines], dtype=pl.String))
    return frame
