"""A judge on the run's own ledger: structured replies, one corrective turn, scores that can be read anew."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from tests.unit.checks.scripted import OnePass, Scripted, asked_number, grow, seeds

import tilth
from tilth.checks import RUBRICS, Judge, Rubric
from tilth.strategies.check import Checked

QUALITY = Rubric("quality", {"clarity": "5: clear; 1: not", "truth": "5: true; 1: not"})


def answer(prompt: str, before: int) -> str:
    return f"The answer is {asked_number(prompt)}."


def scored(clarity: int, truth: int) -> str:
    return json.dumps({"reason": "It reads well.", "clarity": clarity, "truth": truth})


def judging(*replies: str, takes_schema: bool = True) -> Scripted:
    """Says that it is ready, then gives these judgements in order, the last one again and again."""
    left = list(replies)

    def rule(prompt: str, before: int) -> str:
        if "ready" in prompt:
            return '{"ready": true}' if takes_schema else "<ready>yes</ready>"
        return left.pop(0) if len(left) > 1 else left[0]

    return Scripted(rule, takes_schema=takes_schema)


def judge(model: Scripted, accept: float = 4.0) -> Judge:
    return Judge(tilth.Teacher(model, concurrency=1), QUALITY, accept)


def test_rows_are_accepted_by_their_mean_score() -> None:
    model = judging(scored(5, 3), scored(5, 2))
    run = grow(Scripted(answer), [judge(model)], count=2)
    assert sorted(run.rows["verdict"]) == ["accepted", "rejected"], "in the order in which replies came"
    by_verdict = {row["verdict"]: row for row in run.rows.iter_rows(named=True)}
    assert by_verdict["accepted"]["score"] == pytest.approx((4.0 - 1) / 4)
    assert by_verdict["rejected"]["reason"] == "judged 3.5 of 5"
    assert [by_verdict[name]["cause"] for name in ("accepted", "rejected")] == [None, "judged-low"]
    found = json.loads(by_verdict["rejected"]["extra"])["checks"]["judge"]
    assert found == {"reason": "It reads well.", "clarity": 5, "truth": 2}


def test_the_judge_draws_on_the_same_ledger_under_its_own_account() -> None:
    model = judging(scored(5, 5))
    run = grow(Scripted(answer), [judge(model)], count=4, budget=7)
    assert run.progress.queries <= 7
    with sqlite3.connect(run.path) as file:
        accounts = dict(
            file.execute("SELECT account, sum(queries) FROM ledger WHERE state = 'settled' GROUP BY account")
        )
    assert accounts["judge"] == len(model.asked) == 1 + run.rows.height, "the probe, and one a row"
    assert accounts["generation"] == run.rows.height
    assert sum(accounts.values()) == run.progress.queries


def test_a_schema_is_asked_for_where_the_endpoint_takes_one() -> None:
    model = judging(scored(5, 5))
    grow(Scripted(answer), [judge(model)], count=1)
    schema = model.formats[-1]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["reason", "clarity", "truth"], "the reason comes first"
    assert schema["properties"]["truth"]["enum"] == [1, 2, 3, 4, 5]


def test_tagged_text_is_asked_for_where_a_schema_is_refused_and_the_probe_is_remembered(
    tmp_path: Path,
) -> None:
    tagged = "<reason>Fine.</reason>\n<clarity>5</clarity>\n<truth>4/5</truth>"
    model = judging(tagged, takes_schema=False)
    run = grow(Scripted(answer), [judge(model)], count=2)
    assert set(run.rows["verdict"]) == {"accepted"}
    assert model.formats == [None, None]
    assert "<truth>" in model.asked[0][0]["content"]
    before = len(model.asked)
    model.takes_schema = True
    grow(Scripted(answer), [judge(model)], count=2, budget=200)
    assert len(model.asked) == before, "nothing is left to ask"


def test_an_endpoint_that_takes_no_notice_of_a_schema_is_asked_for_tags() -> None:
    tagged = "<reason>Fine.</reason><clarity>5</clarity><truth>4</truth>"
    model = Scripted(lambda prompt, before: "Sure, I am ready!" if "ready" in prompt else tagged)
    run = grow(Scripted(answer), [judge(model)], count=1)
    assert run.rows["verdict"].to_list() == ["accepted"]
    assert model.formats[1:] == [None]


@pytest.mark.parametrize("status", [400, 500])
def test_a_json_object_is_asked_for_where_a_schema_is_refused(status: int) -> None:
    def rule(prompt: str, before: int) -> str:
        return '{"ready": true}' if "ready" in prompt else scored(5, 5)

    model = Scripted(rule, refused={"json_schema": status})
    run = grow(Scripted(answer), [judge(model)], count=2, patience=5)
    assert run.rows["verdict"].to_list() == ["accepted", "accepted"]
    assert model.formats == [{"type": "json_object"}] * 3, "the probe, and two judgements"
    assert run.progress.queries == 5, "what was refused counts for nothing"


def test_tagged_text_is_asked_for_where_every_response_format_is_answered_with_500() -> None:
    tagged = "<reason>Fine.</reason><clarity>5</clarity><truth>4</truth>"
    model = Scripted(lambda prompt, before: tagged, refused={"json_schema": 500, "json_object": 500})
    run = grow(Scripted(answer), [judge(model)], count=2, patience=5)
    assert run.rows["verdict"].to_list() == ["accepted", "accepted"]
    assert model.formats == [None, None]


@pytest.mark.parametrize(
    ("structured", "reply", "response_format"),
    [
        ("schema", scored(5, 5), "json_schema"),
        ("json_object", scored(5, 5), "json_object"),
        ("tags", "<reason>Fine.</reason><clarity>5</clarity><truth>4</truth>", None),
    ],
)
def test_how_it_replies_can_be_said_by_hand(structured, reply: str, response_format: str | None) -> None:
    model = judging(reply)
    chosen = Judge(tilth.Teacher(model, structured=structured), QUALITY)
    run = grow(Scripted(answer), [chosen], count=2)
    assert run.rows["verdict"].to_list() == ["accepted", "accepted"]
    assert [given and given["type"] for given in model.formats] == [response_format] * 2, "and no probe"
    own = Checked(OnePass(), [chosen])
    assert tilth.verify("run.tilth", using=[own]).findings == ()


def test_an_unknown_way_to_reply_is_refused() -> None:
    with pytest.raises(ValueError, match='give "schema", "json_object" or "tags"'):
        tilth.Teacher("m", structured="yaml")


def test_a_malformed_reply_gets_one_corrective_turn_that_is_counted() -> None:
    model = judging("I would say five.", scored(4, 4))
    run = grow(Scripted(answer), [judge(model)], count=1)
    assert run.rows["verdict"].to_list() == ["accepted"]
    assert run.progress.queries == 1 + 1 + 2, "the answer, the probe, the judgement and its correction"
    assert [m["role"] for m in model.asked[-1]] == ["user", "assistant", "user"]
    assert "no JSON object" in model.asked[-1][-1]["content"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ('{"reason": "ok", "clarity": 5}', "truth is missing"),
        ('{"reason": "ok", "clarity": 5, "truth": 9}', "truth is no whole number from 1 to 5"),
        ('{"reason": "", "clarity": 5, "truth": 4}', "reason is no text"),
        ("[1, 2]", "no JSON object"),
    ],
)
def test_a_reply_malformed_twice_leaves_a_row_unverified_with_its_reason(reply: str, reason: str) -> None:
    run = grow(Scripted(answer), [judge(judging(reply))], count=1)
    assert run.rows["verdict"].to_list() == ["unverified"]
    assert run.rows["reason"][0] == f"judge: malformed after a correction: {reason}"
    assert run.rows["cause"][0] == "malformed"


def test_a_malformed_reply_leaves_what_the_reference_accepted() -> None:
    run = grow(Scripted(answer), [judge(judging("hm"))], count=2, references=True)
    assert run.rows["verdict"].to_list() == ["accepted", "accepted"]
    assert run.rows["reason"].to_list() == [None, None]


def test_what_is_rejected_already_is_judged_on_request_alone() -> None:
    wrong = Scripted(lambda prompt, before: "The answer is 99.")
    few = judging(scored(5, 5))
    grow(wrong, [judge(few)], count=2, references=True)
    assert few.count("Count") == 0
    every = judging(scored(5, 5))
    chosen = Judge(tilth.Teacher(every), QUALITY, rejected_too=True)
    run = grow(wrong, [chosen], count=2, references=True, path="every.tilth")
    assert every.count("Count") == 2
    assert run.rows["verdict"].to_list() == ["rejected", "rejected"]
    assert all("clarity" in json.loads(extra)["checks"]["judge"] for extra in run.rows["extra"])


def test_another_threshold_judges_stored_rows_anew_and_asks_nothing() -> None:
    model, teacher = judging(scored(4, 3)), Scripted(answer)
    assert set(grow(teacher, [judge(model)]).rows["verdict"]) == {"rejected"}
    asked = len(model.asked) + len(teacher.asked)
    run = grow(teacher, [judge(model, accept=3.5)])
    assert set(run.rows["verdict"]) == {"accepted"}
    assert run.progress.accepted == 4
    assert len(model.asked) + len(teacher.asked) == asked
    assert set(grow(teacher, [judge(model)], check=False).rows["verdict"]) == {"unverified"}
    assert set(grow(teacher, [judge(model)]).rows["verdict"]) == {"rejected"}


def test_a_judged_run_is_verified_with_its_own_threshold() -> None:
    grow(Scripted(answer), [judge(judging(scored(4, 3)), accept=3.0)], count=3)
    own = Checked(
        OnePass(),
        [
            judge(judging("")),
        ],
    )
    mistaken = tilth.verify("run.tilth", using=[own])
    assert any("verdict" in finding for finding in mistaken.findings), "by another threshold"
    right = tilth.verify("run.tilth", using=[Checked(OnePass(), [judge(judging(""), accept=3.0)])])
    assert right.findings == ()
    assert right.rebuilt == 3


def test_an_installed_strategy_is_verified_from_the_file_alone() -> None:
    model = judging(scored(5, 3))
    run = tilth.generate_sync(
        seeds(3),
        "answer-augmentation",
        8,
        teacher=tilth.Teacher(Scripted(answer)),
        path="run.tilth",
        checks=[judge(model, accept=4.5)],
    )
    report = tilth.verify("run.tilth")
    assert (report.findings, report.notes) == ((), ())
    assert report.rebuilt == run.rows.height > 0


@pytest.mark.parametrize(
    "rubric", [*RUBRICS, QUALITY, Rubric("backwards", {"z": "5: z; 1: not", "a": "5: a; 1: not"})]
)
def test_criteria_are_asked_for_in_their_order_when_a_file_is_taken_up(rubric: str | Rubric) -> None:
    def rule(prompt: str, before: int) -> str:
        if "ready" in prompt:
            return '{"ready": true}'
        names = Judge(tilth.Teacher(answer), rubric).criteria
        return json.dumps({"reason": "It reads well.", **dict.fromkeys(names, 5)})

    def grown(budget: int) -> tuple[Scripted, tilth.Run]:
        model = Scripted(rule)
        checks = [Judge(tilth.Teacher(model, concurrency=1), rubric)]
        teacher = tilth.Teacher(Scripted(answer), concurrency=1)
        run = tilth.generate_sync(
            seeds(6), "answer-augmentation", budget, teacher=teacher, path="run.tilth", checks=checks
        )
        return model, run

    _, few = grown(7)
    report = tilth.verify("run.tilth")
    assert (report.findings, report.notes, report.rebuilt) == ((), (), few.rows.height)
    restored = tilth.open_run("run.tilth").strategy
    assert list(restored.checks[0].criteria) == list(Judge(tilth.Teacher(answer), rubric).criteria)
    model, _ = grown(13)
    assert model.asked[0][0]["content"].startswith("Judge the response"), "nothing is probed again"
    assert tilth.verify("run.tilth").findings == ()


def test_a_low_score_rejects_what_the_reference_accepted() -> None:
    run = grow(Scripted(answer), [judge(judging(scored(1, 1)))], count=1, references=True)
    assert run.rows["reason"].to_list() == ["judged 1.0 of 5"]


def test_the_judge_is_shown_no_reasoning_and_its_texts_cannot_close_the_frame() -> None:
    model = judging(scored(5, 5))
    thinking = Scripted(lambda prompt, before: "<think>secret plan</think>The answer is 3.")
    grow(thinking, [judge(model)], count=1)
    shown = model.asked[-1][0]["content"]
    assert "secret plan" not in shown
    assert "The answer is 3." in shown


def test_a_price_of_the_judge_is_part_of_the_plan_and_of_the_question_before_real_money() -> None:
    from decimal import Decimal

    price = tilth.Price(Decimal(3), Decimal(15), source="a test", date="2026-01-01")
    dear = Judge(tilth.Teacher(judging(""), price=price), QUALITY)
    teacher = tilth.Teacher(
        Scripted(answer), price=tilth.Price(Decimal(0), Decimal(0), source="free", date="2026-01-01")
    )
    planned = tilth.plan(seeds(4), "answer-augmentation", 20, teacher=teacher, checks=[dear])
    assert planned.usd is not None
    assert planned.usd > 0
    assert planned.units == 10, "an answer and a judgement each"
    with pytest.raises(tilth.engine.planning.preconditions.ConfirmationNeeded, match="real money"):
        tilth.start(seeds(4), "answer-augmentation", 20, teacher=teacher, checks=[dear])


@pytest.mark.parametrize("rubric", list(RUBRICS))
def test_presets_can_be_asked_for(rubric: str) -> None:
    form = Judge(tilth.Teacher(Scripted(answer)), rubric).form
    assert next(iter(form.fields)) == "reason"
    assert len(form.fields) >= 3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda m: Judge(m, "beauty"), "no rubric is called 'beauty'"),
        (lambda m: Judge(m, accept=6), "from 1 to 5"),
        (lambda m: Judge(m, Rubric("r", {"two words": "x"})), "cannot name a criterion"),
        (lambda m: Judge(m, Rubric("r", {})), "at least one criterion"),
    ],
)
def test_what_cannot_be_meant_is_refused(make, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make(tilth.Teacher(Scripted(answer)))
