"""The workbench's study as a page sees it: choices, price, growth, charts, cells, figures."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import tilth
from tilth.jupyter import protocol
from tilth.jupyter.widgets import base
from tilth.teacher import Price

HOSTILE = "<script>alert(1)</script> Bo has 9 pens and loses 2. How many has he?"
GRID = {
    "strategies": ["answer-augmentation", "question-rephrase"],
    "sizes": [5, 10],
    "ratios": [1, 2],
    "replicates": 1,
    "student": "neighbour",
}
STRATEGIES = {"Answers": "answer-augmentation", "Rephrase": "question-rephrase"}
"""Of the grid, by the titles that a chart and its points say."""
DRAWN = {"kind": "regimes", "axis": "ratio", "theme": "light"}


@pytest.fixture
def test_set() -> pl.DataFrame:
    asked = [f"Cy has {i} cups and breaks {i - 4}. How many has he?" for i in range(60, 69)]
    return pl.DataFrame({"question": [*asked, HOSTILE], "reference": [*["#### 4"] * 9, "#### 7"]})


@pytest.fixture
def compare(workbench, page, test_set):
    """Makes workbenches with a test set; their studies end with the test."""
    made = []

    def make(**options):
        begin = len(page.sent)
        made.append(workbench(**{"test": {"cups": test_set}, **options}))
        page.until_planned("regimes", begin)
        return made[-1]

    yield make
    for widget in made:
        if widget.study and widget.study.status in ("starting", "running"):
            widget.study.abort()
            widget.study.wait()


def until_study(page, state, since=0):
    return page.until(lambda m: m.update.get("study_status", {}).get("state") == state, since).update[
        "study_status"
    ]


def ran(compare, page, **options):
    widget = compare(**options)
    assert page.ask(widget, "regimes-plan", **GRID).custom["type"] == "ok"
    assert page.ask(widget, "regimes-run").custom["type"] == "ok"
    until_study(page, "finished")
    return widget


def test_without_a_test_set_there_is_nothing_to_compare(workbench, page):
    widget = workbench()
    assert widget.get_state()["regimes"] == {}
    assert widget.study is None
    reply = page.ask(widget, "regimes-run").custom
    assert reply["type"] == "error"
    assert "pass test=" in reply["message"]


def test_the_demo_brings_its_own_test_sets(page):
    widget = tilth.Workbench()
    try:
        assert widget.get_state()["regimes"]["tests"], "the page shows the tab from the first"
        offers = page.until_planned("regimes")
        assert [(t["name"], t["decides"]) for t in offers["tests"]] == [
            ("same", False),
            ("held-out", False),
            ("hand-written", False),
            ("validation", True),
        ]
        assert offers["plan"]["usd"] == 0
        assert offers["plan"]["sources"]["usd"] == "a simulation costs nothing"
        assert offers["axes"] == ["ratio", "rows", "rows_per_seed"]
        json.dumps(offers, allow_nan=False)
    finally:
        widget.close()


def test_bad_test_sets_are_refused_when_the_workbench_is_made(workbench, test_set):
    with pytest.raises(ValueError, match="column 'reference' is missing"):
        workbench(test=test_set.drop("reference"))
    with pytest.raises(ValueError, match="needs test= beside it"):
        workbench(validation=test_set)


def test_the_price_is_that_of_the_study(compare, page, seeds, tap):
    widget = compare(teacher=tilth.Teacher(tap))
    begin = len(page.sent)
    page.ask(widget, "regimes-plan", **GRID)
    offers = page.until(lambda m: "regimes" in m.update, begin).update["regimes"]
    plan = tilth.plan_study(seeds, teacher=tilth.Teacher(tap), **GRID)
    assert (offers["plan"]["cells"], offers["plan"]["queries"]) == (plan.cells, plan.queries) == (8, 40)
    assert offers["plan"]["rows"] == plan.rows
    assert offers["plan"]["usd"] is None
    assert offers["choices"]["sizes"] == (5, 10)
    assert set(offers["plan"]["sources"]) == {"cells", "queries", "rows", "usd", "seconds"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"sizes": [5, 500]}, "cannot be drawn from 50 seeds"),
        ({"strategies": []}, "at least one strategy"),
        ({"strategies": ["nonsense"]}, "at least one strategy"),
        ({"student": "nobody"}, "is unknown"),
        ({"replicates": 0}, "one replicate"),
    ],
)
def test_a_grid_that_cannot_be_says_why(compare, page, change, problem):
    widget = compare()
    begin = len(page.sent)
    assert page.ask(widget, "regimes-plan", **{**GRID, **change}).custom["type"] == "ok"
    assert problem in page.until(lambda m: "regimes" in m.update, begin).update["regimes"]["plan"]["problem"]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("regimes-plan", {**GRID, "ratios": [0]}),
        ("regimes-plan", {**GRID, "ratios": ["1"]}),
        ("regimes-plan", {**GRID, "sizes": "5"}),
        ("regimes-plan", {**GRID, "sizes": [True]}),
        ("regimes-chart", {**DRAWN, "axis": "speed", "test": "cups"}),
        ("regimes-chart", {**DRAWN, "theme": "pink", "test": "cups"}),
        ("regimes-save", {**DRAWN, "path": "a.svg", "tests": "cups"}),
    ],
)
def test_messages_that_mean_nothing_are_refused(kind, fields):
    with pytest.raises(protocol.ProtocolError, match=kind):
        protocol.read_request({"v": 1, "id": 1, "type": kind, **fields})


def test_grows_cell_by_cell_and_draws_what_there_is(compare, page):
    widget = ran(compare, page)
    status = until_study(page, "finished")
    assert (status["cells"], status["all_cells"], status["chosen"]) == (8, 8, True)
    assert 30 < status["queries"] <= status["most_queries"] == 40
    updates = [m for m in page.sent if "study_status" in m.update]
    assert {m.thread for m in updates} == {"tilth-flusher"}
    reply = page.ask(widget, "regimes-chart", **DRAWN, test="cups").custom
    assert reply["type"] == "regimes-chart"
    assert reply["problem"] is None
    assert "neighbour" in reply["words"]
    frame = widget.study.frame
    assert len(reply["points"]) == 8
    for point in reply["points"]:
        own = frame.filter(
            (pl.col("strategy") == STRATEGIES[point["strategy"]])
            & (pl.col("seeds") == point["seeds"])
            & (pl.col("ratio") == point["ratio"])
        )
        assert point["cells"] == own["cell_id"].to_list()
        assert point["accuracy"] == pytest.approx(own["accuracy"].mean())
    drawn = [record for data in reply["spec"]["datasets"].values() for record in data if "seeds" in record]
    keys = {(p["strategy"], p["seeds"], p["ratio"]) for p in reply["points"]}
    assert {(r["strategy"], r["seeds"], r["ratio"]) for r in drawn} == keys


def test_what_cannot_be_drawn_is_told_and_is_no_error(compare, page):
    widget = ran(compare, page)
    notices = [m for m in page.sent if m.update.get("notice")]
    reply = page.ask(widget, "regimes-chart", **{**DRAWN, "axis": "usd"}, test="cups").custom
    assert reply["spec"] is None
    assert "US dollars" in reply["problem"]
    assert [m for m in page.sent if m.update.get("notice")] == notices


def test_a_cell_tells_what_its_student_got_wrong(compare, page, test_set):
    widget = ran(compare, page)
    cell_id = widget.study.frame["cell_id"][0]
    cell = page.ask(widget, "regimes-cell", cell_id=cell_id, test="cups").custom["cell"]
    own = widget.study.cell(cell_id)
    assert cell["missed"] == own["outcomes"]["correct"].not_().sum() > 0
    assert (cell["rows"], cell["correct"]) == own["records"].select("rows", "correct").row(0)
    wrong = next(w for w in cell["wrong"] if w["question"] == HOSTILE)
    assert wrong["reference"] == "7"
    assert {w["question"] for w in cell["wrong"]} <= set(test_set["question"])
    assert "no cell" in page.ask(widget, "regimes-cell", cell_id="0", test="cups").custom["message"]
    other = page.ask(widget, "regimes-cell", cell_id=cell_id, test="mugs").custom
    assert "was not measured on 'mugs'" in other["message"]


def test_saves_the_figure_of_each_test_set(compare, page, test_set, tmp_path):
    widget = ran(compare, page, test={"cups": test_set, "mugs": test_set.with_columns(
        pl.col("question").str.replace("cups", "mugs").str.replace("pens", "mugs")
    )})  # fmt: skip
    one = page.ask(widget, "regimes-save", **DRAWN, path="one.svg", tests=["cups"]).custom
    assert one["paths"] == ["one.svg"]
    assert one["bytes"] == Path("one.svg").stat().st_size
    both = page.ask(widget, "regimes-save", **DRAWN, path="both.png", tests=["cups", "mugs"]).custom
    assert both["paths"] == ["both-cups.png", "both-mugs.png"]
    assert Path("both-mugs.png").read_bytes().startswith(b"\x89PNG")
    assert "is not written" in page.ask(
        widget, "regimes-save", **DRAWN, path="one.docx", tests=["cups"]
    ).custom["message"]  # fmt: skip


def test_a_new_workbench_shows_the_study_with_its_choices(compare, page):
    study = ran(compare, page).study
    again = compare()
    assert again.study.id == study.id
    assert again.get_state()["regimes"]["choices"]["ratios"] == (1.0, 2.0)
    assert again.get_state()["study_status"]["cells"] == 8
    assert again.get_state()["study_status"]["seconds"] == pytest.approx(study.progress.seconds)
    assert compare(random_state=1).study is None


def test_closing_leaves_the_study_and_a_new_workbench_joins_it(compare, page, tap):
    tap.open.clear()
    widget = compare()
    page.ask(widget, "regimes-plan", **GRID)
    page.ask(widget, "regimes-run")
    study = widget.study
    widget.close()
    joined = compare()
    assert joined.study is study
    refused = page.ask(joined, "regimes-plan", **{**GRID, "ratios": [1]}).custom
    assert "stop it before" in refused["message"]
    tap.open.set()
    assert until_study(page, "finished")["cells"] == 8


def test_stop_keeps_what_was_measured_and_run_goes_on(compare, page, tap, free):
    widget = compare(teacher=free(concurrency=1))
    page.ask(widget, "regimes-plan", **{**GRID, "replicates": 2})
    tap.seconds = 0.5  # it would take 40 s
    page.ask(widget, "regimes-run")
    page.until(lambda m: m.update.get("study_status", {}).get("queries"))
    assert page.ask(widget, "regimes-stop").custom["type"] == "ok"
    stopped = until_study(page, "stopped")
    assert stopped["cells"] < 16
    tap.seconds = 0
    page.ask(widget, "regimes-run")
    assert until_study(page, "finished")["cells"] == 16
    assert widget.study.frame["cell_id"].n_unique() == 16


def test_waits_for_an_endpoint_that_only_fails_and_a_stop_ends_that(compare, page, tap, free):
    widget = compare(teacher=free(concurrency=8))
    page.ask(widget, "regimes-plan", **GRID)
    tap.fault = tilth.teacher.CallError("it is down", kind="server", status=503)
    page.ask(widget, "regimes-run")
    assert "it is down" in until_study(page, "waiting")["waiting"]
    page.ask(widget, "regimes-stop")
    assert until_study(page, "aborted")["waiting"] is None


def test_real_dollars_are_asked_for_first(compare, page, tap):
    price = Price(prompt=Decimal(2), completion=Decimal(8), source="a list", date="2026-11-01")
    widget = compare(teacher=tilth.Teacher(tap, price=price))
    page.ask(widget, "regimes-plan", **GRID)
    assert "usd" in widget.get_state()["regimes"]["axes"]
    page.ask(widget, "regimes-run")
    question = page.until(lambda m: m.custom.get("type") == "confirm").custom
    assert "at most 40 queries to tap, about $0.0" in question["text"]
    assert widget.study is None
    page.ask(widget, "regimes-plan", **{**GRID, "ratios": [1]})
    late = page.ask(widget, "confirm", token=question["token"], yes=True).custom
    assert "have changed since" in late["message"]
    begin = len(page.sent)
    page.ask(widget, "regimes-run")
    question = page.until(lambda m: m.custom.get("type") == "confirm", begin).custom
    assert page.ask(widget, "confirm", token=question["token"], yes=True).custom["type"] == "ok"
    assert until_study(page, "finished")["cells"] == 4


def test_an_unknown_price_is_asked_about_before_a_study(compare, page, tap):
    widget = compare(teacher=tilth.Teacher(tap))
    page.ask(widget, "regimes-plan", **GRID)
    page.ask(widget, "regimes-run", **GRID)
    question = page.until(lambda m: m.custom.get("type") == "confirm").custom
    assert "at most 40 queries to tap. The price is unknown" in question["text"]
    assert widget.study is None
    other = page.ask(widget, "regimes-run", **{**GRID, "replicates": 5}).custom
    assert "could not be taken" in other["message"]
    assert widget.study is None


@pytest.mark.parametrize("budget", [tilth.Budget(queries=60), tilth.Budget(queries=10**6, usd=0.01)])
def test_the_grid_chosen_at_first_keeps_the_budget_of_a_real_teacher(compare, page, tap, budget):
    price = Price(prompt=Decimal(2), completion=Decimal(8), source="a list", date="2026-11-01")
    chosen = compare(teacher=tilth.Teacher(tap, price=price), budget=budget).regimes
    plan = chosen["plan"]
    assert plan["problem"] is None
    assert len(chosen["choices"]["strategies"]) >= 2, "there is something to compare"
    assert 0 < plan["queries"] <= budget.queries
    assert plan["usd"] <= (budget.usd or 1)


def test_the_bundle_of_charts_comes_whole_and_only_when_asked_for(compare, page):
    bundle = b"export const draw = () => {};" * 40_000
    (base.STATIC / "vega.js").write_bytes(bundle)
    widget = compare()
    page.ask(widget, "view", open=True)
    assert not any(m.buffers for m in page.sent)
    assert page.ask(widget, "vega").buffers == (bundle,)


def test_a_missing_bundle_is_told(compare, page):
    assert not (base.STATIC / "vega.js").exists()
    assert "vega.js is not built" in page.ask(compare(), "vega").custom["message"]
