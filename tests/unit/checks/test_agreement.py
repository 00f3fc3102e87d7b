"""Agreement: a third answer only where two differ, the majority kept, votes stored, nothing asked twice."""

from __future__ import annotations

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.checks.scripted import OnePass, Scripted, asked_number, grow, seeds

import tilth
from tilth.checks import Agreement
from tilth.engine.run import Run

# By the number in the question: the answers, in the order in which they are asked.
ANSWERS = {
    0: ["5", "5"],
    1: ["5", "6", "5"],
    2: ["5", "6", "6"],
    3: ["5", "6", "7"],
}


def voter(answers: dict[int, list[str]] = ANSWERS) -> Scripted:
    return Scripted(lambda prompt, before: f"So.\nThe answer is {answers[asked_number(prompt)][before]}.")


def of(run: Run, number: int) -> pl.DataFrame:
    return run.rows.filter(pl.col("question") == f"Count {number}?")


def test_a_third_answer_is_asked_only_where_two_differ() -> None:
    model = voter()
    run = grow(model, [Agreement()])
    assert [model.count(f"Count {number}?") for number in range(4)] == [2, 3, 3, 3]
    assert run.progress.queries == len(model.asked) == 11


@pytest.mark.parametrize(
    ("number", "kept", "score", "outvoted"),
    [(0, "5", 1.0, []), (1, "5", 2 / 3, ["6"]), (2, "6", 2 / 3, ["5"])],
)
def test_the_first_agreeing_answer_becomes_the_row(
    number: int, kept: str, score: float, outvoted: list[str]
) -> None:
    rows = of(grow(voter(), [Agreement()]), number)
    accepted = rows.filter(pl.col("verdict") == "accepted")
    assert accepted["answer"].to_list() == [kept]
    assert accepted["score"][0] == pytest.approx(score)
    rejected = rows.filter(pl.col("verdict") == "rejected")
    assert rejected["answer"].to_list() == outvoted, "they stay, for preference pairs"
    assert set(rejected.select("reason", "cause").rows()) <= {("outvoted by 2 of 3 answers", "outvoted")}
    assert accepted["cause"].to_list() == [None]
    assert rows["group"].n_unique() == 1


def test_no_majority_is_a_rejection_with_every_vote_kept() -> None:
    rows = of(grow(voter(), [Agreement()]), 3)
    assert rows["answer"].to_list() == ["5", "6", "7"]
    assert set(rows["verdict"]) == {"rejected"}
    assert set(rows.select("reason", "cause").rows()) == {("no 2 of 3 answers agree", "no-majority")}
    assert json.loads(rows["extra"][0])["checks"]["agreement"]["answers"] == ["5", "6", "7"]


def test_all_agreeing_answers_are_kept_on_request_in_one_group() -> None:
    rows = of(grow(voter(), [Agreement(keep="all")]), 1)
    assert rows.filter(pl.col("verdict") == "accepted")["answer"].to_list() == ["5", "5"]
    assert rows["group"].n_unique() == 1


def test_groups_of_different_rows_differ() -> None:
    assert grow(voter(), [Agreement()]).rows["group"].n_unique() == 4


def test_asking_stops_where_no_majority_can_come_any_more() -> None:
    model = voter({0: ["1", "2", "3", "9", "9"]})
    run = grow(model, [Agreement(3, of=4)], count=1)
    assert len(model.asked) == 3, "of two more answers none could give three alike"
    assert run.rows["reason"][0] == "no 3 of 3 answers agree"


def test_an_unreadable_vote_agrees_with_none() -> None:
    rows = of(grow(voter({0: ["5", "who knows", "5"]}), [Agreement()], count=1), 0)
    assert rows.filter(pl.col("verdict") == "accepted")["score"].to_list() == [pytest.approx(2 / 3)]


