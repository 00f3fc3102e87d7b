"""Known errors, put into good responses: what a judge must see before its scores are trusted."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"(?<![\w.,])[0-9]{1,9}(?![\w]|[.,][0-9])")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]+(?=\s|$)|[^\n]+(?=\n|$)")
_STEPS = (-3, -2, -1, 1, 2, 3, 10)


@dataclass(frozen=True)
class Good:
    """A good response, the responses to other questions, and what errors are drawn from."""

    response: str
    others: Sequence[str]
    rng: random.Random

    def numbers(self) -> list[re.Match[str]]:
        """The whole numbers in it."""
        return list(_NUMBER.finditer(self.response))

    def ends(self) -> list[int]:
        """Where its sentences end."""
        return [match.end() for match in _SENTENCE.finditer(self.response)]

    def stranger(self) -> str | None:
        """The response to another question."""
        strange = [other for other in self.others if other != self.response]
        return self.rng.choice(strange) if strange else None

    def with_another(self, number: re.Match[str]) -> str:
        """The response with another number in this one's place."""
        value = int(number[0])
        other = value + self.rng.choice([step for step in _STEPS if value + step >= 0])
        return f"{self.response[: number.start()]}{other}{self.response[number.end() :]}"


def _wrong_result(good: Good) -> str | None:
    numbers = good.numbers()
    return good.with_another(numbers[-1]) if numbers else None


def _wrong_step(good: Good) -> str | None:
    numbers = good.numbers()[:-1]
    return good.with_another(good.rng.choice(numbers)) if numbers else None


def _half(good: Good) -> str | None:
    ends = good.ends()
    return good.response[: ends[(len(ends) - 1) // 2]].rstrip() if len(ends) > 1 else None


def _foreign_sentence(good: Good) -> str | None:
    ends, foreign = good.ends(), _SENTENCE.search(good.stranger() or "")
    if foreign is None or not ends or foreign[0].strip() in good.response:
        return None
    place = good.rng.choice(ends)
    return f"{good.response[:place]} {foreign[0].strip()}{good.response[place:]}"


INJECTIONS: Mapping[str, Callable[[Good], str | None]] = {
    "wrong result": _wrong_result,
    "wrong number on the way": _wrong_step,
    "second half missing": _half,
    "answer to another question": Good.stranger,
    "sentence from another answer": _foreign_sentence,
}
"""The errors by name; each gives the spoilt response, or None where a response cannot have it.

Source: programmatic error injection, as in FARE (foundational automatic evaluators).
"""


def inject(good: Good) -> tuple[str, str] | None:
    """The name of an error and the response with it, drawn from those it can have; None if none."""
    for name in good.rng.sample(list(INJECTIONS), len(INJECTIONS)):
        spoilt = INJECTIONS[name](good)
        if spoilt is not None and spoilt.strip() not in ("", good.response.strip()):
            return name, spoilt
    return None
