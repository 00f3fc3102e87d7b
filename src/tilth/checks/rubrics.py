"""What a judge scores: criteria by name, each from 1 to 5, with presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilth.arguments import of_kind

LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True)
class Rubric:
    """What a judge looks at.

    Attributes:
        name: What charts and files call it.
        criteria: What each criterion asks for, by its name: what deserves a 5, and what a 1.

    Example:
        >>> rubric = tilth.checks.Rubric("short", {"brevity": "5: no word too many; 1: rambling"})
        >>> list(rubric.criteria)
        ['brevity']
    """

    name: str
    criteria: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.criteria:
            raise ValueError(f"Rubric({self.name!r}): give at least one criterion")
        wrong = [name for name in self.criteria if not name.isidentifier() or name == "reason"]
        if wrong:
            raise ValueError(
                f"Rubric({self.name!r}): {', '.join(map(repr, wrong))} cannot name a criterion; use one "
                'word of letters, digits and "_", other than "reason"'
            )


RUBRICS: Mapping[str, Rubric] = {
    rubric.name: rubric
    for rubric in (
        Rubric(
            "helpfulness",
            {
                "relevance": "5: answers exactly what was asked; 1: answers something else",
                "correctness": "5: nothing in it is wrong; 1: its main point is wrong",
                "completeness": "5: all that was asked for is there; 1: most of it is missing",
            },
        ),
        Rubric(
            "faithfulness",
            {
                "grounding": "5: every claim follows from the question or the reference; 1: most are made up",
                "correctness": "5: agrees with the reference, or with what is known; 1: contradicts it",
            },
        ),
        Rubric(
            "style",
            {
                "clarity": "5: can be followed at first reading; 1: cannot be followed",
                "concision": "5: no word too many; 1: mostly filler or repetition",
                "form": "5: has the form and tone that was asked for; 1: ignores it",
            },
        ),
    )
}
"""Presets by name."""


def get(rubric: str | Rubric) -> Rubric:
    """The preset of that name, or the rubric itself; raises `ValueError` that lists the presets."""
    if isinstance(rubric, Rubric):
        return rubric
    if of_kind(rubric, str, "rubric", "a name or a tilth.Rubric") not in RUBRICS:
        raise ValueError(
            f"no rubric is called {rubric!r}; there are {', '.join(RUBRICS)}, or give a tilth.Rubric"
        )
    return RUBRICS[rubric]
