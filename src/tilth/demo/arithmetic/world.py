"""Where the demo's own questions come from: a small grammar that shares no phrase table with the teacher."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from tilth.demo.arithmetic.expression import (
    Expression,
    ExpressionError,
    Number,
    evaluate,
    operations,
    parse,
    steps,
    write,
)
from tilth.demo.data import load

Wording = Literal["same", "held-out"]
_SLOT = re.compile(r"\{(\w)\}")


@dataclass(frozen=True, slots=True)
class Problem:
    """A question, the equation it was made from, and its worked solution as a reference."""

    question: str
    expression: Expression

    @property
    def answer(self) -> Fraction:
        """The right answer."""
        return evaluate(self.expression)

    @property
    def reference(self) -> str:
        """The worked solution: a line a step, the whole equation, and "#### answer"."""
        return solution(self.expression)


def solution(expression: Expression) -> str:
    """A worked solution in the manner of GSM8K, without its calculator marks."""
    lines = steps(expression)
    whole = f"{write(expression)} = {lines[-1].rpartition(' = ')[2]}" if lines else ""
    return "\n".join([*lines, *([whole] if len(lines) > 1 else []), f"#### {evaluate(expression)}"])


class _Draft:
    """A question in the making: its sentences so far and its numbers in order of appearance."""

    def __init__(self, rng: random.Random, wording: Wording, words: Mapping[str, str]) -> None:
        self.rng, self.wording, self.words = rng, wording, words
        self.sentences: list[str] = []
        self.slots = 0

    def add(self, part: Mapping[str, Any], so_far: Expression | None) -> Expression:
        """Says one part of the story and returns the equation with it."""
        values = _draw(self.rng, part["draw"])
        names: dict[str, Expression] = {} if so_far is None else {"x": so_far}

        def fill(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in values:
                return self.words[name]
            names[name] = Number(Fraction(values[name]), self.slots)
            self.slots += 1
            return str(values[name])

        self.sentences.append(_SLOT.sub(fill, self.rng.choice(part[self.wording])))
        return parse(part["expression"], names)


def problems(rng: random.Random, wording: Wording) -> Iterator[Problem]:
    """Endless problems; every answer is a positive whole number, every step in between at least 0."""
    world = load("world.json")
    chains, kinds = world["chains"], world["kinds"]
    weights = [chain[0] for chain in chains] + [kind["weight"] for kind in kinds]
    while True:
        (shape,) = rng.choices([*chains, *kinds], weights)
        (thing, container), (other, _) = rng.sample(world["topics"][wording], 2)
        first, second = rng.sample(world["names"][wording], 2)
        words = {"P": first, "Q": second, "N": thing, "M": other, "C": container}
        words["D"] = container + ("es" if container.endswith(("x", "ch")) else "s")
        draft = _Draft(rng, wording, words)
        if isinstance(shape, dict):
            expression = draft.add(shape, None)
        else:
            _, opening, events, ending = shape
            expression = draft.add(world["openings"][opening], None)
            for event in events:
                expression = draft.add(world["events"][event], expression)
            expression = draft.add(world["endings"][ending], expression)
        if _sound(expression):
            yield Problem(" ".join(draft.sentences), expression)


def _draw(rng: random.Random, rules: Mapping[str, Any]) -> dict[str, int]:
    values: dict[str, int] = {}
    for name, rule in rules.items():
        if isinstance(rule, str):
            known: dict[str, Expression] = {key: Number(Fraction(value)) for key, value in values.items()}
            values[name] = int(evaluate(parse(rule, known)))
        elif isinstance(rule, dict):
            values[name] = rng.choice(rule["of"])
        else:
            values[name] = rng.randint(*rule)
    return values


def _sound(expression: Expression) -> bool:
    try:
        results = [evaluate(operation) for operation in operations(expression)]
    except ExpressionError:
        return False
    answer = results[-1] if results else Fraction(0)
    return answer > 0 and answer.denominator == 1 and all(result >= 0 for result in results)
