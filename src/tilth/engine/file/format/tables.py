"""Whether a file's tables are Tilth's own: a view, a trigger or a column that counts would run when read."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from tilth.engine.file.format.schema import TABLES
from tilth.errors import JournalError


class StrangeFile(JournalError):
    """A file that says it is Tilth's, and is not as Tilth makes one.

    Attributes:
        findings: What is wrong, each in a line.
    """

    def __init__(self, path: Path, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        more = f" and {len(findings) - 3} more" if len(findings) > 3 else ""
        super().__init__(
            f"{path} is damaged, or was made by something else: {'; '.join(findings[:3])}{more}. It was left "
            "as it is; take what another tool added to it away again, or copy it anew from where it came"
        )


_LISTING = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL"

_ADDED: Mapping[int, Mapping[str, frozenset[str]]] = {
    2: {
        "table rows": frozenset({"cause"}),
        "table units": frozenset({"cause"}),
        "table studies": frozenset({"status", "reason", "updated_at"}),
    }
}
"""Columns that tables have since a version of the file."""

_STATISTICS = frozenset({"table sqlite_stat1", "table sqlite_stat4"})
"""What ANALYZE makes, which many tools run by themselves."""


def refuse_strange(path: Path, file: sqlite3.Connection, version: int) -> None:
    """Raises `StrangeFile` unless a file's tables are those of its version. Reads but the list of them."""
    if version < 1:
        raise StrangeFile(path, [f"its file version is {version}, and there is none such"])
    there, wanted = dict(file.execute(_LISTING).fetchall()), _tables_of(version)
    if there == wanted:
        return
    findings = []
    for name in sorted({*there, *wanted} - _STATISTICS):
        if _words(there.get(name, "")) != _words(wanted.get(name, "")):
            how = "missing" if name not in there else "strange" if name not in wanted else "another"
            findings.append(f"{name} is {how} here")
    if findings:
        raise StrangeFile(path, findings)


@lru_cache
def _tables_of(version: int) -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(TABLES)
        tables = dict(fresh.execute(_LISTING).fetchall())
    for since, added in _ADDED.items():
        if version < since:
            tables |= {name: _without(tables[name], columns) for name, columns in added.items()}
    return tables


def _without(sql: str, columns: frozenset[str]) -> str:
    """A table's definition without these columns, each of which has a line to itself."""
    kept = (line for line in sql.splitlines() if not line.split() or line.split()[0] not in columns)
    return re.sub(r",(\s*\))", r"\1", "\n".join(kept))


_WORD = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|--[^\n]*|\w+|[^\w\s]""")


def _words(sql: str) -> list[str]:
    """The words and signs of a table's definition, its comments aside: they say nothing to SQLite."""
    return [word for word in _WORD.findall(sql) if not word.startswith("--")]
