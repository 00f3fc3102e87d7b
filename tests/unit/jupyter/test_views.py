"""A workbench that nobody sees: it says little, and ends where a newer one shows its run."""

from __future__ import annotations

import threading

import pytest


def threads() -> int:
    return sum(thread.name.startswith("tilth-flusher") for thread in threading.enumerate())


def custom_since(page, widget, begin):
    return [m.custom["type"] for m in page.sent[begin:] if "seq" in m.custom]


def test_without_a_view_no_row_and_no_text_is_sent_and_a_view_that_comes_is_told(workbench, page, tap):
    widget = workbench(budget=120)
    page.ask(widget, "view", open=True, views=1)
    page.ask(widget, "view", open=False, views=0)
    begin = len(page.sent)
    page.ask(widget, "generate")
    page.until_state("finished", begin)
    assert custom_since(page, widget, begin) == []
    page.ask(widget, "view", open=True, views=1)
    assert page.until(lambda m: m.custom.get("type") == "rows", begin).custom["last"] == 120


def test_a_view_out_of_sight_keeps_its_workbench(workbench, page):
    first = workbench(budget=10, path="one.tilth")
    page.ask(first, "view", open=False, views=1)
    second = workbench(budget=10, path="one.tilth")
    page.ask(second, "view", open=True, views=1)
    assert page.ask(first, "page", after=0, limit=1, verdicts=None, contains="").custom["type"] == "error"
    assert first.comm is not None
    page.ask(first, "generate")
    page.until_state("finished")


@pytest.mark.parametrize("shown", [True, False])
def test_older_workbenches_of_a_run_end_with_their_last_view(workbench, page, shown):
    before = threads()
    made = []
    for _ in range(6):
        made.append(workbench(budget=10, path="one.tilth"))
        if shown:
            page.ask(made[-1], "view", open=True, views=1)
    other = workbench(budget=10, path="another.tilth")
    for widget in made[:-1]:
        if shown:
            assert widget.comm is not None
            page.deliver(
                widget,
                {"method": "custom", "content": {"v": 1, "id": 0, "type": "view", "open": False, "views": 0}},
            )
        assert widget.comm is None
    assert made[-1].comm is not None
    assert other.comm is not None
    for thread in threading.enumerate():
        if thread.name == "tilth-flusher" and threads() > before + 2:
            thread.join(0.5)
    assert threads() <= before + 2
