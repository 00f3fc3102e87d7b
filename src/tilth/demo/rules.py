"""What the simulated teacher does with the questions of one task."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from tilth.demo.request import Read

WHO = "I am the rule-based simulation that comes with Tilth, not a language model."
"""How every reply to foreign text begins."""


@dataclass(frozen=True, slots=True)
class Rules(Generic[Read]):
    """The rules for one task.

    Attributes:
        read: Takes a question to its reading, or to None where it cannot be read.
        answer: Takes a question, its reading, skill, temperature and what it draws from to an answer.
        rephrase: Takes a question, skill, temperature and what it draws from to other words.
        new_question: Takes a question, drift and what it draws from to a new one.
        foreign: The reply where nothing is asked that it can read.
    """

    read: Callable[[str], Read | None]
    answer: Callable[[str, Read, float, float, random.Random], str]
    rephrase: Callable[[str, float, float, random.Random], str]
    new_question: Callable[[str, float, random.Random], str]
    foreign: str
