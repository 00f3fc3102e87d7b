"""Options of what is chosen by name: as a frozen dataclass holds them, and as a line of text gives them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

_LONGEST = 2_000
"""The most characters of a name with its options."""

_NAMED = re.compile(r"\s*([\w.-]+)\s*(?:\((.*)\)\s*)?", re.DOTALL)
_FIELD = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_WORD = re.compile(r"[^\s,()\[\]{}\"'=]+")
_NEXT = re.compile(r"\s*(,|$)")
_CONSTANTS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}


def fields(owner: Any) -> dict[str, Any]:
    """The options of a dataclass's instance or class by name; of an instance with their values.

    Example:
        >>> from tilth.options import fields
        >>> fields(tilth.students.get("neighbour", k=3))
        {'k': 3}
    """
    told = dataclasses.fields(owner) if dataclasses.is_dataclass(owner) else ()
    return {field.name: getattr(owner, field.name, None) for field in told if field.init}


def differing(owner: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `options` that are set otherwise than `owner`, a dataclass, comes.

    Example:
        >>> from tilth.options import differing
        >>> neighbour = tilth.students.get("neighbour")
        >>> differing(neighbour, {"k": 5}), differing(neighbour, {"k": 7})
        ({}, {'k': 7})
    """
    usual: dict[str, Any] = {}
    for field in dataclasses.fields(owner) if dataclasses.is_dataclass(owner) else ():
        if field.default is not dataclasses.MISSING:
            usual[field.name] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            usual[field.name] = field.default_factory()
    return {
        name: value
        for name, value in options.items()
        if name not in usual or _plain(usual[name]) != _plain(value)
    }


def _plain(value: Any) -> Any:
    """A value as JSON knows it, which has no tuples."""
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def read(text: str) -> tuple[str, dict[str, Any]]:
    """A name and its options, as in "lora(steps=100, target=response)".

    A value is a number, true, false, null, a quoted text, or a bare word, which is text. None is evaluated.

    Raises:
        ValueError: It is not written so.

    Example:
        >>> from tilth.options import read
        >>> read("lora(steps=100, target=response)")
        ('lora', {'steps': 100, 'target': 'response'})
    """
    found = _NAMED.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(f"{text[:80]!r} is no name with options, as in name(steps=100, target=query)")
    name, inside = found[1], found[2] or ""
    options: dict[str, Any] = {}
    place = 0
    while inside[place:].strip():
        field = _FIELD.match(inside, place)
        value = field and (_TEXT.match(inside, field.end()) or _WORD.match(inside, field.end()))
        end = value and _NEXT.match(inside, value.end())
        if not (field and value and end):
            raise ValueError(
                f"{text[:80]!r}: cannot read {inside[place:].strip()[:40]!r}; write options as field=value, "
                "parted by commas, and a value with spaces or signs in double quotes"
            )
        if field[1] in options:
            raise ValueError(f"{text[:80]!r}: {field[1]} stands there twice")
        options[field[1]] = _value(value[0])
        place = end.end()
    return name, options


def _value(text: str) -> Any:
    if text.startswith('"'):
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"{text[:40]} is no quoted text: {error}") from error
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    for kind in (int, float):
        try:
            return kind(text) if re.fullmatch(r"[-+\d.eE]+", text) else text
        except ValueError:
            continue
    return text


def written(name: str, options: Mapping[str, Any]) -> str:
    """A name with its options, as `read` reads them.

    Example:
        >>> from tilth.options import written
        >>> written("lora", {"steps": 100, "target": "response"})
        'lora(steps=100, target=response)'
    """
    told = [f"{field}={_text(value)}" for field, value in options.items()]
    return f"{name}({', '.join(told)})" if told else name


def _text(value: Any) -> str:
    if isinstance(value, str) and _WORD.fullmatch(value) and _value(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)
