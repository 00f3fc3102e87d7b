"""Writes a database's schema for a prompt: tables, columns, keys and sample values, as SQL with comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from tilth.tasks.sql.databases.opening import Column, Table, quoted
from tilth.tasks.sql.databases.results import Row

MAX_LENGTH = 24_000
"""Characters a schema may take in a prompt, about 6,000 tokens."""

_MOST_COLUMNS = 200
_VALUE_LENGTH = 40
_NAME_LENGTH = 120
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff`\s]+")
_RESERVED = re.compile(
    r"add|all|alter|and|any|as|asc|between|by|case|cast|check|collate|column|commit|constraint|create"
    r"|cross|current_date|current_time|current_timestamp|database|default|delete|desc|distinct|do|drop"
    r"|else|end|except|exists|false|fetch|for|foreign|from|full|function|grant|group|having|if|in|index"
    r"|inner|insert|intersect|into|is|join|key|language|lateral|left|like|limit|match|natural|not|null|of"
    r"|offset|on|only|or|order|outer|over|partition|primary|procedure|references|returning|right|row|rows"
    r"|select|set|some|table|then|to|transaction|trigger|true|union|unique|update|user|using|values|view"
    r"|when|where|window|with",
    re.IGNORECASE,
)


def sampled(rows: Iterable[Row], columns: int, count: int) -> list[list[object]]:
    """The first `count` different values of each column; no nulls, bytes or NaN."""
    found: list[dict[object, None]] = [{} for _ in range(columns)]
    for row in rows:
        for values, value in zip(found, row, strict=True):
            if value is None or isinstance(value, bytes) or value != value:  # noqa: PLR0124 - NaN is not
                continue
            if len(values) < count:
                values.setdefault(value if isinstance(value, int | float | Decimal) else str(value))
    return [list(values) for values in found]


def written(tables: Sequence[Table], most: int = MAX_LENGTH) -> str:
    """The schema as text; the same tables always give the same.

    Where it would be longer than `most` characters, sample values are left out, then the last tables; a
    comment says so. Whatever stands in names, types and values stays on its line, and closes no fence.
    """
    if not tables:
        return "-- the database has no tables"
    full = "\n\n".join(_table(table, samples=True) for table in tables)
    if len(full) <= most:
        return full
    bare = [_table(table, samples=False) for table in tables]
    note = "-- sample values are left out: the schema is long"
    kept, length = 0, len(note)
    while kept < len(bare) and length + len(bare[kept]) + 2 <= most:
        length += len(bare[kept]) + 2
        kept += 1
    if kept < len(bare):
        note += f"\n-- {len(bare) - kept:,} of {len(bare):,} tables are left out, too"
    return "\n\n".join([note, *bare[:kept]])


def _table(table: Table, *, samples: bool) -> str:
    name = ".".join(map(_name, table.name))
    lines = [
        (_column(column), _values(column) if samples else "") for column in table.columns[:_MOST_COLUMNS]
    ]
    if len(table.columns) > _MOST_COLUMNS:
        lines[-1] = lines[-1][0], f"{len(table.columns) - _MOST_COLUMNS:,} more columns are left out"
    if table.key:
        lines.append((f"PRIMARY KEY ({_names(table.key)})", ""))
    for foreign in table.foreign:
        others = f" ({_names(foreign.others)})" if foreign.others else ""
        refers = f"FOREIGN KEY ({_names(foreign.columns)}) REFERENCES {_name(foreign.table)}{others}"
        lines.append((refers, ""))
    body = [
        f"  {line}{',' if number < len(lines) else ''}{f'  -- {comment}' if comment else ''}"
        for number, (line, comment) in enumerate(lines, 1)
    ]
    return "\n".join([f"CREATE {'VIEW' if table.view else 'TABLE'} {name} (", *body, ");"])


def _column(column: Column) -> str:
    parts = [_name(column.name), _shown(column.type, _NAME_LENGTH), "" if column.optional else "NOT NULL"]
    return " ".join(part for part in parts if part)


def _values(column: Column) -> str:
    return ", ".join(map(_value, column.samples))


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return str(value)
    return "'" + _shown(str(value), _VALUE_LENGTH).replace("'", "''") + "'"


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(_name, names))


def _name(name: str) -> str:
    if _PLAIN.fullmatch(name) and not _RESERVED.fullmatch(name) and len(name) <= _NAME_LENGTH:
        return name
    return quoted(_shown(name, _NAME_LENGTH))


def _shown(text: str, most: int) -> str:
    text = _UNSHOWN.sub(" ", text[: 2 * most]).strip()
    return text if len(text) <= most else text[: most - 1] + "…"
