"""How far a judge can be trusted: known errors it must see, and an audit of the reasons it gives."""

from __future__ import annotations

import json
import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.checks.scripted import Scripted, grow

import tilth
from tilth.checks import Judge, Rubric, audit, calibrate
from tilth.checks.injected_errors import INJECTIONS, Good, inject

TRUTH = Rubric("truth", {"truth": "5: right; 1: wrong"})
ROWS = pl.DataFrame(
    [
        {
            "question": f"What are {n} and {n}?",
            "response": f"There are {n} and {n}. That is {n} + {n} = {2 * n}. The answer is {2 * n}.",
            "reference": str(2 * n),
        }
        for n in range(20, 40)
    ]
)
GOOD = dict(ROWS.select("question", "response").iter_rows())


def judge_that(sees: bool, accept: float = 4.0) -> tuple[Scripted, Judge]:
    """A judge that tells good responses from spoilt ones, or calls everything good."""

    def rule(prompt: str, before: int) -> str:
        if "ready" in prompt:
            return '{"ready": true}'
        question, response = (
            prompt.partition(f"<{part}>\n")[2].partition(f"\n</{part}>")[0]
            for part in ("question", "response")
        )
        score = 5 if GOOD.get(question) == response or not sees else 2
        return json.dumps({"reason": "It says what it says.", "truth": score})

    model = Scripted(rule)
    return model, Judge(tilth.Teacher(model), TRUTH, accept)


def test_a_judge_that_sees_errors_and_one_that_does_not() -> None:
    _, sharp = judge_that(sees=True)
    _, blind = judge_that(sees=False)
    seen = calibrate(sharp, ROWS, path="sharp.tilth")
    assert (seen.hit.rate, seen.false_alarm.rate) == (1.0, 0.0)
    assert seen.hit.n == seen.false_alarm.n == 20
    assert seen.hit.low == pytest.approx(0.839, abs=0.001), "Wilson: 20 of 20 is no certainty"
    unseen = calibrate(blind, ROWS, path="blind.tilth")
    assert (unseen.hit.rate, unseen.false_alarm.rate) == (0.0, 0.0)


def test_every_kind_of_error_is_counted_and_the_threshold_can_be_moved() -> None:
    _, judge = judge_that(sees=True)
    found = calibrate(judge, ROWS, path="run.tilth")
    assert sum(rate.n for rate in found.by_error.values()) == 20
    assert set(found.by_error) <= set(INJECTIONS)
    assert len(found.by_error) >= 3
    lax = found.at(2.0)
    assert (lax.hit.rate, lax.accept) == (0.0, 2.0)
    assert [part["error"] for part in found.to_json()["by_error"]] == sorted(found.by_error)


def test_it_is_a_run_that_resumes_and_asks_no_more_than_it_says() -> None:
    model, judge = judge_that(sees=True)
    calibrate(judge, ROWS, n=5, path="run.tilth")
    assert len(model.asked) == 1 + 2 * 5
    calibrate(judge, ROWS, n=5, path="run.tilth")
    assert len(model.asked) == 1 + 2 * 5


def test_rejected_rows_are_no_measure() -> None:
    _, judge = judge_that(sees=True)
    with pytest.raises(ValueError, match="none of the rows can be used"):
        calibrate(judge, ROWS.with_columns(verdict=pl.lit("rejected")))
    with pytest.raises(ValueError, match="no column 'response'"):
        calibrate(judge, ROWS.drop("response"))


@given(st.text(max_size=200), st.lists(st.text(max_size=50), max_size=3), st.integers(0, 99))
def test_an_injected_error_changes_the_response_or_there_is_none(
    response: str, others: list[str], seed: int
) -> None:
    found = inject(Good(response, others, random.Random(seed)))
    if found is not None:
        name, spoilt = found
        assert name in INJECTIONS
        assert spoilt.strip()
        assert spoilt.strip() != response.strip()


def auditor(true: list[bool], stated: list[bool], claims: int = 2) -> Scripted:
    def rule(prompt: str, before: int) -> str:
        if "ready" in prompt:
            return '{"ready": true}'
        if prompt.startswith("Criticise"):
            return json.dumps({"critique": "It is right. It is short."})
        if "Split it" in prompt:
            return json.dumps({"claims": [f"Claim {n}." for n in range(claims)]})
        holds = true if "whether it is true" in prompt else stated
        return json.dumps({"reason": "So.", "holds": holds})

    return Scripted(rule)


def judged_rows() -> pl.DataFrame:
    _, judge = judge_that(sees=True)
    return grow(Scripted(lambda prompt, before: "The answer is 3."), [judge], path="judged.tilth").rows


def test_claims_are_counted_both_ways() -> None:
    model = auditor([True, False], [True, True])
    found = audit(judged_rows(), tilth.Teacher(model), n=3, path="audit.tilth")
    assert (found.precision, found.recall) == (0.5, 1.0)
    assert found.f1 == pytest.approx(2 / 3)
    assert found.frame.height == 3
    assert len(model.asked) == 1 + 5 * 3
    assert found.frame["critique"].to_list() == ["It says what it says."] * 3


def test_too_few_answers_are_told_and_not_counted() -> None:
    found = audit(judged_rows(), tilth.Teacher(auditor([True], [True])), n=2, path="audit.tilth")
    assert found.precision is None
    assert found.frame["problem"].to_list() == ["audit: 1 answers to 2 claims"] * 2
    assert "none could be audited" in repr(found)


def test_rows_without_a_judges_reason_are_refused() -> None:
    rows = grow(Scripted(lambda prompt, before: "The answer is 3."), []).rows
    with pytest.raises(ValueError, match="lack what is looked at"):
        audit(rows, tilth.Teacher(auditor([], [])))
