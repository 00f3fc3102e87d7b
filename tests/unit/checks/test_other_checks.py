"""Re-solving and answerability, and checks one after another."""

from __future__ import annotations

import json

import pytest
from tests.unit.checks.scripted import OnePass, Scripted, asked_number, grow, seeds

import tilth
from tilth.checks import Agreement, Answerable, Resolve
from tilth.strategies import Check
from tilth.strategies.check import Checked

WRITE = "Write a new question"


def solver(second: str) -> Scripted:
    def rule(prompt: str, before: int) -> str:
        return second if "by another way" in prompt else "The answer is 5."

    return Scripted(rule)


@pytest.mark.parametrize(
    ("second", "verdict", "reason", "cause"),
    [
        ("The answer is 5.0.", "accepted", None, None),
        ("The answer is 6.", "rejected", "a second solution has another answer", "other-solution"),
        ("I cannot say.", "unverified", "the second solution could not be read", "unread-solution"),
    ],
)
def test_a_second_solution_decides(second: str, verdict: str, reason: str | None, cause: str | None) -> None:
    run = grow(solver(second), [Resolve()], count=1)
    assert run.rows.select("verdict", "reason", "cause").row(0) == (verdict, reason, cause)
    assert run.progress.queries == 2


def test_what_the_reference_rejected_stays_rejected() -> None:
    run = grow(solver("The answer is 5."), [Resolve()], count=1, references=True)
    assert run.rows["reason"][0] == "5 is not 0"


def writer(answerable: str) -> Scripted:
    def rule(prompt: str, before: int) -> str:
        if "ready" in prompt:
            return '{"ready": true}'
        if "somebody wrote" in prompt:
            return answerable
        if prompt.startswith(WRITE):
            return f"Question: Count {asked_number(prompt) + 10}?"
        return "The answer is 5."

    return Scripted(rule)


@pytest.mark.parametrize(
    ("reply", "verdict", "reason", "cause"),
    [
        ('{"reason": "All there.", "answerable": true}', "unverified", "no reference", "no-reference"),
        (
            '{"reason": "No number given.", "answerable": false}',
            "rejected",
            "the question was found not answerable",
            "unanswerable",
        ),
        ("hm", "unverified", "answerable: malformed after a correction: no JSON object", "malformed"),
    ],
)
def test_a_written_question_is_asked_about(reply: str, verdict: str, reason: str, cause: str) -> None:
    model = writer(reply)
    run = tilth.generate_sync(
        seeds(1), "new-question", 6, teacher=tilth.Teacher(model), path="run.tilth", checks=[Answerable()]
    )
    assert run.rows.select("verdict", "reason", "cause").row(0) == (verdict, reason, cause)


def test_a_seeds_own_question_is_not_asked_about() -> None:
    model = writer("{}")
    grow(model, [Answerable()], count=2)
    assert model.count("somebody wrote") == 0


def written(model: Scripted, checks: list[Check]) -> tilth.Run:
    """One new question, its row going through `checks`."""
    teacher = tilth.Teacher(model, concurrency=1)
    return tilth.generate_sync(seeds(1), "new-question", 7, teacher=teacher, path="run.tilth", checks=checks)


def test_the_first_rejection_ends_a_rows_checks() -> None:
    run = written(writer('{"reason": "No.", "answerable": false}'), [Answerable(), Agreement()])
    assert list(json.loads(run.rows["extra"][0])["checks"]) == ["answerable"]
    assert run.rows["reason"][0] == "the question was found not answerable"
    assert tilth.verify("run.tilth").findings == ()


def test_a_check_that_could_not_be_read_leaves_a_row_to_the_next() -> None:
    run = written(writer("hm"), [Answerable(), Agreement()])
    assert run.rows.select("verdict", "reason", "cause").row(0) == ("accepted", None, None)
    assert tilth.verify("run.tilth").findings == ()


def test_a_row_that_its_reference_rejected_is_not_asked_about() -> None:
    model = solver("The answer is 5.")
    run = grow(model, [Resolve()], count=4, references=True)
    assert run.progress.queries == len(model.asked) == 4
    assert tilth.verify("run.tilth", using=[Checked(OnePass(), [Resolve()])]).findings == ()


def test_a_task_whose_answers_cannot_be_compared_is_told_before_anything_is_asked() -> None:
    class Free(tilth.tasks.Numeric):
        comparable = False

    model = writer("{}")
    with pytest.raises(ValueError, match="cannot be compared with each other; leave out agreement"):
        tilth.start(
            seeds(1), "new-question", 6, teacher=tilth.Teacher(model), task=Free(), checks=[Agreement()]
        )
    assert model.asked == []
