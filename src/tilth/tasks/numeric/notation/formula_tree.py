"""What a formula says: a tree of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a formula.

    Attributes:
        kind: "number", "name", "pi", "e", "i", "infinity", "degrees", "add", "multiply", "divide", "power",
            "negative", "root" (of a degree), "log-base", or one of the functions.
        parts: What it is made of.
        value: Of a number.
        name: Of a name.
    """

    kind: str
    parts: tuple[Node, ...] = ()
    value: Fraction = Fraction()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read to its end.

    Attributes:
        tree: What it says.
        names: Its variables.
        kinds: The kinds of all its parts.
        is_rounded: Whether it holds a decimal that may have been rounded: one of four digits or more.
        is_percentage: Whether a percent sign ends it.
        in_base: Its digits, where it is a number in a base that it names; "" for any other.
    """

    tree: Node
    names: frozenset[str]
    kinds: frozenset[str]
    is_rounded: bool = False
    is_percentage: bool = False
    in_base: str = ""
