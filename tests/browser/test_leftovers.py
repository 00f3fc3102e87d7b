"""What a workbench must leave alone: files that are there already, and the channel once it has no view."""

from __future__ import annotations

import re

import pytest
from lab import Lab
from playwright.sync_api import expect
from workbench import bench_of, folder_of, open_bench, told

DEMO = """\
import tilth
w = tilth.Workbench(tilth.demo.seeds(20), tilth.demo.teacher(), strategy='question-rephrase', budget=40)
w"""
SLOW = """\
import asyncio, tilth
async def echo(messages, **settings):
    await asyncio.sleep(0.2)
    return 'Six plus one.\\n#### 7'
free = tilth.Price(0, 0, source='a test', date='2026-01-01')
w = tilth.Workbench(tilth.demo.seeds(40), tilth.Teacher(echo, concurrency=4, price=free),
                    strategy='answer-augmentation', budget=20_000, path='long.tilth')
w"""
FLUSHERS = """\
import threading
print(sum(thread.name == 'tilth-flusher' for thread in threading.enumerate()))"""
LISTEN = """() => {
  window.heard = {};
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  kernel.iopubMessage.connect((_, message) => {
    if (message.header.msg_type !== "comm_msg") return;
    const id = message.content.comm_id;
    window.heard[id] = (window.heard[id] ?? 0) + 1;
  });
}"""


@pytest.mark.usefixtures("quiet")
def test_save_writes_over_a_file_only_after_a_word(lab: Lab) -> None:
    bench = open_bench(lab, DEMO)
    bench.press("Generate")
    bench.until("Finished")
    bench.tab("Export")
    name = "demo-seeds-question-rephrase.parquet"
    file = bench.root.get_by_role("textbox", name="File")
    expect(file).to_have_value(name)
    mine = folder_of(lab) / name
    mine.write_text("mine")
    bench.root.get_by_role("button", name="Save rows").click()
    asked = bench.root.locator(".tilth-replace")
    expect(asked).to_contain_text(f"{name} is there already")
    lab.screenshot("save-asks")
    lab.set_theme("dark")
    lab.screenshot("save-asks-dark")
    lab.set_theme("light")
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_have_count(0)
    assert mine.read_text() == "mine"
    bench.root.get_by_role("button", name="Save rows").click()
    asked.get_by_role("button", name="Keep both").click()
    expect(bench.root.locator(".tilth-saved")).to_contain_text("demo-seeds-question-rephrase-2.parquet")
    assert mine.read_text() == "mine"
    bench.root.get_by_role("button", name="Save rows").click()
    asked.get_by_role("button", name="Replace").click()
    expect(bench.root.locator(".tilth-saved")).to_contain_text(re.compile(rf"to {name}"))
    assert mine.read_bytes().startswith(b"PAR1")


@pytest.mark.usefixtures("quiet")
def test_a_cell_that_is_run_again_leaves_no_workbench_behind(lab: Lab) -> None:
    bench = open_bench(lab, SLOW, FLUSHERS, "w.close()\nw.run.abort()")
    bench.press("Generate")
    seen = bench.until_rows()
    assert told(lab, 1) == "1"
    for _ in range(6):
        lab.run_cell(0)
        bench = bench_of(lab, 0)
        seen = bench.until_rows(seen)
    lab.page.evaluate(LISTEN)
    for _ in range(5):
        seen = bench.until_rows(seen)
    assert len(lab.page.evaluate("() => Object.keys(window.heard)")) == 1, "only the newest one speaks"
    assert told(lab, 1) == "1"
    bench.until("Running")
    lab.run_cell(2)
