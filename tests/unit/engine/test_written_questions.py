"""What becomes of written questions that are copies or tell their answer: the same however a run went on."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine.growing import comparable

import tilth
from tilth.seeds import Seeds
from tilth.teacher import CallError

QUESTIONS = [
    *(f"How many are {n} and 4?" for n in range(7)),
    "HOW many are  1, and 4",
    "what is seed 3",
    "Wherever it is, how much is it?",
]


class Writer:
    """Writes one of few questions, by messages and sampling seed; `hurried`, they come in any order."""

    def __init__(self, *, hurried: bool = False) -> None:
        self.hurried = hurried

    async def __call__(self, messages: Any, seed: int = 0, **settings: Any) -> str:
        prompt = messages[-1]["content"]
        draw = int(hashlib.sha256(f"{prompt}{seed}".encode()).hexdigest()[:8], 16)
        for _ in range(draw % 9 if self.hurried else 0):
            await asyncio.sleep(0)
        if prompt.startswith("Write a new question"):
            return f"Question: {QUESTIONS[draw % len(QUESTIONS)]}"
        return f"The answer is {draw % 10}."


def seeds() -> Seeds:
    return tilth.read_seeds([{"question": f"What is seed {i}?"} for i in range(6)], answer=None, name="few")


def grown(path: str, budget: int = 80, concurrency: int = 1, **options: Any) -> tilth.Run:
    teacher = tilth.Teacher(Writer(hurried=concurrency > 1), concurrency=concurrency)
    return tilth.generate_sync(seeds(), "new-question", budget, teacher=teacher, path=path, **options)


def test_a_copy_of_an_earlier_question_or_a_seed_is_rejected() -> None:
    run = grown("run.tilth")
    kept = run.rows.filter(pl.col("verdict") != "rejected")
    keys = [tilth.tasks.Numeric().key(question) for question in kept["question"]]
    assert len(set(keys)) == len(keys) >= 5
    copies = run.rows.filter(cause="copy")
    assert set(copies["reason"]) == {"the question of an earlier row", "the question of seed s0004"}
    assert run.rows.height == kept.height + copies.height
    assert set(run.quality.rowless_by) == {"copy"}, "of its own seed"
    assert (run.progress.rejected, run.progress.unverified) == (copies.height, kept.height)


@pytest.mark.parametrize("concurrency", [4, 16])
def test_which_row_is_the_copy_is_the_same_at_any_concurrency_and_after_a_resume(concurrency: int) -> None:
    one = grown("one.tilth")
    many = grown("many.tilth", concurrency=concurrency)
    assert_frame_equal(comparable(many.rows), comparable(one.rows))
    grown("resumed.tilth", 30, concurrency)
    resumed = grown("resumed.tilth", 80, concurrency)
    columns = ["unit", "question", "verdict", "cause", "reason"]
    assert_frame_equal(resumed.rows.select(columns), one.rows.select(columns))
    for run in (one, many, resumed):
        assert tilth.verify(run.path).findings == ()
        counted = dict(run.rows["verdict"].value_counts().iter_rows())
        assert run.progress.rejected == counted["rejected"]
        assert run.progress.unverified == counted["unverified"]
    assert_frame_equal(one.prefix(30).select(columns), grown("small.tilth", 30).rows.select(columns))


def test_copies_are_told_anew_when_rows_are_judged_again() -> None:
    first = grown("run.tilth")
    assert set(grown("run.tilth", check=False).rows["verdict"]) == {"unverified"}
    again = grown("run.tilth")
    columns = ["unit", "verdict", "cause", "reason"]
    assert_frame_equal(again.rows.select(columns), first.rows.select(columns))
    assert again.progress.rejected == first.progress.rejected


def test_answers_to_the_seeds_own_questions_are_no_copies() -> None:
    run = tilth.generate_sync(
        seeds(), "answer-augmentation", 18, teacher=tilth.Teacher(Writer()), path="run.tilth"
    )
    assert set(run.rows["cause"]) == {"no-reference"}


class Telling(tilth.Strategy):
    """Brings questions of its own making, as other packages' strategies do."""

    name, title = "test-telling", "Telling"

    def cost(self, task: Any) -> tilth.UnitCost:
        return tilth.UnitCost(teacher=1)

    async def grow(self, unit: Any, ask: Any, task: Any) -> Any:
        reply = await ask(task.answer(unit.seed.question))
        yield tilth.Candidate(f"How many are {unit.number} and 4? The answer is {unit.number + 4}.", reply)


