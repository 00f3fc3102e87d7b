"""Reads fields of JSON that may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LONGEST_NAME = 200


def field(value: Any, key: str) -> Any:
    """What `value` holds under `key`; None where it is no object, or holds nothing there."""
    # what JSON gives is a dict, and is found to be one far sooner
    return value.get(key) if isinstance(value, (dict, Mapping)) else None


def raw_text(value: Any) -> str:
    """`value`, if it is a text; else ""."""
    return value if isinstance(value, str) else ""


def text(value: Any) -> str:
    """`value`, if it is a text, such that UTF-8 can hold it; else ""."""
    return clean(value) if isinstance(value, str) else ""


def name(value: Any) -> str | None:
    """`value`, if it is a text with anything in it, cut to a name's length."""
    return clean(value)[:_LONGEST_NAME] if isinstance(value, str) and value else None


def clean(value: str) -> str:
    """`value` with what UTF-8 cannot hold (lone surrogates, which JSON can) replaced, and pairs joined."""
    try:
        value.encode()
    except UnicodeEncodeError:
        joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return joined.encode("utf-8", "replace").decode()
    return value
