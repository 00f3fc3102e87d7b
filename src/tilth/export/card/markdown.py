"""Foreign text in Markdown and in its YAML header: it stays text, whatever is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_TICKS = re.compile(r"`+")
_LONGEST_LINE, _LONGEST_BLOCK = 200, 20_000
"""Characters of a foreign text that are shown in a line, and in a block."""


def code(text: object) -> str:
    """A text as code within a line, cut short, without what is not printed."""
    line = " ".join(str(text)[: 2 * _LONGEST_LINE].split())
    line = "".join(one for one in line if one.isprintable())
    line = line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
    if not line:
        return "(empty)"
    ticks = _more_ticks(line, 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def block(text: str, language: str = "text") -> str:
    """A text as a block of code, which nothing in it can end."""
    shown = "".join(one for one in text if one.isprintable() or one in "\n\t")
    if len(shown) > _LONGEST_BLOCK:
        shown = f"{shown[:_LONGEST_BLOCK]}\n… ({len(shown) - _LONGEST_BLOCK:,} more characters)"
    fence = _more_ticks(shown, 3)
    return f"{fence}{language}\n{shown}\n{fence}"


def settings(values: Mapping[str, Any] | None) -> str:
    """Settings in a line, each as code: temperature `0.7`."""
    told = [f"{name} {code(_plain(value))}" for name, value in (values or {}).items() if value is not None]
    return ", ".join(told) or "none"


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def counted(count: int, what: str, several: str = "") -> str:
    """A number with what it counts: 1 row, 2 rows."""
    return f"{count:,} {what if count == 1 else several or what + 's'}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _more_ticks(text: str, least: int) -> str:
    """More backticks in a row than the text has anywhere."""
    return "`" * max(least, 1 + max((len(found) for found in _TICKS.findall(text)), default=0))
