"""Pools of rows that serve every arm: answers, rephrased questions and new ones, each grown in one order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import merge
from itertools import count
from typing import TYPE_CHECKING, Any

from tilth.strategies.answer_augmentation import AnswerAugmentation
from tilth.strategies.answers_then_new import AnswersThenNew
from tilth.strategies.base import INGREDIENTS, Ingredient, Strategy
from tilth.strategies.new_question import NewQuestion
from tilth.strategies.question_rephrase import QuestionRephrase

if TYPE_CHECKING:
    from tilth.strategies.base import Passes, Unit
    from tilth.tasks.base import Task

GROWERS: Mapping[Ingredient, Strategy] = {
    "answers": AnswerAugmentation(),
    "rephrases": QuestionRephrase(),
    "new questions": NewQuestion(),
}
"""What grows each pool."""

ARMS: Mapping[str, Strategy] = {
    arm.name: arm for arm in (AnswerAugmentation(), QuestionRephrase(), NewQuestion(), AnswersThenNew())
}
"""What can be chosen: the strategies whose rows are some of the pools'."""

PART = "part"
"""Under which a unit's data and a row's extra say which pool they belong to."""

Counts = Mapping[Ingredient, int]
"""Units of each pool."""

NOTHING: Counts = dict.fromkeys(INGREDIENTS, 0)

_MOST_UNITS = 10**9
"""Of a pool: more are no run's."""


def stage(ratio: float, seeds: int, task: Task) -> Counts:
    """The units of each pool that serve every arm up to a ratio; an answer for each seed in any case.

    Example:
        >>> from tilth.advice.adaptive.pools import stage
        >>> stage(2, 100, tilth.tasks.get("numeric"))
        {'answers': 100, 'rephrases': 100, 'new questions': 100}
    """
    found = {part: _units(part, ratio * seeds, task) for part in INGREDIENTS}
    return found | {"answers": seeds}


def units_of(arm: Strategy, ratio: float, seeds: int, task: Task) -> Counts:
    """The units of each pool that an arm's rows are, for so many queries for each seed.

    Example:
        >>> from tilth.advice.adaptive.pools import ARMS, units_of
        >>> units_of(ARMS["answers-then-new"], 4, 100, tilth.tasks.get("numeric"))
        {'answers': 100, 'rephrases': 0, 'new questions': 150}
    """
    queries = ratio * seeds
    first = min(queries, seeds) if arm.begins_as else 0.0
    found = dict(NOTHING)
    found["answers"] = int(first)
    for part, share in arm.ingredients.items():
        found[part] += _units(part, share * (queries - first), task)
    return found


def queries_of(units: Counts, task: Task) -> int:
    """What units of the pools typically take."""
    return sum(many * GROWERS[part].cost(task).queries for part, many in units.items())


def number_of(part: Ingredient, place: int, seeds: int) -> int:
    """The number of a pool's unit in a run: each pass over the seeds is there once for each pool."""
    passing, position = divmod(place, seeds)
    return (passing * len(INGREDIENTS) + INGREDIENTS.index(part)) * seeds + position


def place_of(number: int, seeds: int) -> tuple[Ingredient, int]:
    """The pool and the place in it of a run's unit."""
    among, position = divmod(number, seeds)
    passing, part = divmod(among, len(INGREDIENTS))
    return INGREDIENTS[part], passing * seeds + position


def unit_of(passes: Passes, part: Ingredient, place: int, seeds: int, round: int) -> Unit:
    """A pool's unit: the same seed and the same draws as that place has in the pool's own strategy."""
    unit = passes.unit(place, round=round, data={PART: part})
    return replace(unit, number=number_of(part, place, seeds))


def growth(have: Counts, want: Counts) -> Iterator[tuple[Ingredient, int]]:
    """What takes pools from some units to others, side by side, so that each has its share at any time."""
    for _, part, place in merge(*(_steps(part, have[part], want[part]) for part in INGREDIENTS)):
        yield INGREDIENTS[part], place


def _steps(part: Ingredient, low: int, high: int) -> Iterator[tuple[float, int, int]]:
    for place in range(low, high):
        yield (place - low + 0.5) / (high - low), INGREDIENTS.index(part), place


def read_counts(value: Any) -> Counts:
    """Counts as a file keeps them; raises `KeyError`, `TypeError` or `ValueError` where they are none."""
    found: dict[Ingredient, int] = {part: value[part] for part in INGREDIENTS}
    if not all(type(count) is int and 0 <= count <= _MOST_UNITS for count in found.values()):
        raise ValueError("no counts of pools")
    return found


def ahead(arm: Strategy, have: Counts, seeds: int) -> Iterator[tuple[Ingredient, int]]:
    """What an arm grows on from what the pools have, without end."""
    if arm.begins_as:
        yield from (("answers", place) for place in range(have["answers"], seeds))
    [part] = arm.ingredients
    yield from ((part, place) for place in count(have[part]))


def had(ratios: Sequence[float], seeds: int, task: Task) -> Counts:
    """What the pools have after stages up to these ratios."""
    return stage(max(ratios), seeds, task) if ratios else NOTHING


def _units(part: Ingredient, queries: float, task: Task) -> int:
    return int(queries / GROWERS[part].cost(task).queries)
