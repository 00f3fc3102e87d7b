"""Faulty records that are left out on request: the rest is used, and each is told."""

from __future__ import annotations

import json

import pytest

import tilth
from tilth import tasks
from tilth.errors import SeedsError
from tilth.seeds import read_seeds

GOOD = [{"question": f"{n} + 1?", "answer": str(n + 1)} for n in range(4)]
FAULTY = [GOOD[0], {"question": "Two?", "answer": ""}, GOOD[1], GOOD[0], GOOD[2]]


def test_faulty_records_are_left_out_listed_and_told(tmp_path):
    path = tmp_path / "in.jsonl"
    lines = [json.dumps(record) for record in FAULTY]
    path.write_text("\n".join([*lines, "{broken", json.dumps(GOOD[3])]), "utf-8")
    with pytest.raises(SeedsError, match=r'read_seeds\(\.\.\., on_fault="skip"\) leaves these out'):
        read_seeds(path)
    with pytest.warns(tilth.TilthWarning, match=r"in\.jsonl: 3 of 7 are left out") as told:
        seeds = read_seeds(path, on_fault="skip")
    assert "in.jsonl line 2: 'answer' is empty" in str(told[0].message)
    assert [seed.id for seed in seeds] == ["s0001", "s0003", "s0005", "s0007"]
    assert [seed.index for seed in seeds] == [0, 1, 2, 3]
    places = [line.partition(":")[0] for line in seeds.left_out]
    assert places == ["in.jsonl line 2", "in.jsonl line 4", "in.jsonl line 6"]
    assert repr(seeds) == "<Seeds 'in.jsonl': 4 for numeric, 3 left out>"
    assert seeds.head(2).left_out == seeds.left_out


def test_a_record_with_several_faults_counts_once():
    with pytest.warns(tilth.TilthWarning, match="1 of 5 are left out"):
        seeds = read_seeds([*GOOD, {"question": None, "answer": ""}], on_fault="skip")
    assert [line.count("; ") for line in seeds.left_out] == [2]
    assert repr(seeds) == "<Seeds 'seeds': 4 for numeric, 1 left out>"


@pytest.mark.parametrize(
    ("records", "options"),
    [
        ([{"question": "", "answer": "1"}], {}),
        ([{"a": "1"}, {"b": "2"}], {}),
        (GOOD, {"question": "q"}),
        ([], {}),
    ],
)
def test_where_nothing_is_left_it_is_an_error_that_offers_no_way_out(records, options):
    with pytest.raises(SeedsError) as caught:
        read_seeds(records, on_fault="skip", **options)
    assert "on_fault" not in str(caught.value)
    with pytest.raises(SeedsError) as caught:
        read_seeds(records, **options)
    assert "on_fault" not in str(caught.value)


def test_a_file_that_breaks_off_is_refused_whatever_lies_before(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text('question,answer\nOne?,1\n"Two?,2\nThree?,3\n', "utf-8")
    with pytest.raises(SeedsError, match=r"in\.csv line 3: not CSV: a quote that opens here is never closed"):
        read_seeds(path, on_fault="skip")


def test_other_values_are_refused():
    with pytest.raises(ValueError, match='on_fault must be "error" or "skip"'):
        read_seeds(GOOD, on_fault="drop")


CHOICES = [
    {"question": "One?", "choices": ["a", "b"], "answer": "A"},
    {"question": "Two?", "choices": ["b", "b"], "answer": "A"},
    {"question": "Three?", "choices": ["c", "d"], "answer": "B"},
    {"question": "Four?", "choices": ["c", "d"], "answer": ""},
]


@pytest.mark.parametrize("task", ["choice", tasks.Choice()], ids=["by name", "whole"])
def test_seeds_that_the_task_cannot_take_are_left_out_of_plans_and_runs(tmp_path, task):
    async def teacher(messages):
        return "The answer is A."

    with pytest.warns(tilth.TilthWarning, match="left out"):
        seeds = read_seeds(CHOICES, task=task, on_fault="skip")
    model = tilth.Teacher(teacher)
    with pytest.warns(tilth.TilthWarning) if task == "choice" else _nothing():
        plan = tilth.plan(seeds, "answer-augmentation", 2, teacher=model)
    assert plan.ratio == 1
    with pytest.warns(tilth.TilthWarning) if task == "choice" else _nothing():
        run = tilth.start(seeds, "answer-augmentation", 2, teacher=model, path=tmp_path / "run.tilth")
    assert sorted(run.wait().rows["seed_id"]) == ["s0001", "s0003"]
    assert len(run.seeds.left_out) == 2
    assert "options 1 and 2 are alike" in run.seeds.left_out[1]
    assert tilth.open_run(run.path).status == "finished"


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_a_task_that_refuses_seeds_names_the_way_out():
    seeds = read_seeds(CHOICES[:3], task="choice")
    with pytest.raises(SeedsError, match=r"s0002: options 1 and 2 are alike[^$]*on_fault=\"skip\""):
        tilth.start(seeds, "answer-augmentation", 1, teacher=tilth.demo.teacher())
    with pytest.raises(SeedsError, match="options 1 and 2 are alike"):
        tasks.as_put(seeds)
    with pytest.raises(SeedsError) as caught:
        read_seeds(CHOICES[1:2], task=tasks.Choice(), on_fault="skip")
    assert "on_fault" not in str(caught.value)


def test_head_takes_the_first(tmp_path):
    seeds = read_seeds(GOOD)
    assert [seed.id for seed in seeds.head(2)] == ["s0001", "s0002"]
    assert len(seeds.head(99)) == 4
    with pytest.raises(ValueError, match="take 1 or more"):
        seeds.head(0)


@pytest.mark.parametrize("name", ["x" * 400, "ä" * 200, "界" * 200])
def test_a_long_name_makes_a_path_that_can_be_written(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    seeds = read_seeds(GOOD, name=name)
    run = tilth.start(seeds, "answer-augmentation", 1, teacher=tilth.demo.teacher())
    assert run.wait().path.is_file()
    assert run.path.name.startswith(name[:20])
