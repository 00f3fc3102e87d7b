"""The workbench with checks that ask: it runs them, plans for them, and tells what they found."""

from __future__ import annotations

import json

import pytest

import tilth
from tilth.checks import Agreement, Answerable
from tilth.checks.calibration import Calibration
from tilth.checks.trials import Rate


@pytest.fixture
def asking(workbench):
    """Makes workbenches whose seeds have no reference, so that answers are put to a vote."""
    seeds = tilth.read_seeds(
        [{"question": f"Ann has {i} pens. How many has she?"} for i in range(20)], answer=None
    )
    return lambda **options: workbench(**{"seeds": seeds, "budget": 41, "checks": [Agreement()], **options})


def test_tells_the_runs_quality_while_it_is_asked_for_it(asking, page):
    widget = asking()
    page.ask(widget, "generate")
    page.until_state("finished")
    told = page.ask(widget, "quality").custom
    assert told["type"] == "quality"
    assert told["quality"] == json.loads(json.dumps(widget.run.quality.to_json()))
    assert told["quality"]["accepted"] == 20
    [table] = told["quality"]["checks"]["agreement"]
    assert table["rows"][-1] == {"name": "all questions", "values": [20, 1.0]}
    assert told["quality"]["queries_per_accepted"] == 2
    assert told["calibration"] is None


def test_says_that_there_is_no_run_yet(asking, page):
    told = page.ask(asking(), "quality").custom
    assert (told["type"], told["message"]) == ("error", "there is no run yet; press Generate")


def test_what_is_in_flight_is_not_in_doubt(asking, page, tap):
    tap.open.clear()
    widget = asking()
    page.ask(widget, "generate")
    page.until(lambda m: m.update.get("status", {}).get("in_flight"))
    told = page.ask(widget, "quality").custom["quality"]
    assert (told["in_doubt"], sum(told["queries"].values())) == (0, 0)
    tap.open.set()
    page.until_state("finished")


def test_a_calibration_stands_beside_it(asking, page):
    import polars as pl

    rate = Rate.of(9, 10)
    given = Calibration(
        "a-model, style", 4.0, rate, Rate.of(0, 10), {"wrong result": rate}, pl.DataFrame(), None
    )
    widget = asking(calibration=given, budget=4)
    page.ask(widget, "generate")
    page.until_state("finished")
    told = page.ask(widget, "quality").custom["calibration"]
    assert told == given.to_json()
    assert told["by_error"][0]["error"] == "wrong result"


def test_its_run_is_the_one_that_start_makes_with_these_checks(asking, page):
    widget = asking()
    page.ask(widget, "generate")
    page.until_state("finished")
    again = tilth.generate_sync(
        widget._seeds, "answer-augmentation", 41, teacher=widget._teacher, checks=[Agreement()]
    )
    assert (again.id, again.path) == (widget.run.id, widget.run.path)
    assert again.progress.queries == 40


def test_the_plan_counts_what_checks_ask_and_names_them(asking, page):
    planned = page.until_planned() if asking(budget=40) else None
    assert planned["rows"] == 20, "an answer and its second"
    widget = asking(checks=[Agreement(), Answerable()])
    assert [check["title"] for check in widget.context["checks"]] == ["Agreement", "Answerable"]
    offered = {each["name"]: each for each in widget.strategies}
    assert offered["new-question"]["queries_per_row"] == 4
