"""What a run's quality says, against runs whose rows were counted by hand."""

from __future__ import annotations

from pathlib import Path

from tests.unit.checks.scripted import Scripted, asked_number, grow
from tests.unit.checks.test_agreement import voter
from tests.unit.checks.test_judge import answer, judge, judging, scored

import tilth
from tilth.checks import Agreement


def test_verdicts_and_reasons_of_a_plain_run() -> None:
    model = Scripted(lambda prompt, before: "7" if asked_number(prompt) else "who knows")
    found = grow(model, [], references=True).quality
    assert (found.accepted, found.rejected, found.unverified) == (0, 4, 0)
    assert found.rejected_by == {"another answer than the reference's": 3, "no final answer": 1}
    assert found.queries == {"generation": 4}
    assert (found.queries_per_accepted, found.usd, found.agreement, found.scores) == (None, None, None, {})


def test_votes_are_counted_by_question() -> None:
    found = grow(voter(), [Agreement()]).quality
    assert found.agreement is not None
    assert found.agreement.questions == 4
    assert found.agreement.by_share == {"2 of 2": 1, "2 of 3": 2, "no majority": 1}
    assert found.accepted == 3
    assert found.rejected_by == {"no majority of answers agrees": 3, "outvoted by other answers": 2}
    assert found.queries_per_accepted == 11 / 3
    assert found.checks == {"agreement": 8}


def test_scores_and_the_judges_account() -> None:
    model = judging(scored(5, 5), scored(5, 4), scored(2, 4), "hm")
    found = grow(Scripted(answer), [judge(model)]).quality
    assert found.scores == {"clarity": (0, 1, 0, 0, 2), "truth": (0, 0, 0, 2, 1)}
    assert found.queries == {"generation": 4, "judge": len(model.asked)}
    assert found.rejected_by == {"judged too low": 1, "the judge's reply could not be used": 1}
    assert found.checks == {"judge": 4}


def test_what_gave_no_row_is_told_with_its_reason(tmp_path: Path) -> None:
    model = Scripted(lambda prompt, before: "no question here")
    run = tilth.generate_sync(
        grow(Scripted(answer), []).seeds,
        "new-question",
        3,
        teacher=tilth.Teacher(model),
        path=tmp_path / "r.tilth",
    )
    assert run.quality.rowless_by == {"no question found": 2}


def test_reasons_that_carry_values_are_counted_together(tmp_path: Path) -> None:
    task = tilth.demo.seeds(1, task="sql").task
    replies = ["SELECT name FROM plants", "SELECT 1, 2, 3", "DROP TABLE plants", "SELECT no_such FROM plants"]
    model = Scripted(lambda prompt, before: replies[before])
    reference = "SELECT count(*) FROM plants"
    run = tilth.generate_sync(
        tilth.read_seeds([{"question": "How many plants are there?", "answer": reference}], task=task),
        "answer-augmentation",
        4,
        teacher=tilth.Teacher(model, concurrency=1),
        path=tmp_path / "run.tilth",
    )
    assert run.quality.rejected_by["another number of rows or columns"] == 2
    assert run.quality.rejected_by["not a query: DROP"] == 1
    assert run.quality.rejected == 4
