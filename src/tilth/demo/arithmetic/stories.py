"""Questions the simulated teacher invents: own stories, and mutations of a question it was shown."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tilth.demo.arithmetic.expression import Expression, Number, Operation, evaluate, operations, parse
from tilth.demo.arithmetic.reader import Reading, read_question
from tilth.demo.arithmetic.text import cues, read_text, tokens
from tilth.demo.data import load
from tilth.demo.rates import RATES

_SLOT = re.compile(r"\{(\w)\}")
_CAPITAL = re.compile(r"\b[A-Z][a-z]+\b")
_TRIES = 12
_MOST_NAMES = 8


def new_question(question: str, drift: float, rng: random.Random) -> str:
    """A new question after `question`: an own story with chance `drift`, else a mutation where one works."""
    if rng.random() >= drift:
        for _ in range(_TRIES):
            mutation = _mutate(question, rng)
            if mutation != question and _even(read_question(mutation)):
                return mutation
    return own_story(rng)


def own_story(rng: random.Random) -> str:
    """A story from the teacher's own favourites; the earlier in its table, the oftener told."""
    stories = load("stories.json")
    story = ""
    for _ in range(3 * _TRIES):
        fill = _Words(stories, rng)
        if rng.random() < 0.5:
            chains = stories["chains"]
            (chain,) = rng.choices(chains, [1 / (1 + 0.15 * place) for place in range(len(chains))])
            story = " ".join(fill(rng.choice(stories["parts"][part])) for part in chain)
        else:
            story = fill(rng.choice(rng.choice(stories["whole"])))
        reading = read_question(story)
        if _even(reading) or (reading is not None and rng.random() < RATES["uneven_numbers"]):
            break
    return story


class _Words:
    """Fills a template's slots; people and things stay the same within a story, small counts do not."""

    def __init__(
        self, stories: dict[str, Any], rng: random.Random, given: Mapping[str, str] | None = None
    ) -> None:
        first, second, third = rng.sample(stories["names"], 3)
        thing, other = rng.sample(stories["things"], 2)
        container = rng.choice(stories["containers"])
        self._rng, self._draw = rng, stories["draw"]
        self._values = {name: rng.randint(*bounds) for name, bounds in self._draw.items()}
        known = {name: Number(evaluate(parse(str(value)))) for name, value in self._values.items()}
        made = {name: str(evaluate(parse(rule, known))) for name, rule in stories["made"].items()}
        self._fixed = {
            "P": first, "Q": second, "R": third, "N": thing, "M": other, "C": container,
            "D": container + ("es" if container.endswith("x") else "s"),
            "p": str(rng.choice(stories["percentages"])), **made, **(given or {}),
        }  # fmt: skip

    def __call__(self, template: str) -> str:
        return _SLOT.sub(self._fill, template)

    def _fill(self, match: re.Match[str]) -> str:
        name = match.group(1)
        if name in ("c", "d"):
            return str(self._rng.randint(*self._draw[name]))
        return self._fixed[name] if name in self._fixed else str(self._values[name])


def _even(reading: Reading | None) -> bool:
    """Whether it comes out as a positive whole number and never goes below zero on the way."""
    if reading is None or reading.value <= 0 or reading.value.denominator != 1:
        return False
    return all(evaluate(operation) >= 0 for operation in operations(reading.expression))


def _mutate(question: str, rng: random.Random) -> str:
    stories = load("stories.json")
    text = _rename(question, stories["names"], rng)
    thing = _thing(text)
    if thing and rng.random() < 0.8:
        new = rng.choice(stories["things"])
        text = re.sub(rf"\b{thing}\b", new, text)
        thing = new
    text = _renumber(text, rng)
    if thing and rng.random() < 0.35:
        return _lengthened(text, thing, rng)
    sentences = _sentences(text)
    if len(sentences) >= 3 and rng.random() < 0.15:
        sentences.pop(rng.randrange(1, len(sentences) - 1))
    return " ".join(sentences)


def _lengthened(text: str, thing: str, rng: random.Random) -> str:
    """One more event before the last sentence, where that asks for a stock and the event is understood."""
    stories, sentences, reading = load("stories.json"), _sentences(text), read_question(text)
    hero = next((name for name in _CAPITAL.findall(text) if name in stories["names"]), None)
    stock = cues().has(read_text(text).asked, "stock asked") and "$" not in text
    if hero is None or reading is None or not reading.story or not stock or len(sentences) < 2:
        return text
    part = rng.choice(("gain", "loss", "loss", "loss groups"))
    fill = _Words(stories, rng, {"P": hero, "N": thing})
    sentences.insert(len(sentences) - 1, fill(rng.choice(stories["parts"][part])))
    longer = " ".join(sentences)
    grown = read_question(longer)
    if grown is None or not _extends(grown.expression, reading.expression):
        return text
    return longer


def _extends(longer: Expression, shorter: Expression) -> bool:
    """Whether `longer` adds something to `shorter`, or takes it away."""
    return isinstance(longer, Operation) and longer.operator in "+-" and longer.left == shorter


def _sentences(text: str) -> list[str]:
    return [text[sentence.start : sentence.end] for sentence in read_text(text).sentences]


def _rename(question: str, names: list[str], rng: random.Random) -> str:
    found = read_text(question).names[:_MOST_NAMES]
    renamed = dict(zip(found, rng.sample(names, len(found)), strict=True))
    return _CAPITAL.sub(lambda match: renamed.get(match.group().lower(), match.group()), question)


def _thing(text: str) -> str | None:
    """What is counted: the plural after a number."""
    words = tokens(text)
    for token, following in pairwise(words):
        word = following.word
        plural = len(word) > 3 and word.isalpha() and word.endswith("s")
        if token.number is not None and plural and not cues().has(f" {word} ", "no thing"):
            return text[following.start : following.end]
    return None


def _renumber(text: str, rng: random.Random) -> str:
    """Other numbers in digits: half to twice as large, percentages from the teacher's few."""
    parts, end = [], 0
    percentages = load("stories.json")["percentages"]
    for token in tokens(text):
        if token.number is None or not text[token.start : token.end].strip("$%").replace(",", "").isdigit():
            continue
        changed = (
            rng.choice(percentages)
            if token.percent
            else max(2, int(token.number * rng.randint(50, 180) / 100))
        )
        written = text[token.start : token.end]
        parts += [text[end : token.start], "$" * token.money, str(changed), "%" * written.endswith("%")]
        end = token.end
    return "".join([*parts, text[end:]])
