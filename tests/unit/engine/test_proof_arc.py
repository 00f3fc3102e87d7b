"""Three hundred real questions of choice through real runs: every verdict is as it must be, in any order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.unit.engine.growing import comparable

import tilth
from tilth.tasks import Choice

KEYS = {"question": "question.stem", "answer": "answerKey", "id": "id"}


class Arc:
    """Answers from the file what is right, wrong or useless, by the question's place in it.

    It finds labels in the prompt it is sent, as the options stand there, and knows nothing of how they were
    put.
    """

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        self.records = records
        self.places = {
            " ".join(record["question"]["stem"].split()): n for n, record in enumerate(self.records)
        }
        self.calls = 0

    def right(self, place: int) -> str:
        record = self.records[place]
        texts = {option["label"]: option["text"] for option in record["question"]["choices"]}
        return " ".join(texts[record["answerKey"]].split())

    async def __call__(self, messages: Sequence[Mapping[str, str]], **settings: object) -> str:
        self.calls += 1
        prompt = messages[-1]["content"]
        question = prompt.rpartition("Question: ")[2]
        stem, *lines = re.split(r"\n(?=[A-E1-5]\. )", question)
        place = self.places[" ".join(stem.removeprefix("Put otherwise: ").split())]
        if prompt.startswith("Rephrase"):
            return f"Question: Put otherwise: {stem}"
        if prompt.startswith("Write"):
            return (
                f"Question: Unlike that, {stem}\nA) one\nB) two" if place % 3 else f"Question: Unlike {stem}"
            )
        texts = dict(line.split(". ", 1) for line in lines)
        label = next(label for label, text in texts.items() if text == self.right(place))
        other = next(name for name in texts if name != label)
        return KINDS[place % len(KINDS)][0](label, texts[label], other, texts[other])


Kind = tuple[Callable[[str, str, str, str], str], str, str | None]
KINDS: list[Kind] = [
    (lambda a, t, b, u: f"Not {u}.\nThe answer is {a}. {t}", "accepted", None),
    (
        lambda a, t, b, u: f"It looks like {a}, but it is not.\n\nThe answer is ({b}).",
        "rejected",
        "{b} is not {a}",
    ),
    (lambda a, t, b, u: f"**{t}**", "accepted", None),
    (lambda a, t, b, u: f"The answer is {a} or {b}.", "rejected", "more than one option"),
    (lambda a, t, b, u: f"<think>The answer is {b}.</think>\\boxed{{{a}}}", "accepted", None),
    (lambda a, t, b, u: "I would have to think about that.", "rejected", "no final answer"),
    (lambda a, t, b, u: f"The answer is {a}. {u}", "rejected", "label and text name different options"),
    (lambda a, t, b, u: f"Option {b} is wrong. So it must be ({a}).", "accepted", None),
]


MADE_UP = [
    {
        "id": f"m{n}",
        "question": {
            "stem": f"Which is number {n}?",
            "choices": [{"text": f"thing {n + k}", "label": "ABCD"[k]} for k in range(4)],
        },
        "answerKey": "ABCD"[n % 4],
    }
    for n in range(40)
]


@pytest.fixture
def arc(test_data: Path) -> list[dict[str, Any]]:
    """The records of the file."""
    lines = (test_data / "arc_challenge_train_300.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def seeds(records: Sequence[dict[str, Any]], task: Choice) -> tilth.Seeds:
    return tilth.read_seeds(records, task=task, **KEYS)


def assert_as_planned(rows: pl.DataFrame, model: Arc) -> None:
    ids = {record["id"]: place for place, record in enumerate(model.records)}
    for row in rows.iter_rows(named=True):
        place = ids[row["seed_id"]]
        _, verdict, reason = KINDS[place % len(KINDS)]
        label, _, text = row["reference"].partition(". ")
        assert text == model.right(place), "the reference names the right option, wherever it stands"
        assert f"\n{row['reference']}" in row["question"]
        said = (row["answer"] or "").partition(". ")[0]
        expected = reason and reason.format(a=label, b=said)
        assert (row["verdict"], row["reason"]) == (verdict, expected), row
        if verdict == "accepted":
            assert row["answer"] == row["reference"]


@pytest.mark.parametrize("task", [Choice(), Choice(shuffle=True)], ids=["as given", "shuffled"])
def test_every_verdict_on_arc_and_every_row_again_from_the_file(
    arc: list[dict[str, Any]], task: Choice
) -> None:
    model = Arc(arc)
    given = seeds(arc, task)
    teacher = tilth.Teacher(model, concurrency=32)
    first = tilth.generate_sync(given, "answer-augmentation", 200, teacher=teacher, path="arc.tilth")
    begun = first.rows
    assert (begun.height, model.calls) == (200, 200)
    run = tilth.generate_sync(given, "answer-augmentation", 600, teacher=teacher, path="arc.tilth")
    assert (run.rows.height, model.calls) == (600, 600), "it went on from the 200, and asked none again"
    assert run.rows.head(200).equals(begun)
    assert_as_planned(run.rows, model)

    twice = run.rows.group_by("seed_id").agg(pl.col("question").n_unique())["question"]
    shuffles = task.shuffle
    assert (twice.max() == 2) == shuffles, "each unit shuffles anew, where asked for"
    letters = run.rows["reference"].str.head(1).value_counts()
    assert letters.filter(pl.col("reference") == "A")["count"].item() > 100

    report = tilth.verify("arc.tilth")
    assert (report.findings, report.notes, report.rebuilt) == ((), (), 600)
    replayed = tilth.generate_sync(given, "answer-augmentation", 600, path="arc.tilth")
    assert replayed.rows.equals(run.rows), "it replays with no teacher"
    assert tilth.open_run("arc.tilth").task == task
    whole = tilth.generate_sync(given, "answer-augmentation", 200, teacher=teacher, path="whole.tilth")
    assert comparable(whole.rows).equals(comparable(begun)), "another run puts the options the same way"


def test_made_up_questions_are_shuffled_stopped_resumed_and_verified() -> None:
    model = Arc(MADE_UP)
    given = seeds(MADE_UP, Choice(shuffle=True))
    teacher = tilth.Teacher(model)
    tilth.generate_sync(given, "answer-augmentation", 30, teacher=teacher, path="made.tilth")
    run = tilth.generate_sync(given, "answer-augmentation", 80, teacher=teacher, path="made.tilth")
    assert (run.rows.height, model.calls) == (80, 80)
    assert_as_planned(run.rows, model)
    assert run.rows.filter(pl.col("seed_id") == "m0")["question"].n_unique() == 2
    report = tilth.verify("made.tilth")
    assert (report.findings, report.rebuilt) == ((), 80)


def test_another_order_of_options_is_another_run(arc: list[dict[str, Any]]) -> None:
    teacher = tilth.Teacher(Arc(arc))
    tilth.generate_sync(seeds(arc, Choice()), "answer-augmentation", 2, teacher=teacher, path="a.tilth")
    with pytest.raises(Exception, match="shuffle"):
        tilth.generate_sync(
            seeds(arc, Choice(shuffle=True)), "answer-augmentation", 2, teacher=teacher, path="a.tilth"
        )


def test_rephrased_and_new_questions_keep_their_options(arc: list[dict[str, Any]]) -> None:
    model = Arc(arc)
    given = seeds(arc, Choice(shuffle=True))
    teacher = tilth.Teacher(model, concurrency=32)
    run = tilth.generate_sync(given, "question-rephrase", 400, teacher=teacher, path="r.tilth")
    assert run.rows.height == 200
    assert run.rows["question"].str.starts_with("Put otherwise: ").all()
    assert_as_planned(run.rows, model)
    assert tilth.verify("r.tilth").findings == ()


def guessing(rows: pl.DataFrame) -> Callable[[Sequence[str]], list[str]]:
    """A student that names the option standing second: by its label, its text, or both, in turn."""

    def answer(questions: Sequence[str]) -> list[str]:
        seconds = [question.split("\n")[-3] for question in questions]
        ways = (lambda o: o, lambda o: o.partition(". ")[0], lambda o: o.partition(". ")[2])
        return [ways[place % 3](second) for place, second in enumerate(seconds)]

    return answer


def test_a_student_may_answer_by_label_or_by_text(arc: list[dict[str, Any]]) -> None:
    given = seeds(arc, Choice())
    learn, test = replace(given, frame=given.frame[:20]), replace(given, frame=given.frame[20:])
    study = tilth.study_sync(
        learn,
        test=tilth.tasks.as_put(test).frame,
        strategies=["answer-augmentation"],
        ratios=[1],
        replicates=1,
        student=guessing,
        teacher=tilth.Teacher(Arc(arc)),
        path="study.tilth",
        confirm=True,
    )
    second = sum(seed.reference in ("B", "2") for seed in test)
    assert study.frame["correct"].to_list() == [second]
    assert 50 < second < 100
