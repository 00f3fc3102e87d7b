"""Says in a sentence that an argument is not of the kind that a public function takes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

Value = TypeVar("Value")
Number = TypeVar("Number", int, float)


def of_kind(value: Value, kind: type[Any], name: str, what: str) -> Value:
    """The value itself, where it is of its kind.

    Args:
        value: What was passed. It is never shown: it may be a key in the wrong place.
        kind: What it must be an instance of.
        name: The argument's name.
        what: What to pass instead, in words that follow "pass".

    Raises:
        TypeError: It is of another kind.

    Example:
        >>> from tilth.arguments import of_kind
        >>> try:
        ...     of_kind("seeds.jsonl", tilth.Seeds, "seeds", "what tilth.read_seeds(…) returns")
        ... except TypeError as error:
        ...     print(error)
        seeds is a str; pass what tilth.read_seeds(…) returns
    """
    if isinstance(value, kind):
        return value
    raise TypeError(f"{name} is {kind_of(value)}; pass {what}")


def all_of_kind(values: Iterable[Value], kind: type[Any], name: str, what: str) -> tuple[Value, ...]:
    """The values, where there are several in a list or tuple and each is of its kind; raises as `of_kind`.

    Example:
        >>> from tilth.arguments import all_of_kind
        >>> all_of_kind([1, 2], int, "sizes", "whole numbers")
        (1, 2)
    """
    found = listed(values, name, what)
    for value in found:
        if not isinstance(value, kind):
            raise TypeError(f"{name} holds {kind_of(value)}; pass a list of {what}")
    return found


def listed(values: Iterable[Value], name: str, what: str) -> tuple[Value, ...]:
    """The values of a list; a text or a path is refused, for its parts would be taken for the values."""
    if isinstance(values, str | bytes | os.PathLike) or not isinstance(values, Iterable):
        raise TypeError(f"{name} is {kind_of(values)}; pass a list of {what}")
    return tuple(values)


def path_of(value: str | os.PathLike[str], name: str = "path") -> Path:
    """The path of a text or path; raises as `of_kind` does.

    Example:
        >>> from tilth.arguments import path_of
        >>> path_of("run.tilth").suffix
        '.tilth'
    """
    if isinstance(value, str | os.PathLike):
        return Path(value)
    raise TypeError(f"{name} is {kind_of(value)}; pass a path as text or pathlib.Path")


def paths_of(values: Iterable[str | os.PathLike[str]], name: str) -> tuple[Path, ...]:
    """The paths in a list; raises as `of_kind` does."""
    return tuple(
        path_of(value, f"a value in {name}") for value in listed(values, name, 'paths, as in ["run.tilth"]')
    )


def number_of(value: Number, name: str) -> Number:
    """The value, where it is a number and no truth value; raises as `of_kind` does."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is {kind_of(value)}; pass a number")
    return value


def whole_number_of(value: int, name: str) -> int:
    """The value, where it is a whole number and no truth value; raises as `of_kind` does."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {kind_of(value)}; pass a whole number")
    return value


def random_state_of(value: int) -> int:
    """A random_state, where it is one.

    Raises:
        TypeError: It is no whole number.
        ValueError: It takes more than 64 bits, which neither frames nor torch hold.

    Example:
        >>> from tilth.arguments import random_state_of
        >>> random_state_of(7)
        7
    """
    if -(2**63) <= whole_number_of(value, "random_state") < 2**63:
        return value
    raise ValueError("random_state takes more than 64 bits; pass a smaller number")


def numbers_of(values: Iterable[Number], name: str) -> tuple[Number, ...]:
    """The numbers in a list; raises as `of_kind` does."""
    return tuple(number_of(value, f"a value in {name}") for value in listed(values, name, "numbers"))


def kind_of(value: Any) -> str:
    """What a value is, in words: "None", "a str", "an int", "the class Judge"."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
