"""What of a row goes into a file: its reasoning, its explanation, its system prompt, a prefix of metadata."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tilth.arguments import kind_of, listed, of_kind

REASONING = ("inline", "drop", "field")
ANSWERS = ("full", "only")


@dataclass(frozen=True, slots=True)
class Options:
    """What `save` was told of each row; made by `Options.of`, which checks it.

    Attributes:
        reasoning: "inline", "drop" or "field".
        answers: "full" or "only".
        system: True keeps system prompts, False drops them, a text replaces them.
        metadata: Columns that are put in front of the question.
    """

    reasoning: str = "inline"
    answers: str = "full"
    system: bool | str = True
    metadata: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        reasoning: str = "inline",
        answers: str = "full",
        system: bool | str = True,
        metadata: str | Collection[str] = (),
    ) -> Options:
        """The options as they were given, checked.

        Raises:
            TypeError: One is of another kind.
            ValueError: One is unknown, empty, or goes with no other.
        """
        _one_of(reasoning, REASONING, "reasoning")
        _one_of(answers, ANSWERS, "answers")
        if not isinstance(system, bool | str):
            raise TypeError(f"system is {kind_of(system)}; pass a text, True to keep or False to drop it")
        if isinstance(system, str) and not system.strip():
            raise ValueError("system is empty; pass a text, or False to leave system prompts out")
        if answers == "only" and reasoning == "field":
            raise ValueError("answers='only' keeps no reasoning; leave reasoning='field' out")
        columns = (metadata,) if isinstance(metadata, str) else listed(metadata, "metadata", "columns")
        return cls(reasoning, answers, system, tuple(columns))


def _one_of(given: str, known: tuple[str, ...], name: str) -> None:
    choices = ", ".join(map(repr, known))
    if of_kind(given, str, name, f"one of {choices}") not in known:
        raise ValueError(f"there is no {name} {given!r}; there are {choices}")
