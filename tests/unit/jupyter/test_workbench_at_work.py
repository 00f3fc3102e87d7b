"""What a workbench says of a run beside its counts: what is worth a look, and who else is at work on it."""

from __future__ import annotations

import pytest
from tests.unit.engine.processes import program, told

import tilth

ELSEWHERE = """
    import tilth

    run = tilth.start(
        tilth.demo.seeds(20), "answer-augmentation", 40, teacher=tilth.demo.teacher(), path="shared.tilth"
    )
    run.pause()
    print("at work")
    input()
    run.resume()
    print(run.wait().status)
"""


def test_a_run_at_work_says_what_is_worth_a_look_and_one_that_ended_why(workbench, page, tap):
    tap.reply, tap.seconds = "", 0.02
    widget = workbench(budget=100_000)
    page.ask(widget, "generate")
    shown = page.until(lambda m: m.update.get("status", {}).get("notice")).update["status"]
    assert shown["state"] == "running"
    assert "gave no row that is kept" in shown["notice"]
    assert shown["reason"] is None, "nothing has ended"
    page.ask(widget, "stop")
    ended = page.until_state("stopped").update["status"]
    assert (ended["notice"], ended["reason"]) == (None, "stopped by the user")


@pytest.mark.slow
def test_a_run_at_work_in_another_process_is_shown_as_that_until_it_ends_there(page):
    with program(ELSEWHERE) as other:
        assert told(other) == "at work"
        widget = tilth.Workbench(
            tilth.demo.seeds(20),
            tilth.demo.teacher(),
            strategy="answer-augmentation",
            budget=40,
            path="shared.tilth",
        )
        shown = page.until_state("running").update["status"]
        assert shown["holder"].startswith(f"process {other.pid} on ")
        assert shown["reason"] is None
        refused = page.ask(widget, "generate").custom
        assert refused["type"] == "error"
        assert f"in use by process {other.pid}" in refused["message"]
        assert told(other, "go on") == "finished"
        other.wait()
    ended = page.until_state("finished").update["status"]
    assert (ended["holder"], ended["queries"], ended["rows"]) == (None, 40, 40)
    page.until(lambda m: m.custom.get("last") == 40)
    assert page.ask(widget, "generate").custom["type"] == "ok"
    widget.close()
