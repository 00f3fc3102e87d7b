"""Options that lie in several columns of the seeds, one in each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tilth.seeds import within
from tilth.tasks.choice.options import style_of

_COLUMN = re.compile(
    r"(?P<stem>(?:option|choice|op|opt|answer|ans|ending|sol|solution|candidate|alternative|alt)?)"
    r"(?P<sign>[ _-]?)(?P<count>[A-Za-z]|[0-9]{1,2})",
    re.IGNORECASE,
)


def reach(values: Mapping[str, Any], path: str) -> Any:
    """The value that a dotted path leads to, or None; a column of that very name first."""
    return values[path] if path in values else within(values, path.split("."))


def named_columns(names: Sequence[str], values: Mapping[str, Any]) -> tuple[str, ...]:
    """These names where a seed has a column of each; none where they are options themselves.

    Raises:
        ValueError: It has some of them as columns, and not all.
    """
    there = [name for name in names if name in values or reach(values, name) is not None]
    if len(there) == len(names):
        return tuple(names)
    if len(there) > 1:
        missing = next(name for name in names if name not in there)
        raise ValueError(f"there is no column {missing!r} beside {', '.join(map(repr, there))}")
    return ()


def plain_columns(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns whose names count options: A, B, ...; option_a, ...; opa, ...; choice1, ...; ending0, ...

    Raises:
        ValueError: There are two such groups; the message goes on from no name.
    """
    groups: dict[tuple[str, str, bool], list[tuple[str, str]]] = {}
    for name, value in values.items():
        found = _COLUMN.fullmatch(name)
        if found is None or not (value is None or _is_text(value)):
            continue
        count = found["count"]
        if found["stem"] or (count.isalpha() and not found["sign"]):
            kind = (
                found["stem"].casefold() + found["sign"],
                "0" if count.isdigit() else "a",
                count.isupper(),
            )
            groups.setdefault(kind, []).append((count, name))
    counted = []
    for group in groups.values():
        group.sort(key=lambda one: int(one[0]) if one[0].isdigit() else one[0])
        if len(group) > 1 and style_of([count for count, _ in group]) is not None:
            counted.append(tuple(name for _, name in group))
    if len(counted) > 1:
        first, second = (", ".join(map(repr, names)) for names in counted[:2])
        raise ValueError(
            f"options may lie in the columns {first} or in {second}; "
            f"say in which with Choice(options={counted[0]!r})"
        )
    return counted[0] if counted else ()


def options_in(names: Sequence[str], values: Mapping[str, Any]) -> list[Any]:
    """The options that lie in these columns; those at the end may be empty.

    Raises:
        ValueError: One is empty before one that is not, or is no text; the message begins with its name.
    """
    found = [reach(values, name) for name in names]
    while found and _is_empty(found[-1]):
        found.pop()
    for name, value in zip(names, found, strict=False):
        if _is_empty(value) or not _is_text(value):
            raise ValueError(f"{name!r} {'is empty' if _is_empty(value) else 'is no text'}")
    return found


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
