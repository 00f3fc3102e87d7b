"""The Advice box as a page is told of it: what it rests on, when it changes, and what is said without."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.support.made_study import COVERAGE, made_study

import tilth

HOSTILE = "<b>evil</b>\x1b[31m" + "x" * 500
PAIR = {name: COVERAGE[name] for name in ("answer-augmentation", "new-question")}
GRID = {
    "strategies": ["answer-augmentation", "question-rephrase"],
    "sizes": [20],
    "ratios": [1, 2],
    "replicates": 1,
    "student": "neighbour",
}


def evidence(accuracies=COVERAGE, **changes):
    return made_study(accuracies, **{"tests": ["validation"], "replicates": 1, **changes})


def until_advised(page, found=lambda advice: advice["words"], since=0):
    """Waits for an advice that is meant, and returns the trait."""
    message = page.until(
        lambda m: (
            (advice := m.update.get("advice")) and (advice["words"] or advice["problem"]) and found(advice)
        ),
        since,
    )
    return message.update["advice"]


def asked(kind, count):
    return pl.DataFrame(
        {
            "question": [
                f"{kind} has {i} cups and breaks {i - 4}. How many has he?" for i in range(5, 5 + count)
            ],
            "reference": ["#### 4"] * count,
        }
    )


def test_with_nothing_measured_the_default_and_what_is_published_are_told(workbench, page):
    workbench()
    advice = until_advised(page)
    assert (advice["words"], advice["strategy"], advice["offered"]) == (
        "not measured",
        "answers-then-new",
        True,
    )
    assert advice["title"] == "Answers, then new"
    assert (advice["mean"], advice["arms"], advice["charted"]) == (None, [], False)
    assert any("2409.19759" in reason["head"] for reason in advice["reasons"])
    assert "%" not in json.dumps(advice["reasons"]), "no odds without a measurement"
    assert "pass test= and validation=" in advice["next_note"]


def test_evidence_is_told_in_words_figures_and_reasons(workbench, page):
    workbench(budget=1_600, evidence=evidence())
    advice = until_advised(page)
    own = tilth.advise(tilth.demo.seeds(50), 1_600, evidence=evidence())
    row = own.table.row(by_predicate=pl.col("arm") == own.arm, named=True)
    assert (advice["words"], advice["strategy"]) == (own.words, own.strategy)
    assert [advice[name] for name in ("mean", "low", "high")] == [
        row[name] for name in ("mean", "low", "high")
    ]
    assert [arm["arm"] for arm in advice["arms"] if arm["advised"]] == [advice["title"]]
    assert len(advice["arms"]) == advice["all_arms"] == 4
    told = [f"{reason['head']} {reason['text']}" for reason in advice["reasons"]]
    assert len(told) == len(own.reasons)
    assert all(reason["head"] and reason["text"] for reason in advice["reasons"])
    assert advice["assumptions"] == list(own.assumptions)
    assert {part["part"]: part["queries"] for part in advice["split"]} == own.split
    assert advice["charted"]


def test_another_budget_is_another_advice(workbench, page):
    widget = workbench(budget=200, evidence=evidence())
    first = until_advised(page)
    begin = len(page.sent)
    page.choose(widget, budget_queries=1_600)
    later = until_advised(page, since=begin)
    assert (first["queries"], later["queries"]) == (200, 1_600)
    page.choose(widget, budget_queries=0)
    assert "a budget needs a limit" in until_advised(page, lambda a: a["problem"])["problem"]
    page.choose(widget, advice={"words": "clear"})
    page.choose(widget, budget_queries=400)
    until_advised(page, lambda a: a["queries"] == 400)
    assert widget.advice["queries"] == 400, "the page cannot set it"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (lambda: evidence(questions=60), "measured on 60 validation questions"),
        (lambda: evidence(tests=["same"]), "no cell is measured on validation questions"),
        (
            lambda: [evidence()[0], evidence()[0].with_columns(student=pl.lit("other"))],
            "there are several students",
        ),
        (lambda: pl.DataFrame({"a": [1]}), "missing"),
        (lambda: "a study", "pass a study"),
    ],
)
def test_evidence_that_cannot_be_advised_by_says_why_and_breaks_nothing(workbench, page, given, problem):
    widget = workbench(evidence=given())
    advice = until_advised(page, lambda a: a["problem"])
    assert problem in advice["problem"]
    assert (advice["words"], advice["strategy"]) == ("", "")
    assert not [m for m in page.sent if m.update.get("notice")]
    assert page.ask(widget, "generate").custom["type"] == "ok"


def test_few_questions_are_a_notice_and_warn_nobody(workbench, page, recwarn):
    workbench(evidence=evidence(questions=150))
    advice = until_advised(page)
    assert advice["notices"] == [
        "advice from 150 validation questions is rough; with 300 its figures err half as much"
    ]
    assert not [warning for warning in recwarn if issubclass(warning.category, tilth.TilthWarning)]


def test_a_single_arm_is_not_called_the_best_of_any(workbench, page):
    workbench(evidence=evidence({"new-question": COVERAGE["new-question"]}))
    advice = until_advised(page)
    assert advice["words"] == "only one arm"
    heads = [reason["head"] for reason in advice["reasons"]]
    assert "one arm is measured" in heads


def test_what_others_frames_hold_reaches_the_page_bounded_and_as_text(workbench, page):
    many = {f"{HOSTILE} {i}": {50: (0.2, 0.3 + i / 50, 0.4)} for i in range(12)}
    workbench(budget=400, evidence=evidence(many, ratios=[1, 2, 4]))
    advice = until_advised(page)
    assert (len(advice["arms"]), advice["all_arms"], advice["offered"]) == (8, 12, False)
    assert sum(arm["advised"] for arm in advice["arms"]) == 1
    text = json.dumps(advice, allow_nan=False)
    assert "\\u001b" not in text
    assert len(text) < 20_000
    assert all(len(arm["arm"]) <= 80 for arm in advice["arms"])


def test_a_study_of_the_workbench_is_its_evidence_once_all_strategies_are_measured(workbench, page):
    widget = workbench(test=asked("Bo", 10), validation=asked("Cy", 120), budget=60, evidence=evidence())
    before = until_advised(page)
    assert "40 measured cells" not in before["source"]
    page.until_planned("regimes")
    page.ask(widget, "regimes-plan", **GRID)
    begin = len(page.sent)
    assert page.ask(widget, "regimes-run").custom["type"] == "ok"
    advice = until_advised(page, lambda a: "from 4 measured cells on 120" in a["source"], begin)
    assert {arm["arm"] for arm in advice["arms"]} == {"Answers", "Rephrase"}
    assert advice["offered"]
    assert "150" not in " ".join(advice["notices"])
    seen = [m.update["advice"] for m in page.sent[begin:] if m.update.get("advice")]
    assert all(len(one["arms"]) in (2, 4) for one in seen), "no advice of half a study"
    assert {m.thread for m in page.sent if "advice" in m.update} == {"tilth-flusher"}

    again = workbench(test=asked("Bo", 10), validation=asked("Cy", 120), budget=60)
    since = len(page.sent)
    page.choose(again, budget_queries=61)
    assert "from 4 measured cells" in until_advised(page, lambda a: a["queries"] == 61, since)["source"]


def test_the_demo_says_what_would_measure_it(page):
    widget = tilth.Workbench()
    try:
        note = until_advised(page)["next_note"]
        assert "measures your strategies on its 200 validation questions" in note
    finally:
        widget.close()


def test_charts_of_advice_are_drawn_and_saved(workbench, page):
    widget = workbench(test=asked("Bo", 10), validation=asked("Cy", 120), budget=60)
    until_advised(page)
    ask = {"kind": "forecast", "axis": "ratio", "theme": "light", "test": "validation"}
    spending = page.ask(widget, "regimes-chart", **{**ask, "kind": "spending"}).custom
    assert "nothing decided to draw" in spending["problem"]
    assert "rests on no measurement" in page.ask(widget, "regimes-chart", **ask).custom["problem"]
    page.until_planned("regimes")
    page.ask(widget, "regimes-plan", **GRID)
    page.ask(widget, "regimes-run")
    until_advised(page, lambda a: a["charted"])
    drawn = page.ask(widget, "regimes-chart", **ask).custom
    assert drawn["problem"] is None
    frame = widget.study.frame.filter(pl.col("test") == "validation")
    opened = {cell for point in drawn["points"] for cell in point["cells"]}
    assert opened == set(frame["cell_id"])
    cell = page.ask(widget, "regimes-cell", cell_id=next(iter(opened)), test="validation").custom["cell"]
    assert cell["n_test"] == 120
    gaps = page.ask(widget, "regimes-chart", **{**ask, "kind": "gap"}).custom
    assert {point["arm"] for point in gaps["points"]} == {"answer-augmentation", "question-rephrase"}
    saved = page.ask(
        widget, "regimes-save", kind="gap", axis="ratio", theme="dark", path="gap.svg", tests=["validation"]
    ).custom
    assert saved["paths"] == ["gap.svg"]
    assert Path("gap.svg").read_text("utf-8").startswith("<svg")


def test_cells_of_others_are_drawn_and_cannot_be_opened(workbench, page):
    widget = workbench(test=asked("Bo", 10), validation=asked("Cy", 120), budget=400, evidence=evidence(PAIR))
    until_advised(page)
    ask = {"axis": "ratio", "theme": "light", "test": "validation"}
    for kind in ("forecast", "gap"):
        drawn = page.ask(widget, "regimes-chart", kind=kind, **ask).custom
        assert {point["arm"] for point in drawn["points"]} == set(PAIR)
    page.choose(widget, budget_queries=0)
    until_advised(page, lambda a: a["problem"])
    problem = page.ask(widget, "regimes-chart", kind="gap", **ask).custom["problem"]
    assert "the Advice box says why" in problem


def test_adaptive_is_offered_where_it_has_questions_to_decide_by(workbench, page, seeds):
    def names(**options):
        return [info["name"] for info in workbench(**options).strategies]

    assert "adaptive" not in names()
    assert "adaptive" not in names(test=asked("Bo", 10), validation=asked("Cy", 60)), "too few questions"
    shared = seeds.frame.select("question", "reference").vstack(asked("Cy", 100))
    assert "adaptive" not in names(test=asked("Bo", 10), validation=shared), "seeds are among them"
    with pytest.raises(ValueError, match=r"pass tilth\.Adaptive"):
        workbench(strategy="adaptive")
    widget = workbench(test=asked("Bo", 10), validation=asked("Cy", 120), strategy="adaptive")
    assert "adaptive" in [info["name"] for info in widget.strategies]
    assert "adaptive" not in widget.regimes["strategies"], "a study does not measure what measures"


def test_what_an_adaptive_run_decides_and_measures_is_told(page):
    widget = tilth.Workbench(strategy="adaptive", budget=800)
    try:
        assert page.ask(widget, "generate").custom["type"] == "ok"
        page.until_state("finished")
        advice = until_advised(page, lambda a: a["decisions"] and "commit" in a["decisions"][-1]["head"])
        made = tilth.decisions(widget.run)
        assert len(advice["decisions"]) == made.height
        for told, own in zip(advice["decisions"], made.iter_rows(named=True), strict=True):
            assert told["head"].startswith(f"after {own['queries']:,} queries: {own['then']}")
            assert own["reason"] in told["text"]
        assert advice["words"] in ("clear", "leaning", "too close to call")
        assert f"from {made['cells'].sum()} measured cells" in advice["source"]
        ask = {"axis": "ratio", "theme": "light", "test": "validation"}
        drawn = page.ask(widget, "regimes-chart", kind="spending", **ask).custom
        assert drawn["points"] == made.select(drawn["points"][0].keys()).to_dicts()
        assert "cells" not in drawn["points"][0], "a decision has none to open"
        fan = page.ask(widget, "regimes-chart", kind="forecast", **ask).custom
        assert "cells" not in fan["points"][0], "no study holds them"
        assert not [m for m in page.sent if m.update.get("notice")]
    finally:
        if widget.run:
            widget.run.abort()
            widget.run.wait()
        widget.close()
