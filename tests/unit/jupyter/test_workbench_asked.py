"""What a page may ask of the workbench and choose in it, what is answered, and what is refused."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import traitlets

import tilth
from tilth.errors import ConfirmationNeeded

PRICE = tilth.Price(prompt=Decimal(2), completion=Decimal(8), source="a test", date="2026-01-01")


def test_pages_filter_and_say_whether_there_is_more(workbench, page, tap):
    widget = workbench(budget=60)
    widget.generate().wait()
    every = {"verdicts": None, "contains": ""}
    first = page.ask(widget, "page", after=0, limit=25, **every)
    assert first.custom == {"v": 1, "id": first.custom["id"], "type": "page", "last": 25, "more": True}
    assert first.frame.height == 25
    assert first.frame.columns == [
        *("arrival", "row_id", "unit", "question", "answer", "verdict", "reason"),
        *("strategy", "seed_id", "reference", "queries", "seconds"),
    ]
    assert first.frame.schema["arrival"] == pl.Int32
    assert first.frame.schema["unit"] == pl.Int32
    rest = page.ask(widget, "page", after=25, limit=500, **every)
    assert rest.custom | {"last": 60, "more": False} == rest.custom
    assert rest.frame.height == 35
    none = page.ask(widget, "page", after=0, limit=10, verdicts=["rejected"], contains="")
    assert (none.custom["last"], none.custom["more"], none.frame.height) == (0, False, 0)
    some = page.ask(widget, "page", after=0, limit=500, verdicts=None, contains="has 17 pens")
    assert some.frame.height == widget.rows["question"].str.contains("has 17 pens").sum() > 0
    one = page.ask(widget, "page", after=0, limit=1, verdicts=None, contains="has 17 pens")
    assert (one.frame.height, one.custom["more"]) == (1, some.frame.height > 1)


def test_what_a_check_leaves_out_of_the_rows_is_still_shown(workbench, page):
    seeds, teacher = tilth.demo.seeds(40), tilth.demo.teacher()
    widget = workbench(seeds=seeds, teacher=teacher, strategy="question-rephrase", budget=160, check="filter")
    run = widget.generate().wait()
    rejected = run.progress.rejected
    assert rejected > 0
    assert widget.rows.height == run.progress.rows - rejected
    every = page.ask(widget, "page", after=0, limit=500, verdicts=None, contains="")
    assert every.frame.height == run.progress.rows
    assert every.frame["arrival"].to_list() == list(range(1, run.progress.rows + 1))
    assert every.frame.filter(pl.col("verdict") == "rejected").height == rejected


def test_opens_a_row_with_its_exchanges(workbench, page):
    widget = workbench(budget=10)
    widget.generate().wait()
    row_id = widget.rows["row_id"][3]
    detail = page.ask(widget, "open", row_id=row_id).custom["detail"]
    assert detail["row"]["row_id"] == row_id
    assert detail["exchanges"][0]["reply"] == "2 + 2 = 4\n#### 4"
    assert detail["exchanges"][0]["messages"][-1]["role"] == "user"
    assert detail["seed"]["reference"] == "4"
    json.dumps(detail, allow_nan=False)


def test_saves_what_polars_reads_back(workbench, page):
    widget = workbench(budget=30)
    widget.generate().wait()
    saved = page.ask(widget, "save", format="parquet", path="train.parquet", verdicts=["accepted"]).custom
    assert (saved["type"], saved["path"], saved["rows"]) == ("saved", "train.parquet", 30)
    assert saved["bytes"] == Path("train.parquet").stat().st_size
    assert pl.read_parquet("train.parquet").height == 30
    assert saved["notices"] == []
    chat = page.ask(widget, "save", format="chat", path="train.csv", verdicts=["accepted"]).custom
    assert [notice.partition(" (")[0] for notice in chat["notices"]] == ["it holds JSON lines"]


def test_a_file_that_is_there_is_written_over_only_after_a_word(workbench, page):
    widget = workbench(budget=10)
    widget.generate().wait()
    mine = Path("train.csv")
    mine.write_text("mine")
    Path("train-2.csv").symlink_to("nowhere")
    asked = {"format": "csv", "path": "train.csv", "verdicts": None}
    for existing in ({}, {"existing": "ask"}):
        found = page.ask(widget, "save", **asked, **existing).custom
        assert (found["type"], found["there"], found["free"]) == ("exists", ["train.csv"], ["train-3.csv"])
        assert mine.read_text() == "mine"
    beside = page.ask(widget, "save", **asked, existing="keep-both").custom
    assert (beside["type"], beside["path"], mine.read_text()) == ("saved", "train-3.csv", "mine")
    assert page.ask(widget, "save", **asked, existing="replace").custom["path"] == "train.csv"
    assert pl.read_csv("train.csv").height == pl.read_csv("train-3.csv").height == 10


def test_a_folder_for_a_trainer_is_filled_again_only_after_a_word(workbench, page):
    widget = workbench(budget=10)
    widget.generate().wait()
    asked = {"format": "trl", "path": "tuning", "verdicts": None}
    saved = page.ask(widget, "save", **asked).custom
    written = [file for file in Path("tuning").rglob("*") if file.is_file()]
    assert (saved["type"], saved["path"], saved["rows"]) == ("saved", "tuning", 10)
    assert saved["bytes"] == sum(file.stat().st_size for file in written)
    found = page.ask(widget, "save", **asked).custom
    assert (found["type"], found["there"], found["free"]) == ("exists", ["tuning"], ["tuning-2"])
    assert page.ask(widget, "save", **asked, existing="keep-both").custom["path"] == "tuning-2"
    (Path("tuning") / "README.md").write_text("mine")
    refused = page.ask(widget, "save", **asked, existing="replace").custom
    assert "holds other files" in refused["message"]


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        ("open", {"row_id": "nonsense"}, "nonsense"),
        ("save", {"format": "parquet", "path": "no/such/folder/x.parquet", "verdicts": None}, "no folder"),
        ("save", {"format": "parquet", "path": "  ", "verdicts": None}, "name"),
        ("save", {"format": "xlsx", "path": "x.xlsx", "verdicts": None}, "xlsx"),
        ("confirm", {"token": "guessed", "yes": True}, "answered already"),
        ("page", {"after": -1, "limit": 10, "verdicts": None, "contains": ""}, "after"),
        ("page", {"after": 0, "limit": 10, "verdicts": ["odd"], "contains": ""}, "verdicts"),
        ("dance", {}, "dance"),
    ],
)
def test_an_error_is_answered_logged_and_shown(workbench, page, caplog, kind, fields, says):
    widget = workbench(budget=5)
    widget.generate().wait()
    with caplog.at_level(logging.ERROR, "tilth.jupyter"):
        answer = page.ask(widget, kind, **fields).custom
    assert answer["type"] == "error"
    assert says in answer["message"]
    assert says in caplog.text
    notice = page.until(lambda m: m.update.get("notice", {}).get("text") == answer["message"])
    assert notice.update["notice"]["level"] == "error"
    assert page.ask(widget, "page", after=0, limit=5, verdicts=None, contains="").custom["type"] == "page"


def test_nothing_to_steer_before_the_first_run(workbench, page):
    widget = workbench(budget=5)
    for kind in ("pause", "resume", "stop"):
        assert "no run yet" in page.ask(widget, kind).custom["message"]
    assert widget.run is None
    assert widget.rows.is_empty()
    assert "verdict" in widget.rows.columns


def test_a_bad_choice_is_told_and_put_back(workbench, page):
    widget = workbench(budget=100)
    for name, bad, good in (
        ("strategy", "no-such", "answer-augmentation"),
        ("budget_queries", -5, 100),
        ("budget_usd", -0.5, 0.0),
    ):
        since = len(page.sent)
        page.choose(widget, **{name: bad})
        page.until(lambda m: m.update.get("notice", {}).get("level") == "error", since)
        page.until(lambda m, name=name, good=good: m.update.get(name) == good, since)
        assert getattr(widget, name) == good
    with pytest.raises(traitlets.TraitError, match="no-such"):
        widget.strategy = "no-such"


def test_the_page_cannot_write_what_python_tells(workbench, page):
    widget = workbench(budget=100)
    page.choose(widget, status={"state": "finished"}, context={}, _esm="alert(1)", budget_queries=70)
    page.until(lambda m: m.update.get("plan", {}).get("rows") == 70)
    assert widget.status["state"] == "idle"
    assert widget.context["seeds"]["count"] == 50
    assert widget._esm == "export default {}"


def test_the_plan_follows_the_choices(workbench, page):
    widget = workbench(budget=100)
    page.choose(widget, strategy="new-question")
    page.until(lambda m: m.update.get("plan", {}).get("rows") == 50)
    widget.budget_queries = 0
    assert "limit" in page.until(lambda m: m.update.get("plan", {}).get("problem")).update["plan"]["problem"]
    refused = page.ask(widget, "generate").custom
    assert refused["type"] == "error"
    assert widget.run is None


def test_asks_before_real_dollars_without_a_limit(workbench, page, tap):
    widget = workbench(budget=20, teacher=tilth.Teacher(tap, price=PRICE))

    def asked():
        since = len(page.sent)
        assert page.ask(widget, "generate").custom["type"] == "ok"
        return page.until(lambda m: m.custom.get("type") == "confirm", since).custom

    question = asked()
    assert "$" in question["text"]
    assert "tap" in question["text"]
    page.ask(widget, "confirm", token=question["token"], yes=False)
    assert widget.run is None
    stale = asked()
    page.choose(widget, budget_queries=25)
    assert "changed" in page.ask(widget, "confirm", token=stale["token"], yes=True).custom["message"]
    assert widget.run is None
    with pytest.raises(ConfirmationNeeded):
        widget.generate()
    page.ask(widget, "confirm", token=asked()["token"], yes=True)
    assert page.until_state("finished").update["status"]["queries"] == 25


def test_an_unknown_price_is_asked_about_once_for_a_plan(workbench, page, tap):
    widget = workbench(budget=20, teacher=tilth.Teacher(tap))

    def pressed():
        since = len(page.sent)
        assert page.ask(widget, "generate").custom["type"] == "ok"
        return [m.custom for m in page.sent[since:] if m.custom.get("type") == "confirm"]

    [question] = pressed()
    assert "at most 20 queries to tap" in question["text"]
    assert "price is unknown" in question["text"]
    assert question["priced"] is False
    assert widget.run is None
    page.ask(widget, "confirm", token=question["token"], yes=True)
    page.until_state("finished")
    assert pressed() == [], "this plan was agreed to"
    page.choose(widget, budget_queries=25)
    [question] = pressed()
    assert "at most 25 queries" in question["text"]


def test_generate_takes_the_plan_that_the_page_shows(workbench, page, free):
    widget = workbench(budget=6_000, teacher=free())
    page.ask(widget, "generate", strategy="answer-augmentation", budget_queries=7, budget_usd=0)
    assert page.until_state("finished").update["status"]["queries"] == 7
    assert widget.budget_queries == 7
    refused = page.ask(widget, "generate", strategy="no-such", budget_queries=9, budget_usd=0)
    assert "could not be taken" in refused.custom["message"]
    assert widget.run.progress.queries == 7


def test_a_limit_in_dollars_needs_no_question(workbench, page, tap):
    widget = workbench(budget=tilth.Budget(queries=5, usd=1.0), teacher=tilth.Teacher(tap, price=PRICE))
    page.ask(widget, "generate")
    page.until_state("finished")
    assert page.pushes("confirm") == []


def test_a_late_request_to_a_closed_widget_is_dropped(workbench, page):
    widget = workbench(budget=5)
    wire = widget.comm
    widget.close()
    count = len(page.sent)
    content = {"v": 1, "id": 1, "type": "generate"}
    wire.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    assert widget.run is None
    assert len(page.sent) == count
