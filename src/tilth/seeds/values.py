"""Paths into a record's objects and lists, and the texts that they lead to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tilth.seeds.sources import kind

Path = tuple[str, ...]
"""The way to a value: the name of a column, then names in objects and places in lists, from 0."""

_MOST_DIGITS = 6


def within(values: Any, path: Sequence[str]) -> Any:
    """The value in nested objects and lists that a path leads to, or None."""
    for step in path:
        if isinstance(values, Mapping):
            values = values.get(step)
        elif (place := _place(values, step)) is not None:
            values = values[place]
        else:
            return None
    return values


def _place(values: Any, step: str) -> int | None:
    """The place in a list that a step of a path names, where there is one."""
    if not isinstance(values, list | tuple) or not (step.isascii() and step.isdigit()):
        return None
    place = int(step) if len(step) <= _MOST_DIGITS else len(values)
    return place if place < len(values) else None


def without(values: Any, path: Sequence[str]) -> Any:
    """The values without the one a path leads to, and without objects and lists that this empties."""
    first, *inner = path
    if isinstance(values, Mapping):
        rest = {key: value for key, value in values.items() if key != first}
        if inner and isinstance(values.get(first), Mapping | list | tuple):
            left = without(values[first], inner)
            if left:
                return {key: left if key == first else value for key, value in values.items()}
        return rest
    place = _place(values, first)
    if place is None:
        return values
    left = without(values[place], inner) if inner else None
    return [*values[:place], *([left] if left else []), *values[place + 1 :]]


def text_at(
    values: Mapping[str, Any],
    path: Sequence[str],
    reasons: list[str],
    *,
    numbers: bool = True,
    remedy: str = "",
) -> str | None:
    """The text at the path, as it stands; a reason is added where there is none."""
    column, there = ".".join(path), True
    value: Any = values
    for depth, step in enumerate(path):
        if isinstance(value, Mapping):
            there = step in value
            value = value.get(step)
        elif isinstance(value, list | tuple) and step.isdigit():
            place = _place(value, step)
            there = place is not None
            value = None if place is None else value[place]
        elif value is not None:
            reasons.append(f"{'.'.join(path[:depth])!r} is {kind(value)}, not an object with {step!r}")
            return None
        else:
            there = False
    return text_of(value, repr(column), reasons, numbers=numbers, remedy=remedy, there=there)


def text_of(
    value: Any, what: str, reasons: list[str], *, numbers: bool = True, remedy: str = "", there: bool = True
) -> str | None:
    """The value as text; a reason is added where it is none."""
    if isinstance(value, str):
        if not value.strip():
            reasons.append(f"{what} is empty{remedy}")
        elif not _is_unicode(value):
            reasons.append(f"{what} holds half a surrogate pair, which is no text")
        else:
            return value
    elif value is None or is_nan(value):
        reasons.append(f"{what} is {'null' if there else 'missing'}{remedy}")
    elif numbers and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if (text := _number_text(value)) is not None:
            return text
        reasons.append(f"{what} is no finite number{remedy}")
    else:
        reasons.append(f"{what} is {kind(value)}, not text")
    return None


def _number_text(value: float | Decimal) -> str | None:
    """The number as text, whole ones without a decimal point; None where it is not finite."""
    try:
        if not math.isfinite(value):
            return None
    except OverflowError:
        return None
    return str(int(value) if value == int(value) and abs(float(value)) < 2**53 else value)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def extra_of(values: Mapping[str, Any], reasons: list[str]) -> str | None:
    """Other columns as a JSON object: no nulls, and as text what JSON has no type for, such as a date.

    A bare NaN is a null: that is how pandas marks a missing value.
    """
    kept = {key: value for key, value in values.items() if value is not None and not is_nan(value)}
    try:
        return json.dumps(kept, default=str, allow_nan=False) if kept else None
    except (ValueError, RecursionError) as error:
        reasons.append(f"the other columns cannot be kept as JSON: {error}; leave them out")
        return None


def is_nan(value: Any) -> bool:
    """Whether the value is a float that is no number."""
    return isinstance(value, float) and math.isnan(value)
