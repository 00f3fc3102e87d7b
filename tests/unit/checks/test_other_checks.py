"""Re-solving and answerability, and checks one after another."""

from __future__ import annotations

import json

import pytest
from tests.unit.checks.scripted import Scripted, asked_number, grow, seeds

import tilth
from tilth.checks import Agreement, Answerable, Resolve

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
        ("hm", "rejected", "answerable: malformed after a correction: no JSON object", "malformed"),
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


def test_checks_stand_one_after_another_and_a_rejection_stays() -> None:
    model = writer('{"reason": "No.", "answerable": false}')
    run = tilth.generate_sync(
        seeds(1),
        "new-question",
        7,
        teacher=tilth.Teacher(model),
        path="run.tilth",
        checks=[Answerable(), Agreement()],
    )
    found = json.loads(run.rows["extra"][0])["checks"]
    assert found["agreement"]["stands"] == "with"
    assert run.rows["reason"][0] == "the question was found not answerable"
    assert tilth.verify("run.tilth").findings == ()


def test_a_task_whose_answers_cannot_be_compared_is_told_before_anything_is_asked() -> None:
    class Free(tilth.tasks.Numeric):
        comparable = False

    model = writer("{}")
    with pytest.raises(ValueError, match="cannot be compared with each other; leave out agreement"):
        tilth.start(
            seeds(1), "new-question", 6, teacher=tilth.Teacher(model), task=Free(), checks=[Agreement()]
        )
    assert model.asked == []