def cut_off(*answers: str | None) -> tilth.Run:
    """A vote on one question; an answer of None is cut off."""
    left = list(answers)

    async def model(messages, **settings):
        given = left.pop(0)
        if given is None:
            return {"text": "So it may be 5, or", "finish_reason": "length"}
        return {"text": f"The answer is {given}.", "finish_reason": "stop"}

    return grow(model, [Agreement()], count=1)


@pytest.mark.parametrize(
    ("answers", "verdict", "shown"),
    [
        (("5", None, "5"), "accepted", ["5", None, "5"]),
        (("5", None, None), "unverified", ["5", None, None]),
        (("5", None, "6"), "unverified", ["5", None, "6"]),
    ],
)
def test_a_vote_that_was_cut_off_is_no_answer_and_no_dissent(answers, verdict: str, shown: list) -> None:
    row = cut_off(*answers).rows.row(0, named=True)
    assert row["verdict"] == verdict
    assert json.loads(row["extra"])["checks"]["agreement"]["answers"] == shown
    if verdict == "unverified":
        assert row["cause"] == "no-majority"
        assert "could not be used" in row["reason"]


def test_equal_answers_written_otherwise_agree() -> None:
    run = grow(voter({0: ["0.5", "1/2"]}), [Agreement()], count=1)
    assert run.rows["verdict"].to_list() == ["accepted"]


def test_a_row_with_a_reference_is_left_to_the_tasks_own_check() -> None:
    model = voter()
    run = grow(model, [Agreement()], references=True)
    assert len(model.asked) == 4
    assert set(run.rows["verdict"]) == {"rejected"}


@pytest.mark.parametrize(("need", "of"), [(1, 1), (1, 3), (2, 4), (4, 3)])
def test_what_is_no_majority_is_refused(need: int, of: int) -> None:
    with pytest.raises(ValueError, match="must be a majority"):
        Agreement(need, of=of)


def test_the_plan_prices_it() -> None:
    model = tilth.Teacher(voter())
    plain = tilth.plan(seeds(10), "new-question", 90, teacher=model)
    voted = tilth.plan(seeds(10), "new-question", 90, teacher=model, checks=[Agreement()])
    assert (plain.units, voted.units) == (45, 30), "two queries a unit, and three with a second answer"
    assert voted.rows_range is not None
    assert voted.rows_range.low < 30


def test_it_works_on_new_questions_and_stays_in_the_budget() -> None:
    def rule(prompt: str, before: int) -> str:
        if prompt.startswith("Write a new question"):
            return f"Question: Count {asked_number(prompt) + 10 * (before + 1)}?"
        return f"The answer is {asked_number(prompt)}."

    model = Scripted(rule)
    run = tilth.generate_sync(
        seeds(4), "new-question", 25, teacher=tilth.Teacher(model), path="run.tilth", checks=[Agreement()]
    )
    assert len(model.asked) == run.progress.queries <= 25
    assert set(run.rows["verdict"]) == {"accepted"}
    assert run.progress.accepted == run.progress.queries // 3


def test_a_resume_asks_nothing_again_and_a_replay_rebuilds_the_rows() -> None:
    model = voter()
    few = grow(model, [Agreement()], budget=7).rows.height
    again = grow(model, [Agreement()])
    assert len(model.asked) == again.progress.queries == 11
    assert 0 < few < again.rows.height
    undisturbed = grow(voter(), [Agreement()], path="other.tilth")
    dropped = ("created_at", "seconds")
    assert_frame_equal(again.rows.drop(dropped), undisturbed.rows.drop(dropped))
    report = tilth.verify("run.tilth", using=[tilth.strategies.check.Checked(OnePass(), [Agreement()])])
    assert report.findings == ()
    assert report.rebuilt == again.rows.height


def test_another_agreement_is_another_run() -> None:
    grow(voter(), [Agreement()])
    with pytest.raises(ValueError, match="holds another run"):
        grow(voter(), [Agreement(keep="all")])


def test_a_check_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="agreement stands there more than once"):
        grow(voter(), [Agreement(), Agreement(keep="all")])
