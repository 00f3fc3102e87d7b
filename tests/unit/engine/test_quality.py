"""What `run.quality` counts, against runs that were counted by hand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.checks.scripted import Scripted, asked_number, grow, seeds

import tilth
from tilth.checks import Agreement, Answerable, Judge, Resolve, Rubric

RUBRIC = Rubric("quality", {"clarity": "5: clear; 1: not", "truth": "5: true; 1: not"})


def right(prompt: str, before: int) -> str:
    return f"The answer is {asked_number(prompt)}."


def model_of(*answers: str) -> Scripted:
    """Answers each question with these in turn, and says "who knows" after."""
    return Scripted(lambda prompt, before: answers[before] if before < len(answers) else "who knows")


def judge(*replies: str, accept: float = 4.0, **options: Any) -> Judge:
    """A judge that is ready, then gives these judgements in order."""
    left: Iterator[str] = iter(replies)
    model = Scripted(lambda prompt, before: '{"ready": true}' if "ready" in prompt else next(left))
    return Judge(tilth.Teacher(model, concurrency=1, **options), RUBRIC, accept)


def scored(clarity: int, truth: int) -> str:
    return json.dumps({"reason": "It reads well.", "clarity": clarity, "truth": truth})


def test_verdicts_are_counted_by_cause_whatever_their_reasons_say() -> None:
    replies = {0: "The answer is 0.", 1: "The answer is 7.", 2: "The answer is 8.", 3: "who knows"}
    run = grow(Scripted(lambda prompt, before: replies[asked_number(prompt)]), [], references=True)
    found = run.quality
    assert (found.accepted, found.rejected, found.unverified) == (1, 3, 0)
    assert found.rejected_by == {"wrong-answer": 2, "no-answer": 1}
    assert found.latest["rejected"] == {"wrong-answer": "8 is not 2", "no-answer": "no final answer"}
    assert found.checks == {}


def test_the_price_is_that_of_everything_spent_for_each_row_that_is_accepted_or_kept() -> None:
    replies = {0: "The answer is 0.", 1: "The answer is 7."}
    model = tilth.Teacher(
        Scripted(lambda prompt, before: replies[asked_number(prompt)]),
        concurrency=1,
        price=tilth.teacher.Price(1.0, 1.0),
    )
    run = grow(Scripted(right), [], count=2, references=True, teacher=model, confirm=True)
    found = run.quality
    assert found.queries == {"generation": 2}
    assert (found.queries_per_accepted, found.queries_per_kept) == (2, 2)
    assert found.usd == pytest.approx(run.progress.usd)
    assert found.usd_per_accepted == pytest.approx(run.progress.usd)
    unverified = grow(Scripted(right), [], count=2, path="unverified.tilth").quality
    assert unverified.unverified_by == {"no-reference": 2}
    assert (unverified.queries_per_accepted, unverified.queries_per_kept) == (None, 1)
    assert (unverified.usd, unverified.usd_per_kept) == (None, None), "the price is not known"


def test_queries_in_doubt_stand_apart_and_count_in_the_price() -> None:
    run = grow(Scripted(right), [], count=2, references=True)
    with sqlite3.connect(run.path) as file:
        file.execute("UPDATE ledger SET state = 'in doubt' WHERE call = 1")
    found = tilth.open_run(run.path).quality
    assert (found.queries, found.in_doubt) == ({"generation": 1}, 1)
    assert found.queries_per_accepted == 1


def test_votes_are_counted_by_question() -> None:
    answers = {0: ["5", "5"], 1: ["5", "6", "5"], 2: ["5", "6", "6"], 3: ["5", "6", "7"]}
    model = Scripted(lambda prompt, before: f"The answer is {answers[asked_number(prompt)][before]}.")
    found = grow(model, [Agreement()]).quality
    [table] = found.checks["agreement"]
    assert (table.title, table.columns) == (
        "Agreement",
        {"questions": "count", "answers that agree": "share"},
    )
    assert table.rows == {
        "2 of 2": (1, 1.0),
        "2 of 3": (2, pytest.approx(2 / 3)),
        "no majority": (1, pytest.approx(1 / 3)),
        "all questions": (4, pytest.approx((1 + 2 / 3 + 2 / 3 + 1 / 3) / 4)),
    }
    assert found.rejected_by == {"no-majority": 3, "outvoted": 2}


def test_a_question_counts_once_where_all_its_agreeing_answers_are_kept() -> None:
    found = grow(
        model_of("The answer is 5.", "The answer is 6.", "The answer is 5."),
        [Agreement(keep="all")],
        count=1,
    ).quality
    assert found.accepted == 2
    [table] = found.checks["agreement"]
    assert table.rows["2 of 3"] == table.rows["all questions"] == (1, pytest.approx(2 / 3))


def test_a_judges_scores_are_counted_by_criterion_and_its_queries_by_account() -> None:
    run = grow(
        Scripted(right),
        [judge(scored(5, 5), scored(4, 2), scored(5, 3), "hm", "hm")],
        count=4,
    )
    found = run.quality
    scores, rows = found.checks["judge"]
    assert list(scores.columns) == ["1", "2", "3", "4", "5", "mean"]
    assert scores.rows == {
        "clarity": (0, 0, 0, 1, 2, pytest.approx(14 / 3)),
        "truth": (0, 1, 1, 0, 1, pytest.approx(10 / 3)),
    }
    assert rows.rows == {"scored": (3,), "malformed": (1,)}
    assert found.rejected_by == {"judged-low": 1}
    assert found.unverified_by == {"malformed": 1}
    assert found.queries == {"generation": 4, "judge": 6}, "the probe, three judgements, one twice"
    assert found.queries_per_accepted == 10 / 2


def test_scores_that_no_judge_can_give_are_not_counted() -> None:
    run = grow(Scripted(right), [judge(scored(5, 5))], count=1)
    with sqlite3.connect(run.path) as file:
        file.execute("UPDATE rows SET extra = json_set(extra, '$.checks.judge.truth', 99)")
    found = tilth.open_run(run.path).quality
    scores, _ = found.checks["judge"]
    assert scores.rows["truth"] == (0, 0, 0, 0, 0, None)


def test_votes_that_cannot_have_been_are_not_counted() -> None:
    run = grow(Scripted(right), [Agreement()], count=2)
    with sqlite3.connect(run.path) as file:
        file.execute("UPDATE rows SET extra = json_set(extra, '$.checks.agreement.votes', 'many')")
    assert tilth.open_run(run.path).quality.checks == {}


def test_second_solutions_and_answerability_are_counted() -> None:
    seconds = {0: "The answer is 0.", 1: "The answer is 9.", 2: "I cannot say.", 3: "The answer is 3."}

    def solve(prompt: str, before: int) -> str:
        return seconds[asked_number(prompt)] if "by another way" in prompt else right(prompt, before)

    [solved] = grow(Scripted(solve), [Resolve()]).quality.checks["re-solve"]
    assert solved.rows == {"same answer": (2,), "another answer": (1,), "unreadable": (1,)}

    def write(prompt: str, before: int) -> str:
        if "ready" in prompt:
            return '{"ready": true}'
        if "cannot be used" in prompt:
            return "hm"
        if "somebody wrote" in prompt:
            told = {10: '{"reason": "No.", "answerable": false}', 11: "hm"}
            return told.get(asked_number(prompt), '{"reason": "All there.", "answerable": true}')
        if prompt.startswith("Write a new question"):
            return f"Question: Count {asked_number(prompt) + 10}?"
        return right(prompt, before)

    teacher = tilth.Teacher(Scripted(write), concurrency=1)
    run = tilth.generate_sync(
        seeds(3), "new-question", 13, teacher=teacher, path="written.tilth", checks=[Answerable()]
    )
    assert run.rows.height == 3
    [asked] = run.quality.checks["answerable"]
    assert asked.rows == {"answerable": (1,), "not answerable": (1,), "malformed": (1,)}
    assert run.quality.rejected_by == {"unanswerable": 1}
    assert run.quality.unverified_by == {"no-reference": 1, "malformed": 1}


def test_what_gave_no_row_is_told_with_its_reason(tmp_path: Path) -> None:
    model = Scripted(lambda prompt, before: "no question here")
    run = tilth.generate_sync(
        seeds(4),
        "new-question",
        3,
        teacher=tilth.Teacher(model),
        path=tmp_path / "r.tilth",
    )
    assert run.quality.rowless_by == {"no-question": 2}
    assert run.quality.latest["rowless"] == {"no-question": "no question found"}


def test_what_is_wrong_with_a_query_is_told_by_its_cause(tmp_path: Path) -> None:
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
    assert run.quality.rejected_by == {"wrong-answer": 2, "not-allowed": 1, "query-failed": 1}
    assert run.quality.latest["rejected"]["not-allowed"] == "not a query: DROP"


def test_rare_causes_are_counted_together() -> None:
    run = grow(Scripted(right), [], count=30, references=True)
    with sqlite3.connect(run.path) as file:
        file.execute("UPDATE rows SET verdict = 'rejected', cause = 'unlike-' || unit")
    found = tilth.open_run(run.path).quality
    assert len(found.rejected_by) == 21
    assert found.rejected_by["other"] == 10
    assert sum(found.rejected_by.values()) == found.rejected == 30


def test_it_is_plain_json() -> None:
    found = grow(Scripted(right), [judge(scored(5, 5))], count=1).quality
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["checks"]["judge"][0] == {
        "title": "The judge's scores",
        "columns": [
            *({"name": str(score), "kind": "count"} for score in range(1, 6)),
            {"name": "mean", "kind": "number"},
        ],
        "rows": [{"name": name, "values": [0, 0, 0, 0, 1, 5.0]} for name in ("clarity", "truth")],
        "about": "rows that were judged; a model's opinion",
    }
