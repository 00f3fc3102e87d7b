"""The workbench as a page sees it: what it works on, what a run tells as it goes, and what outlives it."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest

import tilth
from tilth.jupyter import protocol
from tilth.jupyter.widgets import base


def arrivals(page):
    return [n for push in page.pushes("rows") for n in push.frame["arrival"].to_list()]


def test_says_what_it_works_on(workbench, page):
    widget = workbench(budget=tilth.Budget(queries=100, usd=0))
    page.until_planned()
    state = widget.get_state()
    assert state["context"]["seeds"] == {"count": 50, "name": "seeds", "task": "numeric"}
    assert state["context"]["teacher"]["name"] == "tap"
    assert state["context"]["teacher"]["state"] == "unknown"
    assert (state["budget_queries"], state["budget_usd"], state["strategy"]) == (
        100,
        0.0,
        "answer-augmentation",
    )
    offered = {s["name"]: s for s in state["strategies"]}
    assert offered["answer-augmentation"]["queries_per_row"] == 1
    assert offered["new-question"]["queries_per_row"] == 2
    assert state["plan"]["rows"] == 100
    assert state["plan"]["ratio"] == 2
    assert state["status"]["state"] == "idle"
    json.dumps(state, allow_nan=False)


def test_generates_and_streams_every_row_once(workbench, page):
    widget = workbench(budget=120)
    assert page.ask(widget, "generate").custom["type"] == "ok"
    status = page.until_state("finished").update["status"]
    assert (status["rows"], status["queries"], status["accepted"], status["last"]) == (120, 120, 120, 120)
    page.until(lambda m: m.custom.get("last") == 120)
    assert arrivals(page) == list(range(1, 121))
    assert [m.custom["seq"] for m in page.sent if "seq" in m.custom] == list(
        range(1, 1 + sum("seq" in m.custom for m in page.sent))
    )
    assert widget.rows.equals(widget.run.rows)
    assert widget.rows.height == 120


def test_a_goal_it_was_made_with_ends_its_runs(workbench, page):
    widget = workbench(budget=tilth.Budget(queries=100, rows=8))
    page.choose(widget, budget_queries=200)
    assert page.ask(widget, "generate").custom["type"] == "ok"
    status = page.until_state("finished").update["status"]
    assert status["accepted"] + status["unverified"] >= 8
    assert status["queries"] < 100
    assert widget.run.budget == tilth.Budget(queries=200, rows=8)


def test_answers_from_any_thread_and_any_loop(workbench, page):
    widget = workbench(budget=40)
    replies = []

    def click():
        async def in_a_loop():
            page.choose(widget, budget_queries=60)
            replies.append(page.ask(widget, "generate").custom["type"])

        asyncio.run(in_a_loop())

    thread = threading.Thread(target=click)
    thread.start()
    thread.join()
    assert replies == ["ok"]
    assert page.until_state("finished").update["status"]["queries"] == 60
    ours = [m for m in page.sent if m.kind == "comm_msg" and m.data.get("method") != "echo_update"]
    assert {m.thread for m in ours} == {"tilth-flusher"}


def test_paces_what_it_says(workbench, page, tap):
    tap.seconds = 0.02
    widget = workbench(budget=3_000)
    page.ask(widget, "view", open=True)
    begin = len(page.sent)
    page.ask(widget, "generate")
    page.until_state("finished")
    page.until(lambda m: m.custom.get("last") == 3_000)
    during = page.sent[begin:]
    seconds = during[-1].at - during[0].at
    statuses = [m for m in during if "status" in m.update]
    pushes = [m for m in during if "seq" in m.custom]
    assert min(len(statuses), len(pushes)) > 4, "there was something to pace"
    assert len(statuses) <= 4 * seconds + 2
    assert len(statuses) + len(pushes) <= 20 * seconds + 4
    assert {m.custom["type"] for m in pushes} == {"rows", "text"}
    assert all(len(b) <= protocol.MESSAGE_BYTES for m in during for b in m.buffers)


def test_streams_no_text_unless_somebody_looks(workbench, page):
    widget = workbench(budget=60)
    page.ask(widget, "generate")
    page.until_state("finished")
    assert page.pushes("text") == []


def test_pause_resume_and_stop_then_generate_goes_on(workbench, page, tap, free):
    tap.seconds = 0.5  # it would take 50 s
    widget = workbench(budget=400, path="harvest.tilth", teacher=free(concurrency=4))
    page.ask(widget, "generate")
    page.until(lambda m: m.custom.get("type") == "rows")
    page.ask(widget, "pause")
    page.until_state("paused")
    since = len(page.sent)
    page.ask(widget, "resume")
    page.until_state("running", since)
    page.ask(widget, "stop")
    stopped = page.until_state("stopped").update["status"]
    assert 0 < stopped["rows"] < 400
    tap.seconds = 0
    assert page.ask(widget, "generate").custom["type"] == "ok"
    assert page.until_state("finished").update["status"]["queries"] == 400
    page.until(lambda m: m.custom.get("last") == 400)
    assert arrivals(page) == list(range(1, 401))


def test_waits_for_an_endpoint_that_only_fails_and_a_stop_ends_that(workbench, page, tap, free):
    widget = workbench(budget=60, teacher=free(concurrency=8))
    tap.fault = tilth.teacher.CallError("it is down", kind="server", status=503)
    page.ask(widget, "generate")
    waiting = page.until_state("waiting").update["status"]
    assert "one call at a time is tried; the last: it is down" in waiting["waiting"]
    page.until(lambda m: (m.update.get("status", {}).get("next_try") or 0) > 0)
    page.until(lambda m: m.update.get("context", {}).get("teacher", {}).get("state") == "failing")
    page.ask(widget, "stop")
    ended = page.until_state("aborted").update["status"]
    assert (ended["rows"], ended["waiting"], ended["next_try"]) == (0, None, None)
    assert ended["queries"] == ended["in_doubt"] <= 1, "at most a try that was out"
    since = len(page.sent)
    page.ask(widget, "generate")
    page.until_state("waiting", since)
    tap.fault = None
    again = page.until_state("finished").update["status"]
    assert again["rows"] == 60 - again["in_doubt"]


def test_raising_the_budget_raises_the_limit_of_the_live_run(workbench, page, tap):
    tap.open.clear()
    widget = workbench(budget=20)
    page.ask(widget, "generate")
    run = widget.run
    page.choose(widget, budget_queries=30)
    assert page.ask(widget, "generate").custom["type"] == "ok"
    tap.open.set()
    assert page.until_state("finished").update["status"]["queries"] == 30
    assert widget.run is run


def test_another_strategy_waits_for_the_run_at_work(workbench, page, tap):
    tap.open.clear()
    widget = workbench(budget=20, path="a.tilth")
    page.ask(widget, "generate")
    page.choose(widget, strategy="question-rephrase")
    refused = page.ask(widget, "generate").custom
    assert refused["type"] == "error"
    assert "answer-augmentation is at work" in refused["message"]
    tap.open.set()
    page.until_state("finished")
    tap.reply = "Question: What is 2 + 2?"
    page.ask(widget, "generate")
    page.until(lambda m: m.update.get("status", {}).get("path") == "a-question-rephrase.tilth")
    assert Path("a.tilth").exists()
    widget.run.wait()


def test_the_run_outlives_the_widget_and_a_new_one_follows_it(workbench, page, tap):
    tap.open.clear()
    first = workbench(budget=50, path="shared.tilth")
    page.ask(first, "generate")
    page.until_state("running")
    run = first.run
    first.close()
    assert run.status == "running"
    since = len(page.sent)
    second = workbench(budget=50, path="shared.tilth")
    assert second.run is run
    tap.open.set()
    page.until_state("finished", since)
    page.until(lambda m: m.custom.get("last") == 50, since)
    assert run.progress.rows == 50


def test_shows_a_run_that_ended_in_another_session(workbench, page):
    run = workbench(budget=30).generate()
    run.wait()
    page.until_state("finished")
    since = len(page.sent)
    again = workbench(budget=30)
    status = page.until_state("finished", since).update["status"]
    assert (status["rows"], status["queries"]) == (30, 30)
    assert again.rows.equals(run.rows)
    assert page.ask(again, "open", row_id=run.rows["row_id"][0]).custom["type"] == "opened"


def test_says_what_a_failed_run_failed_of(workbench, page, free):
    teacher = tilth.Teacher(
        "a-model", base_url="http://127.0.0.1:9/v1", api_key="none-needed", price=free().price()
    )
    widget = workbench(budget=5, teacher=teacher)
    page.ask(widget, "generate")
    failed = page.until_state("failed").update
    assert "127.0.0.1" in failed["status"]["error"]["message"]
    told = page.until(lambda m: m.update.get("context", {}).get("teacher", {}).get("state") == "error")
    assert "127.0.0.1" in told.update["context"]["teacher"]["note"]
    assert failed["status"]["queries"] == 0


def test_refuses_what_cannot_work(page, tap):
    plain = tilth.read_seeds([{"question": "Why?"}], answer=None)
    with pytest.raises(ValueError, match="teacher is missing"):
        tilth.Workbench(plain)
    with pytest.raises(ValueError, match="no strategy is called 'odd'"):
        tilth.Workbench(plain, tilth.Teacher(tap), strategy="odd")
    with pytest.raises(ValueError, match="0 or more"):
        tilth.Workbench(plain, tilth.Teacher(tap), budget=-3)


def test_says_that_the_bundle_is_not_built(page, tap, seeds, monkeypatch, tmp_path):
    monkeypatch.setattr(base, "STATIC", tmp_path / "nothing")
    with pytest.raises(base.BundleMissing, match=r"widget\.js is not built.*npm run build"):
        tilth.Workbench(seeds, tilth.Teacher(tap))


def test_the_still_picture_escapes_everything(page, tap):
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    seeds = tilth.read_seeds([{"question": f"{attack} How many?", "answer": "4"}], name=attack)
    widget = tilth.Workbench(seeds, tilth.Teacher(tap), strategy="answer-augmentation", budget=1)
    data, _ = widget._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert "First seeds" in data["text/html"]
    widget.generate().wait()
    page.until_state("finished")
    rows, _ = widget._repr_mimebundle_()
    assert "First rows" in rows["text/html"]
    for picture in (data["text/html"], rows["text/html"]):
        assert "&lt;script&gt;" in picture
        assert "<script" not in picture
        assert "<img" not in picture
    assert "accepted" in rows["text/plain"]
    widget.close()
