"""The SQL demo's seeds and question sets: their references run on both states and are worth asking."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from tilth import demo
from tilth.demo.data import load
from tilth.demo.splits import Kind, Split
from tilth.tasks.sql.task import Sql

KINDS = get_args(Kind)
SPLITS = get_args(Split)


def test_seeds_are_reproducible_nested_and_bring_their_task() -> None:
    few, many = demo.seeds(25, 3, task="sql"), demo.seeds(100, 3, "sql")
    assert many.frame.head(25).equals(few.frame)
    assert not demo.seeds(25, 4, task="sql").frame.equals(few.frame)
    assert isinstance(few.task, Sql)
    assert few.has_references
    assert demo.seeds(2).task == "numeric"


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_gives_rows_on_both_states(kind: Kind, rows_of) -> None:
    for split in SPLITS:
        for question, reference in demo.questions(kind, split, task="sql")[
            ["question", "reference"]
        ].iter_rows():
            for rows in rows_of(reference):
                assert rows, question
                assert rows not in ([(0,)], [(None,)]), question


@pytest.mark.parametrize("kind", KINDS)
def test_no_ranking_has_a_tie(kind: Kind, rows_of) -> None:
    """A right query that breaks the tie the other way would be called wrong."""
    cut = 0
    for reference in demo.questions(kind, "test", task="sql")["reference"]:
        match = re.search(r"^SELECT .+? FROM (.+) ORDER BY (.+?)( DESC)? LIMIT (\d+)$", reference)
        if match is None:
            continue
        body, key, descending, limit = match.groups()
        cut += 1
        for rows in rows_of(f"SELECT {key} FROM {body} ORDER BY {key}"):
            values = [value for (value,) in rows]
            values.sort(reverse=bool(descending))
            ranked = values[: int(limit) + 1]
            assert len(set(ranked)) == len(ranked), reference
    assert cut >= 5


def test_the_states_tell_most_questions_apart(rows_of) -> None:
    first, second = zip(*map(rows_of, demo.questions("same", "test", task="sql")["reference"]), strict=True)
    assert sum(a != b for a, b in zip(first, second, strict=True)) / 400 > 0.85


def test_seeds_have_a_long_tail() -> None:
    seeds = list(demo.seeds(200, task="sql"))
    shapes = {re.sub(r"'[^']*'|\d+", "?", seed.reference or "") for seed in seeds}
    assert len(shapes) > 80


def _templates(*tables: object) -> set[str]:
    """Every phrase of the tables, its slots alike."""
    found: set[str] = set()
    for table in tables:
        if isinstance(table, str):
            found.add(re.sub(r"\{\w+\}", "_", table))
        elif isinstance(table, dict):
            found |= _templates(*table.values())
        elif isinstance(table, list):
            found |= _templates(*table)
    return found


def test_world_and_teacher_share_no_sentence() -> None:
    world, own = load("sql_world.json"), load("sql_stories.json")["own"]
    told = _templates([kind[wording] for kind in world["kinds"] for wording in ("same", "held-out")])
    assert len(told) > 80
    assert not told & _templates(own)


def test_held_out_questions_are_put_in_sentences_that_no_seed_has() -> None:
    for kind in load("sql_world.json")["kinds"]:
        assert len(kind["held-out"]) >= 2
        assert not _templates(kind["same"]) & _templates(kind["held-out"])


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(ValueError, match="no task 'code'; take one of 'numeric', 'sql'"):
        demo.seeds(5, task="code")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no task 'code'"):
        demo.questions(task="code")  # type: ignore[arg-type]
