"""Says a question in other words: rewrites its surface, reads the result, and retries where it changed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache

from tilth.demo.arithmetic.reader import read_question
from tilth.demo.arithmetic.text import read_text
from tilth.demo.data import load
from tilth.demo.rates import RATES, chance

_TRIES = 4
_HOLE = re.compile(r"\{(\d)\}")


def rephrase(question: str, skill: float, temperature: float, rng: random.Random) -> str:
    """The question in other words; mostly, but not always, with the same answer (`tilth.demo.RATES`)."""
    return faithful(question, lambda: _rewrite(question, skill, temperature, rng), _value, rng)


def faithful(
    question: str, rewrite: Callable[[], str], meaning: Callable[[str], object | None], rng: random.Random
) -> str:
    """A rewrite that is read to mean what the question does, or the last of some; now and then one unread."""
    before = meaning(question)
    said = question
    for _ in range(_TRIES):
        said = rewrite()
        after = meaning(said)
        if rng.random() < RATES["unchecked_rephrase"] or (before is not None and before == after):
            break
    return said


def _value(question: str) -> Fraction | None:
    reading = read_question(question)
    return None if reading is None else reading.value


def _rewrite(question: str, skill: float, temperature: float, rng: random.Random) -> str:
    eager = eagerness(temperature)
    said = substitute(question, "rephrases.json", eager, rng)
    sentences = _sentences(said)
    if len(sentences) >= 2 and sentences[-1].endswith("?") and rng.random() < 0.25:
        sentences.insert(0, sentences.pop())
    elif len(sentences) >= 3 and rng.random() < 0.3:
        first, second, *rest = sentences
        sentences = [f"{first.rstrip('.')}, and {_uncapitalised(second)}", *rest]
    if strays(skill, temperature, rng):
        sentences = _distort(sentences, rng)
    opener: str = rng.choice(load("rephrases.json")["openers"])
    return opener + " ".join(sentences)


def eagerness(temperature: float) -> float:
    """The share of phrases that are put in other words."""
    return 0.35 + 0.45 * min(temperature, 1.2)


def strays(skill: float, temperature: float, rng: random.Random) -> bool:
    """Whether a rewrite is to be unfaithful."""
    rate = RATES["unfaithful_rephrase"] + RATES["unfaithful_rephrase_heat"] * temperature
    return rng.random() < chance(rate, skill)


def substitute(question: str, table: str, eager: float, rng: random.Random) -> str:
    """The question with some of its phrases in other words, by the substitutions of a file."""
    said = question
    for pattern, others in _substitutions(table):
        other = rng.choice(others)
        if rng.random() < eager:
            match = pattern.search(said)
            if match is not None:
                said = said[: match.start()] + _fill(match, other) + said[match.end() :]
    return said


@cache
def _substitutions(table: str) -> list[tuple[re.Pattern[str], list[str]]]:
    return [(_pattern(old), others) for old, others in load(table)["substitutions"]]


def _pattern(phrase: str) -> re.Pattern[str]:
    """A phrase of the table as whole words; "{1}" stands for a word that is kept."""
    kept = r"([\w$]+)".join(re.escape(part) for part in _HOLE.split(phrase)[::2])
    return re.compile(rf"(?<!\w){kept}(?!\w)")


def _fill(match: re.Match[str], other: str) -> str:
    return _HOLE.sub(lambda hole: match.group(int(hole.group(1))), other)


def _sentences(text: str) -> list[str]:
    return [text[sentence.start : sentence.end] for sentence in read_text(text).sentences]


def _uncapitalised(sentence: str) -> str:
    first = sentence.split(" ", 1)[0].lower()
    return sentence if first in read_text(sentence).names else sentence[0].lower() + sentence[1:]


def _distort(sentences: list[str], rng: random.Random) -> list[str]:
    """An unfaithful rewrite: a number changes, or a sentence in the middle is lost."""
    if rng.random() < 0.5 and len(sentences) > 2:
        lost = rng.randrange(1, len(sentences) - 1)
        return [sentence for place, sentence in enumerate(sentences) if place != lost]
    places = [place for place, sentence in enumerate(sentences) if re.search(r"\d", sentence)]
    if not places:
        return sentences
    place = rng.choice(places)
    match = rng.choice(list(re.finditer(r"\d+", sentences[place])))
    changed = str(max(2, int(match.group()) + rng.choice((-3, -1, 1, 5))))
    sentence = sentences[place][: match.start()] + changed + sentences[place][match.end() :]
    return [*sentences[:place], sentence, *sentences[place + 1 :]]