def test_a_question_that_tells_its_answer_is_rejected_whoever_wrote_it() -> None:
    run = tilth.generate_sync(seeds(), Telling(), 4, teacher=tilth.Teacher(Writer()), path="run.tilth")
    assert set(run.rows.select("verdict", "cause").rows()) == {("rejected", "leaked-answer")}
    assert tilth.verify("run.tilth", using=[Telling()]).findings == ()


def test_the_seeds_own_question_is_no_new_one(tmp_path: Path) -> None:
    async def parrot(messages: Any, **settings: Any) -> str:
        question = messages[-1]["content"].rpartition("Question: ")[2]
        return f"Question: {question.upper()}"

    for strategy in ("new-question", "question-rephrase"):
        run = tilth.generate_sync(
            seeds(), strategy, 5, teacher=tilth.Teacher(parrot), path=tmp_path / f"{strategy}.tilth"
        )
        assert run.rows.is_empty()
        assert run.quality.rowless_by.keys() == {"copy"}
        assert run.quality.latest["rowless"] == {"copy": "the seed's own question"}


def test_options_in_another_order_make_no_other_question() -> None:
    task = tilth.tasks.Choice()
    one = "Which sinks?\nA. cork\nB. lead"
    assert task.key(one) == task.key("which sinks\n\n(a) Lead\n(b) Cork.")
    assert task.key(one) != task.key("Which sinks?\nA. cork\nB. iron")


def test_a_refusal_is_no_answer() -> None:
    async def refusing(messages: Any, **settings: Any) -> str:
        return "I'm sorry, but I can't help with that request."

    task = tilth.tasks.OpenEnded()
    one = tilth.read_seeds([{"question": "Say hello."}], answer=None, task=task)
    run = tilth.generate_sync(
        one, "answer-augmentation", 2, teacher=tilth.Teacher(refusing), path="run.tilth"
    )
    assert set(run.rows.select("verdict", "cause").rows()) == {("rejected", "refused")}


def test_a_whole_question_of_a_reply_that_was_cut_off_is_answered() -> None:
    async def cut(messages: Any, **settings: Any) -> dict[str, str]:
        if messages[-1]["content"].startswith("Write a new question"):
            return {"text": "Question: How many are 3 and 4?\n\nIn this case we", "finish_reason": "length"}
        return {"text": "The answer is 7.", "finish_reason": "stop"}

    run = tilth.generate_sync(seeds(), "new-question", 2, teacher=tilth.Teacher(cut), path="run.tilth")
    assert run.rows["question"].to_list() == ["How many are 3 and 4?"]
    assert tilth.verify("run.tilth").findings == ()


def test_what_was_said_where_there_is_no_row_can_be_read() -> None:
    async def idle(messages: Any, **settings: Any) -> str:
        if "seed 2" in messages[-1]["content"]:
            raise CallError("this prompt is refused", kind="bad-request", status=400)
        return "Nothing comes to mind."

    run = tilth.generate_sync(seeds(), "new-question", 6, teacher=tilth.Teacher(idle), path="run.tilth")
    found = tilth.open_run("run.tilth").rowless
    assert_frame_equal(found, run.rowless)
    assert found.height == run.progress.rowless
    by_cause = {row["cause"]: row for row in found.iter_rows(named=True)}
    assert by_cause["no-question"]["reply"] == "Nothing comes to mind."
    assert by_cause["no-question"]["prompt"].startswith("Write a new question")
    assert (by_cause["no-question"]["role"], by_cause["no-question"]["queries"]) == ("writer", 1)
    assert by_cause["refused-request"]["reply"] is None
    assert "this prompt is refused" in by_cause["refused-request"]["reason"]
