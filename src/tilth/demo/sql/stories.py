"""Questions over the sample database that the simulated teacher invents: its own, and changes of the seed."""

from __future__ import annotations

import random
import re

from tilth.demo.data import load
from tilth.demo.sql.database import Column, schema
from tilth.demo.sql.lexicon import Mention, mentions
from tilth.demo.sql.reader import read_question
from tilth.demo.sql.rephrase import other, swapped

_SLOT = re.compile(r"\{(\w+)\}")
_TRIES = 12
_HOLDS = {
    "category": "plants.category",
    "light": "plants.light",
    "plant": "plants.name",
    "city": "customers.city",
    "kind": "customers.kind",
    "customer": "customers.name",
    "month": "orders.month",
    "status": "orders.status",
    "country": "suppliers.country",
    "supplier": "suppliers.name",
}


def new_question(question: str, drift: float, rng: random.Random) -> str:
    """A new question after `question`: one of its own with chance `drift`, else a change where one works."""
    before = read_question(question)
    if before is not None and rng.random() >= drift:
        for _ in range(_TRIES):
            changed = _changed(question, list(before.mentions), rng)
            after = read_question(changed)
            if after is not None and after.sql != before.sql:
                return changed
    return own_question(rng)


def own_question(rng: random.Random) -> str:
    """One of the teacher's own favourites; the earlier in its table, the oftener asked."""
    own = load("sql_stories.json")["own"]
    (template,) = rng.choices(own, [1 / (1 + 0.12 * place) for place in range(len(own))])
    return _filled(template, rng)


def _filled(template: str, rng: random.Random) -> str:
    """The template with its slots filled; the same slot is filled alike."""
    stories = load("sql_stories.json")
    chosen: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in chosen:
            if name in _HOLDS:
                chosen[name] = rng.choice(schema().values[Column.of(_HOLDS[name])])
            elif name == "categories":
                chosen[name] = f"{rng.choice(schema().values[Column('plants', 'category')]).lower()}s"
            elif name in stories["nouns"]:
                chosen[name] = rng.choice(stories["nouns"][name])
            else:
                chosen[name] = str(rng.choice(stories["numbers"][name]))
        return chosen[name]

    return _SLOT.sub(fill, template)


def _changed(question: str, found: list[Mention], rng: random.Random) -> str:
    """Other values and numbers; at times another column, another function, or one more condition."""
    text, named = question, {mention.column for mention in found if mention.kind == "value"}
    # From the end, so that what stands before keeps its place.
    for mention in reversed(found):
        if mention.kind in ("number", "value"):
            text = swapped(text, mention, other(text, mention, rng))
        elif mention.kind == "cue" and rng.random() < 0.3:
            text = _other_function(text, mention, rng)
        elif mention.kind == "column" and mention.column not in named and rng.random() < 0.4:
            text = _other_column(text, mention, rng)
    return _extended(text, rng) if rng.random() < 0.35 else text


def _other_function(text: str, mention: Mention, rng: random.Random) -> str:
    others = load("sql_stories.json")["functions"].get(text[mention.start : mention.end])
    return swapped(text, mention, rng.choice(others)) if others else text


def _other_column(text: str, mention: Mention, rng: random.Random) -> str:
    """Another column of the same table that holds the like, as the teacher calls it."""
    names, column = load("sql_stories.json")["measures"], mention.column
    if column is None or column.dotted not in names:
        return text
    alike = column.likes()
    likes = [said for dotted, said in names.items() if Column.of(dotted) in alike]
    written = text[mention.start : mention.end]
    whole = written in names.values() or written in ("light requirement", "kind")
    return swapped(text, mention, rng.choice(likes)) if likes and whole else text


def _extended(text: str, rng: random.Random) -> str:
    """One more condition on the first noun that stands for rows."""
    more = load("sql_stories.json")["more"]
    noun = next((mention for mention in mentions(text) if mention.kind == "table"), None)
    if noun is None:
        return text
    template = rng.choice(more[noun.said]).replace("{noun}", text[noun.start : noun.end])
    return swapped(text, noun, _filled(template, rng))
